"""Cases of reversal as they are kept and shown: where each stands, and the steps that led there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal, cast
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from registry_api.db.models import LedgerEntry, Plot, Project, ReversalCase, ReversalStep
from registry_api.errors import Contradiction, NotFound
from registry_api.services import paging
from registry_api.services.accounts import AccountView
from registry_api.services.views import Page

if TYPE_CHECKING:
    from mrv.change.reversal import Case

Source = Literal["alert", "report"]
CaseState = Literal[
    "suspect", "cleared", "confirmed", "planned", "classified", "quantified", "settled"
]
UNSETTLED: tuple[CaseState, ...] = ("confirmed", "classified", "quantified")


@dataclass(frozen=True, slots=True)
class StepTaken:
    """One step of a case.

    Attributes:
        on: The day it is of; when it was written down is the ledger's.
        evidence_sha256: Digest of the picture or visit it rests on; empty where none was kept.
    """

    state: CaseState
    on: date
    reason: str
    evidence_sha256: str
    taken_by: str
    sequence: int


@dataclass(frozen=True, slots=True)
class CaseView:
    """A loss, or the suspicion of one, and where it stands.

    Attributes:
        cause: Once classified, else empty.
        avoidable: Whether the developer repays before the buffer does.
        reversal_kg: What is counted as lost, once quantified [kg CO2e].
        steps: In order.
    """

    id: str
    project_id: str
    plot_id: str
    broke_on: date
    source: Source
    state: CaseState
    cause: str
    avoidable: bool
    reversal_kg: int
    steps: tuple[StepTaken, ...]


def refuse_unsettled(session: Session, project_id: str) -> None:
    """Insist that a project has no confirmed loss left; it issues nothing before that is settled.

    Raises:
        Contradiction: Naming the plots.
    """
    open_now = cases_in(session, project_id, UNSETTLED)
    if open_now:
        plots = sorted(view(session, case).plot_id for case in open_now)
        raise Contradiction(
            f"Losses of {project_id} on {', '.join(plots[:10])} are not made good yet; it issues "
            "nothing before they are settled.",
            plots=plots,
        )


def cases_in(
    session: Session, project_id: str, states: Sequence[CaseState]
) -> tuple[ReversalCase, ...]:
    """Find a project's cases that stand at one of some steps, oldest first."""
    later = aliased(ReversalStep)
    newest = (
        select(func.max(later.number)).where(later.case_id == ReversalCase.id).scalar_subquery()
    )
    rows = session.scalars(
        select(ReversalCase)
        .join(ReversalStep, ReversalStep.case_id == ReversalCase.id)
        .where(
            ReversalCase.project_id == project_id,
            ReversalStep.number == newest,
            ReversalStep.state.in_(states),
        )
        .order_by(ReversalCase.opened_at, ReversalCase.id)
    )
    return tuple(rows)


def of_project(
    session: Session,
    project_id: str,
    *,
    by: AccountView,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[CaseView]:
    """List a project's cases, newest first.

    Raises:
        NotFound: If there is no such project, or it is not the caller's, who is no verifier or
            registrar either: reasons may tell who farms where.
    """
    project = session.get(Project, project_id)
    if project is None or not (
        by.id == project.developer_id or by.role in ("verifier", "registrar")
    ):
        raise NotFound(f"There is no project '{project_id}'.", project=project_id)
    (before,) = paging.decode(cursor, int) or (None,)
    first = (
        select(ReversalStep.case_id, ReversalStep.sequence)
        .where(ReversalStep.number == 1)
        .subquery()
    )
    query = (
        select(ReversalCase, first.c.sequence)
        .join(first, first.c.case_id == ReversalCase.id)
        .where(ReversalCase.project_id == project_id)
        .order_by(first.c.sequence.desc())
        .limit(limit + 1)
    )
    if before is not None:
        query = query.where(first.c.sequence < before)
    rows = session.execute(query).all()
    return Page(
        tuple(view(session, case) for case, _ in rows[:limit]),
        paging.encode(rows[limit - 1][1]) if len(rows) > limit else None,
    )


def get(session: Session, case_id: str) -> ReversalCase:
    """Find a case.

    Raises:
        NotFound: If there is none.
    """
    try:
        found = session.get(ReversalCase, UUID(case_id))
    except ValueError:
        found = None
    if found is None:
        raise NotFound("There is no case with that id.")
    return found


def view(session: Session, case: ReversalCase) -> CaseView:
    """Show a case as it stands."""
    from mrv.change.reversal import CAUSES  # brings pandas

    steps = _steps(session, case.id)
    return CaseView(
        id=str(case.id),
        project_id=case.project_id,
        plot_id=session.get_one(Plot, case.plot_key).plot_id,
        broke_on=case.broke_on,
        source=cast("Source", case.source),
        state=cast("CaseState", steps[-1].state),
        cause=steps[-1].cause,
        avoidable=CAUSES.get(steps[-1].cause, False),
        reversal_kg=steps[-1].reversal_kg,
        steps=tuple(
            StepTaken(
                cast("CaseState", step.state), step.on_day, step.reason, step.evidence_sha256,
                step.taken_by, step.sequence,
            )
            for step in steps
        ),
    )  # fmt: skip


def in_mrv(session: Session, case: ReversalCase) -> "Case":
    """Give a case as `mrv.change.reversal` knows it."""
    from mrv.change.reversal import Case, Entry  # brings pandas

    steps = _steps(session, case.id)
    return Case(
        session.get_one(Plot, case.plot_key).plot_id,
        case.broke_on,
        tuple(Entry(s.on_day, cast("CaseState", s.state), s.reason) for s in steps),
        steps[-1].cause,
        steps[-1].reversal_kg,
    )


def state_of(session: Session, case: ReversalCase) -> CaseState:
    """Say where a case stands."""
    return cast("CaseState", _steps(session, case.id)[-1].state)


def write(  # noqa: PLR0913, PLR0917  a row is all of this
    session: Session,
    case: ReversalCase,
    state: str,
    on: date,
    reason: str,
    entry: LedgerEntry,
    by: str,
    cause: str = "",
    reversal_kg: int = 0,
    evidence: str = "",
) -> None:
    """Add a step to a case, in the transaction that wrote the ledger entry."""
    before = _steps(session, case.id)
    session.add(
        ReversalStep(
            case_id=case.id,
            number=len(before) + 1,
            state=state,
            on_day=on,
            cause=cause or (before[-1].cause if before else ""),
            reversal_kg=reversal_kg or (before[-1].reversal_kg if before else 0),
            reason=reason,
            evidence_sha256=evidence,
            taken_by=by,
            sequence=entry.sequence,
        )
    )
    session.flush()


def settled(session: Session, case: ReversalCase, entry: LedgerEntry, reason: str, by: str) -> None:
    """Note that a case was settled, in the transaction that settled it."""
    write(session, case, "settled", entry.recorded_at.date(), reason, entry, by)


def _steps(session: Session, case_id: UUID) -> Sequence[ReversalStep]:
    return session.scalars(
        select(ReversalStep).where(ReversalStep.case_id == case_id).order_by(ReversalStep.number)
    ).all()
