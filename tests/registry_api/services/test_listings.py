"""Selling credits: from a listing or a quote to the buyer, and what runs out on the way."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db.models import CreditBatch
from registry_api.errors import Contradiction, NotAcceptable, NotAllowed, NotFound
from registry_api.services import accounts, clock, holding_views, listing_views, listings, orders
from registry_api.services.holdings import Lot
from registry_api.services.listings import Price
from registry_api.services.order_views import order, orders_of, waiting_for
from tests.registry_api.a_market import BUYERS, a_copy, a_stocked_folder
from tests.registry_api.a_registry import DEVELOPER, REGISTRAR, VERIFIER

BUYER, OTHER = BUYERS
PRICE = Price(1250, "USD")


@pytest.fixture(scope="module")
def stocked_file() -> Iterator[Path]:
    with a_stocked_folder() as file:
        yield file


@pytest.fixture
def session(stocked_file: Path) -> Iterator[Session]:
    with a_copy(stocked_file) as opened, opened.writing() as session:
        yield session


def lots(session: Session, quantity_t: int) -> list[Lot]:
    batch = session.scalars(select(CreditBatch.id)).one()
    return [Lot(batch_id=str(batch), quantity_t=quantity_t)]


def listed(session: Session, quantity_t: int = 10, **more: object) -> str:
    return listings.list_credits(
        session, lots(session, quantity_t), PRICE, f"list-{quantity_t:05d}", by=DEVELOPER, **more
    ).id  # fmt: skip


def reserve(session: Session, listing: str, quantity_t: int, by: str = BUYER, hours: int = 24,
            key: str = "one-reservation") -> str:  # fmt: skip
    return listings.reserve(session, listing, quantity_t, key, by=by, hours=hours).id


def answer(session: Session, order_id: str, outcome: str, by: str, note: str = "") -> None:
    key = f"{outcome}-{order_id}"
    orders.answer(session, order_id, outcome, note, key, by=by)  # type: ignore[arg-type]


def after(monkeypatch: pytest.MonkeyPatch, hours: float) -> None:
    then = clock.now() + timedelta(hours=hours)
    monkeypatch.setattr(clock, "now", lambda: then)


def active_t(session: Session, account: str) -> int:
    held = holding_views.of_account(session, account, state="active").items
    return sum(run.quantity_t for run in held)


def test_from_a_listing_to_the_buyer(session: Session) -> None:
    listing = listed(session)
    shown = listing_views.public_listings(session).items
    assert [(s.id, s.price, s.currency, s.quantity_t, s.free_t) for s in shown] == [
        (listing, "12.50", "USD", 10, 10)
    ]
    reservation = reserve(session, listing, 4)
    assert listing_views.listing(session, listing, by=None).free_t == 6
    seller = accounts.account(session, DEVELOPER)
    assert [one.id for one in waiting_for(session, seller)] == [reservation]
    answer(session, reservation, "accepted", DEVELOPER, "Invoice 7, paid on 3 March")
    sold = order(session, reservation, by=BUYER)
    assert (sold.state, sold.note) == ("accepted", "Invoice 7, paid on 3 March")
    assert [text[-15:-2] for text in sold.serials] == ["000001-000004"]
    assert active_t(session, BUYER) == 4
    left = listing_views.listing(session, listing, by=None)
    assert (left.quantity_t, left.free_t, left.ended) == (6, 6, False)
    answer(session, listing, "withdrawn", DEVELOPER)
    assert active_t(session, DEVELOPER) == 23 - 4
    assert listing_views.public_listings(session).items == ()


def test_what_has_run_out_is_free_without_anybody_doing_anything(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = listed(session)
    first = reserve(session, listing, 8, hours=24)
    with pytest.raises(Contradiction, match="2 credits of this listing are free, not 8"):
        reserve(session, listing, 8, by=OTHER, key="the-second")
    with pytest.raises(Contradiction, match="8 credits of this listing are reserved"):
        answer(session, listing, "withdrawn", DEVELOPER)
    after(monkeypatch, 24)
    assert order(session, first, by=BUYER).state == "expired"
    assert waiting_for(session, accounts.account(session, DEVELOPER)) == ()
    assert listing_views.listing(session, listing, by=None).free_t == 10
    second = reserve(session, listing, 8, by=OTHER, key="the-second")
    with pytest.raises(Contradiction, match="2 credits are left for it, not 8"):
        answer(session, first, "accepted", DEVELOPER)
    answer(session, second, "accepted", DEVELOPER)
    assert active_t(session, OTHER) == 8


def test_a_payment_that_came_late_is_still_taken_where_nobody_else_reserved(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    reservation = reserve(session, listed(session), 8)
    after(monkeypatch, 25)
    answer(session, reservation, "accepted", DEVELOPER)
    assert active_t(session, BUYER) == 8


def test_runs_that_follow_each_other_are_one_serial(session: Session) -> None:
    """A sale that was withdrawn leaves holdings cut in two; a serial does not show it."""
    listing = listed(session, 4)
    answer(session, listing, "withdrawn", DEVELOPER)
    again = listings.list_credits(session, lots(session, 9), PRICE, "list-again", by=DEVELOPER)
    assert [text[-15:-2] for text in again.serials] == ["000001-000009"]
    assert listing_views.listing(session, again.id, by=None).serials == again.serials


def test_a_quote_is_a_listing_for_whoever_asked(session: Session) -> None:
    project = session.scalars(select(CreditBatch.project_id)).one()
    asked = listings.ask_quote(session, DEVELOPER, project, 6, "one-quote", by=BUYER, note="May?")
    seller, buyer = (accounts.account(session, each) for each in (DEVELOPER, BUYER))
    assert [one.id for one in waiting_for(session, seller)] == [asked.id]
    with pytest.raises(NotFound):
        listed(session, 6, request_id="00000000-0000-0000-0000-000000000000")
    quote = listed(session, 6, request_id=asked.id)
    assert order(session, asked.id, by=BUYER).state == "accepted"
    assert [one.id for one in waiting_for(session, buyer)] == [quote]
    assert listing_views.public_listings(session).items == ()
    for stranger in (None, OTHER):
        with pytest.raises(NotFound):
            listing_views.listing(session, quote, by=stranger)
    with pytest.raises(NotFound):
        reserve(session, quote, 1, by=OTHER, key="not-for-them")
    assert not listing_views.listing(session, quote, by=BUYER).public
    answer(session, reserve(session, quote, 6), "accepted", DEVELOPER)
    assert active_t(session, BUYER) == 6
    assert order(session, quote, by=DEVELOPER).state == "done"
    with pytest.raises(Contradiction, match="All of this listing is sold"):
        answer(session, quote, "withdrawn", DEVELOPER)


def test_a_request_for_a_quote_is_answered_once_by_who_was_asked(session: Session) -> None:
    project = session.scalars(select(CreditBatch.project_id)).one()
    asked = listings.ask_quote(session, DEVELOPER, project, 6, "one-quote", by=BUYER).id
    with pytest.raises(NotAllowed):
        listings.list_credits(
            session, lots(session, 1), PRICE, "their-own", by=BUYER, request_id=asked
        )
    answer(session, asked, "declined", DEVELOPER, "Sold out")
    with pytest.raises(Contradiction, match="declined"):
        listed(session, 6, request_id=asked)


def test_a_listing_ends_by_its_time(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    listing = listed(session, valid_until=clock.now() + timedelta(hours=5))
    after(monkeypatch, 6)
    assert listing_views.public_listings(session).items == ()
    assert listing_views.listing(session, listing, by=None).ended
    assert order(session, listing, by=DEVELOPER).state == "expired"
    with pytest.raises(Contradiction, match="has ended"):
        reserve(session, listing, 1)
    answer(session, listing, "withdrawn", DEVELOPER)
    assert active_t(session, DEVELOPER) == 23


@pytest.mark.parametrize("outcome", ["accepted", "declined", "withdrawn"])
def test_a_reservation_is_answered_by_whom_it_concerns(session: Session, outcome: str) -> None:
    reservation = reserve(session, listed(session), 3)
    may = BUYER if outcome == "withdrawn" else DEVELOPER
    for by in {DEVELOPER, BUYER, REGISTRAR} - {may}:
        with pytest.raises(NotAllowed):
            answer(session, reservation, outcome, by)
    answer(session, reservation, outcome, may)
    with pytest.raises(Contradiction):
        orders.answer(session, reservation, "declined", "", "once-more", by=DEVELOPER)


def test_the_same_request_twice_reserves_once(session: Session) -> None:
    listing = listed(session)
    assert reserve(session, listing, 8) == reserve(session, listing, 8)
    assert listing_views.listing(session, listing, by=None).free_t == 2
    assert len(orders_of(session, BUYER).items) == 1


@pytest.mark.parametrize(
    ("text", "cents"), [("12.5", 1250), ("12", 1200), ("0.01", 1), ("10000000", 10**9)]
)
def test_a_price_is_read_as_it_is_written(text: str, cents: int) -> None:
    price = Price.read(text, "KES")
    assert price.cents == cents
    assert Price.read(price.text, "KES") == price


@pytest.mark.parametrize("text", ["", "0", "0.00", "-1", "1.234", "1,5", "1e3", "10000000.01"])
def test_what_is_no_price_is_a_sentence(text: str) -> None:
    with pytest.raises(NotAcceptable, match=r"\.$"):
        Price.read(text, "USD")


@pytest.mark.parametrize("by", [REGISTRAR, VERIFIER])
def test_who_judges_credits_does_not_buy_them(session: Session, by: str) -> None:
    listing = listed(session)
    project = session.scalars(select(CreditBatch.project_id)).one()
    with pytest.raises(NotAllowed, match="bought by buyers and developers"):
        reserve(session, listing, 1, by=by)
    with pytest.raises(NotAllowed, match="bought by buyers and developers"):
        listings.ask_quote(session, DEVELOPER, project, 1, "some-quote", by=by)


def test_nonsense_is_a_sentence(session: Session) -> None:
    listing = listed(session)
    past = clock.now() - timedelta(hours=1)
    wrong = (
        lambda: listed(session, 5, valid_until=past),
        lambda: reserve(session, listing, 0),
        lambda: reserve(session, listing, 1, hours=10_000),
        lambda: Price(100, "usd"),
        lambda: reserve(session, listing, 1, by=DEVELOPER),
        lambda: reserve(session, "no-id", 1),
        lambda: listings.ask_quote(session, BUYER, "x", 1, "to-oneself", by=BUYER),
        lambda: listings.ask_quote(session, DEVELOPER, "no-project", 1, "nowhere-", by=BUYER),
    )
    for act in wrong:
        with pytest.raises((NotAcceptable, Contradiction, NotFound), match=r"\.$"):
            act()
