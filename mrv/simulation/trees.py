"""Every tree of a landscape, and its size on any day: planted, pre-existing or come up by itself.

Diameters grow along straight lines in growing time; what biomass a diameter truly stands for is
drawn in `truth.py`, what a field team sees of it in `fieldwork.py`.
"""

from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from mrv.simulation.geography import Grid
from mrv.simulation.randomness import stream
from mrv.simulation.spec import LandscapeSpec, TreeKind

PLANTED, PRE_EXISTING, REGENERATED = 0, 1, 2
ORIGINS = ("planted", "pre_existing", "regenerated")
# Spread of ln(increment) between plots and trees, and of ln(planting density) [P].
_PLOT_SD, _TREE_SD, _DENSITY_SD = 0.20, 0.30, 0.35
_PERIOD_SD = 0.06
_SEEDLING_CM = 1.0
HEIGHT_POWER = 0.6
_HEIGHT_SD_LN = 0.12
BREAST_HEIGHT_M = 1.3


@dataclass(frozen=True, slots=True)
class Trees:
    """All trees of a landscape, one array element per tree.

    Attributes:
        plot: Row of the plots table.
        kind: Index into `LandscapeSpec.kinds`.
        origin: Index into `ORIGINS`.
        x: Easting [m].
        y: Northing [m].
        start_cm: Diameter at the first epoch, or when the tree came up [cm].
        start_y: When that was [decimal year].
        died_y: When it died or was cut, infinity if it lives [decimal year].
        increment_cm_y: Growth of the diameter in growing time [cm/year].
        height_ln: Departure of ln(height) from its kind's curve.
        biomass_ln: Departure of ln(biomass) within the site, in standard deviations.
        clock: Epochs as decimal years and, below, as growing time [year].
    """

    plot: NDArray[np.int64]
    kind: NDArray[np.int64]
    origin: NDArray[np.int64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    start_cm: NDArray[np.float64]
    start_y: NDArray[np.float64]
    died_y: NDArray[np.float64]
    increment_cm_y: NDArray[np.float64]
    height_ln: NDArray[np.float64]
    biomass_ln: NDArray[np.float64]
    clock: NDArray[np.float64]

    def __len__(self) -> int:
        """Count all trees, alive or not."""
        return len(self.plot)


def decimal_year(day: date) -> float:
    """Give a date on a scale of years [year]."""
    return day.toordinal() / 365.25


def alive(trees: Trees, day: date) -> NDArray[np.bool_]:
    """Say which trees stand on a day."""
    now = decimal_year(day)
    born = (trees.origin != REGENERATED) | (trees.start_y <= now)
    return np.asarray(born & (now < trees.died_y))


def dbh_cm(trees: Trees, day: date) -> NDArray[np.float64]:
    """Give the diameter of every tree on a day, as if it were alive [cm]."""
    passed = _growing_time(trees.clock, decimal_year(day)) - _growing_time(
        trees.clock, trees.start_y
    )
    return np.maximum(trees.start_cm + trees.increment_cm_y * passed, 0.5)


def height_m(
    trees: Trees, kinds: tuple[TreeKind, ...], diameter_cm: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give the true height of every tree at a diameter [m]: a power law, open-grown trees."""
    at_20 = np.array([kind.height_20_m for kind in kinds])[trees.kind]
    curve = at_20 * (diameter_cm / 20) ** HEIGHT_POWER
    return np.maximum(curve * np.exp(trees.height_ln), BREAST_HEIGHT_M)


def draw_trees(spec: LandscapeSpec, seed: int, plots: gpd.GeoDataFrame, grid: Grid) -> Trees:
    """Draw every tree that stands or comes up on the plots."""
    rng = stream(seed, "trees")
    outlines = plots.geometry.to_crs(grid.epsg).to_numpy()
    village = pd.factorize(plots["village"], sort=True)[0]
    vigour = rng.normal(0, spec.village_sd_ln, spec.villages)[village] + rng.normal(
        0, _PLOT_SD, len(plots)
    )
    groups = [
        _planted(spec, rng, plots),
        _pre_existing(spec, rng, plots),
        _regenerated(spec, rng, plots),
    ]
    plot, kind = (np.concatenate([group[i] for group in groups]) for i in (0, 1))
    start_cm, start_y = (np.concatenate([group[i] for group in groups]) for i in (2, 3))
    origin = np.repeat([PLANTED, PRE_EXISTING, REGENERATED], [len(group[0]) for group in groups])
    n = len(plot)
    spread = spec.village_sd_ln**2 + _PLOT_SD**2 + _TREE_SD**2
    pace = np.exp(vigour[plot] + rng.normal(0, _TREE_SD, n) - spread / 2)
    mean_increment = np.array([k.increment_cm_y for k in spec.kinds])[kind]
    increment = mean_increment * pace
    planted = origin == PLANTED
    start_cm[planted] *= increment[planted]  # an age so far: what it grew in that time
    first = decimal_year(spec.epochs[0])
    died = np.full(n, np.inf)
    if spec.growth > 0:
        yearly = np.where(origin == PRE_EXISTING, spec.old_mortality_y, spec.mortality_y)
        died = np.maximum(first, start_y) + rng.exponential(1, n) / yearly
    x, y = _places(plot, outlines, rng)
    return Trees(
        plot=plot,
        kind=kind,
        origin=origin,
        x=x,
        y=y,
        start_cm=np.maximum(start_cm, 0.8),
        start_y=start_y,
        died_y=died,
        increment_cm_y=increment * spec.growth,
        height_ln=rng.normal(0, _HEIGHT_SD_LN, n),
        biomass_ln=rng.standard_normal(n),
        clock=_clock(spec, rng),
    )


Group = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]


def _planted(spec: LandscapeSpec, rng: np.random.Generator, plots: gpd.GeoDataFrame) -> Group:
    """Draw plot, kind, age-in-place-of-size and start of planted trees."""
    density = np.zeros(len(plots))
    for stratum in spec.strata:
        density[(plots["stratum"] == stratum.name) & (plots["role"] == "enrolled")] = (
            stratum.stems_per_ha
        )
    density *= rng.lognormal(-(_DENSITY_SD**2) / 2, _DENSITY_SD, len(plots))
    plot = np.repeat(np.arange(len(plots)), rng.poisson(density * plots["area_ha"].to_numpy()))
    kind = np.zeros(len(plot), dtype=np.int64)
    first = 0
    names = plots["stratum"].to_numpy()[plot]
    for stratum in spec.strata:
        here = np.flatnonzero(names == stratum.name)
        kind[here] = first + _pick(rng, stratum.planted, len(here))
        first += len(stratum.planted)
    age = plots["age_y"].to_numpy()[plot] * rng.lognormal(0, 0.12, len(plot))
    return plot, kind, age, np.full(len(plot), decimal_year(spec.epochs[0]))


def _pre_existing(spec: LandscapeSpec, rng: np.random.Generator, plots: gpd.GeoDataFrame) -> Group:
    density = spec.pre_existing_per_ha * rng.lognormal(-0.08, 0.4, len(plots))
    plot = np.repeat(np.arange(len(plots)), rng.poisson(density * plots["area_ha"].to_numpy()))
    chosen = _pick(rng, spec.pre_existing, len(plot))
    size = np.array([kind.start_dbh_cm for kind in spec.pre_existing])[chosen]
    kind = chosen + sum(len(stratum.planted) for stratum in spec.strata)
    start = np.full(len(plot), decimal_year(spec.epochs[0]))
    return plot, kind, size * rng.lognormal(0, 0.4, len(plot)), start


def _regenerated(spec: LandscapeSpec, rng: np.random.Generator, plots: gpd.GeoDataFrame) -> Group:
    first, last = decimal_year(spec.epochs[0]), decimal_year(spec.epochs[-1])
    rate = spec.regeneration_per_ha_y * (last - first) * (spec.growth > 0)
    density = rate * rng.lognormal(-0.08, 0.4, len(plots))
    plot = np.repeat(np.arange(len(plots)), rng.poisson(density * plots["area_ha"].to_numpy()))
    before = len(spec.kinds) - len(spec.regenerated)
    kind = before + _pick(rng, spec.regenerated, len(plot))
    start = rng.uniform(first, last, len(plot))
    return plot, kind, np.full(len(plot), _SEEDLING_CM), start


def _pick(rng: np.random.Generator, kinds: tuple[TreeKind, ...], n: int) -> NDArray[np.int64]:
    shares = np.array([kind.share for kind in kinds])
    return rng.choice(len(kinds), size=n, p=shares / shares.sum())


def _places(
    plot: NDArray[np.int64], outlines: NDArray[np.object_], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Throw trees into the plots' bounding boxes until all lie inside."""
    boxes = shapely.bounds(outlines)[plot]
    x, y = np.zeros(len(plot)), np.zeros(len(plot))
    left = np.arange(len(plot))
    while len(left):
        x[left] = rng.uniform(boxes[left, 0], boxes[left, 2])
        y[left] = rng.uniform(boxes[left, 1], boxes[left, 3])
        left = left[~shapely.contains_xy(outlines[plot[left]], x[left], y[left])]
    return x, y


def _clock(spec: LandscapeSpec, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw how fast growing time runs in each period: good years and bad ones."""
    years = np.array([decimal_year(epoch) for epoch in spec.epochs])
    pace = rng.lognormal(-(_PERIOD_SD**2) / 2, _PERIOD_SD, len(years) - 1)
    return np.vstack([years, np.concatenate([[0.0], np.cumsum(np.diff(years) * pace)])])


def _growing_time(
    clock: NDArray[np.float64], year: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    """Read growing time off the clock, which runs evenly outside the epochs."""
    years, grown = clock
    inside = np.interp(year, years, grown)
    early = np.minimum(np.asarray(year) - years[0], 0.0)
    late = np.maximum(np.asarray(year) - years[-1], 0.0)
    return np.asarray(inside + early + late)
