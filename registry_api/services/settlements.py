"""Settlements: a project's shortfall made good by its developer first, then out of its buffer.

How much who owes is decided in `mrv.change.reversal.settle`; here credits go: those the developer
gave back are cancelled, and the buffer's, oldest vintage first, by an entry that names each run.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import func, select
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
    Restatement,
    ReversalCase,
    ReversalSettlement,
    ReversalStep,
    SerialBlock,
)
from registry_api.errors import Contradiction, NotAcceptable, NotAllowed, NotFound
from registry_api.services import buffer, holdings, idempotency, ledger, members, reversals
from registry_api.services.accounts import demand_role
from registry_api.services.canonical import sha256_of_text
from registry_api.services.holdings import Lot, Part
from registry_api.services.reversal_cases import (
    cases_in,
    in_mrv,
    refuse_unsettled,
    settled,
)

if TYPE_CHECKING:
    from mrv.change.reversal import Accounts
    from mrv.methodologies import Methodology

_LONGEST_REASON = 2_000


@dataclass(frozen=True, slots=True)
class Standing:
    """How a project stands between what it issued and what is there [kg CO2e].

    Attributes:
        issued_kg: Credits issued, the buffer's not counted.
        replaced_kg: Of them, what buffer or developer has made good.
        net_kg: Cumulative net as last estimated, less what was lost since.
        buffer_t: What the buffer holds [t CO2e].
        shortfall_kg: What stands issued, is not made good, and has no carbon behind it.
        whole: Whether nothing is short and no confirmed loss waits.
    """

    project_id: str
    issued_kg: int
    replaced_kg: int
    net_kg: int
    buffer_t: int
    shortfall_kg: int
    whole: bool


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


def demand_project(session: Session, project_id: str) -> None:
    """Insist that there is a project.

    Raises:
        NotFound: If there is none.
    """
    if session.get(Project, project_id) is None:
        raise NotFound(f"There is no project '{project_id}'.", project=project_id)


def standing(session: Session, project_id: str) -> Standing:
    """Say how a project stands.

    Raises:
        NotFound: If there is no such project.
    """
    demand_project(session, project_id)
    books = accounts_of(session, project_id)
    waiting = cases_in(session, project_id, ("confirmed", "classified", "quantified"))
    return Standing(
        project_id=project_id,
        issued_kg=books.issued_kg,
        replaced_kg=books.replaced_kg,
        net_kg=books.net_kg,
        buffer_t=books.buffer_kg // KG_PER_T,
        shortfall_kg=books.shortfall_kg,
        whole=not waiting and not books.shortfall_kg,
    )


def accounts_of(session: Session, project_id: str) -> "Accounts":
    """Read a project's cumulative books, quantified losses since its last estimate taken off."""
    from mrv.change.reversal import Accounts  # brings pandas

    issued_t = session.scalar(
        select(func.coalesce(func.sum(SerialBlock.quantity_t), 0)).where(
            SerialBlock.project_id == project_id, SerialBlock.issued_as == "active"
        )
    )
    net_kg, since = _last_statement(session, project_id)
    lost_kg = session.scalar(
        select(func.coalesce(func.sum(ReversalStep.reversal_kg), 0))
        .join(ReversalCase, ReversalCase.id == ReversalStep.case_id)
        .where(
            ReversalCase.project_id == project_id,
            ReversalStep.state == "quantified",
            ReversalStep.sequence > since,
        )
    )
    return Accounts(
        issued_kg=int(issued_t or 0) * KG_PER_T,
        replaced_kg=replaced_kg(session, project_id),
        net_kg=net_kg - int(lost_kg or 0),
        buffer_kg=buffer.balance(session, project_id) * KG_PER_T,
    )


def demand_whole(session: Session, project_id: str) -> None:
    """Insist that nothing of a project is owed before it issues again.

    A total that fell by itself needs no such stop: no credit comes of it before it has grown back.

    Raises:
        Contradiction: If a confirmed loss waits, or less was found later than was issued, or the
            buffer was too small, and the developer has not made it good.
    """
    refuse_unsettled(session, project_id)
    defaulted = session.scalars(
        select(ReversalSettlement.in_default)
        .where(ReversalSettlement.project_id == project_id)
        .order_by(ReversalSettlement.sequence.desc())
        .limit(1)
    ).first()
    if not defaulted and not _restated_last(session, project_id):
        return
    short_kg = accounts_of(session, project_id).shortfall_kg
    if short_kg:
        raise Contradiction(
            f"{project_id} is {short_kg:,} kg short of what it issued; it issues nothing before "
            "that is made good.",
            project=project_id,
        )


def replaced_kg(session: Session, project_id: str) -> int:
    """Add up what was made good of a project's credits [kg CO2e]."""
    made_good = session.scalar(
        select(func.coalesce(func.sum(ReversalSettlement.replaced_kg), 0)).where(
            ReversalSettlement.project_id == project_id
        )
    )
    return int(made_good or 0)


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
        demand_project(session, project_id)
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
    before = accounts_of(session, project_id)
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


def _last_statement(session: Session, project_id: str) -> tuple[int, int]:
    """Give the newest cumulative net and the ledger entry that stated it; zeros before any."""
    batch = session.execute(
        select(CreditBatch.cumulative_net_kg, CreditBatch.sequence)
        .where(CreditBatch.project_id == project_id)
        .order_by(CreditBatch.number.desc())
        .limit(1)
    ).first()
    restated = session.execute(
        select(Restatement.cumulative_net_kg, Restatement.sequence)
        .join(CreditBatch, CreditBatch.id == Restatement.batch_id)
        .where(CreditBatch.project_id == project_id)
        .order_by(Restatement.sequence.desc())
        .limit(1)
    ).first()
    newest = max((row for row in (batch, restated) if row), key=lambda row: row[1], default=(0, 0))
    return int(newest[0]), int(newest[1])


def _restated_last(session: Session, project_id: str) -> bool:
    """Say whether the newest statement of a project is a restatement."""
    newest = session.execute(
        select(func.max(CreditBatch.sequence), func.max(Restatement.sequence))
        .select_from(CreditBatch)
        .outerjoin(Restatement, Restatement.batch_id == CreditBatch.id)
        .where(CreditBatch.project_id == project_id)
    ).one()
    return newest[1] is not None and newest[1] > newest[0]


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
