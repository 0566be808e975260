"""The estimate that a project's baseline asks for, from what the stages left on the shelf."""

from mrv.estimation.by_baseline import estimate_by_baseline
from mrv.estimation.estimate import ChangeEstimate
from pipelines.draws import take_draws
from pipelines.features import take_features
from pipelines.stage import Stage
from pipelines.stocking import HISTORY
from pipelines.watching import plots_still_watched


def estimate_of(stage: Stage) -> ChangeEstimate:
    """Estimate the change since the project's first epoch, with the baseline it states."""
    return estimate_by_baseline(
        stage.of,
        take_draws(stage.shelf),
        plots_still_watched(stage),
        take_features(stage.shelf),
        stage.shelf.table("trees"),
        stage.seed,
        stage.shelf.table(HISTORY),
    )
