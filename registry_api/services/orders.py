"""Orders: what holders and the registrar ask to be done with credits.

A transfer is offered and taken, never pushed; a retirement is final at once; a cancellation needs
the registrar beside the holder; a hold is the registrar's. Each order is one transaction: ledger
entry, holdings, paper and answer together or not at all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from registry_api.db import lock_for_writing
from registry_api.db.models import CreditOrder, OrderOutcome, Project
from registry_api.errors import Contradiction, NotFound
from registry_api.services import holdings, idempotency, ledger, order_answers, reservations
from registry_api.services.accounts import account, demand_role
from registry_api.services.canonical import canonical_json, sha256_of_text
from registry_api.services.holdings import Lot, Part
from registry_api.services.lots import chosen
from registry_api.services.order_views import OrderKind, OrderView, Outcome, demand_seen, order_view
from registry_api.services.retirement_terms import RetirementTerms

_WAITS_AS: dict[str, holdings.State] = {"transfer": "offered", "cancel": "held", "hold": "held"}
_TAKEN = ("transfer_accepted", "credits_sold")


def offer(
    session: Session,
    lots: Sequence[Lot],
    to_account_id: str,
    note: str,
    key: str,
    *,
    by: str,
    effective_at: datetime | None = None,
) -> OrderView:
    """Offer credits to another account; they wait until it answers.

    Args:
        session: The one transaction.
        lots: Which credits.
        to_account_id: Who may take them.
        note: What to say with it.
        key: The caller's name for this request.
        by: Who holds them.
        effective_at: Since when it is in force; by default now, and never later.

    Raises:
        NotFound: If there is no account to offer them to.
        NotAcceptable: If it is the caller's own, or a lot is none.
        Contradiction: If the caller does not hold all of them, free to move.
        KeyReused: If the key belongs to another request.
    """
    request = {
        "lots": [asdict(lot) for lot in lots], "to": to_account_id, "note": note,
        **_effect(effective_at),
    }  # fmt: skip

    def place() -> CreditOrder:
        if account(session, to_account_id).id == by:
            raise Contradiction("Credits are offered to another account; this one holds them.")
        parts = chosen(session, lots, by)
        return record(
            session, "transfer", "transfer_offered", parts, "offered", {"note": note}, by=by,
            owner=by, to=to_account_id, effective_at=effective_at,
        )  # fmt: skip

    return once(session, "offer", request, key, by, place)


def retire(
    session: Session,
    lots: Sequence[Lot],
    terms: RetirementTerms,
    key: str,
    *,
    by: str,
    effective_at: datetime | None = None,
) -> OrderView:
    """Retire credits for good, on behalf of whom the terms say.

    Raises:
        NotAcceptable: If a lot is none or the terms contradict themselves.
        Contradiction: If the caller does not hold all of them, free to move.
        KeyReused: If the key belongs to another request.
    """
    stated = terms.stated()
    request = {"lots": [asdict(lot) for lot in lots], "terms": stated, **_effect(effective_at)}

    def place() -> CreditOrder:
        parts = chosen(session, lots, by)
        return record(
            session,
            "retire",
            "credits_retired",
            parts,
            "retired",
            stated,
            by=by,
            owner=by,
            effective_at=effective_at,
        )

    return once(session, "retire", request, key, by, place)


def ask_cancellation(
    session: Session,
    lots: Sequence[Lot],
    reason: str,
    key: str,
    *,
    by: str,
    replaces: str = "",
) -> OrderView:
    """Ask that credits be cancelled; they are held until a registrar has decided.

    Args:
        session: The one transaction.
        lots: Which credits.
        reason: Why.
        key: The caller's name for this request.
        by: Who holds them.
        replaces: Id of the project whose lost credits they make good; empty for none.

    Raises:
        NotFound: If there is no such project.
        NotAcceptable: If a lot is none.
        Contradiction: If the caller does not hold all of them, free to move.
        KeyReused: If the key belongs to another request.
    """
    terms = {"reason": reason, **({"replaces": replaces} if replaces else {})}
    request = {"lots": [asdict(lot) for lot in lots], **terms}

    def place() -> CreditOrder:
        if replaces and session.get(Project, replaces) is None:
            raise NotFound(f"There is no project '{replaces}'.", project=replaces)
        parts = chosen(session, lots, by)
        return record(
            session, "cancel", "cancellation_asked", parts, "held", terms, by=by, owner=by
        )  # fmt: skip

    return once(session, "ask_cancellation", request, key, by, place)


def hold(
    session: Session, lots: Sequence[Lot], of: str, reason: str, key: str, *, by: str
) -> OrderView:
    """Hold an account's credits, as a registrar, until they are released.

    Raises:
        NotAllowed: If the caller is no registrar.
        NotFound: If there is no such account.
        NotAcceptable: If a lot is none.
        Contradiction: If the account does not hold all of them, free to move.
        KeyReused: If the key belongs to another request.
    """
    demand_role(session, by, "registrar")
    request = {"lots": [asdict(lot) for lot in lots], "of": of, "reason": reason}

    def place() -> CreditOrder:
        account(session, of)
        parts = chosen(session, lots, of)
        return record(
            session, "hold", "credits_held", parts, "held", {"reason": reason}, by=by, owner=of
        )

    return once(session, "hold", request, key, by, place)


def answer(
    session: Session, order_id: str, outcome: Outcome, note: str, key: str, *, by: str
) -> OrderView:
    """Answer an order that waits: take or decline an offer, withdraw one's own, decide, release.

    Raises:
        NotFound: If there is no such order, or it is not for the caller to see.
        NotAllowed: If it is not for the caller to answer like that.
        Contradiction: If it was answered otherwise already.
        KeyReused: If the key belongs to another request.
    """
    request = {"order": order_id, "outcome": outcome, "note": note}

    def end() -> CreditOrder:
        order = demand_seen(session, order_id, by)
        answered = order_answers.demand(session, order, outcome, by)
        parts = _moved(session, order, answered)
        taker = order.to_account_id if answered.event in _TAKEN else order.account_id
        entry = ledger.append(
            session,
            answered.event,
            actor=by,
            payload={
                "order": str(order.id),
                "blocks": holdings.blocks(parts),
                "state": answered.become,
                "account": taker,
                "note_sha256": sha256_of_text(note),
            },
        )
        session.add(
            OrderOutcome(
                order_id=order.id,
                outcome=outcome,
                note=note,
                decided_by=by,
                decided_at=entry.recorded_at,
                sequence=entry.sequence,
            )
        )
        session.flush()  # the database sees by it that a sale is one
        if answered.become is not None:
            holdings.move(session, parts, answered.become, taker, entry.sequence)
        session.flush()
        return order

    return once(session, order_answers.verb(outcome), request, key, by, end)


def once(
    session: Session,
    operation: str,
    request: Mapping[str, object],
    key: str,
    by: str,
    act: Callable[[], CreditOrder],
) -> OrderView:
    """Do what is asked once; the same request under the same key gets the order as it is now."""
    lock_for_writing(session)
    account(session, by)
    earlier = idempotency.answered(session, by, key, operation, request)
    if earlier is not None:
        return order_view(session, session.get_one(CreditOrder, UUID(earlier)))
    done = act()
    idempotency.remember(session, by, key, operation, request, str(done.id))
    return order_view(session, done)


def record(  # noqa: PLR0913  an order is all of this
    session: Session,
    kind: OrderKind,
    event: ledger.Kind,
    parts: Sequence[Part],
    become: holdings.State | None,
    terms: Mapping[str, object],
    *,
    by: str,
    owner: str,
    to: str | None = None,
    quantity_t: int = 0,
    effective_at: datetime | None = None,
) -> CreditOrder:
    """Write an order down with its ledger entry, and move its credits to where they wait.

    Args:
        session: The one transaction.
        kind: Of the order.
        event: The ledger entry it becomes.
        parts: Credits it moves; none for an order that only asks.
        become: Their state then; None where there are none.
        terms: What is stated with it.
        by: Who places it.
        owner: Whose credits they are.
        to: For whom they are; None for nobody in particular.
        quantity_t: How many credits an order without any is about [t CO2e].
        effective_at: Since when it is in force; None for now.
    """
    holdings.demand_in_order(session, parts, effective_at)
    text = canonical_json(terms)
    placed = CreditOrder(
        id=uuid4(),
        kind=kind,
        account_id=owner,
        to_account_id=to,
        quantity_t=sum(part.quantity_t for part in parts) or quantity_t,
        terms=text,
        terms_sha256=sha256_of_text(text),
        placed_by=by,
    )
    entry = ledger.append(
        session,
        event,
        actor=by,
        payload={
            "order": str(placed.id),
            "blocks": holdings.blocks(parts),
            "state": become,
            "account": owner,
            "to": to,
            "terms_sha256": placed.terms_sha256,
        },
        effective_at=effective_at,
    )
    placed.sequence, placed.placed_at = entry.sequence, entry.recorded_at
    session.add(placed)
    session.flush()
    if become is not None:
        holdings.move(session, parts, become, owner, entry.sequence)
    return placed


def _moved(
    session: Session, order: CreditOrder, answered: order_answers.Answer
) -> tuple[Part, ...]:
    """Find the credits that an answer moves: those that wait under the order, or are sold by it."""
    if answered.become is None:
        return ()
    if order.kind == "reserve":
        return reservations.to_sell(session, order)
    if order.kind == "list":
        return reservations.to_take_back(session, order)
    return holdings.of_order(session, order.sequence, _WAITS_AS[order.kind])


def _effect(effective_at: datetime | None) -> dict[str, object]:
    """Name a stated time of effect in a request; a request without one reads as it always did."""
    return {"effective_at": effective_at.isoformat()} if effective_at else {}
