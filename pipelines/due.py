"""What is waiting to be done, as the registry and the deliveries say."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from pipelines.intake import delivered_projects, delivery_of
from pipelines.workspace import Workspace
from registry_api.services.periods import project_periods


@dataclass(frozen=True, slots=True)
class Due:
    """One project and period to run.

    Attributes:
        because: Names the delivery or decision that made it due; the same cause is due once.
    """

    project: str
    period: str
    because: str


def due_periods(workspace: Workspace) -> list[Due]:
    """Find periods that have ended, of projects whose delivery has not been run for them."""
    today = datetime.now(UTC).date()
    due: list[Due] = []
    for project in delivered_projects(workspace):
        files = delivery_of(workspace, project).files
        cause = hashlib.sha256("".join(sorted(files.values())).encode()).hexdigest()[:16]
        with workspace.registry() as session:
            periods = project_periods(session, project)
        due += [
            Due(project, period.id, f"{project} {period.id} {cause}")
            for period in periods
            if period.state is None and period.end <= today
        ]
    return due


def due_issuances(workspace: Workspace) -> list[Due]:
    """Find periods whose newest estimate is approved and not issued."""
    due: list[Due] = []
    for project in delivered_projects(workspace):
        with workspace.registry() as session:
            periods = project_periods(session, project)
        due += [
            Due(project, period.id, f"issue {period.estimate_sha256}")
            for period in periods
            if period.state == "approved"
        ]
    return due
