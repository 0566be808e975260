"""All there is of one plot in a verification, for whoever may look at it closely."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from registry_api.services import (
    plot_chips,
    plot_growth,
    plot_history,
    plot_traces,
    verification_desk,
)
from registry_api.services.accounts import AccountView
from registry_api.services.estimates import stored_document
from registry_api.services.lineage_views import PlotTrace
from registry_api.services.plot_chips import ChipSheet
from registry_api.services.plot_growth import GrowthAmongOthers
from registry_api.services.recomputations import NodeView
from registry_api.services.upload_views import BoundaryVersion
from registry_api.services.verification_desk import Desk
from registry_api.services.verification_findings import VerifierFinding
from registry_api.settings import Settings


@dataclass(frozen=True, slots=True)
class PlotSheet:
    """One plot in the newest run of a verification.

    Attributes:
        boundaries: Newest first; none for a registrar.
        chips: What each scene shows of it; None where they are not cut, and for a registrar.
        growth: Beside that of its stratum; None where the evidence does not name it.
        trace: Its share, its stems and its looks from space.
        clear_fraction_min: Share of its area from which a look counts [1].
        recomputed: Its share, stored and computed again; None before that was done.
        findings: On it, of all runs.
    """

    boundaries: tuple[BoundaryVersion, ...]
    chips: ChipSheet | None
    growth: GrowthAmongOthers | None
    trace: PlotTrace
    clear_fraction_min: float
    recomputed: NodeView | None
    findings: tuple[VerifierFinding, ...]


def plot_sheet(
    session: Session, settings: Settings, assignment_id: str, plot_id: str, *, by: AccountView
) -> tuple[Desk, PlotSheet]:
    """Bring together what there is of a plot; a verifier's look at its boundary is written down.

    Raises:
        NotFound: If there is no such verification for this account, nothing was handed in, the plot
            is not part of the run, or a file is lost.
        EvidenceMissing: If the evidence names no trees or observations.
    """
    shown = verification_desk.desk(session, assignment_id, by=by)
    work, node = shown.assignment, f"plot:{plot_id}"
    sha256 = work.estimate_sha256 or ""
    trace = plot_traces.plot_trace(session, settings, sha256, plot_id)
    near = by.role != "registrar"
    purpose = f"Verification of {work.project_id}, {work.period_id}"
    return shown, PlotSheet(
        boundaries=plot_history.versions(
            session, settings, work.project_id, plot_id, by=by, purpose=purpose
        )
        if near
        else (),
        chips=plot_chips.sheet_of(settings, sha256, plot_id) if near else None,
        growth=plot_growth.growth_among_others(stored_document(session, sha256), settings, plot_id),
        trace=trace,
        clear_fraction_min=plot_traces.clear_fraction_min(session, sha256),
        recomputed=next(
            (each for done in shown.recomputations for each in done.nodes if each.node == node),
            None,
        ),
        findings=tuple(finding for finding in shown.findings if finding.node == node),
    )
