"""Findings of a verifier: a request on a node of a run, answers, and the end; nothing is lost.

A verifier requests, the developer answers (with a new run where something was mended), and the
verifier closes or returns it. Each step is a row; where a finding stands is its newest.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, cast, get_args
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mrv.evidence.documents import EvidenceDocument
from registry_api.db.models import (
    Estimate,
    MonitoringPeriod,
    Project,
    VerificationAssignment,
    VerificationFinding,
    VerificationFindingStep,
)
from registry_api.errors import (
    AlreadyIssued,
    Contradiction,
    NotAcceptable,
    NotAllowed,
    NotFound,
)
from registry_api.services import assignments, clock, ledger, period_runs
from registry_api.services.accounts import AccountView
from registry_api.services.canonical import sha256_of_text
from registry_api.services.idempotency import once
from registry_api.services.verification import state_of

FindingKind = Literal["misstatement", "nonconformity", "clarification", "forward_action"]
FindingState = Literal["requested", "answered", "returned", "closed"]
_EVENTS: dict[FindingState, ledger.Kind] = {
    "requested": "finding_requested",
    "answered": "finding_answered",
    "returned": "finding_returned",
    "closed": "finding_closed",
}
_LONGEST = 4_000


@dataclass(frozen=True, slots=True)
class FindingStepView:
    """One step of a finding.

    Attributes:
        due_on: When an answer is asked for; None of answers and ends.
        resubmitted_sha256: The run that was handed in with an answer; None where none was.
        sequence: Of the ledger entry.
    """

    number: int
    state: FindingState
    text: str
    due_on: date | None
    resubmitted_sha256: str | None
    taken_by: str
    recorded_at: datetime
    sequence: int


@dataclass(frozen=True, slots=True)
class VerifierFinding:
    """A finding and how it came to where it stands.

    Attributes:
        number: Of the verification's findings, from 1.
        estimate_sha256: The run it was found in.
        node: What it is on, such as `plot:KWG-001`.
        overdue: Whether an answer is asked for and its day has passed.
    """

    id: str
    verification_id: str
    number: int
    estimate_sha256: str
    node: str
    kind: FindingKind
    state: FindingState
    overdue: bool
    steps: tuple[FindingStepView, ...]


@dataclass(frozen=True, slots=True)
class NewFinding:
    """What a verifier asks.

    Attributes:
        node: What it is on; `mrv.evidence.recomputed.nodes_of` names all there are.
        request: What is to be shown or mended.
        due_on: By when.
    """

    node: str
    kind: FindingKind
    request: str
    due_on: date


def request(
    session: Session, assignment_id: str, stated: NewFinding, key: str, *, by: AccountView
) -> VerifierFinding:
    """Put a finding on a node of the newest run.

    Raises:
        NotFound: If there is no such verification for this account, or no such node in the run.
        NotAllowed: If the account is not its verifier.
        NotAcceptable: If it asks for nothing, is of no kind, or is due before today.
        Contradiction: If nothing was handed in yet, or a later assignment took its place.
        AlreadyIssued: If the run is issued, which ends verification.
        KeyReused: If the key belongs to another request.
    """
    assignment = assignments.at_work(session, assignment_id, by)
    if stated.kind not in get_args(FindingKind):
        raise NotAcceptable(f"A finding is one of {', '.join(get_args(FindingKind))}.")
    asked = _stated(stated.request)
    _demand_due(stated.due_on)

    def act() -> str:
        from mrv.evidence.recomputed import nodes_of

        estimate = assignments.run_of(session, assignment)
        if state_of(session, estimate) == "issued":
            raise AlreadyIssued("This period is issued; a finding on it comes too late.")
        document = EvidenceDocument.model_validate_json(estimate.document)
        if stated.node not in set(nodes_of(document)):
            raise NotFound(f"The run has no node '{stated.node[:80]}'; take one it names.")
        last = session.scalar(
            select(func.max(VerificationFinding.number)).where(
                VerificationFinding.assignment_id == assignment.id
            )
        )
        row = VerificationFinding(
            id=uuid4(),
            assignment_id=assignment.id,
            number=int(last or 0) + 1,
            estimate_sha256=estimate.sha256,
            node=stated.node,
            kind=stated.kind,
        )
        session.add(row)
        session.flush()
        _step(session, row, "requested", asked, by=by.id, due_on=stated.due_on)
        return str(row.id)

    said = {"verification": assignment_id, "node": stated.node, "kind": stated.kind,
            "request": asked, "due_on": stated.due_on.isoformat()}  # fmt: skip
    done = once(session, by.id, key, "request_finding", said, act)
    return _view(session, session.get_one(VerificationFinding, UUID(done)))


def answer(
    session: Session,
    finding_id: str,
    text: str,
    key: str,
    *,
    by: AccountView,
    resubmitted: bool = False,
) -> VerifierFinding:
    """Answer a finding; with the period's newest run where it was run again since.

    Raises:
        NotFound: If there is no such finding for this account.
        NotAllowed: If the account is not the project's developer.
        NotAcceptable: If the answer is empty, or no new run was handed in though it says so.
        Contradiction: If the finding waits for no answer.
        KeyReused: If the key belongs to another request.
    """
    row, assignment = _find(session, finding_id, by)
    period = session.get_one(MonitoringPeriod, assignment.period_key)
    if by.id != session.get_one(Project, period.project_id).developer_id:
        raise NotAllowed("The project's developer answers findings; you may read them.")
    said = _stated(text)

    def act() -> str:
        _demand_state(session, row, ("requested", "returned"), "answered")
        newest = period_runs.newest_of(session, assignment.period_key)
        if resubmitted and newest == row.estimate_sha256:
            raise NotAcceptable(
                "The period was not run again since the finding; hand the new run in first, or "
                "answer without one."
            )
        _step(session, row, "answered", said, by=by.id, again=newest if resubmitted else None)
        return str(row.id)

    asked = {"finding": finding_id, "text": said, "resubmitted": resubmitted}
    once(session, by.id, key, "answer_finding", asked, act)
    return _view(session, row)


def settle(
    session: Session,
    finding_id: str,
    text: str,
    key: str,
    *,
    by: AccountView,
    due_on: date | None = None,
) -> VerifierFinding:
    """Close a finding, or return it with a new day by which it is to be answered.

    Args:
        session: The one transaction.
        finding_id: Which finding.
        text: Why.
        key: The caller's name for this request.
        by: The verifier.
        due_on: By when it is to be answered again; None closes it.

    Raises:
        NotFound: If there is no such finding for this account.
        NotAllowed: If the account is not its verifier.
        NotAcceptable: If no reason is given, or the day has passed.
        Contradiction: If it is closed already, or is to be returned without an answer.
        KeyReused: If the key belongs to another request.
    """
    row, assignment = _find(session, finding_id, by)
    assignments.at_work(session, str(assignment.id), by)
    said = _stated(text)
    if due_on is not None:
        _demand_due(due_on)
    state: FindingState = "closed" if due_on is None else "returned"

    def act() -> str:
        waits: tuple[FindingState, ...] = ("answered",)
        if state == "closed":  # a verifier may see alone that there was nothing to ask
            waits = ("requested", "answered", "returned")
        _demand_state(session, row, waits, state)
        _step(session, row, state, said, by=by.id, due_on=due_on)
        return str(row.id)

    asked = {"finding": finding_id, "text": said, "due_on": due_on.isoformat() if due_on else None}
    once(session, by.id, key, "settle_finding", asked, act)
    return _view(session, row)


def of_period(session: Session, period_key: int) -> tuple[VerifierFinding, ...]:
    """List all findings on a period's runs, of every assignment, oldest first."""
    rows = session.scalars(
        select(VerificationFinding)
        .join(Estimate, Estimate.sha256 == VerificationFinding.estimate_sha256)
        .join(VerificationAssignment)
        .where(Estimate.period_key == period_key)
        .order_by(VerificationAssignment.sequence, VerificationFinding.number)
    )
    return tuple(_view(session, row) for row in rows)


def left_open(session: Session, period_key: int) -> tuple[VerifierFinding, ...]:
    """List those that must be closed before an opinion lets anything be issued."""
    return tuple(
        finding
        for finding in of_period(session, period_key)
        if finding.state != "closed" and finding.kind != "forward_action"
    )


def _find(
    session: Session, finding_id: str, by: AccountView
) -> tuple[VerificationFinding, VerificationAssignment]:
    try:
        row = session.get(VerificationFinding, UUID(finding_id))
    except ValueError:
        row = None
    if row is None:
        raise NotFound("There is no finding with that id, or it does not concern you.")
    return row, assignments.find(session, str(row.assignment_id), by)


def _step(
    session: Session,
    row: VerificationFinding,
    state: FindingState,
    text: str,
    *,
    by: str,
    due_on: date | None = None,
    again: str | None = None,
) -> None:
    entry = ledger.append(
        session,
        _EVENTS[state],
        actor=by,
        payload={
            "finding": str(row.id),
            "estimate": row.estimate_sha256,
            "kind": row.kind,
            "node_sha256": sha256_of_text(row.node),
            "text_sha256": sha256_of_text(text),
            "resubmitted": again,
        },
    )
    session.add(
        VerificationFindingStep(
            finding_id=row.id,
            number=len(_steps(session, row.id)) + 1,
            state=state,
            text=text,
            due_on=due_on,
            resubmitted_sha256=again,
            taken_by=by,
            recorded_at=entry.recorded_at,
            sequence=entry.sequence,
        )
    )
    session.flush()


def _steps(session: Session, finding_id: UUID) -> list[VerificationFindingStep]:
    return list(
        session.scalars(
            select(VerificationFindingStep)
            .where(VerificationFindingStep.finding_id == finding_id)
            .order_by(VerificationFindingStep.number)
        )
    )


def _demand_state(
    session: Session, row: VerificationFinding, waits: tuple[FindingState, ...], to: FindingState
) -> None:
    stands = _steps(session, row.id)[-1].state
    if stands not in waits:
        raise Contradiction(f"Finding {row.number} is {stands} and cannot be {to} now.")


def _stated(text: str) -> str:
    said = text.strip()
    if not 0 < len(said) <= _LONGEST:
        raise NotAcceptable(f"A finding's texts have 1 to {_LONGEST:,} characters.")
    return said


def _demand_due(due_on: date) -> None:
    if due_on < clock.today():
        raise NotAcceptable(f"{due_on} has passed; name a day on which an answer can still come.")


def _view(session: Session, row: VerificationFinding) -> VerifierFinding:
    steps = _steps(session, row.id)
    last = steps[-1]
    return VerifierFinding(
        id=str(row.id),
        verification_id=str(row.assignment_id),
        number=row.number,
        estimate_sha256=row.estimate_sha256,
        node=row.node,
        kind=cast("FindingKind", row.kind),
        state=cast("FindingState", last.state),
        overdue=last.due_on is not None and last.due_on < clock.today(),
        steps=tuple(
            FindingStepView(
                step.number, cast("FindingState", step.state), step.text, step.due_on,
                step.resubmitted_sha256, step.taken_by, step.recorded_at, step.sequence,
            )
            for step in steps
        ),
    )  # fmt: skip
