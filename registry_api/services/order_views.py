"""Orders as they are shown: to whom they concern, and retirements to anybody."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from registry_api.db.models import (
    CreditBatch,
    CreditOrder,
    Holding,
    Listing,
    OrderOutcome,
    Reservation,
)
from registry_api.errors import NotFound
from registry_api.services import clock, paging, reservations
from registry_api.services.accounts import AccountView, account
from registry_api.services.lots import run_texts
from registry_api.services.views import Page

OrderKind = Literal["transfer", "retire", "cancel", "hold", "list", "reserve", "quote"]
Outcome = Literal["accepted", "declined", "withdrawn", "released"]
OrderState = Literal["open", "done", "accepted", "declined", "withdrawn", "released", "expired"]
_MOST_WAITING = 100


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order and where it stands.

    Attributes:
        account_id: Whose credits.
        to_account_id: To whom they were offered; None for other orders.
        serials: What was ordered, one run for each that follows without a gap.
        terms: What was stated with it.
        state: `open` while it waits for somebody; `done` where nobody else is asked, or a listing
            is sold; `expired` where its time is up and nobody has answered.
        note: What whoever answered said.
    """

    id: str
    kind: OrderKind
    account_id: str
    to_account_id: str | None
    quantity_t: int
    serials: tuple[str, ...]
    terms: Mapping[str, object]
    placed_at: datetime
    sequence: int
    state: OrderState
    note: str
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Retirement:
    """A retirement as anybody may see it: what, when, for whom and why, and not out of whose hands.

    Attributes:
        terms: Beneficiary, purpose, reason and period of consumption, as stated.
        sequence: Of the ledger entry that retired the credits.
    """

    id: str
    quantity_t: int
    serials: tuple[str, ...]
    terms: Mapping[str, object]
    retired_at: datetime
    sequence: int


def order(session: Session, order_id: str, *, by: str) -> OrderView:
    """Show an order to whom it concerns: holder, taker, registrar.

    Raises:
        NotFound: If there is none, or it does not concern the caller.
    """
    return order_view(session, demand_seen(session, order_id, by))


def retirement(session: Session, order_id: str) -> Retirement:
    """Show a retirement to anybody; it was made to be seen.

    Raises:
        NotFound: If there is none.
    """
    found = _get(session, order_id)
    if found is None or found.kind != "retire":
        raise NotFound("There is no retirement with that id.")
    shown = order_view(session, found)
    return Retirement(
        shown.id, shown.quantity_t, shown.serials, shown.terms, shown.placed_at, shown.sequence
    )


def orders_of(
    session: Session, account_id: str, *, limit: int = 50, cursor: str | None = None
) -> Page[OrderView]:
    """List what an account placed, was offered or had placed on its credits, newest first."""
    (before,) = paging.decode(cursor, int) or (None,)
    query = select(CreditOrder).where(
        or_(CreditOrder.account_id == account_id, CreditOrder.to_account_id == account_id)
    )
    if before is not None:
        query = query.where(CreditOrder.sequence < before)
    found = session.scalars(query.order_by(CreditOrder.sequence.desc()).limit(limit + 1)).all()
    return Page(
        _views(session, found[:limit]),
        paging.encode(found[limit - 1].sequence) if len(found) > limit else None,
    )


def waiting_for(session: Session, by: AccountView) -> tuple[OrderView, ...]:
    """List the orders that wait for an account's answer, oldest first."""
    now = clock.now()
    reserved = select(Reservation.order_id).where(
        Reservation.order_id == CreditOrder.id, Reservation.reserved_until > now
    )
    taken_up = select(Reservation.order_id).where(Reservation.listing_id == CreditOrder.id)
    valid = select(Listing.order_id).where(
        Listing.order_id == CreditOrder.id,
        or_(Listing.valid_until.is_(None), Listing.valid_until > now),
    )
    theirs = [
        and_(CreditOrder.kind == "transfer", CreditOrder.to_account_id == by.id),
        and_(CreditOrder.kind == "quote", CreditOrder.account_id == by.id),
        and_(CreditOrder.kind == "reserve", CreditOrder.account_id == by.id, reserved.exists()),
        and_(
            CreditOrder.kind == "list",
            CreditOrder.to_account_id == by.id,
            valid.exists(),
            ~taken_up.exists(),
        ),
    ]
    if by.role == "registrar":
        theirs.append(and_(CreditOrder.kind == "cancel", CreditOrder.placed_by != by.id))
    ended = select(OrderOutcome.order_id).where(OrderOutcome.order_id == CreditOrder.id)
    query = select(CreditOrder).where(or_(*theirs), ~ended.exists())
    found = session.scalars(query.order_by(CreditOrder.sequence).limit(_MOST_WAITING)).all()
    return _views(session, found)


def demand_seen(session: Session, order_id: str, by: str) -> CreditOrder:
    """Find an order that concerns an account.

    Raises:
        NotFound: If there is none, or it does not.
    """
    found = _get(session, order_id)
    concerned = found is not None and (
        by in (found.account_id, found.to_account_id, found.placed_by)
        or account(session, by).role == "registrar"
    )
    if found is None or not concerned:
        raise NotFound("There is no order with that id, or it is not yours.")
    return found


def order_view(session: Session, placed: CreditOrder) -> OrderView:
    """Show an order as it stands."""
    return _views(session, [placed])[0]


def _views(session: Session, placed: Sequence[CreditOrder]) -> tuple[OrderView, ...]:
    """Show orders, asking a few times for however many."""
    asked = select(OrderOutcome).where(OrderOutcome.order_id.in_({one.id for one in placed}))
    outcomes = {outcome.order_id: outcome for outcome in session.scalars(asked)}
    moved_by = {one.id: _moved_by(one, outcomes.get(one.id)) for one in placed}
    rows = session.execute(
        select(Holding, CreditBatch)
        .join(CreditBatch, CreditBatch.id == Holding.batch_id)
        .where(
            Holding.sequence.in_(set(moved_by.values())),
            Holding.state_sequence == Holding.sequence,
        )
    )
    runs: dict[int, list[tuple[CreditBatch, str, int, int]]] = {}
    for holding, batch in rows:
        run = (batch, holding.kind, holding.first_serial, holding.last_serial)
        runs.setdefault(holding.sequence, []).append(run)
    waiting = _waiting(session, [one for one in placed if one.id not in outcomes])
    return tuple(
        _view(
            one,
            outcomes.get(one.id),
            waiting.get(one.id, "open"),
            run_texts(runs.get(moved_by[one.id], ())),
        )
        for one in placed
    )


def _moved_by(placed: CreditOrder, outcome: OrderOutcome | None) -> int:
    """Name the entry that moved an order's credits: of a reservation the sale, else its own."""
    sold = placed.kind == "reserve" and outcome is not None and outcome.outcome == "accepted"
    return outcome.sequence if sold and outcome is not None else placed.sequence


def _waiting(session: Session, placed: Sequence[CreditOrder]) -> dict[UUID, OrderState]:
    """Say how orders stand that nobody has answered, where that is not simply open."""
    now, states = clock.now(), {one.id: "done" for one in placed if one.kind == "retire"}
    late = select(Reservation.order_id).where(
        Reservation.order_id.in_([one.id for one in placed if one.kind == "reserve"]),
        Reservation.reserved_until <= now,
    )
    listed = {one.id: one.sequence for one in placed if one.kind == "list"}
    past = select(Listing.order_id).where(Listing.order_id.in_(listed), Listing.valid_until <= now)
    states |= dict.fromkeys(session.scalars(late), "expired")
    states |= dict.fromkeys(session.scalars(past), "expired")
    unsold = reservations.unsold_t(session, listed.values())
    states |= {order_id: "done" for order_id, sequence in listed.items() if not unsold[sequence]}
    return cast("dict[UUID, OrderState]", states)


def _view(
    placed: CreditOrder,
    outcome: OrderOutcome | None,
    waiting: OrderState,
    texts: tuple[str, ...],
) -> OrderView:
    return OrderView(
        id=str(placed.id),
        kind=cast("OrderKind", placed.kind),
        account_id=placed.account_id,
        to_account_id=placed.to_account_id,
        quantity_t=placed.quantity_t,
        serials=texts,
        terms=json.loads(placed.terms),
        placed_at=placed.placed_at,
        sequence=placed.sequence,
        state=cast("OrderState", outcome.outcome) if outcome else waiting,
        note=outcome.note if outcome else "",
        ended_at=outcome.decided_at if outcome else None,
    )


def _get(session: Session, order_id: str) -> CreditOrder | None:
    try:
        return session.get(CreditOrder, UUID(order_id))
    except ValueError:
        return None
