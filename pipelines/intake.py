"""Taking a project in: its files into the store by content, its statements into the registry."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from mrv.errors import ProjectInvalid
from mrv.sources.projects import read_project
from mrv.sources.tables import read_bytes
from pipelines.workspace import Workspace
from registry_api.services.projects import register_project

PROJECT, PLOTS, TREES = "project.toml", "plots", "trees"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a developer brought for a project, by content.

    Attributes:
        files: `project.toml`, `plots` and `trees` -> sha-256; trees only where there are any.
        names: The same keys -> file name, which tells the format.
        catalog: Where its scenes are; empty where they are simulated.
        taken_in_on: First day on which exactly these files were here; dates after it are refused.
    """

    files: Mapping[str, str]
    names: Mapping[str, str]
    catalog: str
    taken_in_on: date


def take_in(folder: Path, workspace: Workspace, *, allow_outside: bool = False) -> str:
    """Take a project folder in; the same folder again changes nothing.

    Args:
        folder: With a project.toml.
        workspace: Where to.
        allow_outside: Whether its paths may lead out of the folder; for one's own machine only.

    Returns:
        The project's id.

    Raises:
        ProjectInvalid: If its settings are wrong.
        TableInvalid: If a table cannot be read at all.
    """
    project = read_project(folder, allow_outside=allow_outside)
    inputs = project.settings.inputs
    paths = {PROJECT: PROJECT, PLOTS: inputs.plots} | (
        {TREES: inputs.trees} if inputs.trees else {}
    )
    files = {
        key: workspace.store.put_bytes(read_bytes(project.folder / path))
        for key, path in paths.items()
    }
    project_id = project.settings.id
    with workspace.registry() as session:
        register_project(
            session,
            project.settings,
            files[PROJECT],
            developer_name=project.settings.developer_name or None,
        )
    _record(
        workspace,
        project_id,
        Delivery(
            files=files,
            names={key: Path(path).name for key, path in paths.items()},
            catalog=project.catalog,
            taken_in_on=datetime.now(UTC).date(),
        ),
    )
    return project_id


def delivery_of(workspace: Workspace, project_id: str) -> Delivery:
    """Give the newest delivery of a project.

    Raises:
        ProjectInvalid: If nothing was delivered for it.
    """
    try:
        note = json.loads(_note(workspace, project_id).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProjectInvalid(
            f"No project '{project_id}' was taken in here; name its folder instead of its id.",
            project=project_id,
        ) from None
    return Delivery(
        note["files"], note["names"], note["catalog"], date.fromisoformat(note["taken_in_on"])
    )


def _record(workspace: Workspace, project_id: str, delivery: Delivery) -> None:
    path = _note(workspace, project_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        held = delivery_of(workspace, project_id)
        if (held.files, held.catalog) == (delivery.files, delivery.catalog):
            return
    draft = path.with_suffix(f".{os.getpid()}.draft")
    draft.write_text(json.dumps(asdict(delivery), default=str, indent=1), encoding="utf-8")
    draft.replace(path)


def _note(workspace: Workspace, project_id: str) -> Path:
    return workspace.home / "deliveries" / f"{project_id}.json"


def delivered_projects(workspace: Workspace) -> list[str]:
    """List the projects something was delivered for."""
    return sorted(path.stem for path in (workspace.home / "deliveries").glob("*.json"))
