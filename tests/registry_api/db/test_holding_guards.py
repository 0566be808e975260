"""What both databases refuse of holdings by themselves: raw rows, past every service."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from registry_api.db import Database
from registry_api.db.models import CreditBatch, Holding, HoldingClosure
from registry_api.services import orders
from registry_api.services.holdings import Lot
from tests.registry_api.a_market import BUYERS, stock
from tests.registry_api.a_registry import DEVELOPER

Rows = Callable[[Session, Holding], None]


def part(of: Holding, first: int, last: int, **changed: object) -> Holding:
    """A part of a holding as it was, but for what is said."""
    row = {
        name: getattr(of, name)
        for name in ("batch_id", "project_id", "kind", "account_id", "state", "sequence")
    }
    row |= {"parent_id": of.id, "state_sequence": of.sequence, "quantity_t": last - first + 1}
    return Holding(**{**row, "first_serial": first, "last_serial": last, **changed})


def close(session: Session, of: Holding) -> None:
    session.flush()
    session.add(HoldingClosure(holding_id=of.id, sequence=of.sequence))


def a_gap(session: Session, of: Holding) -> None:
    session.add_all([part(of, 1, 3), part(of, 5, of.last_serial)])
    close(session, of)


def an_overlap(session: Session, of: Holding) -> None:
    """The split of 0-999 at 250 into 0-250 and 251-999 that another registry's test asserts."""
    session.add(part(of, 1, 4))
    session.flush()
    session.add(part(of, 4, of.last_serial))


def one_more_than_there_was(session: Session, of: Holding) -> None:
    session.add(part(of, 1, of.last_serial + 1))


def a_wrong_count(session: Session, of: Holding) -> None:
    session.add(part(of, 1, of.last_serial, quantity_t=of.quantity_t + 1))


def parts_of_what_is_still_there(session: Session, of: Holding) -> None:
    session.add(part(of, 1, of.last_serial))
    session.flush()


def closed_without_parts(session: Session, of: Holding) -> None:
    close(session, of)


def moved_twice(session: Session, of: Holding) -> None:
    session.add(part(of, 1, of.last_serial))
    close(session, of)
    session.flush()
    session.add(part(of, 1, 1))


def pushed_to_somebody(session: Session, of: Holding) -> None:
    session.add(part(of, 1, of.last_serial, account_id=BUYERS[0]))


def taken_out_of_the_buffer(session: Session, _of: Holding) -> None:
    buffer = session.scalars(select(Holding).where(Holding.state == "buffer")).one()
    session.add(part(buffer, buffer.first_serial, buffer.last_serial, state="active"))


def back_from_retirement(session: Session, of: Holding) -> None:
    retired = part(of, 1, of.last_serial, state="retired")
    session.add(retired)
    close(session, of)
    session.flush()
    session.add(part(retired, 1, of.last_serial, state="active"))


def never_issued(session: Session, of: Holding) -> None:
    session.add(part(of, 5_001, 5_002, parent_id=None))


def issued_again(session: Session, of: Holding) -> None:
    session.add(part(of, 1, of.last_serial, parent_id=None))


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (a_gap, "the parts are not the whole"),
        (an_overlap, "holdings overlap"),
        (one_more_than_there_was, "not a part of what is moved"),
        (a_wrong_count, "quantity_inclusive"),
        (parts_of_what_is_still_there, "(?i)foreign key"),
        (closed_without_parts, "the parts are not the whole"),
        (moved_twice, "these credits have moved on|holdings overlap"),
        (pushed_to_somebody, "credits do not move like that"),
        (taken_out_of_the_buffer, "credits do not move like that"),
        (back_from_retirement, "credits do not move like that"),
        (never_issued, "no such credits were issued"),
        (issued_again, "holdings overlap"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_rows_that_would_lose_make_or_push_credits(stocked: Database, rows: Rows, why: str) -> None:
    with stocked.reading() as session:
        before = _rows(session)
    with pytest.raises(DBAPIError, match=why), stocked.writing() as session:
        rows(session, session.scalars(select(Holding).where(Holding.state == "active")).one())
    with stocked.reading() as session:
        assert _rows(session) == before


@pytest.mark.parametrize(
    "table", ["holdings", "holding_closures", "credit_orders", "order_outcomes"]
)
@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET sequence = 1"])
def test_nothing_of_it_is_changed_or_removed(stocked: Database, table: str, change: str) -> None:
    with stocked.writing() as session:
        batch = session.scalars(select(CreditBatch.id)).one()
        lot = Lot(batch_id=str(batch), quantity_t=2)
        placed = orders.offer(session, [lot], BUYERS[0], "", "one-offer", by=DEVELOPER)
        orders.answer(session, placed.id, "accepted", "", "one-answer", by=BUYERS[0])
    with pytest.raises(DBAPIError, match="only grows"), stocked.engine.begin() as connection:
        connection.execute(text(change.format(table)))


@pytest.fixture
def stocked(either: Database, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """A registry with one issuance."""
    stock(either, tmp_path_factory.mktemp("stock"))
    return either


def _rows(session: Session) -> list[tuple[object, ...]]:
    return [
        (*row,) for row in session.execute(select(Holding.id, Holding.state, Holding.account_id))
    ]
