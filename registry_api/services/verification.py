"""Verification decisions: who may sign, what was said, and the state an estimate is in by that.

The newest decision counts. A verifier is never the developer of the project, nor who submitted the
estimate; the database refuses such a row too.
"""

from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db.models import (
    Account,
    CreditBatch,
    Estimate,
    MonitoringPeriod,
    Project,
    VerificationDecision,
)
from registry_api.errors import AlreadyIssued, NotAcceptable, NotAllowed, NotFound
from registry_api.services import ledger, members
from registry_api.services.accounts import demand_role, demonstration_account
from registry_api.services.canonical import sha256_of_text
from registry_api.services.views import Decision, EstimateState
from registry_api.settings import Settings

DEMONSTRATION_STATEMENT = (
    "Signed by a program in a demonstration registry. Nobody looked at the evidence; this is not "
    "a verification, and what is issued on it is not a credit anyone may rely on."
)
_LONGEST_STATEMENT = 10_000


def decide(
    session: Session, estimate_sha256: str, *, by: str, approved: bool, statement: str
) -> Decision:
    """Record what a verifier says about an estimate; the same again changes nothing.

    Args:
        session: The transaction.
        estimate_sha256: Digest of the evidence document.
        by: Account of the verifier.
        approved: Whether it may be issued.
        statement: The opinion in words.

    Raises:
        NotFound: If there is no such estimate.
        NotAllowed: If the account is no verifier, or has an interest in the estimate.
        NotAcceptable: If the statement is empty or far too long.
        AlreadyIssued: If the estimate is issued, which ends verification.
    """
    return _record(
        session, estimate_sha256, by=by, approved=approved, statement=statement, demonstration=False
    )


def sign_for_demonstration(session: Session, settings: Settings, estimate_sha256: str) -> Decision:
    """Approve an estimate without anybody looking, and say so in the statement.

    Raises:
        NotAllowed: If this registry is not a demonstration.
    """
    verifier = demonstration_account(session, settings, "verifier")
    return _record(
        session,
        estimate_sha256,
        by=verifier.id,
        approved=True,
        statement=DEMONSTRATION_STATEMENT,
        demonstration=True,
    )


def decisions_of(session: Session, estimate_sha256: str) -> tuple[Decision, ...]:
    """List the decisions on an estimate, oldest first."""
    rows = session.execute(
        select(VerificationDecision, Account.name)
        .join(Account, Account.id == VerificationDecision.account_id)
        .where(VerificationDecision.estimate_sha256 == estimate_sha256)
        .order_by(VerificationDecision.sequence)
    )
    return tuple(_view(row, name) for row, name in rows)


def state_of(session: Session, estimate: Estimate) -> EstimateState:
    """Tell how far an estimate has come."""
    issued = session.scalars(
        select(CreditBatch.id).where(CreditBatch.estimate_sha256 == estimate.sha256)
    ).first()
    if issued is not None:
        return "issued"
    if not estimate.creditable:
        return "refused"
    newest = newest_decision(session, estimate.sha256)
    if newest is None:
        return "submitted"
    return "approved" if newest.approved else "sent_back"


def newest_decision(session: Session, estimate_sha256: str) -> VerificationDecision | None:
    """Find the decision that counts, for other services."""
    return session.scalars(
        select(VerificationDecision)
        .where(VerificationDecision.estimate_sha256 == estimate_sha256)
        .order_by(VerificationDecision.sequence.desc())
        .limit(1)
    ).first()


def _record(
    session: Session,
    estimate_sha256: str,
    *,
    by: str,
    approved: bool,
    statement: str,
    demonstration: bool,
) -> Decision:
    estimate = session.get(Estimate, estimate_sha256)
    if estimate is None:
        raise NotFound("There is no estimate with that digest.", estimate=estimate_sha256)
    verifier = demand_role(session, by, "verifier")
    interested = _interested(session, estimate)
    if by in interested:
        raise NotAllowed(
            f"Account {by} developed or submitted this estimate and cannot verify it.", account=by
        )
    members.demand_apart(session, by, interested)
    if not statement.strip() or len(statement) > _LONGEST_STATEMENT:
        raise NotAcceptable(
            f"A decision needs a statement of 1 to {_LONGEST_STATEMENT} characters that says what "
            "it rests on."
        )
    newest = newest_decision(session, estimate_sha256)
    said = (by, approved, statement)
    if newest and (newest.account_id, newest.approved, newest.statement) == said:
        return _view(newest, verifier.name)
    if state_of(session, estimate) == "issued":
        raise AlreadyIssued("This estimate is issued; a decision on it comes too late.")
    decision = VerificationDecision(
        id=uuid4(),
        estimate_sha256=estimate_sha256,
        account_id=by,
        approved=approved,
        statement=statement,
        demonstration=demonstration,
    )
    entry = ledger.append(
        session,
        "estimate_decided",
        actor=by,
        payload={
            "decision": str(decision.id),
            "estimate": estimate_sha256,
            "approved": approved,
            "demonstration": demonstration,
            "statement_sha256": sha256_of_text(statement),
        },
    )
    decision.sequence, decision.decided_at = entry.sequence, entry.recorded_at
    session.add(decision)
    session.flush()
    return _view(decision, verifier.name)


def _interested(session: Session, estimate: Estimate) -> set[str]:
    developer = session.scalars(
        select(Project.developer_id)
        .join(MonitoringPeriod, MonitoringPeriod.project_id == Project.id)
        .where(MonitoringPeriod.id == estimate.period_key)
    ).one()
    return {developer, estimate.submitted_by}


def _view(row: VerificationDecision, account_name: str) -> Decision:
    return Decision(
        id=str(row.id),
        account_id=row.account_id,
        account_name=account_name,
        approved=row.approved,
        statement=row.statement,
        decided_at=row.decided_at,
        demonstration=row.demonstration,
    )
