"""`parkland areas load`: areas where no plot may lie, into the registry of this home."""

from pathlib import Path

from pipelines.commands.plots_around import areas_of
from pipelines.commands.show import console, progress_bar
from pipelines.workspace import Workspace
from registry_api.services import excluded_areas


def load_areas(file: Path, home: Path, *, name: str, kind: str, source: str) -> None:
    """Read a file of areas and hand it to the registry; the same again changes nothing."""
    with progress_bar(f"{file.name}: reading"):
        frame = areas_of(file, name=name, kind=kind)
    with Workspace(home).registry() as session:
        layer = excluded_areas.load(session, frame, name=name, kind=kind, source=source)
    console.print(
        f"{layer.areas:,} areas of '{layer.name}' ({layer.kind}, version {layer.version}) are in "
        "force; uploads from now on are held against them."
    )
