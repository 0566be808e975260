"""Plot biomass with its errors: `draw_plot_biomass`, and numpy in a loop over the draws.

The loop knows one equation, measured heights and one species; ours looks all of that up.
"""

import tracemalloc
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrv.biomass.assignment import assign_methods
from mrv.biomass.context import BiomassContext
from mrv.biomass.stem_groups import PlotStems, pack_plots
from mrv.estimation.monte_carlo import draw_in_blocks, draw_plot_biomass
from mrv.field.inventory import read_inventory
from mrv.methodologies import load_methodology
from mrv.project import Ecology
from tests.benchmarks.ratios import QUICK, Comparison, Figure, Target, cpu_seconds

PLOTS, TREES, DRAWS, SEED = 10 if QUICK else 100, 40, 10_000, 1
MANY_PLOTS, FEW_DRAWS, MANY_DRAWS = (20, 5_000, 10_000) if QUICK else (300, 5_000, 20_000)
EPOCHS = (date(2021, 1, 15), date(2024, 1, 15))
SPECIES = "Pterocarpus erinaceus"  # has a wood density and no equation of its own here
_AREA_HA = 0.25
_RULES = load_methodology("agroforestry_removals", 1)
_ECOLOGY = Ecology(
    ecoregion="benchmark",
    allometry_region="pantropical",
    height_model="none",
    root_shoot_zone="",
    growth_cap="",
)


def comparisons(_home: Path) -> Iterator[Comparison | Figure]:
    """Measure invented trees twice, draw their biomass both ways, then many more of them."""
    trees = _trees(PLOTS)
    context = BiomassContext.of(_ECOLOGY, _RULES)
    areas = dict.fromkeys(sorted(trees["plot_id"].unique()), _AREA_HA)
    stems = assign_methods(trees, context).stems
    density = (stems["density_g_cm3"].iloc[0], stems["density_sd_g_cm3"].iloc[0])

    def ours() -> NDArray[np.float32]:
        return draw_plot_biomass(trees, areas, EPOCHS, context, DRAWS, SEED).agb_t_ha

    def peer() -> NDArray[np.float64]:
        return _in_a_loop(trees, context, density)

    both = [np.asarray(way(), np.float64) for way in (ours, peer)]
    total = [drawn.sum(axis=(1, 2)) for drawn in both]
    spread = [drawn.std(axis=0).mean() for drawn in both]
    yield Comparison(
        what=f"biomass of {PLOTS} plots, {len(trees) * DRAWS / 1e6:.0f} million stem-draws",
        peer="numpy, a loop over draws",
        ours=lambda: cpu_seconds(ours),
        theirs=lambda: cpu_seconds(peer),
        agreement=(
            f"mean total {total[0].mean() / total[1].mean() - 1:+.1%} from theirs, spread of a "
            f"plot {spread[0] / spread[1] - 1:+.1%}; ours also reads tables and chooses equations"
        ),
        target=Target(15, 1 / 4),
    )
    packed = _packed(MANY_PLOTS, context)
    took_mb = {draws: _took_mb(packed, context, draws) for draws in (10, FEW_DRAWS, MANY_DRAWS)}
    yield Figure(
        f"memory of drawing totals, {MANY_PLOTS * TREES:,} trees at two visits, {MANY_DRAWS:,} "
        "draws",
        "MB",
        lambda: took_mb[MANY_DRAWS],
        Target(15, 150),
        "at its peak, beside the trees themselves",
    )
    yield Figure(
        f"its growth from {FEW_DRAWS:,} to {MANY_DRAWS:,} draws",
        "MB",
        lambda: took_mb[MANY_DRAWS] - took_mb[FEW_DRAWS],
        Target(15, 2),
        "flat, save for the totals themselves",
    )


def _packed(plots: int, context: BiomassContext) -> list[PlotStems | None]:
    read = assign_methods(_trees(plots), context)
    day = pd.to_datetime(read.stems["measured_on"])
    stems = read.stems.assign(epoch=(day > day.min()).astype(int))
    areas = dict.fromkeys(stems["plot_id"].unique(), _AREA_HA)
    return [*pack_plots(stems, areas, EPOCHS, context).values()]


def _took_mb(packed: list[PlotStems | None], context: BiomassContext, draws: int) -> float:
    """Draw totals, and give the most memory that held at a time [MB]."""
    tracemalloc.start()
    total = np.zeros((draws, len(EPOCHS)))
    for which, _plot, agb, _before in draw_in_blocks(packed, context, None, draws, SEED):
        total[which] += agb
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def _trees(plots: int) -> pd.DataFrame:
    rng = np.random.default_rng(SEED)
    count = plots * TREES
    first = rng.uniform(8, 30, count)
    rows = [
        pd.DataFrame(
            {
                "plot_id": [f"P{i // TREES:04d}" for i in range(count)],
                "tree_id": [f"T{i:06d}" for i in range(count)],
                "species": SPECIES,
                "dbh_cm": (first + grown).round(2).astype(str),
                "height_m": (3 * (first + grown) ** 0.5).round(2).astype(str),
                "measured_on": day.isoformat(),
                "status": "alive",
                "origin": "planted",
                "inclusion_probability": "0.5",
            }
        )
        for day, grown in zip(EPOCHS, (0.0, 3.0), strict=True)
    ]
    raw = pd.concat(rows, ignore_index=True)
    return read_inventory(raw, plot_ids=None, today=date(2025, 1, 1)).trees


def _in_a_loop(
    trees: pd.DataFrame, context: BiomassContext, density: tuple[float, float]
) -> NDArray[np.float64]:
    """Chave et al. 2014 eq. 4 with the same errors, one draw after the other."""
    rng = np.random.default_rng(SEED)
    errors, equations = context.errors, context.allometry
    plot, plots = pd.factorize(trees["plot_id"], sort=True)
    epoch = pd.factorize(trees["measured_on"], sort=True)[0]
    tree, names = pd.factorize(trees["tree_id"])
    cells = len(plots) * len(EPOCHS)
    dbh, height = trees["dbh_cm"].to_numpy(float), trees["height_m"].to_numpy(float)
    sd_dbh = errors.diameter_proportional * dbh + errors.diameter_constant_cm
    sd_gross = np.minimum(errors.diameter_gross_sd_cm, errors.diameter_gross_cap * dbh)
    sd_height = errors.height_proportional * height
    within, site = equations.within_site_sd_ln, equations.site_sd_ln
    parameters = np.linalg.cholesky(
        [
            [0.021475**2, -0.96455 * 0.021475 * 0.002747],
            [-0.96455 * 0.021475 * 0.002747, 0.002747**2],
        ]
    )
    drawn = np.empty((DRAWS, len(plots), len(EPOCHS)))
    for draw in range(DRAWS):
        intercept, slope = parameters @ rng.standard_normal(2)
        shared = intercept + site * rng.standard_normal() - site**2 / 2
        rho = max(density[0] + density[1] * rng.standard_normal(), 0.1)
        gross = rng.random(len(dbh)) < errors.diameter_gross_share
        d = dbh + np.where(gross, sd_gross, sd_dbh) * rng.standard_normal(len(dbh))
        h = height + sd_height * rng.standard_normal(len(height))
        own = (within * rng.standard_normal(len(names)) - within**2 / 2)[tree]
        size = np.log(rho * np.maximum(d, 0.1) ** 2 * np.maximum(h, 1.3))
        agb_kg = np.exp(np.log(0.0673) + shared + (0.976 + slope) * size + own)
        summed = np.bincount(plot * len(EPOCHS) + epoch, agb_kg, cells)
        drawn[draw] = summed.reshape(len(plots), len(EPOCHS)) / 1000 / _AREA_HA
    return drawn
