"""Runs of a period: which estimate is its newest, and which ones that one supersedes.

Nothing earlier is lost: a superseded estimate stays readable, it only issues no more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db.models import Estimate, PeriodRun


@dataclass(frozen=True, slots=True)
class PeriodRunView:
    """One run of a period.

    Attributes:
        number: Of the period's runs, from 1.
        credits_t: That it leads to [t CO2e].
    """

    number: int
    estimate_sha256: str
    credits_t: int
    recorded_at: datetime


def note(session: Session, estimate: Estimate) -> str | None:
    """Make an estimate the newest of its period; again, it changes nothing.

    Returns:
        The estimate it supersedes; None where it is the first, or was the newest already.
    """
    last = _last(session, estimate.period_key)
    if last is not None and last.estimate_sha256 == estimate.sha256:
        return None
    session.add(
        PeriodRun(
            period_key=estimate.period_key,
            number=last.number + 1 if last else 1,
            estimate_sha256=estimate.sha256,
            recorded_at=estimate.submitted_at,
        )
    )
    session.flush()
    return last.estimate_sha256 if last else None


def newest_of(session: Session, period_key: int) -> str | None:
    """Give the newest estimate of a period; None before the first."""
    last = _last(session, period_key)
    return last.estimate_sha256 if last else None


def is_superseded(session: Session, estimate: Estimate) -> bool:
    """Say whether a later run took an estimate's place."""
    return newest_of(session, estimate.period_key) not in (None, estimate.sha256)


def runs_of(session: Session, period_key: int) -> Sequence[PeriodRunView]:
    """List the runs of a period, oldest first."""
    rows = session.execute(
        select(PeriodRun, Estimate.credits_t)
        .join(Estimate, Estimate.sha256 == PeriodRun.estimate_sha256)
        .where(PeriodRun.period_key == period_key)
        .order_by(PeriodRun.number)
    )
    return tuple(
        PeriodRunView(run.number, run.estimate_sha256, credits_t, run.recorded_at)
        for run, credits_t in rows
    )


def _last(session: Session, period_key: int) -> PeriodRun | None:
    return session.scalars(
        select(PeriodRun)
        .where(PeriodRun.period_key == period_key)
        .order_by(PeriodRun.number.desc())
        .limit(1)
    ).first()
