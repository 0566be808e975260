"""What is waiting to be done, as the registry says."""

from dataclasses import dataclass

from pipelines.workspace import Workspace
from registry_api.services import clock, plot_chips
from registry_api.services.deliveries import PLOTS, delivered_projects, newest_delivery
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
    today = clock.today()
    with workspace.reading() as session:
        return [
            Due(project, period.id, f"{project} {period.id} {delivery.sha256[:16]}")
            for project in delivered_projects(session)
            for delivery in [newest_delivery(session, project)]
            if PLOTS in delivery.files  # those of the others are still to be uploaded
            for period in project_periods(session, project)
            if period.state is None and period.end <= today
        ]


def due_issuances(workspace: Workspace) -> list[Due]:
    """Find periods whose newest estimate is approved and not issued."""
    with workspace.reading() as session:
        return [
            Due(project, period.id, f"issue {period.estimate_sha256}")
            for project in delivered_projects(session)
            for period in project_periods(session, project)
            if period.state == "approved"
        ]


def due_chips(workspace: Workspace) -> list[Due]:
    """Find periods whose verifier has drawn plots that nobody has cut chips of."""
    with workspace.reading() as session:
        return [
            Due(project, period.id, f"chips {wanted.estimate_sha256} {len(wanted.plot_ids)}")
            for project in delivered_projects(session)
            for period in project_periods(session, project)
            if period.state is not None
            for wanted in [
                plot_chips.wanted(session, workspace.settings, project, period.id),
            ]
            if wanted.plot_ids
        ]
