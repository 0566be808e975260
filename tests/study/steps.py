"""From a simulated landscape to credits, one step after another, as a real project goes.

Only files, Dagster and the registry are left out.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import pandas as pd

from mrv.biomass.carbon import root_shoot_ratio
from mrv.biomass.context import BiomassContext
from mrv.crediting.issuance import issue
from mrv.crediting.waterfall import waterfall
from mrv.estimation.estimate import ChangeEstimate
from mrv.estimation.monte_carlo import BiomassDraws, draw_plot_biomass
from mrv.estimation.pathway import estimate_change
from mrv.field.inventory import read_inventory
from mrv.methodologies import load_methodology
from mrv.simulation.plot_landscapes import PlotLandscape

METHODOLOGY: Final = load_methodology("agroforestry_removals", 2)
_DELIVERED = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a programme would say and issue.

    Attributes:
        credits_t: Issued [t CO2e].
        with_buffer_t: Issued and set aside in the buffer [t CO2e].
        low_t: Lower end of its 90 % interval of the net change [t CO2e].
        high_t: Upper end [t CO2e].
    """

    credits_t: int
    with_buffer_t: int
    low_t: float
    high_t: float


def read_trees(landscape: PlotLandscape) -> pd.DataFrame:
    """Read the landscape's inventory as any project's is read."""
    return read_inventory(
        landscape.inventory,
        plot_ids=set(landscape.plots["plot_id"]),
        today=landscape.spec.epochs[-1] + _DELIVERED,
    ).trees


def draw_biomass(
    landscape: PlotLandscape, trees: pd.DataFrame, context: BiomassContext, draws: int
) -> BiomassDraws:
    """Draw the biomass of the measured plots at the first and the last epoch."""
    plots, epochs = landscape.plots, landscape.spec.epochs
    areas = dict(zip(plots["plot_id"], plots["area_ha"], strict=True))
    ends = (epochs[0], epochs[-1])
    return draw_plot_biomass(trees, areas, ends, context, draws=draws, seed=landscape.seed)


def estimate_landscape(landscape: PlotLandscape, biomass: BiomassDraws) -> ChangeEstimate:
    """Estimate net removals from the first epoch to the last."""
    spec = landscape.spec
    return estimate_change(
        biomass,
        pd.DataFrame(landscape.plots.drop(columns="geometry")),
        landscape.looks.set_index(["plot_id", "epoch"]),
        METHODOLOGY,
        start=spec.epochs[0],
        end=spec.epochs[-1],
        root_shoot=root_shoot_ratio(spec.ecology.root_shoot_zone),
        seed=landscape.seed,
    )


def claim(gross_t: float, baseline_t: float, u90: float) -> Claim:
    """Take a net change through every deduction to whole credits.

    Args:
        gross_t: Gross removals [t CO2e].
        baseline_t: What would have grown anyway [t CO2e].
        u90: Relative half-width of the 90 % interval of the net change [1].
    """
    net = gross_t - baseline_t
    half = abs(net) * u90 if net else 0.0
    steps = waterfall(
        gross_tco2e=gross_t,
        baseline_tco2e=baseline_t,
        u90=u90,
        project_emissions_tco2e=0.0,
        methodology=METHODOLOGY,
    )
    issuance = issue(steps.issuable_kg, cumulative_buffer_kg=max(0, steps.buffer_kg))
    whole = issuance.credits_t + (issuance.buffer_t if issuance.credits_t else 0)
    return Claim(issuance.credits_t, whole, net - half, net + half)
