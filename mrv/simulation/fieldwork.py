"""What a field team measures: a probability sample of plots, and of their trees, at each epoch.

Plots are a stratified simple random sample, in villages drawn first where the recipe says so. On a
plot with many trees every k-th is measured, in the order of a walk through it with a random start,
so a tree's chance is exactly 1/k; the same trees are measured again at every epoch, heights on a
third of them, and trees that came up since join by the same rule. Sizes are those of the epoch
itself: visits fall within a few days of it.
"""

from datetime import timedelta

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrv.biomass.context import BiomassContext, MeasurementErrors
from mrv.methodologies import load_methodology
from mrv.simulation.geography import Grid
from mrv.simulation.randomness import stream
from mrv.simulation.spec import LandscapeSpec
from mrv.simulation.trees import (
    BREAST_HEIGHT_M,
    ORIGINS,
    REGENERATED,
    Trees,
    alive,
    dbh_cm,
    height_m,
)

COLUMNS = (
    "plot_id", "tree_id", "stem", "species", "dbh_cm", "height_m", "measured_on", "status",
    "origin", "lon", "lat", "inclusion_probability", "tree_fraction",
)  # fmt: skip
_HEIGHT_SHARE = 1 / 3
_GPS_ERROR_M = 3.0
_NESTED_VISIT = 6  # trees aimed at among the small stems of a nested count
_LATE_VISIT = 8  # and among those that came up since the first visit
_LOST = ("dead", "harvested", "missing")
_LOST_SHARES = (0.55, 0.35, 0.10)


def read_tape(
    true_cm: NDArray[np.float64], errors: MeasurementErrors, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Read diameters off a tape, to the millimetre [cm]: a small error always, a gross one rarely.

    Source:
        Chave et al. 2004 as used by Réjou-Méchain et al. 2017 (rules of section `measurement`).
    """
    small = errors.diameter_proportional * true_cm + errors.diameter_constant_cm
    gross = np.minimum(errors.diameter_gross_sd_cm, errors.diameter_gross_cap * true_cm)
    sd = np.where(rng.random(len(true_cm)) < errors.diameter_gross_share, gross, small)
    return np.maximum(true_cm + rng.normal(0, 1, len(true_cm)) * sd, 0.1).round(1)


def read_pole(
    true_m: NDArray[np.float64], errors: MeasurementErrors, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Read heights, to the decimetre [m]."""
    sd = errors.height_proportional * true_m + errors.height_constant_m
    return np.maximum(true_m + rng.normal(0, 1, len(true_m)) * sd, BREAST_HEIGHT_M).round(1)


def sample_plots(spec: LandscapeSpec, seed: int, plots: gpd.GeoDataFrame) -> pd.Series:
    """Draw the plots to be measured.

    Returns:
        Inclusion probability by row of the plots table, for the drawn plots only.
    """
    rng = stream(seed, "field sample")
    drawn: dict[int, float] = {}
    role, stratum = plots["role"].to_numpy(), plots["stratum"].to_numpy()
    village = pd.factorize(plots["village"], sort=True)[0]
    reached, chance = _draw_villages(rng, spec, village)
    for s in spec.strata:
        members = np.flatnonzero((role == "enrolled") & (stratum == s.name))
        of_stratum = village[members]
        for v in reached:
            here = members if v is None else members[of_stratum == v]
            wanted = -(-spec.sampled_per_stratum // len(reached))
            drawn |= {i: p * chance for i, p in _draw(rng, here, wanted).items()}
    drawn |= _draw(rng, np.flatnonzero(role == "control"), spec.sampled_controls)
    return pd.Series(drawn, dtype=float).sort_index()


def _draw_villages(
    rng: np.random.Generator, spec: LandscapeSpec, village: NDArray[np.int64]
) -> tuple[list[int | None], float]:
    """Draw villages first, where the recipe says so; None stands for all of them."""
    if not spec.sampled_villages:
        return [None], 1.0
    there = np.unique(village)
    reached = rng.choice(there, spec.sampled_villages, replace=False)
    return [int(v) for v in np.sort(reached)], spec.sampled_villages / len(there)


def _draw(rng: np.random.Generator, members: NDArray[np.int64], wanted: int) -> dict[int, float]:
    n = min(wanted, len(members))
    return {int(i): n / len(members) for i in rng.choice(members, n, replace=False)}


def sample_trees(
    spec: LandscapeSpec, seed: int, trees: Trees, sampled: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Choose trees on the sampled plots.

    Returns:
        The chance of each tree to be measured, given that its plot is; 0 where it is not [1].
    """
    rng = stream(seed, "tree sample")
    nested = np.array([kind.nested for kind in spec.kinds])[trees.kind]
    late = trees.origin == REGENERATED
    chosen = np.zeros(len(trees))
    order = _walk(trees)
    position = np.empty(len(trees), dtype=np.int64)
    position[order] = np.arange(len(trees))
    for plot in sampled:
        here = np.flatnonzero(trees.plot == plot)
        for small in (False, True):
            group = here[nested[here] == small]
            aim = _NESTED_VISIT if small else spec.trees_per_visit
            for walk, most in ((group[~late[group]], aim), (group[late[group]], _LATE_VISIT)):
                step = max(1, -(-len(walk) // most))
                line = walk[np.argsort(position[walk])]
                chosen[line[int(rng.integers(step)) :: step]] = 1 / step
    return chosen


def _walk(trees: Trees) -> NDArray[np.int64]:
    """Order all trees as somebody would meet them: strips of 10 m, to and fro."""
    strip = np.floor(trees.x / 10).astype(np.int64)
    along = np.where(strip % 2 == 0, trees.y, -trees.y)
    return np.lexsort((along, strip, trees.plot))


def measure(
    spec: LandscapeSpec, seed: int, plots: gpd.GeoDataFrame, trees: Trees, grid: Grid
) -> pd.DataFrame:
    """Visit every sampled plot at every epoch.

    Returns:
        The inventory in the columns of trees.csv, every cell text as a form would hold it.
    """
    probability = sample_plots(spec, seed, plots)
    fraction = sample_trees(spec, seed, trees, probability.index.to_numpy())
    measured = np.flatnonzero(fraction > 0)
    measured = measured[np.lexsort((measured, trees.plot[measured]))]
    cards = _cards(spec, seed, plots, trees, measured, grid)
    cards["with_height"] = stream(seed, "height trees").random(len(measured)) < _HEIGHT_SHARE
    cards["inclusion_probability"] = [f"{p:.6f}" for p in probability.reindex(trees.plot[measured])]
    cards["tree_fraction"] = [f"{f:.6f}" for f in fraction[measured]]
    visits = [
        _visit(spec, seed, plots, trees, measured, cards, epoch, probability)
        for epoch in range(len(spec.epochs))
    ]
    table = pd.concat(visits, ignore_index=True)
    return table.sort_values(["plot_id", "measured_on", "tree_id"], ignore_index=True)[
        list(COLUMNS)
    ]


def _cards(
    spec: LandscapeSpec,
    seed: int,
    plots: gpd.GeoDataFrame,
    trees: Trees,
    measured: NDArray[np.int64],
    grid: Grid,
) -> pd.DataFrame:
    """Write one card per measured tree: what does not change between visits."""
    rng = stream(seed, "tree positions")
    n = len(measured)
    lon, lat = grid.to_lonlat(
        trees.x[measured] + rng.normal(0, _GPS_ERROR_M, n),
        trees.y[measured] + rng.normal(0, _GPS_ERROR_M, n),
    )
    number = pd.Series(trees.plot[measured]).groupby(trees.plot[measured]).cumcount() + 1
    plot_id = plots["plot_id"].to_numpy()[trees.plot[measured]]
    return pd.DataFrame(
        {
            "plot_id": plot_id,
            "tree_id": [f"{p}-T{k:03d}" for p, k in zip(plot_id, number, strict=True)],
            "stem": "1",
            "species": [spec.kinds[k].species for k in trees.kind[measured]],
            "origin": [ORIGINS[o] for o in trees.origin[measured]],
            "lon": [f"{v:.6f}" for v in lon],
            "lat": [f"{v:.6f}" for v in lat],
        }
    )


def _visit(
    spec: LandscapeSpec,
    seed: int,
    plots: gpd.GeoDataFrame,
    trees: Trees,
    measured: NDArray[np.int64],
    cards: pd.DataFrame,
    epoch: int,
    probability: pd.Series,
) -> pd.DataFrame:
    """Measure the chosen trees of every sampled plot at one epoch."""
    rng = stream(seed, f"visit {epoch}")
    day = spec.epochs[epoch]
    standing = alive(trees, day)[measured]
    true_cm = dbh_cm(trees, day)
    errors = BiomassContext.of(spec.ecology, load_methodology("agroforestry_removals", 1)).errors
    tape = read_tape(true_cm[measured], errors, rng)
    pole = read_pole(height_m(trees, spec.kinds, true_cm)[measured], errors, rng)
    loss = rng.choice(_LOST, len(measured), p=_LOST_SHARES)
    days = {int(p): int(rng.integers(-8, 9)) for p in probability.index}
    dates = {p: (day + timedelta(days=shift)).isoformat() for p, shift in days.items()}
    table = cards.assign(
        dbh_cm=np.where(standing, [f"{d:.1f}" for d in tape], ""),
        height_m=np.where(standing & cards["with_height"], [f"{h:.1f}" for h in pole], ""),
        measured_on=[dates[int(p)] for p in trees.plot[measured]],
        status=np.where(standing, "alive", loss),
    )
    table = table[standing | _just_lost(spec, trees, measured, epoch)]
    wooded, name = set(table["plot_id"]), plots["plot_id"].to_numpy()
    bare = [p for p in probability.index if name[p] not in wooded]
    empty = pd.DataFrame(
        {
            "plot_id": plots["plot_id"].iloc[bare].to_numpy(),
            "measured_on": [dates[int(p)] for p in bare],
            "status": "no_trees",
            "inclusion_probability": [f"{probability[p]:.6f}" for p in bare],
        }
    )
    return pd.concat([table, empty], ignore_index=True).fillna("")


def _just_lost(
    spec: LandscapeSpec, trees: Trees, measured: NDArray[np.int64], epoch: int
) -> NDArray[np.bool_]:
    """Say which trees were seen alive at the visit before and are gone now."""
    if epoch == 0:
        return np.zeros(len(measured), dtype=bool)
    before = alive(trees, spec.epochs[epoch - 1])[measured]
    return before & ~alive(trees, spec.epochs[epoch])[measured]
