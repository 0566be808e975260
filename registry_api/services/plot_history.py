"""The boundaries a plot has had, and its leaving the programme."""

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db import lock_for_writing
from registry_api.db.models import CreditBatch, PlotContribution, PlotVersion, Project
from registry_api.db.models import PlotExit as ExitRow
from registry_api.errors import Contradiction, NotAcceptable
from registry_api.services import clock, ledger, private_reads
from registry_api.services.accounts import AccountView, account
from registry_api.services.latest import newest_plots
from registry_api.services.people import find_plot
from registry_api.services.project_access import open_to, owned_by
from registry_api.services.registry_surroundings import left_plots
from registry_api.services.upload_views import BoundaryVersion, PlotExit
from registry_api.settings import Settings

_LONGEST_REASON = 1_000
_AS_STATED = "as the file of plots states"


def versions(
    session: Session,
    settings: Settings,
    project_id: str,
    plot_id: str,
    *,
    by: AccountView,
    purpose: str = "",
) -> tuple[BoundaryVersion, ...]:
    """Show every boundary a plot has had, newest first, with the issuances that stand on each.

    Raises:
        NotFound: If there is no such project or plot for this account.
        NotAcceptable: If a verifier states no purpose; the look is logged with it.
    """
    import shapely

    project = open_to(session, project_id, by)
    plot = find_plot(session, project_id, plot_id)
    if project.developer_id != by.id:
        private_reads.note(
            session,
            settings,
            by=by,
            purpose=purpose,
            what="boundary",
            project_id=project_id,
            subject=plot_id,
        )
    batches: dict[int, list[str]] = defaultdict(list)
    for version_id, batch_id in session.execute(
        select(PlotContribution.plot_version_id, PlotContribution.batch_id)
        .join(CreditBatch, CreditBatch.id == PlotContribution.batch_id)
        .where(PlotContribution.plot_key == plot.id)
        .order_by(CreditBatch.number)
    ):
        batches[version_id].append(str(batch_id))
    rows = session.scalars(
        select(PlotVersion)
        .where(PlotVersion.plot_key == plot.id)
        .order_by(PlotVersion.version.desc())
    )
    return tuple(
        BoundaryVersion(
            version=row.version,
            area_ha=row.area_ha,
            boundary_sha256=row.boundary_sha256,
            commitment=row.commitment,
            geometry=json.loads(shapely.to_geojson(shapely.from_wkb(row.boundary_wkb))),
            recorded_at=row.recorded_at,
            upload_id=str(row.upload_id) if row.upload_id else "",
            batches=tuple(batches[row.id]),
        )
        for row in rows
    )


def leave(
    session: Session,
    project_id: str,
    plot_id: str,
    left_on: date,
    reason: str,
    *,
    by: AccountView,
) -> PlotExit:
    """Record that a plot left; what was credited stands, and it is in no later delivery.

    Raises:
        NotFound: If there is no such project or plot for this account.
        NotAllowed: If the account is not the project's developer.
        NotAcceptable: If the date is in the future or there is no reason.
        Contradiction: If it has left already with another date or reason.
    """
    owned_by(session, project_id, by)
    lock_for_writing(session)
    plot = find_plot(session, project_id, plot_id)
    stated = reason.strip()
    if not stated or len(stated) > _LONGEST_REASON:
        raise NotAcceptable(f"Say why the plot leaves, in at most {_LONGEST_REASON:,} characters.")
    if left_on > clock.latest_today():
        raise NotAcceptable(f"{left_on} is in the future; record the leaving when it has happened.")
    held = session.get(ExitRow, plot.id)
    joined = _enrolled_on(session, plot.id)
    if held is None and joined is not None and left_on < joined:
        raise NotAcceptable(
            f"Plot {plot_id} was enrolled on {joined}; it cannot have left on {left_on}, before "
            "that. Correct the date, or the enrolment in a new file.",
            plot=plot_id,
        )
    if held is None:
        entry = ledger.append(
            session,
            "plot_left",
            actor=by.id,
            payload={"project": project_id, "plot": plot_id, "left_on": left_on.isoformat()},
        )
        held = ExitRow(
            plot_key=plot.id,
            left_on=left_on,
            reason=stated,
            recorded_by=by.id,
            recorded_at=entry.recorded_at,
        )
        session.add(held)
        session.flush()
    elif (held.left_on, held.reason) != (left_on, stated):
        raise Contradiction(
            f"Plot {plot_id} left on {held.left_on} already; what was recorded stands.",
            plot=plot_id,
        )
    return _view(plot_id, held)


def leave_as_stated(session: Session, project_id: str, left: Mapping[str, date]) -> None:
    """Record that plots left on the day a screened file of the developer's states; known ones stay.

    Raises:
        NotFound: If there is no such plot.
    """
    developer = account(session, session.get_one(Project, project_id).developer_id)
    gone = left_plots(session, project_id)
    for plot_id, left_on in left.items():
        if plot_id not in gone:
            leave(session, project_id, plot_id, left_on, _AS_STATED, by=developer)


def exit_of(session: Session, project_id: str, plot_id: str, *, by: AccountView) -> PlotExit | None:
    """Show that a plot left; None while it takes part.

    Raises:
        NotFound: If there is no such project or plot for this account.
    """
    open_to(session, project_id, by)
    held = session.get(ExitRow, find_plot(session, project_id, plot_id).id)
    return None if held is None else _view(plot_id, held)


def exits(session: Session, project_id: str) -> Mapping[str, date]:
    """Give the day each plot left that did, by plot id; for pipelines."""
    return left_plots(session, project_id)


def _enrolled_on(session: Session, plot_key: int) -> date | None:
    newest = newest_plots()
    text = session.scalars(select(newest.attributes).where(newest.plot_key == plot_key)).first()
    stated = json.loads(text or "{}").get("enrolled_on")
    return date.fromisoformat(stated) if stated else None


def _view(plot_id: str, row: ExitRow) -> PlotExit:
    return PlotExit(plot_id, row.left_on, row.reason, row.recorded_by, row.recorded_at)
