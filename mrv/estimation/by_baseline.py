"""The estimate that a project's baseline asks for: against controls, or by a census of units."""

import pandas as pd

from mrv.biomass.carbon import root_shoot_ratio
from mrv.change.census import unmet_conditions
from mrv.estimation.census import (
    Planting,
    census_land,
    counted_trees,
    estimate_census,
    planting_units,
)
from mrv.estimation.estimate import ChangeEstimate
from mrv.estimation.monte_carlo import BiomassDraws
from mrv.estimation.pathway import estimate_change
from mrv.project import CensusBaseline
from mrv.project_period import ProjectPeriod


def trees_that_count(of: ProjectPeriod, trees: pd.DataFrame) -> pd.DataFrame:
    """Leave out what a census did not register; of other projects all trees count."""
    if isinstance(of.settings.baseline, CensusBaseline):
        return counted_trees(trees, of.epochs[0], of.methodology)
    return trees


def estimate_by_baseline(
    of: ProjectPeriod,
    biomass: BiomassDraws,
    plots: pd.DataFrame,
    features: pd.DataFrame,
    trees: pd.DataFrame,
    seed: int,
) -> ChangeEstimate:
    """Estimate the change since the project's first epoch, with the baseline it states.

    Args:
        of: Project, period and rules.
        biomass: Draws of plot biomass at both epochs.
        plots: Accepted plots, with the day on which nobody watched them any more.
        features: Seasonal means by (plot_id, epoch).
        trees: Those that count, weighed.
        seed: Of all draws.
    """
    baseline, (start, end) = of.settings.baseline, of.epochs
    root_shoot = root_shoot_ratio(of.settings.ecology.root_shoot_zone)
    if isinstance(baseline, CensusBaseline):
        units = planting_units(trees, plots, end, of.methodology)
        land = census_land(units, plots, Planting(**baseline.model_dump(exclude={"kind"})))
        return estimate_census(
            biomass,
            plots,
            units,
            unmet_conditions(land, of.methodology),
            of.methodology,
            start=start,
            end=end,
            root_shoot=root_shoot,
            seed=seed,
        )
    return estimate_change(
        biomass,
        plots,
        features,
        of.methodology,
        start=start,
        end=end,
        root_shoot=root_shoot,
        seed=seed,
    )
