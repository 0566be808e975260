"""Taking a project folder in: its files into the store, its statements into the registry.

A project that comes over HTTP is taken in by `registry_api.services.uploads`; from then on the two
are the same.
"""

from pathlib import Path

from mrv.sources.projects import read_project
from mrv.sources.tables import read_bytes
from pipelines.workspace import Workspace
from registry_api.services import clock, deliveries
from registry_api.services.deliveries import PLOTS, PRIVATE, PROJECT, TREES, Delivery
from registry_api.services.projects import register_project


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
        RegistryError: If it contradicts what is registered already.
    """
    project = read_project(folder, allow_outside=allow_outside)
    settings, inputs = project.settings, project.settings.inputs
    stated = {PROJECT: PROJECT, PLOTS: inputs.plots, TREES: inputs.trees}
    paths = {key: path for key, path in stated.items() if path is not None}
    delivery = Delivery(
        files={
            key: workspace.store.put_bytes(
                read_bytes(project.folder / path), private=key in PRIVATE
            )
            for key, path in paths.items()
        },
        names={key: Path(path).name for key, path in paths.items()},
        catalog=project.catalog,
        taken_in_on=clock.today(),
    )
    with workspace.registry() as session:
        register_project(
            session,
            settings,
            delivery.files[PROJECT],
            developer_name=settings.developer_name or None,
        )
        deliveries.record_delivery(session, settings.id, delivery)
    return settings.id


def delivery_of(workspace: Workspace, project_id: str) -> Delivery:
    """Give the newest delivery of a project.

    Raises:
        NotFound: If nothing was delivered for it.
    """
    with workspace.reading() as session:
        return deliveries.newest_delivery(session, project_id)


def delivered_projects(workspace: Workspace) -> list[str]:
    """List the projects something was delivered for."""
    with workspace.reading() as session:
        return list(deliveries.delivered_projects(session))
