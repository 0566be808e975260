"""Decisions of registrars that are cut off or sent fifty times: all of one, once, or nothing."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from registry_api.db.models import (
    CreditBatch,
    LedgerEntry,
    Restatement,
    ReversalSettlement,
)
from registry_api.services import (
    accounts,
    buffer_releases,
    confirmations,
    corrections,
    holding_views,
    ledger,
    orders,
    restatements,
    reversals,
    settlements,
)
from registry_api.services.clock import today
from registry_api.services.holdings import Lot
from tests.registry_api.a_market import replayed, whereabouts
from tests.registry_api.a_registry import (
    DEVELOPER,
    REGISTRAR,
    VERIFIER,
    Farm,
    Stage,
    approve,
    evidence,
    submit,
)
from tests.registry_api.db.interruptions import at_once, cut_everywhere

PROJECT, PLOT = "lakeside-grevillea", "P-001"
BUYER, SECOND = "first-buyer", "second-registrar"

Act = Callable[[Session], object]
# Brings a registry to where the decision can be taken, and gives the decision.
Prepared = Callable[[Session, Stage], Act]


def settle(session: Session, stage: Stage) -> Act:
    """A burnt plot, quantified; the settlement cancels credits of the buffer."""
    del stage
    day = today()
    case = reversals.open_case(session, PROJECT, PLOT, day - timedelta(days=40), "report",
                               "The field burnt", "one-report", by=DEVELOPER).id  # fmt: skip
    reversals.take_step(session, case, "confirm", day, "Seen", "one-look", by=VERIFIER)
    reversals.classify(session, case, "fire", day, "Visited", "one-visit", by=VERIFIER)
    reversals.quantify(session, case, reversals.Loss((1.2,), 1.0), day, "one-measure", by=VERIFIER)
    return lambda later: settlements.settle(
        later, PROJECT, (), "As the rules say", "one-settlement", by=REGISTRAR
    )


def restate(session: Session, stage: Stage) -> Act:
    """A later estimate of the issued period, with an opinion."""
    farm = Farm(stage.settings, stage.farm.project, stage.farm.plots)
    sha256 = submit(session, farm, evidence(farm, (6_000, 3_200, 1_900, -700)))
    approve(session, sha256)
    return lambda later: restatements.restate(
        later, sha256, "Trees measured late", "one-restatement", by=REGISTRAR,
        settings=stage.settings,
    )  # fmt: skip


def confirm_a_correction(session: Session, stage: Stage) -> Act:
    """A transfer to the wrong account, that two registrars give back."""
    del stage
    accounts.register_account(session, BUYER, "First buyer", "buyer")
    accounts.register_account(session, SECOND, "Second registrar", "registrar")
    lot = Lot(batch_id=str(session.scalars(select(CreditBatch.id)).one()), quantity_t=3)
    order = orders.offer(session, [lot], BUYER, "", "one-offer", by=DEVELOPER)
    orders.answer(session, order.id, "accepted", "", "one-answer", by=BUYER)
    taken = session.scalars(select(func.max(LedgerEntry.sequence))).one()
    assert taken is not None
    proposal = corrections.propose(
        session, taken, {}, "Wrong account", "one-proposal", by=SECOND, gives_back=True
    ).id
    return lambda later: confirmations.confirm(later, proposal, "one-confirmation", by=REGISTRAR)


def release(session: Session, stage: Stage) -> Act:
    """Credits of the buffer, that two registrars release."""
    del stage
    accounts.register_account(session, SECOND, "Second registrar", "registrar")
    proposal = buffer_releases.propose(
        session, PROJECT, 1, "The risk has gone", "one-release", by=SECOND
    ).id
    return lambda later: confirmations.confirm(later, proposal, "one-confirmation", by=REGISTRAR)


DECISIONS = pytest.mark.parametrize(
    "prepare",
    [settle, restate, confirm_a_correction, release],
    ids=["settle", "restate", "confirm", "release"],
)


def prepared(issued: Stage, prepare: Prepared) -> Act:
    with issued.registry.writing() as session:
        return prepare(session, issued)


def entries(stage: Stage) -> int:
    with stage.registry.reading() as session:
        verdict = ledger.verify_chain(session)
        assert verdict.first_bad is None
        assert holding_views.supply(session).reconciles
        return verdict.entries


@DECISIONS
def test_cut_off_between_any_two_statements_nothing_of_a_decision_is_there(
    issued: Stage, prepare: Prepared
) -> None:
    act = prepared(issued, prepare)
    before = entries(issued)
    assert cut_everywhere(issued.registry, act) > 10
    assert entries(issued) == before + 1
    assert replayed(issued.registry) == whereabouts(issued.registry)


@DECISIONS
def test_fifty_identical_decisions_at_once_are_one(issued: Stage, prepare: Prepared) -> None:
    act = prepared(issued, prepare)
    before = entries(issued)
    views = at_once(50, issued.registry, act)
    assert all(view == views[0] for view in views)
    assert entries(issued) == before + 1
    assert replayed(issued.registry) == whereabouts(issued.registry)
    with issued.registry.reading() as session:
        for once in (Restatement, ReversalSettlement):
            assert (session.scalar(select(func.count()).select_from(once)) or 0) <= 1
