"""What both databases refuse of listings and sales by themselves: raw rows, past every service."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from registry_api.db import Database
from registry_api.db.models import (
    CreditBatch,
    CreditOrder,
    Holding,
    HoldingClosure,
    Listing,
    OrderOutcome,
    Reservation,
)
from registry_api.services import clock, ledger, listings
from registry_api.services.holdings import Lot
from registry_api.services.listings import Price
from tests.registry_api.a_market import BUYERS, stock
from tests.registry_api.a_registry import DEVELOPER

BUYER, OTHER = BUYERS
Rows = Callable[[Session, CreditOrder], None]


@pytest.fixture
def stocked(either: Database, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """A registry with ten credits listed, four of them reserved for the first buyer."""
    stock(either, tmp_path_factory.mktemp("stock"))
    with either.writing() as session:
        batch = session.scalars(select(CreditBatch.id)).one()
        lot, price = Lot(batch_id=str(batch), quantity_t=10), Price(1250, "USD")
        listed = listings.list_credits(session, [lot], price, "one-listing", by=DEVELOPER)
        listings.reserve(session, listed.id, 4, "one-reservation", by=BUYER)
    return either


def an_order(session: Session, kind: str, to: str, quantity_t: int = 1) -> CreditOrder:
    """Write an order down as no service would."""
    entry = ledger.append(session, "credits_reserved", actor=to, payload={"raw": True})
    placed = CreditOrder(
        id=uuid4(), kind=kind, account_id=DEVELOPER, to_account_id=to, quantity_t=quantity_t,
        terms="{}", terms_sha256="0" * 64, placed_by=to, placed_at=entry.recorded_at,
        sequence=entry.sequence,
    )  # fmt: skip
    session.add(placed)
    session.flush()
    return placed


def a_reservation(session: Session, listing: UUID, to: str, quantity_t: int) -> CreditOrder:
    placed = an_order(session, "reserve", to, quantity_t)
    until = clock.now() + timedelta(hours=1)
    session.add(
        Reservation(
            order_id=placed.id, listing_id=listing, quantity_t=quantity_t, reserved_until=until
        )
    )
    session.flush()
    return placed


def sold(session: Session, listing: CreditOrder, order: CreditOrder, to: str, last: int) -> None:
    """Move credits 1 to `last` of the listing, with or without an answer that allows it."""
    entry = ledger.append(session, "credits_sold", actor=DEVELOPER, payload={"raw": True})
    session.add(
        OrderOutcome(
            order_id=order.id, outcome="accepted", note="", decided_by=DEVELOPER,
            decided_at=entry.recorded_at, sequence=entry.sequence,
        )
    )  # fmt: skip
    session.flush()
    was = session.scalars(
        select(Holding).where(Holding.sequence == listing.sequence, Holding.state == "offered")
    ).one()
    same = {name: getattr(was, name) for name in ("batch_id", "project_id", "kind")}
    for first, end, state, account, since in (
        (was.first_serial, last, "active", to, entry.sequence),
        (last + 1, was.last_serial, "offered", DEVELOPER, was.state_sequence),
    ):
        session.add(
            Holding(
                parent_id=was.id, first_serial=first, last_serial=end, quantity_t=end - first + 1,
                account_id=account, state=state, sequence=entry.sequence, state_sequence=since,
                **same,
            )
        )  # fmt: skip
    session.add(HoldingClosure(holding_id=was.id, sequence=entry.sequence))
    session.flush()


def reserved(session: Session) -> CreditOrder:
    return session.scalars(select(CreditOrder).where(CreditOrder.kind == "reserve")).one()


def more_than_is_left(session: Session, listing: CreditOrder) -> None:
    a_reservation(session, listing.id, OTHER, 7)


def by_the_seller(session: Session, listing: CreditOrder) -> None:
    a_reservation(session, listing.id, DEVELOPER, 1)


def under_another_kind_of_order(session: Session, listing: CreditOrder) -> None:
    placed = an_order(session, "quote", OTHER)
    until = clock.now() + timedelta(hours=1)
    session.add(
        Reservation(order_id=placed.id, listing_id=listing.id, quantity_t=1, reserved_until=until)
    )
    session.flush()


def a_kind_that_is_none(session: Session, _listing: CreditOrder) -> None:
    an_order(session, "gift", OTHER)


def a_listing_of_nothing(session: Session, _listing: CreditOrder) -> None:
    placed = an_order(session, "list", OTHER)
    batch = session.scalars(select(CreditBatch.id)).one()
    session.add(Listing(order_id=placed.id, batch_id=batch, price_cents=1, currency="USD"))
    session.flush()


def a_price_of_nothing(session: Session, _listing: CreditOrder) -> None:
    batch = session.scalars(select(CreditBatch.id)).one()
    placed = an_order(session, "list", OTHER)
    session.add(Listing(order_id=placed.id, batch_id=batch, price_cents=0, currency="USD"))
    session.flush()


def more_than_was_reserved(session: Session, listing: CreditOrder) -> None:
    sold(session, listing, reserved(session), BUYER, 5)


def to_somebody_else(session: Session, listing: CreditOrder) -> None:
    sold(session, listing, reserved(session), OTHER, 4)


def under_an_order_that_reserves_nothing(session: Session, listing: CreditOrder) -> None:
    sold(session, listing, an_order(session, "transfer", OTHER), OTHER, 4)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (more_than_is_left, "less is left of the listing"),
        (by_the_seller, "it is not listed for them"),
        (under_another_kind_of_order, "it is not listed for them"),
        (a_kind_that_is_none, "no such kind of order"),
        (a_listing_of_nothing, "not credits of one issuance"),
        (a_price_of_nothing, "not credits of one issuance|price_positive"),
        (more_than_was_reserved, "credits do not move like that"),
        (to_somebody_else, "credits do not move like that"),
        (under_an_order_that_reserves_nothing, "credits do not move like that"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_rows_that_would_promise_twice_or_sell_to_a_stranger(
    stocked: Database, rows: Rows, why: str
) -> None:
    with pytest.raises(DBAPIError, match=why), stocked.writing() as session:
        rows(session, session.scalars(select(CreditOrder).where(CreditOrder.kind == "list")).one())


def test_what_is_reserved_and_accepted_may_be_sold(stocked: Database) -> None:
    """The same rows as in the refusals, but right: so it is those guards that refuse."""
    with stocked.writing() as session:
        listing = session.scalars(select(CreditOrder).where(CreditOrder.kind == "list")).one()
        a_reservation(session, listing.id, OTHER, 6)
        sold(session, listing, reserved_by(session, BUYER), BUYER, 4)


def reserved_by(session: Session, buyer: str) -> CreditOrder:
    return session.scalars(
        select(CreditOrder).where(CreditOrder.kind == "reserve", CreditOrder.to_account_id == buyer)
    ).one()


@pytest.mark.parametrize("table", ["listings", "reservations"])
@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET order_id = order_id"])
def test_nothing_of_it_is_changed_or_removed(stocked: Database, table: str, change: str) -> None:
    with pytest.raises(DBAPIError, match="only grows"), stocked.engine.begin() as connection:
        connection.execute(text(change.format(table)))
