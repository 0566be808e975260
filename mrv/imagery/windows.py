"""Windows of work: the scenes of one tile and month, read by whichever thread or machine is free.

What a window needs travels by key through the keeper, and what it made is kept there under the
digest of all it depends on: one that was done before opens no file.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from mrv.errors import SceneUnreadable
from mrv.imagery.frames import Frame, demand_classification, read_layouts
from mrv.imagery.gather import Opening, gather
from mrv.imagery.grids import BandLayout, SceneOpener
from mrv.imagery.keeping import Keeper
from mrv.imagery.packing import pack, unpack
from mrv.imagery.plan import find_plan
from mrv.imagery.progress import Done
from mrv.imagery.recipes import Recipe
from mrv.imagery.scenes import Scene
from mrv.imagery.sums import SceneSums, summarise
from mrv.imagery.touched import layout_from_json, layout_to_json


@dataclass(frozen=True, slots=True)
class TileMonth:
    """A window of work.

    Attributes:
        tile: Name of the tile.
        month: Year and month, such as 2021-02.
        scenes: Scenes of the tile in the month.
    """

    tile: str
    month: str
    scenes: tuple[Scene, ...]

    def single_scenes(self) -> tuple["TileMonth", ...]:
        """Cut it into single scenes, for threads that share everything anyway."""
        return tuple(replace(self, scenes=(scene,)) for scene in self.scenes)


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of one scene.

    Attributes:
        scene_id: Which one.
        frame: How its bands lie.
        sums: None where they lie otherwise than the plan says, so that another plan is needed.
        done: What it took.
    """

    scene_id: str
    frame: Frame
    sums: SceneSums | None
    done: Done


def tile_months(tile: str, scenes: Iterable[Scene]) -> list[TileMonth]:
    """Sort the scenes of a tile into windows, month after month."""
    found: dict[str, list[Scene]] = defaultdict(list)
    for scene in scenes:
        found[f"{scene.acquired_at:%Y-%m}"].append(scene)
    return [TileMonth(tile, month, tuple(found[month])) for month in sorted(found)]


def read_window(
    window: TileMonth, plan_key: str, keeper: Keeper, open_scene: SceneOpener, recipe: Recipe
) -> tuple[Reading, ...]:
    """Read the scenes of a window and add up what they say of the plots of a plan.

    Args:
        window: The scenes.
        plan_key: Where the plan is kept.
        keeper: Keeps plans, pixels and sums.
        open_scene: Opens a scene.
        recipe: What to make of them.

    Raises:
        SceneUnreadable: If a file is damaged or bands do not fit, or the plan is not to be had.
    """
    return tuple(
        _read_scene(scene, plan_key, keeper, open_scene, recipe) for scene in window.scenes
    )


def known_layouts(scene: Scene, keeper: Keeper) -> dict[str, BandLayout]:
    """Give the layouts of a scene's bands that were seen before."""
    packed = unpack(keeper.get(_layouts_place(scene)))
    if packed is None:
        return {}
    return {band: layout_from_json(layout) for band, layout in packed.head.items()}


def find_frame(opening: Opening, recipe: Recipe, keeper: Keeper) -> Frame:
    """Find out how the bands of a scene lie: as seen before, or by opening it.

    Raises:
        SceneUnreadable: If a file is damaged or bands do not fit.
    """
    scene = opening.scene
    demand_classification(scene)
    known = known_layouts(scene, keeper)
    needed = recipe.bands_needed(scene)
    if new := [band for band in needed if band not in known]:
        known |= read_layouts(opening.opened, new)
        told = {band: layout_to_json(layout) for band, layout in known.items()}
        keeper.put(_layouts_place(scene), pack(told, {}))
    return Frame.of(scene, {band: known[band] for band in needed})


def frames_of(
    scenes: Sequence[Scene], keeper: Keeper, open_scene: SceneOpener, recipe: Recipe
) -> tuple[Frame, ...]:
    """Find out how the bands of some scenes lie.

    Raises:
        SceneUnreadable: If a file is damaged or bands do not fit.
    """
    found = []
    for scene in scenes:
        with Opening(scene, open_scene) as opening:
            found.append(find_frame(opening, recipe, keeper))
    return tuple(found)


def _read_scene(
    scene: Scene, plan_key: str, keeper: Keeper, open_scene: SceneOpener, recipe: Recipe
) -> Reading:
    plan = find_plan(plan_key, keeper)
    if plan is None:
        raise SceneUnreadable(
            f"Scene {scene.id} cannot be read: the plan of its tile is gone from the store; see "
            "that all workers reach the same store, and run it again.",
            scene=scene.id,
        )
    key = recipe.key(plan_key, scene)
    place = f"sums/{plan_key[:16]}/{key}"
    if (sums := SceneSums.from_bytes(keeper.get(place))) is not None:
        return Reading(scene.id, plan.frame, sums, Done(1, 0, 0))
    with Opening(scene, open_scene) as opening:
        frame = find_frame(opening, recipe, keeper)
        if frame != plan.frame:
            return Reading(scene.id, frame, None, Done(0, 0, 0))
        pixels = gather(opening, plan, recipe.files(scene), keeper if recipe.keeps_pixels else None)
    sums = summarise(plan, pixels, scene, recipe)
    keeper.put(place, sums.to_bytes())
    return Reading(scene.id, frame, sums, Done(1, opening.blocks, opening.bytes))


def _layouts_place(scene: Scene) -> str:
    return f"layouts/{scene.item_sha256[:2]}/{scene.item_sha256}"
