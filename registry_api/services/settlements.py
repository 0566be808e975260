"""Settlements: a project's shortfall made good by its developer first, then out of its buffer.

How much who owes is decided in `mrv.change.reversal.settle`; here credits go: those the developer
gave back are cancelled, and the buffer's, oldest vintage first, by an entry that names each run.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from mrv.crediting.rounding import KG_PER_T
from registry_api.db.models import (
    CreditBatch,
    CreditOrder,
    Estimate,
    LedgerEntry,
    OrderOutcome,
    Project,
    Replacement,
    ReversalCase,
    ReversalSettlement,
    ReversalStep,
)
from registry_api.errors import Contradiction, NotAcceptable, NotAllowed
from registry_api.services import (
    buffer,
    holdings,
    idempotency,
    ledger,
    members,
    reversals,
    standings,
)
from registry_api.services.accounts import demand_role
from registry_api.services.canonical import sha256_of_text
from registry_api.services.holdings import Lot, Part
from registry_api.services.reversal_cases import (
    cases_in,
    in_mrv,
    settled,
)

if TYPE_CHECKING:
    from mrv.methodologies import Methodology

_LONGEST_REASON = 2_000


@dataclass(frozen=True, slots=True)
class SettlementView:
    """How a shortfall was made good.

    Attributes:
        short_kg: What was short before [kg CO2e].
        repaid_kg: Of it, by the developer's own credits [kg CO2e].
        cancelled_t: Credits out of the buffer [t CO2e].
        in_default: Whether the buffer was too small: the project issues nothing until it is whole.
        review: Whether so much was lost that outsiders must look.
        sequence: Of the ledger entry, which names every run of credits.
    """

    id: str
    project_id: str
    short_kg: int
    repaid_kg: int
    cancelled_t: int
    replaced_kg: int
    in_default: bool
    review: bool
    reason: str
    sequence: int


def settle(
    session: Session,
    project_id: str,
    order_ids: Sequence[str],
    reason: str,
    key: str,
    *,
    by: str,
) -> SettlementView:
    """Make a project's shortfall good, and settle its quantified losses with it.

    Args:
        session: The one transaction.
        project_id: Whose shortfall.
        order_ids: Accepted cancellations of its developer's own credits, which said that they
            replace what was lost; each counts once.
        reason: What to say with it.
        key: The caller's name for this request.
        by: A registrar; not who quantified the loss.

    Raises:
        NotAllowed: If the caller is no registrar, or quantified one of the losses.
        NotFound: If there is no such project.
        NotAcceptable: If there is no reason, or more is given back than is short.
        Contradiction: If nothing is to be settled, or an order is no replacement left.
        KeyReused: If the key belongs to another request.
    """
    demand_role(session, by, "registrar")
    request = {"project": project_id, "orders": list(order_ids), "reason": reason}

    def make_good() -> str:
        standings.demand_project(session, project_id)
        if not reason.strip() or len(reason) > _LONGEST_REASON:
            raise NotAcceptable(f"Say why, in 1 to {_LONGEST_REASON} characters.")
        return str(_settle(session, project_id, order_ids, reason, by).id)

    done = idempotency.once(session, by, key, "settle", request, make_good)
    return _view(session.get_one(ReversalSettlement, UUID(done)))


def settlements_of(session: Session, project_id: str) -> tuple[SettlementView, ...]:
    """List a project's settlements, newest first."""
    rows = session.scalars(
        select(ReversalSettlement)
        .where(ReversalSettlement.project_id == project_id)
        .order_by(ReversalSettlement.sequence.desc())
    )
    return tuple(_view(row) for row in rows)


def _settle(
    session: Session, project_id: str, order_ids: Sequence[str], reason: str, by: str
) -> ReversalSettlement:
    from mrv.change.permanence import PermanenceRules  # brings pandas
    from mrv.change.reversal import settle as decide

    rows = cases_in(session, project_id, ("quantified",))
    _demand_other(session, rows, by)
    before = standings.accounts_of(session, project_id)
    if not rows and not before.shortfall_kg:
        raise Contradiction(f"Nothing of {project_id} is to be settled: it is whole.")
    given = [_replacement(session, order_id, project_id) for order_id in order_ids]
    offered_kg = sum(order.quantity_t for order in given) * KG_PER_T
    rules, stock_kg = _rules_and_stock(session, project_id)
    cases = [in_mrv(session, row) for row in rows]
    # What the buffer could not cover before is the developer's to repay, whatever caused it.
    if not cases:
        repaid_kg = min(offered_kg, before.shortfall_kg)
        after = replace(before, replaced_kg=before.replaced_kg + repaid_kg)
        rest = decide(after, (), offered_kg=0, stock_before_kg=stock_kg,
                      rules=PermanenceRules.of(rules))  # fmt: skip
    else:
        rest = decide(before, cases, offered_kg=offered_kg, stock_before_kg=stock_kg,
                      rules=PermanenceRules.of(rules))  # fmt: skip
        repaid_kg = rest.repaid_kg
    if offered_kg >= repaid_kg + KG_PER_T:
        raise NotAcceptable(
            f"{offered_kg:,} kg are given back and {repaid_kg:,} kg are the developer's to repay; "
            "name fewer credits."
        )
    settlement = ReversalSettlement(
        id=uuid4(),
        project_id=project_id,
        short_kg=before.shortfall_kg,
        repaid_kg=repaid_kg,
        cancelled_t=rest.cancelled_kg // KG_PER_T,
        replaced_kg=rest.accounts.replaced_kg - before.replaced_kg,
        in_default=rest.default,
        review=rest.review,
        reason=reason,
        settled_by=by,
    )
    parts = oldest_of_buffer(session, project_id, settlement.cancelled_t)
    entry = _written(session, settlement, rows, parts, given, by)
    settlement.sequence = entry.sequence
    session.add(settlement)
    session.flush()
    session.add_all(Replacement(order_id=one.id, settlement_id=settlement.id) for one in given)
    session.flush()
    holdings.move(session, parts, "cancelled", None, entry.sequence)
    for row in rows:
        settled(session, row, entry, reason, by)
    facts: dict[str, object] = {
        "settlement": str(settlement.id),
        "short_kg": settlement.short_kg,
        "repaid_kg": settlement.repaid_kg,
        "cancelled_t": settlement.cancelled_t,
        "in_default": settlement.in_default,
    }
    reversals.tell_holders(session, "reversal_settled", project_id, entry, facts)
    return settlement


def _demand_other(session: Session, rows: Sequence[ReversalCase], by: str) -> None:
    """Four eyes: whoever said how much was lost does not settle it."""
    said = set(
        session.scalars(
            select(ReversalStep.taken_by).where(
                ReversalStep.case_id.in_([row.id for row in rows]),
                ReversalStep.state == "quantified",
            )
        )
    )
    if by in said or any(members.share_one(session, by, other) for other in said):
        raise NotAllowed("Another registrar than who quantified the loss must settle it.")


def _replacement(session: Session, order_id: str, project_id: str) -> CreditOrder:
    try:
        order = session.get(CreditOrder, UUID(order_id))
    except ValueError:
        order = None
    developer = session.get_one(Project, project_id).developer_id
    if (
        order is None
        or order.kind != "cancel"
        or order.account_id != developer
        or json.loads(order.terms).get("replaces") != project_id
        or getattr(session.get(OrderOutcome, order.id), "outcome", "") != "accepted"
        or session.get(Replacement, order.id) is not None
    ):
        raise Contradiction(
            f"A replacement is a cancellation that says it replaces credits of {project_id}, was "
            "accepted, and has not counted yet.",
            order=order_id,
        )
    return order


def _rules_and_stock(session: Session, project_id: str) -> "tuple[Methodology, int]":
    """Give the rules of a project's newest issuance, and what its trees had removed by then.

    That is less than what stands there, so a review comes rather too early than too late.
    """
    from mrv.evidence.documents import EvidenceDocument
    from mrv.methodologies import load_methodology

    text = session.scalars(
        select(Estimate.document)
        .join(CreditBatch, CreditBatch.estimate_sha256 == Estimate.sha256)
        .where(CreditBatch.project_id == project_id)
        .order_by(CreditBatch.number.desc())
        .limit(1)
    ).first()
    if text is None:
        raise Contradiction(f"{project_id} was never issued, so nothing of it can be settled.")
    document = EvidenceDocument.model_validate_json(text)
    gross_kg = sum(line.quantity_kg for line in document.waterfall if line.key == "gross")
    rules = load_methodology(document.methodology.id, document.methodology.version)
    return rules, max(0, gross_kg)


def oldest_of_buffer(session: Session, project_id: str, quantity_t: int) -> list[Part]:
    """Choose credits of a project's buffer, oldest vintage first.

    Raises:
        InputRejected: If there are not so many.
    """
    from mrv.change.reversal import oldest_first  # brings pandas

    # `oldest_first` goes by the order of names, so the place in the order is the name.
    held = list(buffer.by_vintage(session, project_id).items())
    names = {f"{place:06d}": batch_id for place, (batch_id, _) in enumerate(held)}
    taken = oldest_first(
        {f"{place:06d}": quantity for place, (_, quantity) in enumerate(held)}, quantity_t
    )
    return [
        part
        for name, share in taken.items()
        for part in holdings.choose(
            session, Lot(batch_id=str(names[name]), quantity_t=share), None, "buffer"
        )
    ]


def _written(
    session: Session,
    settlement: ReversalSettlement,
    rows: Sequence[ReversalCase],
    parts: Sequence[Part],
    given: Sequence[CreditOrder],
    by: str,
) -> LedgerEntry:
    return ledger.append(
        session,
        "reversal_settled",
        actor=by,
        payload={
            "settlement": str(settlement.id),
            "project": settlement.project_id,
            "cases": sorted(str(row.id) for row in rows),
            "short_kg": settlement.short_kg,
            "repaid_kg": settlement.repaid_kg,
            "replaced_kg": settlement.replaced_kg,
            "in_default": settlement.in_default,
            "replacements": sorted(str(order.id) for order in given),
            "blocks": holdings.blocks(parts),
            "state": "cancelled",
            "account": None,
            "reason_sha256": sha256_of_text(settlement.reason),
        },
    )


def _view(row: ReversalSettlement) -> SettlementView:
    return SettlementView(
        id=str(row.id),
        project_id=row.project_id,
        short_kg=row.short_kg,
        repaid_kg=row.repaid_kg,
        cancelled_t=row.cancelled_t,
        replaced_kg=row.replaced_kg,
        in_default=row.in_default,
        review=row.review,
        reason=row.reason,
        sequence=row.sequence,
    )
