"""Assignments: which verifier is to verify a period, at which level and to which materiality.

The newest assignment of a period counts. Its verifier, the project's developer and the registrars
see the work; for everybody else it is not there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, cast
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db.models import (
    Account,
    Estimate,
    MonitoringPeriod,
    Project,
    VerificationAssignment,
)
from registry_api.errors import Contradiction, NotAcceptable, NotAllowed, NotFound
from registry_api.services import ledger, members, period_runs
from registry_api.services.accounts import AccountView, demand_role
from registry_api.services.idempotency import once
from registry_api.services.latest import newest_projects
from registry_api.services.periods import find_period

Assurance = Literal["reasonable", "limited", "none"]
# VCS Standard v4, 4.1: five percent for projects, one for large ones; confidence as audits use. [M]
MATERIALITY_FRACTION, CONFIDENCE = 0.05, 0.95
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Terms:
    """What a verification is held to.

    Attributes:
        level_of_assurance: As ISO 14064-3 names it; `none` only where a demonstration signs alone.
        materiality_fraction: Largest misstatement that changes nobody's mind, of the total [1].
        confidence: Chance with which the sample meets a larger one [1].
    """

    level_of_assurance: Assurance = "reasonable"
    materiality_fraction: float = MATERIALITY_FRACTION
    confidence: float = CONFIDENCE


@dataclass(frozen=True, slots=True)
class AssignmentView:
    """A verification of one period.

    Attributes:
        terms: What it is held to.
        current: Whether no later assignment took its place.
        estimate_sha256: Newest run of the period; None before the first.
        sequence: Of the ledger entry.
    """

    id: str
    project_id: str
    project_name: str
    period_id: str
    period_start: date
    period_end: date
    developer_id: str
    verifier_id: str
    verifier_name: str
    terms: Terms
    current: bool
    estimate_sha256: str | None
    assigned_at: datetime
    sequence: int


def assign(
    session: Session,
    project_id: str,
    period_id: str,
    verifier_id: str,
    terms: Terms,
    key: str,
    *,
    by: str,
) -> AssignmentView:
    """Assign a verifier to a period; a later assignment takes an earlier one's place.

    Args:
        session: The one transaction.
        project_id: Whose period.
        period_id: Which one.
        verifier_id: Account of the verifier.
        terms: What the verification is held to.
        key: The caller's name for this request.
        by: Account of a registrar.

    Raises:
        NotFound: If there is no such project, period or account.
        NotAllowed: If the caller is no registrar, the account no verifier, or it has an interest
            in the project.
        NotAcceptable: If the terms are none.
        KeyReused: If the key belongs to another request.
    """
    demand_role(session, by, "registrar")
    _demand_terms(terms)
    period = find_period(session, project_id, period_id)
    request = {
        "project": project_id, "period": period_id, "verifier": verifier_id,
        "level": terms.level_of_assurance, "materiality": terms.materiality_fraction,
        "confidence": terms.confidence,
    }  # fmt: skip

    def act() -> str:
        return str(note(session, period, verifier_id, terms, by=by).id)

    done = once(session, by, key, "assign_verifier", request, act)
    return view(session, session.get_one(VerificationAssignment, UUID(done)))


def note(
    session: Session, period: MonitoringPeriod, verifier_id: str, terms: Terms, *, by: str
) -> VerificationAssignment:
    """Write an assignment down, for other services.

    Raises:
        NotFound: If there is no such account.
        NotAllowed: If it is no verifier's, or has an interest in the project.
    """
    demand_role(session, verifier_id, "verifier")
    developer = session.get_one(Project, period.project_id).developer_id
    if verifier_id == developer:
        raise NotAllowed(f"{verifier_id} develops this project and cannot verify it.")
    members.demand_apart(session, verifier_id, {developer})
    entry = ledger.append(
        session,
        "verification_assigned",
        actor=by,
        payload={
            "project": period.project_id,
            "period": period.period_id,
            "verifier": verifier_id,
            "level_of_assurance": terms.level_of_assurance,
            "materiality_fraction": terms.materiality_fraction,
            "confidence": terms.confidence,
        },
    )
    made = VerificationAssignment(
        id=uuid4(),
        period_key=period.id,
        verifier_id=verifier_id,
        level_of_assurance=terms.level_of_assurance,
        materiality_fraction=terms.materiality_fraction,
        confidence=terms.confidence,
        assigned_by=by,
        recorded_at=entry.recorded_at,
        sequence=entry.sequence,
    )
    session.add(made)
    session.flush()
    return made


def current(session: Session, period_key: int) -> VerificationAssignment | None:
    """Find the assignment of a period that counts, for other services; None where there is none."""
    return session.scalars(
        select(VerificationAssignment)
        .where(VerificationAssignment.period_key == period_key)
        .order_by(VerificationAssignment.sequence.desc())
        .limit(1)
    ).first()


def of_account(session: Session, by: AccountView) -> tuple[AssignmentView, ...]:
    """List the newest verifications that concern an account: its own, its projects', or all."""
    query = (
        select(VerificationAssignment)
        .join(MonitoringPeriod, MonitoringPeriod.id == VerificationAssignment.period_key)
        .join(Project, Project.id == MonitoringPeriod.project_id)
        .order_by(VerificationAssignment.sequence.desc())
        .limit(_SHOWN)
    )
    if by.role == "verifier":
        query = query.where(VerificationAssignment.verifier_id == by.id)
    elif by.role != "registrar":
        query = query.where(Project.developer_id == by.id)
    return tuple(view(session, row) for row in session.scalars(query))


def find(session: Session, assignment_id: str, by: AccountView) -> VerificationAssignment:
    """Find a verification for somebody whom it concerns.

    Raises:
        NotFound: If there is none, or not for this account.
    """
    try:
        found = session.get(VerificationAssignment, UUID(assignment_id))
    except ValueError:
        found = None
    if found is None or not (by.role == "registrar" or by.id in _concerned(session, found)):
        raise NotFound("There is no verification with that id, or it does not concern you.")
    return found


def at_work(session: Session, assignment_id: str, by: AccountView) -> VerificationAssignment:
    """Find a verification for its verifier, to go on with it.

    Raises:
        NotFound: If there is none for this account.
        NotAllowed: If the account is not its verifier.
        Contradiction: If a later assignment took its place.
    """
    found = find(session, assignment_id, by)
    if by.id != found.verifier_id:
        raise NotAllowed(f"Only {found.verifier_id} does this verification; you may read it.")
    newest = current(session, found.period_key)
    if newest is None or newest.id != found.id:
        raise Contradiction("A later assignment took this one's place; it is only read by now.")
    return found


def run_of(session: Session, assignment: VerificationAssignment) -> Estimate:
    """Find the run that a verification is of: the newest of its period.

    Raises:
        Contradiction: If nothing was handed in for the period yet.
    """
    sha256 = period_runs.newest_of(session, assignment.period_key)
    if sha256 is None:
        raise Contradiction("No estimate of this period was handed in yet; there is nothing to do.")
    return session.get_one(Estimate, sha256)


def view(session: Session, row: VerificationAssignment) -> AssignmentView:
    """Show an assignment."""
    newest = newest_projects()
    period = session.get_one(MonitoringPeriod, row.period_key)
    name = session.scalars(
        select(newest.name).where(newest.project_id == period.project_id)
    ).first()
    latest = current(session, row.period_key)
    return AssignmentView(
        id=str(row.id),
        project_id=period.project_id,
        project_name=name or period.project_id,
        period_id=period.period_id,
        period_start=period.start_on,
        period_end=period.end_on,
        developer_id=session.get_one(Project, period.project_id).developer_id,
        verifier_id=row.verifier_id,
        verifier_name=session.get_one(Account, row.verifier_id).name,
        terms=Terms(
            cast("Assurance", row.level_of_assurance), row.materiality_fraction, row.confidence
        ),
        current=latest is not None and latest.id == row.id,
        estimate_sha256=period_runs.newest_of(session, row.period_key),
        assigned_at=row.recorded_at,
        sequence=row.sequence,
    )


def verifiers(session: Session) -> Sequence[AccountView]:
    """List the accounts that may be assigned, by name."""
    rows = session.scalars(
        select(Account).where(Account.role == "verifier").order_by(Account.name, Account.id)
    )
    return tuple(AccountView(row.id, row.name, "verifier") for row in rows)


def _concerned(session: Session, row: VerificationAssignment) -> set[str]:
    period = session.get_one(MonitoringPeriod, row.period_key)
    return {row.verifier_id, session.get_one(Project, period.project_id).developer_id}


def _demand_terms(terms: Terms) -> None:
    if terms.level_of_assurance not in ("reasonable", "limited"):
        raise NotAcceptable("The level of assurance is 'reasonable' or 'limited' (ISO 14064-3).")
    if not (0 < terms.materiality_fraction < 1 and 0 < terms.confidence < 1):
        raise NotAcceptable(
            "Materiality and confidence are shares between 0 and 1; write 5 % as 0.05."
        )
