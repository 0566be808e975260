"""Per-plot observations: scenes and plot boundaries in, one row per plot and pass out.

Each tile has a coverage plan (`plan.py`); each scene is gathered (`gather.py`) and summed
(`sums.py`) in windows of work (`windows.py`) by any executor; what comes back becomes tables
(`observations.py`). A plot is looked at in one tile only, so that two tiles of one pass never count
as two dates and nothing is fetched twice. Opening files and keeping bytes is handed in.
"""

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from typing import TypeVar

import geopandas as gpd

from mrv.imagery.frames import Frame, demand_classification
from mrv.imagery.grids import SceneOpener
from mrv.imagery.indices import INDICES, missing_bands
from mrv.imagery.keeping import Keeper, MemoryKeeper
from mrv.imagery.observations import Look, Observations, look_of, put_together
from mrv.imagery.offsets import check_stack
from mrv.imagery.progress import Extent, Progress
from mrv.imagery.recipes import Recipe
from mrv.imagery.rules import ImageryRules
from mrv.imagery.scenes import Scene
from mrv.imagery.tiles import TilePlan, Tiles
from mrv.imagery.windows import Reading, frames_of, known_layouts, read_window, tile_months

_THREADS = 2  # for whoever brings none; decoding releases the interpreter lock
_R = TypeVar("_R")


def observe(
    scenes: Sequence[Scene],
    plots: gpd.GeoDataFrame,
    open_scene: SceneOpener,
    *,
    rules: ImageryRules,
    indices: Collection[str] = tuple(INDICES),
    keeper: Keeper | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Observations:
    """Average spectral indices over plots, scene by scene.

    Args:
        scenes: Of one collection; any order, the result does not depend on it.
        plots: With `plot_id` and valid polygons in EPSG:4326 (`mrv.plots.screen`).
        open_scene: Opens a scene for reading, `mrv.sources.rasters.open_scene`.
        rules: Cloud buffer and limits.
        indices: Names out of `INDICES`.
        keeper: Keeps plans, pixels and sums, so that nothing is fetched twice; without one nothing
            outlasts the call.
        executor: Where windows of work are done; two threads of this process where not given. The
            result does not depend on it, to the last bit.
        progress: Told after each window how far it has come.

    Raises:
        OffsetsMixed: If the offsets of the stack are contradictory.
        SceneUnreadable: If a scene is damaged or its bands do not share a grid.
    """
    check_stack(scenes)
    ordered = sorted(scenes, key=lambda scene: (scene.acquired_at, scene.id))
    for scene in ordered:
        demand_classification(scene)
    shared = set.intersection(*(set(scene.assets) for scene in ordered)) if ordered else set()
    missing = missing_bands(indices, shared) if ordered else {}
    recipe = Recipe.of(
        set(indices) - set(missing), rules.cloud_buffer_m, keeps_pixels=keeper is not None
    )
    extraction = _Extraction(
        ordered, plots, open_scene, recipe, keeper or MemoryKeeper("plans", "layouts"), progress
    )
    with _workers(executor) as pool:
        # Threads of one process lose nothing by single scenes, and are busy to the end.
        looks = extraction.run(pool, whole_windows=not isinstance(pool, ThreadPoolExecutor))
    return put_together(ordered, plots["plot_id"].to_numpy(), looks, recipe, missing)


class _Extraction:
    """One call of `observe`."""

    def __init__(
        self,
        scenes: Sequence[Scene],
        plots: gpd.GeoDataFrame,
        open_scene: SceneOpener,
        recipe: Recipe,
        keeper: Keeper,
        progress: Progress | None,
    ) -> None:
        self.scenes = scenes
        self.open_scene = open_scene
        self.recipe = recipe
        self.keeper = keeper
        self.progress = progress
        self.tiles = Tiles(plots, recipe.reach_m, keeper)
        self.extent = Extent(0, len(scenes), 0, 0)

    def run(self, pool: Executor, *, whole_windows: bool) -> list[Look]:
        """Read all scenes.

        Scenes of a tile are taken to lie as the first of them does; where one turns out to lie
        otherwise, what this changes is planned and read again.
        """
        frames = self._first_frames(pool)
        looks: dict[int, tuple[str, Look]] = {}
        while True:
            tiles = [
                (scene.mgrs_tile or frame.base.label, frame)
                for scene, frame in zip(self.scenes, frames, strict=True)
            ]
            by_tile = self.tiles.plans(tiles)
            plans = {
                place: (tile[0], by_tile[tile])
                for place, tile in enumerate(tiles)
                if tile in by_tile
            }
            looks = {
                place: look
                for place, look in looks.items()
                if place in plans and plans[place][1].key == look[0]
            }
            todo = {place: plan for place, plan in plans.items() if place not in looks}
            taken = list(frames)
            for place, reading in self._read(pool, todo, whole_windows=whole_windows):
                frames[place] = reading.frame
                if reading.sums is not None:
                    tile, plan = todo[place]
                    looks[place] = plan.key, look_of(place, tile, plan, reading.sums)
            if frames == taken:
                return [looks[place][1] for place in sorted(looks)]

    def _first_frames(self, pool: Executor) -> list[Frame]:
        """Say how each scene lies: as seen before, or as the first of its tile does."""
        frames: dict[int, Frame] = {}
        alike: dict[tuple[object, ...], int] = {}
        for place, scene in enumerate(self.scenes):
            needed = self.recipe.bands_needed(scene)
            known = known_layouts(scene, self.keeper)
            if set(needed) <= set(known):
                frames[place] = Frame.of(scene, {band: known[band] for band in needed})
            # A scene that does not name its tile is like no other.
            group = (scene.mgrs_tile or scene.id, scene.epsg, needed)
            if group not in alike or (place in frames and alike[group] not in frames):
                alike[group] = place
        first = [place for place in alike.values() if place not in frames]
        asked = [
            pool.submit(frames_of, (self.scenes[place],), self.keeper, self.open_scene, self.recipe)
            for place in first
        ]
        done = dict(_finished(asked))
        frames |= {place: done[number][0] for number, place in enumerate(first)}
        return [
            frames[place]
            if place in frames
            else frames[
                alike[scene.mgrs_tile or scene.id, scene.epsg, self.recipe.bands_needed(scene)]
            ]
            for place, scene in enumerate(self.scenes)
        ]

    def _read(
        self, pool: Executor, todo: dict[int, tuple[str, TilePlan]], *, whole_windows: bool
    ) -> Iterator[tuple[int, Reading]]:
        """Read scenes in windows of one plan, tile after tile."""
        groups: dict[tuple[str, str], list[int]] = {}
        for place, (tile, plan) in todo.items():
            groups.setdefault((tile, plan.key), []).append(place)
        windows = [
            (key, window)
            for (tile, key), places in sorted(groups.items())
            for window in tile_months(tile, [self.scenes[place] for place in places])
            for window in ([window] if whole_windows else window.single_scenes())
        ]
        asked = [
            pool.submit(read_window, window, key, self.keeper, self.open_scene, self.recipe)
            for key, window in windows
        ]
        places = {id(scene): place for place, scene in enumerate(self.scenes)}
        for number, readings in _finished(asked):
            for scene, reading in zip(windows[number][1].scenes, readings, strict=True):
                yield places[id(scene)], reading
            self._tell(readings)

    def _tell(self, readings: Sequence[Reading]) -> None:
        before = self.extent
        self.extent = Extent(
            min(before.scenes_done + sum(r.done.scenes for r in readings), before.scenes),
            before.scenes,
            before.blocks + sum(r.done.blocks for r in readings),
            before.bytes + sum(r.done.bytes for r in readings),
        )
        if self.progress is not None:
            self.progress(self.extent)


@contextmanager
def _workers(executor: Executor | None) -> Iterator[Executor]:
    if executor is not None:
        yield executor
        return
    with ThreadPoolExecutor(_THREADS) as pool:
        yield pool


def _finished(futures: "list[Future[_R]]") -> Iterator[tuple[int, _R]]:
    """Give results as they come, each with its number; if one fails, start no further ones."""
    numbers: dict[Future[_R], int] = {future: n for n, future in enumerate(futures)}
    futures.clear()  # so that each result is freed once it is used
    try:
        for future in as_completed(list(numbers)):
            yield numbers.pop(future), future.result()
    finally:
        for future in numbers:
            future.cancel()
