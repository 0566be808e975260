"""What every asset needs to know before it works: its project, period, rules and shelf."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from mrv.errors import ProjectInvalid
from mrv.methodologies import Methodology, load_methodology
from mrv.project import Period, ProjectSettings, parse_project
from mrv.project_period import ProjectPeriod, seed_of
from pipelines.intake import delivery_of
from pipelines.partitions import project_and_period
from pipelines.resources import WorkspaceResource
from pipelines.shelf import Shelf
from pipelines.workspace import Workspace
from registry_api.services.deliveries import PLOTS, PROJECT, TREES, Delivery


@dataclass(frozen=True)
class Stage:
    """One project and period, seen from inside an asset."""

    workspace: Workspace
    project_id: str
    period_id: str

    @cached_property
    def settings(self) -> ProjectSettings:
        """Give what the project states."""
        return parse_project(self.delivered(PROJECT).decode("utf-8-sig"))

    @property
    def period(self) -> Period:
        """Give the monitoring period."""
        return self.settings.period(self.period_id)

    @cached_property
    def methodology(self) -> Methodology:
        """Give the rules in force."""
        choice = self.settings.methodology
        return load_methodology(choice.id, choice.version)

    @property
    def shelf(self) -> Shelf:
        """Give the shelf of this project and period."""
        return self.workspace.shelf(self.project_id, self.period_id)

    @property
    def of(self) -> ProjectPeriod:
        """Give what every step asks for."""
        return ProjectPeriod(self.settings, self.period_id, self.methodology)

    @property
    def epochs(self) -> tuple[date, date]:
        """Give the project's first epoch and the period's end."""
        return self.of.epochs

    @property
    def seed(self) -> int:
        """Give the seed of every draw."""
        return seed_of(self.project_id)

    @property
    def draws(self) -> int:
        """Give the number of Monte Carlo draws."""
        return self.workspace.draws or int(self.methodology.number("uncertainty.draws"))

    @cached_property
    def delivery(self) -> Delivery:
        """Give what the developer brought."""
        return delivery_of(self.workspace, self.project_id)

    @contextmanager
    def delivered_folder(self) -> Iterator[Path]:
        """Lay the delivered files out as a project folder, for what reads one."""
        inputs = self.settings.inputs
        paths = {PROJECT: PROJECT, PLOTS: inputs.plots, TREES: inputs.trees}
        with tempfile.TemporaryDirectory(prefix="parkland-") as scratch:
            folder = Path(scratch).resolve()
            for key in self.delivery.files:
                path = (folder / (paths[key] or self.delivery.names[key])).resolve()
                if not path.is_relative_to(folder):  # it was taken in from outside its folder
                    path = folder / path.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(self.delivered(key))
            yield folder

    def delivered(self, key: str) -> bytes:
        """Give one delivered file as it came.

        Raises:
            ProjectInvalid: If the project has brought none.
        """
        if key not in self.delivery.files:
            raise ProjectInvalid(
                f"Project {self.project_id} has brought no {key} yet; upload them, or name a file "
                f"under [inputs] in project.toml.",
                project=self.project_id,
            )
        return self.workspace.store.get_bytes(self.delivery.files[key])


def stage_of(partition_key: str, workspace: WorkspaceResource) -> Stage:
    """Find out what an asset is about."""
    project, period = project_and_period(partition_key)
    return Stage(workspace.workspace, project, period)
