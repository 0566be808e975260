"""Restatements: what a later estimate says of a period that was issued, settled forward.

What was issued stays as it was stated, to the byte. A verified later estimate of the same period is
put beside it with the difference: more goes to the next issuance, whose cumulative total holds it;
less is a shortfall that the buffer or the developer makes good before anything else is issued.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db.models import CreditBatch, Estimate, LedgerEntry, Restatement
from registry_api.errors import AlreadyIssued, Contradiction, NotAcceptable, NotFound
from registry_api.services import idempotency, ledger, members, opinions, reversals
from registry_api.services.accounts import demand_role
from registry_api.services.canonical import sha256_of_text
from registry_api.services.evidence_checks import check_sums, demand_gates
from registry_api.settings import Settings

GoesTo = Literal["issuance", "buffer"]
_LONGEST_REASON = 2_000


@dataclass(frozen=True, slots=True)
class RestatementView:
    """A later statement beside the one that was issued.

    Attributes:
        earlier_sha256: Digest of the estimate that was issued.
        later_sha256: Digest of the one that restates it.
        earlier_net_kg: Cumulative net as it was issued [kg CO2e].
        later_net_kg: The same as it is now known [kg CO2e].
        difference_kg: By how much it differs from the statement before it [kg CO2e].
        goes_to: The next issuance where more was found, the buffer where less.
    """

    batch_id: str
    project_id: str
    earlier_sha256: str
    later_sha256: str
    earlier_net_kg: int
    later_net_kg: int
    difference_kg: int
    goes_to: GoesTo
    reason: str
    sequence: int
    restated_at: datetime


def restate(
    session: Session,
    estimate_sha256: str,
    reason: str,
    key: str,
    *,
    by: str,
    settings: Settings,
) -> RestatementView:
    """Put a verified later estimate beside the one that its period was issued on.

    Args:
        session: The one transaction.
        estimate_sha256: Digest of the later estimate.
        reason: Which late data it rests on.
        key: The caller's name for this request.
        by: A registrar.
        settings: Of the registry; a demonstration overlooks unverified rules.

    Raises:
        NotFound: If there is no such estimate.
        NotAllowed: If the caller is no registrar, nobody approved the estimate, or the caller has a
            member in common with who did.
        NotCreditable: If a gate of it failed.
        AlreadyIssued: If it is the one that was issued.
        Contradiction: If its period was never issued, or a later period was: then that one's
            estimate holds the difference.
        NotAcceptable: If there is no reason.
        KeyReused: If the key belongs to another request.
    """
    demand_role(session, by, "registrar")
    request = {"estimate": estimate_sha256, "reason": reason}

    def put_beside() -> str:
        if not reason.strip() or len(reason) > _LONGEST_REASON:
            raise NotAcceptable(
                f"Say which late data this rests on, in 1 to {_LONGEST_REASON} characters."
            )
        estimate = session.get(Estimate, estimate_sha256)
        if estimate is None:
            raise NotFound("There is no estimate with that digest.", estimate=estimate_sha256)
        _put_beside(session, estimate, reason, by, settings)
        return estimate_sha256

    done = idempotency.once(session, by, key, "restate", request, put_beside)
    return _view(session, session.get_one(Restatement, done))


def of_batch(session: Session, batch_id: str) -> tuple[RestatementView, ...]:
    """List what was later said of an issuance, oldest first.

    Raises:
        NotFound: If there is no such issuance.
    """
    try:
        batch = session.get(CreditBatch, UUID(batch_id))
    except ValueError:
        batch = None
    if batch is None:
        raise NotFound("There is no issuance with that id.", batch=batch_id)
    rows = session.scalars(
        select(Restatement).where(Restatement.batch_id == batch.id).order_by(Restatement.sequence)
    )
    return tuple(_view(session, row) for row in rows)


def _put_beside(
    session: Session, estimate: Estimate, reason: str, by: str, settings: Settings
) -> None:
    from mrv.evidence.documents import EvidenceDocument

    batch = session.scalars(
        select(CreditBatch).where(CreditBatch.period_key == estimate.period_key)
    ).first()
    if batch is None:
        raise Contradiction("This period was never issued, so there is nothing to restate.")
    if batch.estimate_sha256 == estimate.sha256:
        raise AlreadyIssued("This is the estimate that was issued.", batch=str(batch.id))
    newest = session.scalars(
        select(CreditBatch)
        .where(CreditBatch.project_id == batch.project_id)
        .order_by(CreditBatch.number.desc())
        .limit(1)
    ).one()
    if newest.id != batch.id:
        raise Contradiction(
            f"Batch {newest.number} was issued since; its cumulative total holds what is known of "
            "this period, so restate that one.",
            batch=str(newest.id),
        )
    document = EvidenceDocument.model_validate_json(estimate.document)
    check_sums(document)
    demand_gates(document, demo=settings.demo)
    decision = opinions.demand_signed(session, settings, estimate.sha256)
    members.demand_apart(session, by, {decision.account_id})
    later_kg = document.quantities.cumulative_net_kg
    difference_kg = later_kg - _stated_before(session, batch)
    goes_to: GoesTo = "issuance" if difference_kg >= 0 else "buffer"
    entry = ledger.append(
        session,
        "period_restated",
        actor=by,
        payload={
            "batch": str(batch.id),
            "project": batch.project_id,
            "earlier": batch.estimate_sha256,
            "later": estimate.sha256,
            "decision": str(decision.id),
            "later_net_kg": later_kg,
            "difference_kg": difference_kg,
            "goes_to": goes_to,
            "reason_sha256": sha256_of_text(reason),
        },
    )
    session.add(
        Restatement(
            estimate_sha256=estimate.sha256,
            batch_id=batch.id,
            decision_id=decision.id,
            cumulative_net_kg=later_kg,
            difference_kg=difference_kg,
            goes_to=goes_to,
            reason=reason,
            restated_by=by,
            sequence=entry.sequence,
        )
    )
    session.flush()
    facts: dict[str, object] = {"batch": str(batch.id), "difference_kg": difference_kg}
    reversals.tell_holders(session, "period_restated", batch.project_id, entry, facts)


def _stated_before(session: Session, batch: CreditBatch) -> int:
    earlier = session.scalars(
        select(Restatement.cumulative_net_kg)
        .where(Restatement.batch_id == batch.id)
        .order_by(Restatement.sequence.desc())
        .limit(1)
    ).first()
    return batch.cumulative_net_kg if earlier is None else earlier


def _view(session: Session, row: Restatement) -> RestatementView:
    batch = session.get_one(CreditBatch, row.batch_id)
    return RestatementView(
        batch_id=str(row.batch_id),
        project_id=batch.project_id,
        earlier_sha256=batch.estimate_sha256,
        later_sha256=row.estimate_sha256,
        earlier_net_kg=batch.cumulative_net_kg,
        later_net_kg=row.cumulative_net_kg,
        difference_kg=row.difference_kg,
        goes_to=cast("GoesTo", row.goes_to),
        reason=row.reason,
        sequence=row.sequence,
        restated_at=session.get_one(LedgerEntry, row.sequence).recorded_at,
    )
