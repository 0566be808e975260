"""The stocking index of ten years and more, read where controls are matched to the project."""

from collections.abc import Callable

import pandas as pd

from mrv.change.stocking_history import stocking_index
from mrv.estimation.by_baseline import history_windows
from mrv.imagery.rules import ImageryRules
from mrv.project import BenchmarkBaseline
from pipelines.observations import read_scenes
from pipelines.plots import screened_plots
from pipelines.scenes import scenes_between
from pipelines.stage import Stage

LOOKS, HISTORY = "history_observations", "stocking_history"


def history_of(stage: Stage, say: Callable[[str], None]) -> pd.DataFrame:
    """Give the index of every plot and year; no row where the baseline does not ask for it.

    Dry seasons of all years are read once; what was put on the shelf beforehand as `LOOKS` (a
    longer archive, of another sensor) is taken instead.
    """
    baseline, windows = stage.settings.baseline, history_windows(stage.of)
    clear = ImageryRules.of(stage.methodology).clear_fraction_min
    if not isinstance(baseline, BenchmarkBaseline):
        return stocking_index(pd.DataFrame(), "", {}, clear)
    if stage.shelf.has(LOOKS):
        return stocking_index(stage.shelf.table(LOOKS), baseline.index, windows, clear)
    first = min(begin for begin, _ in windows.values())
    last = min(stage.period.end, max(end for _, end in windows.values()))
    scenes = [
        scene
        for scene in scenes_between(stage, screened_plots(stage.shelf), first, last)
        if any(begin <= scene.acquired_at.date() <= end for begin, end in windows.values())
    ]
    seen, _ = read_scenes(stage, say, scenes)
    return stocking_index(seen.table, baseline.index, windows, clear)
