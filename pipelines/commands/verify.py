"""`parkland verify`: perform an estimate again from its bundle, and say where the two part.

Needs no registry, no database and no server; at level 3 it needs the scenes.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from rich.text import Text

from mrv.errors import InputRejected
from mrv.imagery.scenes import Scene
from mrv.sources.bundles import read_bundle
from mrv.sources.rasters import open_scene
from mrv.sources.simulated import ensure_scenes
from mrv.sources.stac import SceneQuery, search_scenes
from mrv.verification.integrity import Trust
from mrv.verification.levels import Asked, verify
from mrv.verification.opened import Bundle
from mrv.verification.pixels import Pixels
from mrv.verification.report import LEVELS, MEANING, Level, Node, Report
from pipelines.commands.show import console, notes, print_json, steps_bar, table

_DOES_NOT_STAND = 1
_MARGIN_DEGREES = 0.001
_LOOKS = {
    "equal": ("equal", "green"),
    "differs": ("differs", "bold red"),
    "missing": ("missing", "yellow"),
    "stated": ("as stated", "dim"),
}


def verify_bundle(
    place: Path,
    level: int,
    *,
    scenes: str,
    keys: tuple[str, ...],
    estimate: str,
    as_json: bool,
) -> int:
    """Verify a bundle; gives the exit code: 0 where it stands, 1 where something differs.

    Args:
        place: Folder or zip.
        level: Highest level to do, 0 to 3.
        scenes: Where the scenes are, for level 3; where empty, those of an invented landscape are
            rendered again.
        keys: Public keys of the registry, as Multikeys.
        estimate: Digest of the evidence, where it is known from elsewhere.
        as_json: Print JSON.

    Raises:
        InputRejected: If it is no bundle.
    """
    bundle = Bundle(read_bundle(place))
    asked_level: Level = LEVELS[level]
    with _scenes_of(scenes) as pixels, steps_bar(str(place)) as tell:
        asked = Asked(asked_level, Trust(keys, estimate), pixels)
        report = verify(bundle, asked, tell)
    if as_json:
        print_json(report.as_json())
    else:
        _tell(report)
    return 0 if report.stands else _DOES_NOT_STAND


@contextmanager
def _scenes_of(place: str) -> Iterator[Callable[[Bundle], Pixels]]:
    """Say where to look for scenes; what had to be rendered is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="parkland-scenes-") as scratch:

        def find(bundle: Bundle) -> Pixels:
            source = place or str(_rendered(bundle, Path(scratch)))
            return Pixels(_found(bundle, source), open_scene)

        yield find


def _found(bundle: Bundle, source: str) -> list[Scene]:
    stated, plots = bundle.document.scenes, bundle.plots()
    west, south, east, north = plots.total_bounds
    days = [scene.acquired_at.date() for scene in stated]
    query = SceneQuery(
        stated[0].collection,
        (
            west - _MARGIN_DEGREES,
            south - _MARGIN_DEGREES,
            east + _MARGIN_DEGREES,
            north + _MARGIN_DEGREES,
        ),
        min(days),
        max(days) + timedelta(days=1),
    )
    named = {scene.id for scene in stated}
    return [scene for scene in search_scenes(source, query) if scene.id in named]


def _rendered(bundle: Bundle, scratch: Path) -> Path:
    """Render the scenes of an invented landscape again, as its seed gives them."""
    settings = bundle.settings
    if settings.simulation is None:
        raise InputRejected(
            "Level 3 needs the scenes; say with --scenes where they are: a STAC API or a catalog."
        )
    project = scratch / "project"
    boundaries = project / (settings.inputs.plots or "plots.geojson")
    boundaries.parent.mkdir(parents=True)
    boundaries.write_bytes(bundle.data("delivered plots"))
    (project / "project.toml").write_bytes(bundle.data("project.toml"))
    return ensure_scenes(project, scratch / "scenes")


def _tell(report: Report) -> None:
    for level in report.levels:
        nodes = [node for node in report.nodes if node.level == level]
        rows: list[list[str | Text]] = [
            [node.name, _look(node), node.sentence] for node in nodes if _worth(node)
        ]
        equal = sum(node.status == "equal" for node in nodes)
        title = f"Level {level}: {MEANING[level]}: {equal} of {len(nodes)} equal"
        if rows:
            console.print(table(title, ["what", "answer", "why"], rows, text=3))
        else:
            console.print(title, style="bold")
    for level, kilograms in report.recomputed_kg.items():
        console.print(f"Level {level}: {kilograms:,} kg issuable; {report.stated_kg:,} stated.")
    cause = report.first_cause
    if report.stands:
        console.print(f"{report.project} {report.period} stands.", style="bold green")
    elif cause is not None:
        console.print(
            f"{report.project} {report.period} does not stand. First cause, at level "
            f"{cause.level}, {cause.name}: {cause.sentence}",
            style="bold red",
        )
        notes.print(report.code)


def _worth(node: Node) -> bool:
    return node.status != "equal" or bool(node.sentence)


def _look(node: Node) -> Text:
    said, style = _LOOKS[node.status]
    return Text(said, style=style)
