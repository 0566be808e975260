"""Level 3: what each scene says of each plot, read again from its pixels.

Scenes are found by whoever calls, in whatever archive still has them; that they are the same ones
is told by the digest of their items, which no host enters.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mrv.imagery.extract import observe
from mrv.imagery.grids import SceneOpener
from mrv.imagery.observations import Observations
from mrv.imagery.progress import Progress
from mrv.imagery.rules import ImageryRules
from mrv.imagery.scenes import Scene
from mrv.verification.comparing import table_difference
from mrv.verification.opened import Bundle
from mrv.verification.report import Node


@dataclass(frozen=True, slots=True)
class Pixels:
    """Where scenes come from.

    Attributes:
        scenes: As they were found again.
        open_scene: Opens one for reading.
    """

    scenes: Sequence[Scene]
    open_scene: SceneOpener


def check_pixels(
    bundle: Bundle, pixels: Pixels, progress: Progress | None
) -> Iterator[Node | Observations]:
    """Read the scenes again; the last thing given is what they say, unless one is missing.

    Args:
        bundle: What is stated.
        pixels: Where its scenes are.
        progress: Told how many scenes are read.
    """
    found = {scene.id: scene for scene in pixels.scenes}
    wanted: list[Scene] = []
    for stated in bundle.document.scenes:
        name, scene = f"scene {stated.id}", found.get(stated.id)
        if scene is None:
            yield Node(3, name, "missing", f"{stated.id} is not where the scenes were looked for.")
        elif scene.item_sha256 != stated.item_sha256:
            yield Node(
                3,
                name,
                "differs",
                f"{stated.id} is another scene than the one that was read: its item has the digest "
                f"{scene.item_sha256[:12]}…, not {stated.item_sha256[:12]}….",
            )
        elif scene.offset.offset != stated.offset:
            yield Node(
                3,
                name,
                "differs",
                f"The offset of {stated.id} is {scene.offset.offset:+g} by its item and "
                f"{stated.offset:+g} in the evidence.",
            )
        else:
            wanted.append(scene)
            yield Node(3, name, "equal")
    if len(wanted) < len(bundle.document.scenes):
        yield Node(3, "observations", "missing", "Not all scenes could be read again.")
        return
    again = observe(
        wanted,
        bundle.plots(),
        pixels.open_scene,
        rules=ImageryRules.of(bundle.methodology),
        progress=progress,
    )
    yield _told(
        "observations",
        table_difference(bundle.table("observations"), again.table, ["plot_id", "scene_id"]),
    )
    yield _told(
        "scenes_read", table_difference(bundle.table("scenes_read"), again.scenes, ["scene_id"])
    )
    yield again


def _told(name: str, said: str) -> Node:
    said = f"{said[0].upper()}{said[1:]}." if said else ""
    return Node(3, name, "differs" if said else "equal", said)
