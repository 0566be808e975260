"""The buffer at any past time, and effective time apart from recorded time."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db.models import CreditBatch, LedgerEntry
from registry_api.errors import NotAcceptable
from registry_api.services import buffer, holding_views, ledger, orders
from registry_api.services.as_of import AsOf
from registry_api.services.holdings import Lot
from registry_api.services.retirement_terms import RetirementTerms
from tests.registry_api.a_registry import DEVELOPER, NET_KG, Stage, evidence, issue

PROJECT = "lakeside-grevillea"
TERMS = RetirementTerms("A buyer's customer", "voluntary")


def lots(session: Session, quantity_t: int) -> list[Lot]:
    batch = session.scalars(select(CreditBatch).order_by(CreditBatch.number)).first()
    assert batch is not None
    return [Lot(batch_id=str(batch.id), quantity_t=quantity_t)]


def test_the_balance_after_every_entry_is_the_holdings_then(issued: Stage) -> None:
    with issued.registry.writing() as session:
        issue(session, issued.farm, evidence(issued.farm, NET_KG, period=1), "second-issuance")
    with issued.registry.reading() as session:
        newest = ledger.verify_chain(session).entries
        seen = [buffer.balance(session, PROJECT, AsOf(sequence=n)) for n in range(newest + 1)]
        assert seen == [holding_views.supply(session, at=n).buffer for n in range(newest + 1)]
        assert sorted(set(seen)) == [0, 2, 4]
        page = buffer.entries(session, PROJECT, limit=1)
        assert [(e.cause, e.quantity_t, e.balance_t) for e in page.items] == [("deposit", 2, 4)]
        rest = buffer.entries(session, PROJECT, cursor=page.next_cursor)
        assert [(e.cause, e.quantity_t, e.balance_t) for e in rest.items] == [("deposit", 2, 2)]
        assert rest.next_cursor is None
        first = rest.items[0]
        before = first.recorded_at - timedelta(microseconds=1)
        assert buffer.balance(session, PROJECT, AsOf(recorded=before)) == 0
        assert buffer.balance(session, PROJECT, AsOf(recorded=first.recorded_at)) == 2
        assert buffer.balance(session) == 4
        assert list(buffer.by_vintage(session, PROJECT).values()) == [2, 2]


def test_an_order_takes_effect_when_it_says_and_is_known_when_it_was_written(issued: Stage) -> None:
    with issued.registry.reading() as session:
        issuance = session.scalars(
            select(LedgerEntry).where(LedgerEntry.kind == "batch_issued")
        ).one()
    then = issuance.effective_at
    with issued.registry.writing() as session:
        done = orders.retire(session, lots(session, 3), TERMS, "backdated-one", by=DEVELOPER,
                             effective_at=then)  # fmt: skip
    with issued.registry.reading() as session:
        entry = session.get_one(LedgerEntry, done.sequence)
        assert (entry.effective_at, entry.recorded_at > then) == (then, True)
        assert holding_views.supply(session, as_of=AsOf(effective=then)).retired == 3
        assert holding_views.supply(session, as_of=AsOf(recorded=then)).retired == 0
        known_then = AsOf(effective=then, recorded=then)
        at_the_time = holding_views.supply(session, as_of=known_then)
        assert (at_the_time.active, at_the_time.retired, at_the_time.reconciles) == (9, 0, True)
        assert holding_views.supply(session, as_of=AsOf(effective=then)).reconciles


def test_at_every_past_time_of_effect_each_credit_is_somewhere_once(issued: Stage) -> None:
    """A later order with an earlier effect would find its credits in two places."""
    with issued.registry.writing() as session:
        now = datetime.now(UTC)
        orders.retire(session, lots(session, 3), TERMS, "a-first-order", by=DEVELOPER,
                      effective_at=now)  # fmt: skip
    with issued.registry.writing() as session, pytest.raises(NotAcceptable, match="last moved"):
        orders.retire(session, lots(session, 3), TERMS, "a-second-order", by=DEVELOPER,
                      effective_at=now - timedelta(microseconds=1))  # fmt: skip
    with issued.registry.writing() as session:
        orders.offer(session, lots(session, 2), "the-registrar", "", "a-third-order", by=DEVELOPER,
                     effective_at=now)  # fmt: skip
    with issued.registry.reading() as session:
        for entry in session.scalars(select(LedgerEntry)):
            for around in (-1, 0, 1):
                at = entry.effective_at + timedelta(microseconds=around)
                assert holding_views.supply(session, as_of=AsOf(effective=at)).reconciles


def test_nothing_takes_effect_ahead_of_its_time(issued: Stage) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=1)
    with issued.registry.writing() as session, pytest.raises(NotAcceptable, match="lies ahead"):
        orders.retire(session, lots(session, 1), TERMS, "too-early-one", by=DEVELOPER,
                      effective_at=ahead)  # fmt: skip
