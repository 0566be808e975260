"""Verification decisions: what was decided, and the state an estimate is in by that.

The newest decision counts. Who may decide, and what an opinion rests on, is `opinions`; the
database refuses a decision of the developer or the submitter too.
"""

from collections.abc import Mapping
from typing import cast
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from registry_api.db.models import (
    Account,
    CreditBatch,
    Estimate,
    MonitoringPeriod,
    Project,
    VerificationDecision,
    VerificationFinding,
    VerificationFindingStep,
    VerificationOpinion,
)
from registry_api.services import ledger, period_runs
from registry_api.services.canonical import sha256_of_text
from registry_api.services.views import Decision, EstimateState, OpinionKind


def decisions_of(session: Session, estimate_sha256: str) -> tuple[Decision, ...]:
    """List the decisions on an estimate, oldest first."""
    rows = session.execute(
        select(VerificationDecision, Account.name)
        .join(Account, Account.id == VerificationDecision.account_id)
        .where(VerificationDecision.estimate_sha256 == estimate_sha256)
        .order_by(VerificationDecision.sequence)
    )
    return tuple(view(session, row, name) for row, name in rows)


def state_of(session: Session, estimate: Estimate) -> EstimateState:
    """Tell how far an estimate has come."""
    issued = session.scalars(
        select(CreditBatch.id).where(CreditBatch.estimate_sha256 == estimate.sha256)
    ).first()
    if issued is not None:
        return "issued"
    if not estimate.creditable:
        return "refused"
    if period_runs.is_superseded(session, estimate):
        return "superseded"
    newest = newest_decision(session, estimate.sha256)
    if newest is None:
        return "sent_back" if _is_asked_back(session, estimate) else "submitted"
    return "approved" if newest.approved else "sent_back"


def newest_decision(session: Session, estimate_sha256: str) -> VerificationDecision | None:
    """Find the decision that counts, for other services."""
    return session.scalars(
        select(VerificationDecision)
        .where(VerificationDecision.estimate_sha256 == estimate_sha256)
        .order_by(VerificationDecision.sequence.desc())
        .limit(1)
    ).first()


def record(
    session: Session,
    estimate: Estimate,
    *,
    by: str,
    approved: bool,
    statement: str,
    demonstration: bool,
    terms: Mapping[str, object],
) -> VerificationDecision:
    """Write a decision down, for `opinions`, which asks who may decide and signs what is said.

    Args:
        session: The transaction.
        estimate: What is decided on.
        by: Account of the verifier.
        approved: Whether it may be issued.
        statement: What it rests on.
        demonstration: Whether a program signs and nobody looked.
        terms: What else the ledger is to say of it.
    """
    decision = VerificationDecision(
        id=uuid4(),
        estimate_sha256=estimate.sha256,
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
            "estimate": estimate.sha256,
            "approved": approved,
            "demonstration": demonstration,
            "statement_sha256": sha256_of_text(statement),
            **terms,
        },
    )
    decision.sequence, decision.decided_at = entry.sequence, entry.recorded_at
    session.add(decision)
    session.flush()
    return decision


def interested_in(session: Session, estimate: Estimate) -> set[str]:
    """Name who has an interest in an estimate: its developer, and who handed it in."""
    developer = session.scalars(
        select(Project.developer_id)
        .join(MonitoringPeriod, MonitoringPeriod.project_id == Project.id)
        .where(MonitoringPeriod.id == estimate.period_key)
    ).one()
    return {developer, estimate.submitted_by}


def view(session: Session, row: VerificationDecision, account_name: str) -> Decision:
    """Show a decision, with the opinion it rests on where it is signed."""
    held = session.get(VerificationOpinion, row.id)
    return Decision(
        id=str(row.id),
        account_id=row.account_id,
        account_name=account_name,
        approved=row.approved,
        statement=row.statement,
        decided_at=row.decided_at,
        demonstration=row.demonstration,
        opinion=cast("OpinionKind", held.opinion) if held else None,
        qualification=held.qualification if held else "",
    )


def _is_asked_back(session: Session, estimate: Estimate) -> bool:
    """Say whether a finding on this run, or on one it supersedes, waits for the developer."""
    later = aliased(VerificationFindingStep)
    newest = (
        select(func.max(later.number))
        .where(later.finding_id == VerificationFinding.id)
        .scalar_subquery()
    )
    waits = (
        select(VerificationFinding.id)
        .join(Estimate, Estimate.sha256 == VerificationFinding.estimate_sha256)
        .join(
            VerificationFindingStep,
            VerificationFindingStep.finding_id == VerificationFinding.id,
        )
        .where(
            Estimate.period_key == estimate.period_key,
            VerificationFinding.kind != "forward_action",
            VerificationFindingStep.number == newest,
            VerificationFindingStep.state.in_(("requested", "returned")),
        )
        .limit(1)
    )
    return session.scalars(waits).first() is not None
