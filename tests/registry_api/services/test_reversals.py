"""From a burnt plot to settled books: who says what, what goes, who is told, what is blocked."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mrv.errors import InputRejected
from registry_api.db.models import CreditBatch, Holding, LedgerEntry
from registry_api.errors import Contradiction, NotAcceptable, NotAllowed, NotFound
from registry_api.services import (
    accounts,
    buffer,
    holding_views,
    ledger,
    notices,
    orders,
    reversal_cases,
    reversals,
    settlements,
    standings,
)
from registry_api.services.books import books
from registry_api.services.clock import latest_today, today
from registry_api.services.holdings import Lot
from registry_api.services.reversal_cases import CaseView
from registry_api.services.reversals import Loss
from tests.registry_api.a_registry import (
    DEVELOPER,
    NET_KG,
    REGISTRAR,
    VERIFIER,
    Stage,
    evidence,
    issue,
)

PROJECT, PLOT = "lakeside-grevillea", "P-001"
BUYER, SECOND = "first-buyer", "second-registrar"
BURNT = today() - timedelta(days=40)
# 1.2 t of wood with its roots is 1.2 * 1.3 * 0.47 * 44/12 = 2.688 t CO2e, of 5 t credited there.
LOSS = Loss((1.2,), 1.0)
LOST_KG = 2_689


def reported(session: Session, by: str = DEVELOPER, plot: str = PLOT) -> CaseView:
    return reversals.open_case(
        session, PROJECT, plot, BURNT, "report", "The field burnt", f"report-{plot}", by=by
    )


def quantified(
    session: Session, cause: str = "fire", loss: Loss = LOSS, plot: str = PLOT
) -> CaseView:
    case = reported(session, plot=plot).id
    reversals.take_step(session, case, "confirm", today(), "Seen on the picture", f"c-{case}",
                        by=VERIFIER)  # fmt: skip
    reversals.classify(
        session, case, cause, today(), "As the visit found", f"w-{case}", by=VERIFIER
    )
    return reversals.quantify(session, case, loss, today(), f"q-{case}", by=VERIFIER)


def listed(session: Session) -> tuple[CaseView, ...]:
    verifier = accounts.account(session, VERIFIER)
    return reversal_cases.of_project(session, PROJECT, by=verifier).items


def settle(session: Session, *order_ids: str, key: str = "settle-it-now") -> object:
    return settlements.settle(session, PROJECT, order_ids, "As the rules say", key, by=REGISTRAR)


def given_back(session: Session, quantity_t: int, key: str) -> str:
    """The developer cancels credits of their own to replace what was lost."""
    batch = session.scalars(select(CreditBatch.id).order_by(CreditBatch.number)).first()
    lot = Lot(batch_id=str(batch), quantity_t=quantity_t)
    order = orders.ask_cancellation(session, [lot], "For the fire", key, by=DEVELOPER,
                                    replaces=PROJECT)  # fmt: skip
    return orders.answer(session, order.id, "accepted", "", f"accept-{key}", by=REGISTRAR).id


@pytest.fixture
def sold(issued: Stage) -> Stage:
    """Credits 1 to 3 belong to a buyer, 4 to 9 to the developer; 10 and 11 are the buffer's."""
    with issued.registry.writing() as session:
        accounts.register_account(session, BUYER, "First buyer", "buyer")
        accounts.register_account(session, SECOND, "Second registrar", "registrar")
        batch = session.scalars(select(CreditBatch.id)).one()
        lots = [Lot(batch_id=str(batch), quantity_t=3)]
        order = orders.offer(session, lots, BUYER, "", "offer-three", by=DEVELOPER)
        orders.answer(session, order.id, "accepted", "", "take-three", by=BUYER)
    return issued


def test_a_fire_is_covered_by_named_credits_of_the_buffer(sold: Stage) -> None:
    with sold.registry.writing() as session:
        case = quantified(session)
        assert (case.state, case.reversal_kg, case.avoidable) == ("quantified", LOST_KG, False)
        before = standings.standing(session, PROJECT)
        # Of 9.4 t net 2.689 are gone, and 9 t stand issued.
        assert (before.net_kg, before.shortfall_kg, before.whole) == (6_711, 2_289, False)
        done = settlements.settle(session, PROJECT, (), "As the rules say", "settle-it-now",
                                  by=REGISTRAR)  # fmt: skip
        # Two credits are all the buffer has; three are wanted.
        assert (done.cancelled_t, done.replaced_kg, done.in_default) == (2, 2_000, True)
    with sold.registry.reading() as session:
        entry = session.get_one(LedgerEntry, done.sequence)
        assert '"first":10' in entry.payload
        assert '"last":11' in entry.payload
        assert buffer.balance(session, PROJECT) == 0
        left = holding_views.supply(session)
        assert (left.buffer, left.cancelled, left.reconciles) == (0, 2, True)
        cause = buffer.entries(session, PROJECT).items[0]
        assert (cause.cause, cause.quantity_t, cause.balance_t) == ("reversal_coverage", -2, 0)
        assert listed(session)[0].state == "settled"
        assert standings.standing(session, PROJECT).shortfall_kg == 289
        assert ledger.verify_chain(session).first_bad is None


def test_what_the_buffer_could_not_cover_the_developer_replaces(sold: Stage) -> None:
    with sold.registry.writing() as session:
        quantified(session)
        settle(session)
        order = given_back(session, 1, "one-for-fire")
        done = settlements.settle(session, PROJECT, [order], "The rest", "settle-the-rest",
                                  by=REGISTRAR)  # fmt: skip
        assert (done.repaid_kg, done.replaced_kg, done.in_default) == (289, 289, False)
        assert standings.standing(session, PROJECT).whole
        with pytest.raises(Contradiction, match="it is whole"):
            settlements.settle(session, PROJECT, [order], "Again", "settle-again", by=REGISTRAR)


def test_who_could_have_avoided_it_pays_before_the_buffer(sold: Stage) -> None:
    with sold.registry.writing() as session:
        quantified(session, cause="felling")
        order = given_back(session, 3, "three-for-it")
        done = settlements.settle(session, PROJECT, [order], "Felled", "settle-it-now",
                                  by=REGISTRAR)  # fmt: skip
        assert (done.repaid_kg, done.cancelled_t, done.in_default) == (2_289, 0, False)
        assert buffer.balance(session, PROJECT) == 2
        assert standings.standing(session, PROJECT).whole


def test_a_cancellation_counts_once_and_only_where_it_said_so(sold: Stage) -> None:
    with sold.registry.writing() as session:
        quantified(session, cause="felling")
        batch = session.scalars(select(CreditBatch.id)).one()
        lot = Lot(batch_id=str(batch), quantity_t=1)
        other = orders.ask_cancellation(session, [lot], "No wish", "of-no-use-1", by=DEVELOPER)
        with pytest.raises(Contradiction, match="says it replaces"):
            settle(session, other.id)
        orders.answer(session, other.id, "accepted", "", "of-no-use-2", by=REGISTRAR)
        with pytest.raises(Contradiction, match="says it replaces"):
            settle(session, other.id)
        with pytest.raises(NotFound):
            orders.ask_cancellation(session, [lot], "No", "no-project", by=DEVELOPER,
                                    replaces="nowhere")  # fmt: skip


def test_more_than_is_owed_is_not_taken(sold: Stage) -> None:
    with sold.registry.writing() as session:
        quantified(session, cause="felling")
        order = given_back(session, 5, "five-for-it")
        with pytest.raises(NotAcceptable, match="name fewer"):
            settle(session, order)


def test_nothing_is_issued_before_a_confirmed_loss_is_settled(sold: Stage) -> None:
    with sold.registry.writing() as session:
        case = reported(session).id
        reversals.take_step(session, case, "confirm", today(), "Seen", "confirm-it", by=VERIFIER)
    for state in ("confirmed", "classified", "quantified"):
        with sold.registry.writing() as session:
            assert listed(session)[0].state == state
        with sold.registry.writing() as session, pytest.raises(Contradiction, match="P-001"):
            issue(
                session,
                sold.farm,
                evidence(sold.farm, (9_000, 9_000, 0, 0), period=1),
                "second-issuance",
            )
        with sold.registry.writing() as session:
            if state == "confirmed":
                reversals.classify(
                    session, case, "fire", today(), "Dry", "classify-it", by=VERIFIER
                )
            elif state == "classified":
                reversals.quantify(session, case, Loss((0.1,), 1.0), today(), "quantify-it",
                                   by=VERIFIER)  # fmt: skip
    with sold.registry.writing() as session:
        settle(session)
        issue(
            session,
            sold.farm,
            evidence(sold.farm, (9_000, 9_000, 0, 0), period=1),
            "second-issuance",
        )


def test_what_was_made_good_no_longer_stands_issued_in_the_books(sold: Stage) -> None:
    with sold.registry.writing() as session:
        before = books(session, PROJECT)
        quantified(session)
        settle(session)
        after = books(session, PROJECT)
    # Two credits of nine are made good; the last estimate's 9.4 t then stand 2.4 above seven.
    assert (before.issued_before_t, before.carried_in_kg) == (9, 400)
    assert (after.issued_before_t, after.carried_in_kg) == (7, 2_400)
    assert after.plot_net_kg == before.plot_net_kg


def test_everybody_who_holds_or_retired_credits_is_told_and_reading_is_noted(sold: Stage) -> None:
    with sold.registry.writing() as session:
        quantified(session)
        settle(session)
        told = {a: notices.of_account(session, a).items for a in (BUYER, DEVELOPER, VERIFIER)}
        assert [n.kind for n in told[BUYER]] == ["reversal_settled", "reversal_confirmed"]
        assert [n.kind for n in told[DEVELOPER]] == ["reversal_settled", "reversal_confirmed"]
        assert told[VERIFIER] == ()
        assert told[BUYER][0].facts["cancelled_t"] == 2
        assert {n.state for n in told[BUYER]} == {"waiting"}
        first = told[BUYER][1].id
        notices.note_delivery(session, first, "failed", "mailbox is full")
        assert notices.of_account(session, BUYER).items[1].state == "failed"
        assert first in {n.id for n in notices.undelivered(session)}
        notices.note_delivery(session, first, "sent", "")
        assert first not in {n.id for n in notices.undelivered(session)}
        assert notices.read(session, first, by=BUYER).state == "read"
        assert notices.read(session, first, by=BUYER).attempts == 3
        with pytest.raises(NotFound):
            notices.read(session, first, by=DEVELOPER)


def test_a_cleared_suspect_blocks_and_tells_nothing(sold: Stage) -> None:
    with sold.registry.writing() as session:
        case = reported(session).id
        reversals.take_step(session, case, "clear", today(), "Pruned only", "clear-it", by=VERIFIER)
        assert standings.standing(session, PROJECT).whole
        assert notices.of_account(session, BUYER).items == ()
        again = reversals.open_case(session, PROJECT, PLOT, BURNT, "alert", "NBR -0.4", "by-watch",
                                    by=REGISTRAR)  # fmt: skip
        assert again.id != case
        with pytest.raises(Contradiction, match="is suspect already"):
            reversals.open_case(session, PROJECT, PLOT, BURNT, "alert", "NBR -0.5", "by-watch-2",
                                by=REGISTRAR)  # fmt: skip


def test_who_may_say_what(sold: Stage) -> None:
    with sold.registry.writing() as session:
        with pytest.raises(NotAllowed):
            reported(session, by=BUYER)
        case = reported(session).id
        for account in (DEVELOPER, BUYER):
            with pytest.raises(NotAllowed):
                reversals.take_step(session, case, "clear", today(), "No", f"by-{account}",
                                    by=account)  # fmt: skip
        with pytest.raises(NotAllowed):
            settlements.settle(session, PROJECT, (), "No", "by-verifier", by=VERIFIER)
        reversals.take_step(session, case, "confirm", today(), "Seen", "confirm-it", by=VERIFIER)
        reversals.classify(session, case, "fire", today(), "Dry", "classify-it", by=VERIFIER)
        reversals.quantify(session, case, LOSS, today(), "quantify-it", by=SECOND)
        with pytest.raises(NotAllowed, match="Another registrar"):
            settlements.settle(session, PROJECT, (), "No", "same-eyes-1", by=SECOND)


def test_steps_that_do_not_follow_are_a_sentence(sold: Stage) -> None:
    with sold.registry.writing() as session:
        case = reported(session).id
        with pytest.raises(InputRejected, match="cannot classify"):
            reversals.classify(session, case, "fire", today(), "Dry", "too-early-1", by=VERIFIER)
        with pytest.raises(NotAcceptable, match="has not happened yet"):
            reversals.take_step(session, case, "confirm", latest_today() + timedelta(1), "?",
                                "too-early-2", by=VERIFIER)  # fmt: skip
        with pytest.raises(InputRejected, match="lie before"):
            reversals.take_step(session, case, "confirm", date(2020, 1, 1), "?", "too-late-1",
                                by=VERIFIER)  # fmt: skip
        with pytest.raises(NotFound):
            reversals.open_case(session, PROJECT, "P-999", BURNT, "report", "?", "no-plot-1",
                                by=DEVELOPER)  # fmt: skip


def test_no_more_is_reversed_than_was_credited_on_the_plot(sold: Stage) -> None:
    with sold.registry.writing() as session:
        case = quantified(session, loss=Loss((900.0, 1_000.0), 1.0))
        assert case.reversal_kg == NET_KG[0]


def test_the_same_settlement_again_is_the_same(sold: Stage) -> None:
    with sold.registry.writing() as session:
        quantified(session)
        assert settle(session) == settle(session)
        assert (
            session.scalar(
                select(func.count()).select_from(Holding).where(Holding.state == "cancelled")
            )
            == 1
        )
