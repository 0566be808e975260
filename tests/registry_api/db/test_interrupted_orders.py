"""Orders that are cut off or sent fifty times at once: all of one, once, or nothing of it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from registry_api.db import Database
from registry_api.db.models import CreditBatch, Estimate
from registry_api.services import issuance, ledger, listings, orders
from registry_api.services.holdings import Lot
from registry_api.services.order_views import OrderView
from registry_api.services.retirement_terms import RetirementTerms
from tests.registry_api.a_market import BUYERS, a_copy, a_stocked_folder
from tests.registry_api.a_registry import (
    DEVELOPER,
    NET_KG,
    REGISTRAR,
    approve,
    evidence,
    found,
    make_settings,
    submit,
)
from tests.registry_api.db.interruptions import at_once, cut_everywhere

TERMS = RetirementTerms("A buyer's customer", "voluntary")
Act = Callable[[Session, Lot], OrderView]


def offer(session: Session, lot: Lot) -> OrderView:
    return orders.offer(session, [lot], BUYERS[0], "", "one-offer", by=DEVELOPER)


def retire(session: Session, lot: Lot) -> OrderView:
    return orders.retire(session, [lot], TERMS, "one-retirement", by=DEVELOPER)


def ask_cancellation(session: Session, lot: Lot) -> OrderView:
    return orders.ask_cancellation(session, [lot], "Doubt", "one-wish", by=DEVELOPER)


def hold(session: Session, lot: Lot) -> OrderView:
    return orders.hold(session, [lot], DEVELOPER, "Doubt", "one-hold", by=REGISTRAR)


def take_an_offer(session: Session, lot: Lot) -> OrderView:
    placed = offer(session, lot)
    return orders.answer(session, placed.id, "accepted", "", "one-answer", by=BUYERS[0])


def list_credits(session: Session, lot: Lot) -> OrderView:
    price = listings.Price(1250, "USD")
    return listings.list_credits(session, [lot], price, "one-listing", by=DEVELOPER)


def reserve(session: Session, lot: Lot) -> OrderView:
    listing = list_credits(session, lot)
    return listings.reserve(session, listing.id, 2, "one-reservation", by=BUYERS[0])


def sell(session: Session, lot: Lot) -> OrderView:
    reserved = reserve(session, lot)
    return orders.answer(session, reserved.id, "accepted", "Paid", "one-sale", by=DEVELOPER)


def quote(session: Session, lot: Lot) -> OrderView:
    project = session.scalars(select(CreditBatch.project_id)).one()
    asked = listings.ask_quote(session, DEVELOPER, project, 3, "one-quote", by=BUYERS[0])
    price = listings.Price(1250, "USD")
    return listings.list_credits(
        session, [lot], price, "its-answer", by=DEVELOPER, request_id=asked.id
    )


@pytest.mark.parametrize(
    "act",
    [offer, retire, ask_cancellation, hold, take_an_offer, list_credits, reserve, sell, quote],
    ids=lambda act: act.__name__,
)
def test_cut_off_between_any_two_statements_nothing_of_an_order_is_there(act: Act) -> None:
    with a_stocked_folder() as file, a_copy(file) as opened:
        with opened.reading() as session:
            lot = Lot(batch_id=str(session.scalars(select(CreditBatch.id)).one()), quantity_t=3)
        assert cut_everywhere(opened, lambda session: act(session, lot)) > 5


def test_fifty_identical_retirements_at_once_are_one() -> None:
    with a_stocked_folder() as file, a_copy(file) as opened:
        with opened.reading() as session:
            lot = Lot(batch_id=str(session.scalars(select(CreditBatch.id)).one()), quantity_t=3)
        views = at_once(50, opened, lambda session: retire(session, lot))
        assert all(view == views[0] for view in views)
        with opened.reading() as session:
            assert ledger.verify_chain(session).first_bad is None


def test_fifty_identical_issuances_at_once_are_one(either: Database, tmp_path: Path) -> None:
    settings = make_settings(tmp_path, of=either)
    with either.writing() as session:
        farm = found(session, settings)
        sha256 = submit(session, farm, evidence(farm, NET_KG))
        approve(session, sha256)
    cards = at_once(
        50,
        either,
        lambda session: issuance.issue(
            session, sha256, "one-issuance", by=REGISTRAR, settings=settings
        ),
    )
    assert len({card.id for card in cards}) == 1
    with either.reading() as session:
        assert session.scalar(select(func.count()).select_from(CreditBatch)) == 1
        assert session.scalar(select(func.count()).select_from(Estimate)) == 1
