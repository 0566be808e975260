"""Landscapes in numbers: the plots, trees and truth of a recipe, and signals instead of scenes.

For studies that need hundreds of landscapes. Trees, field work and truth are those of
`landscape.py`; plots are squares that nothing is drawn of, and what scenes would show of a plot is
one number per feature and epoch, with errors that neighbours share.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import stats

from mrv.biomass.carbon import draw_carbon_fraction, root_shoot_ratio
from mrv.biomass.wood_density import find_wood_density
from mrv.estimation.covariance import exponential
from mrv.methodologies import load_methodology
from mrv.simulation.fieldwork import measure
from mrv.simulation.geography import Grid, grid_around
from mrv.simulation.plots import AREA_RANGE_HA
from mrv.simulation.randomness import stream
from mrv.simulation.spec import LandscapeSpec
from mrv.simulation.trees import PLANTED, draw_trees
from mrv.simulation.truth import CO2_PER_C, choose_equations, tree_agb_kg
from mrv.simulation.weighing import Scales, adjust_scales

Floats = NDArray[np.float64]

VILLAGE_RADIUS_M = 400.0
SIGNALS = ("nirv_dry", "ndmi_dry", "rendvi_dry")
"""Features that are simulated: those of `mrv.estimation.maps.features` that Sentinel-2 gives."""
_SATURATION = 0.7  # power of biomass that a signal follows [P]: canopies close
_GAIN = (1.0, 0.8, 0.9)  # of the signals [P]
_GROUND_SD = 1.0  # soil and crop under a plot, the same at every epoch [P]
_SEASON_SD = 1.0  # of a whole landscape's epoch: a dry year or a wet one [P]
_CLOUD_RANGE_M = 3000.0


@dataclass(frozen=True, slots=True)
class Signals:
    """How well scenes see trees.

    Attributes:
        error_sd: Of a signal at one epoch, in the unit of (t d.m./ha)^0.7 [P].
        range_m: Distance over which neighbours share errors, to 1/e [m].
        nugget: Share of the error's variance that no neighbour shares [1].
        hidden: Share of plots under clouds at each epoch, neighbours together [1].
    """

    error_sd: float = 1.2
    range_m: float = 5000.0
    nugget: float = 0.3
    hidden: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class PlotLandscape:
    """One landscape in numbers.

    Attributes:
        spec: The recipe.
        seed: The seed.
        plots: The plots table: plot_id, village, stratum, role, area_ha, x_m, y_m and the others.
        inventory: What the field team wrote down, as text.
        looks: Signals by plot_id and epoch, at every epoch and at the years between; NaN under
            clouds.
        true_net_tco2e: Growth of planted trees on enrolled plots, with roots, from the first epoch
            to the last [t CO2e]. What stood before or comes up unplanted is no part of it.
        usual_net_tco2e: The same trees at the mean of what a landscape's conversion from trees to
            carbon may be; over many landscapes the two have the same mean [t CO2e].
    """

    spec: LandscapeSpec
    seed: int
    plots: gpd.GeoDataFrame
    inventory: pd.DataFrame
    looks: pd.DataFrame
    true_net_tco2e: float
    usual_net_tco2e: float


def simulate_plot_landscape(spec: LandscapeSpec, seed: int, signals: Signals) -> PlotLandscape:
    """Draw one landscape in numbers.

    Args:
        spec: The recipe; its weather is not looked at.
        seed: Any whole number from 0.
        signals: How well scenes see trees.
    """
    grid = grid_around(spec.centre, spec.side_m)
    plots = draw_places(spec, seed, grid)
    trees = draw_trees(spec, seed, plots, grid)
    scales = _with_carbon(adjust_scales(spec, seed))
    choices = choose_equations(spec, trees, scales)
    days = _days(spec)
    stock_kg = [tree_agb_kg(spec, trees, day, scales, choices) for day in days]
    area_ha = plots["area_ha"].to_numpy(np.float64)
    density_t_ha = np.array(
        [np.bincount(trees.plot, kg, len(plots)) / 1e3 / area_ha for kg in stock_kg]
    )
    ours = plots["role"].to_numpy()[trees.plot] == "enrolled"
    planted = ours & (trees.origin == PLANTED)
    usual = _usual(scales, spec)
    first, last = (tree_agb_kg(spec, trees, d, usual, choices) for d in (days[0], days[-1]))
    return PlotLandscape(
        spec=spec,
        seed=seed,
        plots=plots,
        inventory=measure(spec, seed, plots, trees, grid),
        looks=look(plots, days, density_t_ha, signals, seed),
        true_net_tco2e=_tco2e((stock_kg[-1] - stock_kg[0])[planted].sum(), scales),
        usual_net_tco2e=_tco2e((last - first)[planted].sum(), usual),
    )


def draw_places(spec: LandscapeSpec, seed: int, grid: Grid) -> gpd.GeoDataFrame:
    """Draw villages and square plots around them; squares may overlap, nothing is drawn of them.

    Returns:
        The columns of the plots table, with `area_ha`, `age_y`, `x_m` and `y_m`.
    """
    rng = stream(seed, "places")
    n, side = spec.plots, 10.0 * grid.size
    home = rng.uniform(0.1 * side, 0.9 * side, (spec.villages, 2))
    village = rng.permutation(np.arange(n) % spec.villages)
    offset = rng.normal(0, VILLAGE_RADIUS_M, (n, 2))
    xy = home[village] + offset + np.array([grid.left_m, grid.top_m - side])
    area = np.clip(rng.lognormal(np.log(spec.median_area_ha), spec.area_sd_ln, n), *AREA_RANGE_HA)
    half = 50.0 * np.sqrt(area)
    control = np.isin(np.arange(n), rng.choice(n, spec.controls, replace=False))
    shares = np.array([s.share for s in spec.strata])
    which = rng.choice(len(shares), n, p=shares / shares.sum())
    youngest, oldest = (np.array([s.age_y[i] for s in spec.strata])[which] for i in (0, 1))
    return gpd.GeoDataFrame(
        {
            "plot_id": [f"{spec.prefix}-{i + 1:04d}" for i in range(n)],
            "village": [f"{spec.prefix}-V{v + 1:02d}" for v in village],
            "stratum": np.array([s.name for s in spec.strata])[which],
            "role": np.where(control, "control", "enrolled"),
            "enrolled_on": [spec.epochs[0]] * n,
            "area_ha": area,
            "age_y": rng.uniform(youngest, oldest),
            "x_m": xy[:, 0],
            "y_m": xy[:, 1],
        },
        geometry=shapely.box(*(xy - half[:, None]).T, *(xy + half[:, None]).T),
        crs=f"EPSG:{grid.epsg}",
    )


def look(
    plots: pd.DataFrame, days: Sequence[date], density_t_ha: Floats, signals: Signals, seed: int
) -> pd.DataFrame:
    """Say what scenes show of every plot.

    Args:
        plots: With plot_id, x_m and y_m.
        days: When.
        density_t_ha: True above-ground biomass [day, plot], t d.m./ha.
        signals: How well scenes see trees.
        seed: Of the landscape.

    Returns:
        One row per plot and day: plot_id, epoch and `SIGNALS`.
    """
    rng = stream(seed, "signals")
    xy = plots[["x_m", "y_m"]].to_numpy(np.float64)
    together = np.linalg.cholesky(exponential(signals.range_m, signals.nugget).among(xy))
    clouds = np.linalg.cholesky(exponential(_CLOUD_RANGE_M, 0.05).among(xy))
    ground = _GROUND_SD * rng.standard_normal((len(SIGNALS), len(plots)))
    tables = []
    for day, density in zip(days, density_t_ha, strict=True):
        seen = density**_SATURATION
        hidden = clouds @ rng.standard_normal(len(plots)) < stats.norm.ppf(signals.hidden)
        table = pd.DataFrame({"plot_id": plots["plot_id"].to_numpy(), "epoch": day})
        for k, name in enumerate(SIGNALS):
            error = signals.error_sd * (together @ rng.standard_normal(len(plots)))
            season = _SEASON_SD * rng.standard_normal()
            shown = _GAIN[k] * (seen + error) + ground[k] + season
            table[name] = np.where(hidden, np.nan, shown)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _days(spec: LandscapeSpec) -> list[date]:
    """Give the epochs and the same day of the years between them."""
    first, last = spec.epochs[0], spec.epochs[-1]
    yearly = {date(year, first.month, first.day) for year in range(first.year, last.year + 1)}
    return sorted(yearly | set(spec.epochs))


def _with_carbon(scales: Scales) -> Scales:
    """Draw the landscape's carbon fraction too: the estimate says that it allows for its error."""
    rules = load_methodology("agroforestry_removals", 1)
    drawn = draw_carbon_fraction(
        stream(scales.seed, "carbon fraction"),
        1,
        rules.number("carbon.fraction_mean"),
        rules.number("carbon.fraction_sd"),
    )
    return replace(scales, carbon_fraction=float(drawn[0]))


def _usual(scales: Scales, spec: LandscapeSpec) -> Scales:
    """Take from a landscape's conversion its own departures in site, stand-ins, wood and carbon."""
    errors = replace(scales.context.allometry, site_sd_ln=0.0, proxy_sd_ln=0.0)
    context = replace(scales.context, allometry=errors)
    rules = load_methodology("agroforestry_removals", 1)
    return replace(
        scales,
        context=context,
        wood_density_g_cm3={
            name: find_wood_density(name, context.wood_densities).mean_g_cm3
            for name in scales.wood_density_g_cm3
        },
        root_shoot=root_shoot_ratio(spec.ecology.root_shoot_zone),
        carbon_fraction=rules.number("carbon.fraction_mean"),
    )


def _tco2e(agb_kg: float, scales: Scales) -> float:
    return float(agb_kg / 1e3 * (1 + scales.root_shoot) * scales.carbon_fraction * CO2_PER_C)
