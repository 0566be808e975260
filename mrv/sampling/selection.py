"""The draw: which plots are measured, spread over the land, each with a chance that is known.

Plots are drawn one by one within their stratum, or villages first and plots in them. Both ways
every plot of a stratum has the same chance of being measured, as long as its village is not too
small to give its share.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

import numba
import numpy as np
from numpy.typing import NDArray

from mrv.biomass.shared_errors import stream
from mrv.estimation.greg import Floats, Ints

_DECIDED: Final = 1e-9  # a chance so near to 0 or 1 has become one of them
_ROUNDS: Final = 50


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """What was drawn.

    Attributes:
        rows: Positions of the drawn plots [drawn].
        inclusion_probability: Chance with which each came to be drawn [drawn].
        villages: Indices of the villages that were drawn first; None where plots were drawn one
            by one.
    """

    rows: Ints
    inclusion_probability: Floats
    villages: Ints | None = None


def seed_of(*facts: object) -> int:
    """Derive a seed from what is sampled and how, so that nobody can choose it."""
    text = "\x1f".join(map(str, facts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")


def draw_plots(group: Ints, xy_m: Floats, wanted: Ints, seed: int) -> Selection:
    """Draw plots one by one, so many in each stratum, spread over the land.

    Args:
        group: Stratum of every plot, from 0; controls are a stratum of their own [plot].
        xy_m: Positions on a metric grid [plot, 2].
        wanted: Plots to draw in each stratum [stratum].
        seed: Of the draw.
    """
    chance = (wanted / np.maximum(np.bincount(group, minlength=len(wanted)), 1))[group]
    taken = np.zeros(len(group), dtype=bool)
    for h in range(len(wanted)):
        members = np.flatnonzero(group == h)
        rng = stream(seed, f"plots of stratum {h}")
        taken[members] = local_pivotal(np.minimum(chance[members], 1.0), xy_m[members], rng)
    rows = np.flatnonzero(taken)
    return Selection(rows, np.minimum(chance, 1.0)[rows])


def draw_villages_first(  # who is there, how many, and chance
    group: Ints, village: Ints, xy_m: Floats, wanted: Ints, villages: int, seed: int
) -> Selection:
    """Draw villages by size, spread over the land, and in them plots of every stratum.

    A village's chance follows the plots it is expected to give; within it the chance of a plot
    makes up for that, so that plots of one stratum have the same chance everywhere.

    Args:
        group: As in `draw_plots`.
        village: Of every plot, from 0 without gaps [plot].
        xy_m: As in `draw_plots`.
        wanted: Plots to draw in each stratum on average [stratum].
        villages: Villages to draw.
        seed: Of the draw.
    """
    of_village, inside = stage_probabilities(group, village, wanted, villages)
    middle = np.column_stack([np.bincount(village, axis) / np.bincount(village) for axis in xy_m.T])
    reached = local_pivotal(of_village, middle, stream(seed, "villages"))
    taken = np.zeros(len(group), dtype=bool)
    for h in range(len(wanted)):
        members = np.flatnonzero((group == h) & reached[village])
        rng = stream(seed, f"plots of stratum {h}")
        taken[members] = local_pivotal(inside[members], xy_m[members], rng)
    rows = np.flatnonzero(taken)
    return Selection(rows, (of_village[village] * inside)[rows], np.flatnonzero(reached))


def stage_probabilities(
    group: Ints, village: Ints, wanted: Ints, villages: int
) -> tuple[Floats, Floats]:
    """Give the chance of every village, and of every plot where its village was drawn.

    Returns:
        Chances [village] and [plot]; their product is a plot's inclusion probability.
    """
    share = wanted / np.maximum(np.bincount(group, minlength=len(wanted)), 1)
    expected: Floats = np.bincount(village, share[group]).astype(np.float64)
    of_village = proportional(expected, villages)
    inside: Floats = np.minimum(share[group] / np.maximum(of_village[village], _DECIDED), 1.0)
    return of_village, inside


def proportional(size: Floats, drawn: int) -> Floats:
    """Give chances in proportion to size that add up to the number drawn, none above 1.

    Source:
        Särndal, Swensson & Wretman 1992, section 3.6.1: units too large for their share are taken
        for certain, and the rest shared out again.
    """
    certain = np.zeros(len(size), dtype=bool)
    chance = np.ones(len(size))
    for _ in range(_ROUNDS):
        rest = ~certain
        left = drawn - int(certain.sum())
        if not rest.any() or left <= 0:
            return np.where(certain, 1.0, 0.0)
        chance = np.where(certain, 1.0, left * size / size[rest].sum())
        too_large = rest & (chance >= 1.0)
        if not too_large.any():
            break
        certain |= too_large
    return np.minimum(chance, 1.0)


def local_pivotal(probability: Floats, xy_m: Floats, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw units with given chances, neighbours rarely together.

    Again and again an undecided unit meets its nearest undecided neighbour, and one of the two
    takes over chance from the other, so chances stay exact and the number drawn is the sum of the
    chances, rounded up or down.

    Args:
        probability: Chance of every unit [unit].
        xy_m: Positions on a metric grid [unit, 2].
        rng: Source of randomness.

    Source:
        Local pivotal method 2 of Grafström, Lundström & Schelin 2012, Biometrics 68, 514-520,
        doi:10.1111/j.1541-0420.2011.01699.x.
    """
    size = len(probability)
    x, y = (np.ascontiguousarray(axis, np.float64) for axis in xy_m.reshape(-1, 2).T)
    chance = np.ascontiguousarray(probability, np.float64)
    decided: Floats = _local_pivotal(chance, x, y, rng.random(size + 1), rng.random(size + 1))
    return decided > 0.5  # noqa: PLR2004  # every chance is 0 or 1 by now


@numba.njit(nogil=True, cache=True)
def _local_pivotal(probability: Any, x: Any, y: Any, pick: Any, coin: Any) -> Any:  # noqa: ANN401
    chance = probability.copy()
    undecided = np.flatnonzero((chance > _DECIDED) & (chance < 1.0 - _DECIDED))
    count, step = undecided.size, 0
    while count > 1:
        a = min(int(pick[step] * count), count - 1)
        b = _nearest(a, undecided[:count], x, y)
        _meet(undecided[a], undecided[b], chance, coin[step])
        step += 1
        for k in (max(a, b), min(a, b)):  # the later first, so that the other stays where it is
            left = chance[undecided[k]]
            if left < _DECIDED or left > 1.0 - _DECIDED:
                count -= 1
                undecided[k] = undecided[count]
    if count == 1:
        chance[undecided[0]] = 1.0 if coin[step] < chance[undecided[0]] else 0.0
    return np.round(chance)


@numba.njit(nogil=True, cache=True)
def _nearest(a: int, units: Any, x: Any, y: Any) -> int:  # noqa: ANN401
    """Find the place in a list of units of the nearest neighbour of the one at place a."""
    found, nearest = -1, np.inf
    for k in range(units.size):
        apart = (x[units[a]] - x[units[k]]) ** 2 + (y[units[a]] - y[units[k]]) ** 2
        if k != a and apart < nearest:
            found, nearest = k, apart
    return found


@numba.njit(nogil=True, cache=True)
def _meet(i: int, j: int, chance: Any, coin: float) -> None:  # noqa: ANN401
    """Let one of two units take over chance from the other, each as likely as keeps both exact."""
    together = chance[i] + chance[j]
    if together < 1.0:
        i_wins = coin * together < chance[i]
        chance[i] = together if i_wins else 0.0
        chance[j] = 0.0 if i_wins else together
    else:
        i_wins = coin * (2.0 - together) < 1.0 - chance[j]
        chance[i] = 1.0 if i_wins else together - 1.0
        chance[j] = together - 1.0 if i_wins else 1.0
