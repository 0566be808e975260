"""Reading a project's scenes: what is kept from before, where the work is done, who is told."""

from collections.abc import Callable, Sequence

import pandas as pd

from mrv.imagery.extract import observe
from mrv.imagery.observations import Observations
from mrv.imagery.progress import Extent
from mrv.imagery.radar import observe_radar
from mrv.imagery.rules import ImageryRules
from mrv.imagery.scenes import Scene
from mrv.sources.rasters import open_radar, open_scene
from pipelines.executors import executor_at
from pipelines.plots import screened_plots
from pipelines.progress import Pace
from pipelines.scenes import take_radar, take_scenes
from pipelines.stage import Stage
from pipelines.steps import tell_scenes_read
from registry_api.services.kept_pixels import pixels_keeper


def read_scenes(
    stage: Stage, say: Callable[[str], None], scenes: Sequence[Scene] | None = None
) -> tuple[Observations, Extent]:
    """Read what is not kept yet of the scenes on a stage's shelf, and sum it up per plot.

    Args:
        stage: Project and period.
        say: Hears now and then how far it has come.
        scenes: Others than those on the shelf.

    Returns:
        The observations, and what it took to make them.

    Raises:
        SourceFailed: If a scene cannot be read, there is no room to keep its pixels, or the cluster
            that was set does not answer. Run again, it goes on where it stopped.
    """
    settings = stage.workspace.settings
    scenes = take_scenes(stage.shelf) if scenes is None else scenes
    keeper = pixels_keeper(settings)
    pace = Pace(say)
    extent = Extent(0, len(scenes), 0, 0)

    def heard(so_far: Extent) -> None:
        nonlocal extent
        extent = so_far
        tell_scenes_read(so_far)
        pace(so_far)

    with executor_at(settings.dask_scheduler) as executor:
        seen = observe(
            scenes,
            screened_plots(stage.shelf),
            open_scene,
            rules=ImageryRules.of(stage.methodology),
            keeper=keeper,
            executor=executor,
            progress=heard,
        )
    return seen, extent


def read_radar(stage: Stage, say: Callable[[str], None]) -> pd.DataFrame:
    """Average the radar scenes on a stage's shelf over its plots; an empty table where none are.

    Raises:
        SourceFailed: If a scene cannot be read.
    """
    pace = Pace(say)

    def heard(so_far: Extent) -> None:
        tell_scenes_read(so_far)
        pace(so_far)

    return observe_radar(
        take_radar(stage.shelf),
        screened_plots(stage.shelf),
        open_radar,
        least_fraction=ImageryRules.of(stage.methodology).clear_fraction_min,
        progress=heard,
    )
