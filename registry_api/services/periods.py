"""Monitoring periods of a project, and how far each has come."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from mrv.project import Period
from registry_api.db.models import CreditBatch, Estimate, MonitoringPeriod
from registry_api.errors import Contradiction, NotFound
from registry_api.services import clock, period_runs
from registry_api.services.verification import state_of
from registry_api.services.views import PeriodCard


def register_periods(session: Session, project_id: str, periods: Sequence[Period]) -> None:
    """Take in a project's monitoring periods; the same again changes nothing.

    Raises:
        Contradiction: If a registered period has other dates now.
    """
    held = {
        row.period_id: row
        for row in session.scalars(
            select(MonitoringPeriod).where(MonitoringPeriod.project_id == project_id)
        )
    }
    for period in periods:
        known = held.get(period.id)
        if known is None:
            session.add(
                MonitoringPeriod(
                    project_id=project_id,
                    period_id=period.id,
                    start_on=period.start,
                    end_on=period.end,
                    recorded_at=clock.now(),
                )
            )
        elif (known.start_on, known.end_on) != (period.start, period.end):
            raise Contradiction(
                f"Period {period.id} of {project_id} is registered as {known.start_on} to "
                f"{known.end_on}; dates of a period never change, so give the new dates a new id.",
                period=period.id,
            )
    session.flush()


def find_period(session: Session, project_id: str, period_id: str) -> MonitoringPeriod:
    """Find a registered period, for other services.

    Raises:
        NotFound: If the project has no such period.
    """
    found = session.scalars(
        select(MonitoringPeriod).where(
            MonitoringPeriod.project_id == project_id, MonitoringPeriod.period_id == period_id
        )
    ).first()
    if found is None:
        raise NotFound(
            f"Project '{project_id}' has no registered period '{period_id}'.", period=period_id
        )
    return found


def project_periods(session: Session, project_id: str) -> tuple[PeriodCard, ...]:
    """List a project's periods, oldest first, each with its newest estimate."""
    periods = session.scalars(
        select(MonitoringPeriod)
        .where(MonitoringPeriod.project_id == project_id)
        .order_by(MonitoringPeriod.start_on)
    )
    return tuple(_card(session, period) for period in periods)


def _card(session: Session, period: MonitoringPeriod) -> PeriodCard:
    batch = session.scalars(select(CreditBatch).where(CreditBatch.period_key == period.id)).first()
    newest = batch.estimate_sha256 if batch else period_runs.newest_of(session, period.id)
    estimate = session.get(Estimate, newest) if newest else None
    return PeriodCard(
        id=period.period_id,
        start=period.start_on,
        end=period.end_on,
        state=state_of(session, estimate) if estimate else None,
        estimate_sha256=estimate.sha256 if estimate else None,
        credits_t=estimate.credits_t if estimate else 0,
        buffer_t=estimate.buffer_t if estimate else 0,
        batch_id=str(batch.id) if batch else None,
    )
