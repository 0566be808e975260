"""What happens to trees of a landscape: felling, fire and flood on known days, and drought for all.

A disturbance strikes a share of a plot's trees; they are dead from that day on, in the scenes as in
the truth. What it leaves on the ground (char, water) is seen for a while and is added by whoever
renders a look.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mrv.simulation.randomness import stream
from mrv.simulation.trees import Trees, alive, decimal_year

Kind = Literal["felling", "fire", "flood"]
# Reflectance of what covers the ground afterwards (tag P), and how long it stays [day].
CHAR = {"red": 0.06, "nir": 0.09, "swir16": 0.13, "swir22": 0.14}
WATER = {"red": 0.05, "nir": 0.03, "swir16": 0.012, "swir22": 0.008}
CHAR_DAYS, WATER_DAYS = 75.0, 35.0


@dataclass(frozen=True, slots=True)
class Disturbance:
    """One blow to one plot.

    Attributes:
        plot: Row of the plots table.
        on: The day.
        share: Of the plot's standing trees that die [1].
        kind: What strikes.
    """

    plot: int
    on: date
    share: float
    kind: Kind = "felling"


@dataclass(frozen=True, slots=True)
class Drought:
    """A season in which everything is less green than usual.

    Attributes:
        first: First dry day.
        last: Last dry day.
        leaf_loss: Mean share of the leaves that are shed [1].
        crop_loss: Mean share of the crops' and weeds' cover that fails [1].
        unevenness: Spread of both between plots, as standard deviation of the logarithm.
    """

    first: date
    last: date
    leaf_loss: float = 0.25
    crop_loss: float = 0.45
    unevenness: float = 0.25


def strike(trees: Trees, disturbances: Sequence[Disturbance], seed: int) -> Trees:
    """Kill the trees that disturbances strike; the same seed strikes the same trees."""
    died = trees.died_y.copy()
    for order, blow in enumerate(disturbances):
        rng = stream(seed, f"disturbance {order} {blow.plot} {blow.on.isoformat()}")
        standing = np.flatnonzero((trees.plot == blow.plot) & alive(trees, blow.on))
        struck = rng.permutation(standing)[: round(blow.share * len(standing))]
        died[struck] = np.minimum(died[struck], decimal_year(blow.on))
    return replace(trees, died_y=died)


def left_on_ground(
    disturbances: Sequence[Disturbance], day: date, plots: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the share of each plot's ground under char and under water on a day [plot] [1]."""
    char, water = np.zeros(plots), np.zeros(plots)
    for blow in disturbances:
        since = (day - blow.on).days
        if since < 0:
            continue
        if blow.kind == "fire":
            char[blow.plot] = max(char[blow.plot], 0.9 * np.exp(-since / CHAR_DAYS))
        elif blow.kind == "flood" and since <= WATER_DAYS:
            water[blow.plot] = 0.9
    return char, water
