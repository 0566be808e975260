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
from mrv.estimation.pathway import estimate_change
from mrv.project import CensusBaseline
from pipelines.draws import take_draws
from pipelines.features import take_features
from pipelines.stage import Stage
from pipelines.watching import plots_still_watched


def trees_that_count(stage: Stage, trees: pd.DataFrame) -> pd.DataFrame:
    """Leave out what a census did not register; of other projects all trees count."""
    if isinstance(stage.settings.baseline, CensusBaseline):
        return counted_trees(trees, stage.epochs[0], stage.methodology)
    return trees


def estimate_of(stage: Stage) -> ChangeEstimate:
    """Estimate the change since the project's first epoch, with the baseline it states."""
    baseline, plots = stage.settings.baseline, plots_still_watched(stage)
    start, end = stage.epochs
    root_shoot = root_shoot_ratio(stage.settings.ecology.root_shoot_zone)
    if isinstance(baseline, CensusBaseline):
        # The table of trees holds those that count, weighed.
        units = planting_units(stage.shelf.table("trees"), plots, end, stage.methodology)
        land = census_land(units, plots, Planting(**baseline.model_dump(exclude={"kind"})))
        return estimate_census(
            take_draws(stage.shelf),
            plots,
            units,
            unmet_conditions(land, stage.methodology),
            stage.methodology,
            start=start,
            end=end,
            root_shoot=root_shoot,
            seed=stage.seed,
        )
    return estimate_change(
        take_draws(stage.shelf),
        plots,
        take_features(stage.shelf),
        stage.methodology,
        start=start,
        end=end,
        root_shoot=root_shoot,
        seed=stage.seed,
    )
