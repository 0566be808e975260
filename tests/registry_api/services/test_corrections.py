"""Counter-entries and releases: two registrars, and nothing undone that is final."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mrv.errors import InputRejected
from registry_api.db.models import CreditBatch, LedgerEntry
from registry_api.errors import Contradiction, NotAcceptable, NotAllowed, NotFound
from registry_api.services import (
    accounts,
    buffer,
    buffer_releases,
    confirmations,
    corrections,
    holding_views,
    ledger,
    notices,
    orders,
)
from registry_api.services.holdings import Lot
from registry_api.services.retirement_terms import RetirementTerms
from tests.registry_api.a_market import replayed, whereabouts
from tests.registry_api.a_registry import DEVELOPER, REGISTRAR, Stage

PROJECT = "lakeside-grevillea"
BUYER, SECOND = "first-buyer", "second-registrar"
TERMS = RetirementTerms("Lakeside Hotle", "voluntary")


def lots(session: Session, quantity_t: int) -> list[Lot]:
    batch = session.scalars(select(CreditBatch.id)).one()
    return [Lot(batch_id=str(batch), quantity_t=quantity_t)]


@pytest.fixture
def sold(issued: Stage) -> int:
    """The ledger entry by which a buyer took three credits."""
    with issued.registry.writing() as session:
        accounts.register_account(session, BUYER, "First buyer", "buyer")
        accounts.register_account(session, SECOND, "Second registrar", "registrar")
        order = orders.offer(session, lots(session, 3), BUYER, "", "offer-three", by=DEVELOPER)
        orders.answer(session, order.id, "accepted", "", "take-three", by=BUYER)
        newest = select(LedgerEntry.sequence).order_by(LedgerEntry.sequence.desc()).limit(1)
        return session.scalars(newest).one()


@pytest.mark.usefixtures("sold")
def test_a_misspelt_fact_is_read_otherwise_and_stays(issued: Stage) -> None:
    with issued.registry.writing() as session:
        retired = orders.retire(session, lots(session, 1), TERMS, "retire-one", by=BUYER).sequence
        before = session.get_one(LedgerEntry, retired).payload
        proposal = corrections.propose(
            session, retired, {"beneficiary": "Lakeside Hotel"}, "Misspelt", "propose-it", by=SECOND
        )
        with pytest.raises(NotAllowed, match="same eyes"):
            confirmations.confirm(session, proposal.id, "by-the-same", by=SECOND)
        assert confirmations.confirm(session, proposal.id, "by-other", by=REGISTRAR).state == (
            "confirmed"
        )
        (read,) = corrections.of_entry(session, retired)
        assert (read.corrects, read.reads) == (retired, {"beneficiary": "Lakeside Hotel"})
        assert session.get_one(LedgerEntry, read.sequence).kind == "corrected"
        assert session.get_one(LedgerEntry, retired).payload == before
        assert ledger.verify_chain(session).first_bad is None
        assert holding_views.supply(session).retired == 1
        again = confirmations.confirm(session, proposal.id, "by-other", by=REGISTRAR)
        assert again.state == "confirmed"
        with pytest.raises(Contradiction, match="confirmed already"):
            confirmations.confirm(session, proposal.id, "once-more", by=REGISTRAR)


def test_an_accepted_transfer_is_given_back(issued: Stage, sold: int) -> None:
    with issued.registry.writing() as session:
        proposal = corrections.propose(
            session, sold, {}, "Wrong account", "propose-it", by=SECOND, gives_back=True
        )
        confirmations.confirm(session, proposal.id, "confirm-it", by=REGISTRAR)
        assert holding_views.of_account(session, BUYER).items == ()
        held = holding_views.of_account(session, DEVELOPER).items
        assert sum(h.quantity_t for h in held) == 9
        assert notices.of_account(session, BUYER).items[0].kind == "corrected"
    assert replayed(issued.registry) == whereabouts(issued.registry)


def test_what_has_moved_on_is_not_given_back(issued: Stage, sold: int) -> None:
    with issued.registry.writing() as session:
        proposal = corrections.propose(
            session, sold, {}, "Wrong account", "propose-it", by=SECOND, gives_back=True
        )
        orders.retire(session, lots(session, 1), TERMS, "retire-one", by=BUYER)
        with pytest.raises(Contradiction, match="moved on"):
            confirmations.confirm(session, proposal.id, "confirm-it", by=REGISTRAR)
    with issued.registry.writing() as session:
        retired = orders.retire(session, lots(session, 1), TERMS, "retire-two", by=BUYER).sequence
        with pytest.raises(Contradiction, match="no accepted transfer"):
            corrections.propose(
                session, retired, {}, "Never mind", "undo-it-now", by=SECOND, gives_back=True
            )


def test_what_corrects_nothing_is_a_sentence(issued: Stage, sold: int) -> None:
    with issued.registry.writing() as session:
        with pytest.raises(NotAcceptable, match="which fact"):
            corrections.propose(session, sold, {}, "Because", "nothing-1", by=SECOND)
        with pytest.raises(NotFound):
            corrections.propose(session, 9_999, {"a": "b"}, "Because", "nothing-2", by=SECOND)
        with pytest.raises(NotAllowed):
            corrections.propose(session, sold, {"a": "b"}, "Because", "nothing-3", by=BUYER)


@pytest.mark.usefixtures("sold")
def test_two_registrars_release_credits_of_the_buffer(issued: Stage) -> None:
    with issued.registry.writing() as session:
        with pytest.raises(InputRejected, match="holds 2 credits"):
            buffer_releases.propose(session, PROJECT, 3, "Rule", "too-many-1", by=SECOND)
        proposal = buffer_releases.propose(session, PROJECT, 1, "Rule", "release-1", by=SECOND)
        with pytest.raises(NotAllowed, match="same eyes"):
            confirmations.confirm(session, proposal.id, "by-the-same", by=SECOND)
        confirmations.confirm(session, proposal.id, "by-other", by=REGISTRAR)
        assert buffer.balance(session, PROJECT) == 1
        newest = buffer.entries(session, PROJECT).items[0]
        assert (newest.cause, newest.quantity_t, newest.balance_t) == ("release", -1, 1)
        left = holding_views.supply(session)
        assert (left.active, left.buffer, left.reconciles) == (10, 1, True)
    assert replayed(issued.registry) == whereabouts(issued.registry)
