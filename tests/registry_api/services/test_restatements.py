"""Late data: the earlier statement stays, the difference goes forward or is made good."""

import pytest
from sqlalchemy import func, select

from registry_api.db.models import Estimate, Holding
from registry_api.errors import AlreadyIssued, Contradiction, NotAllowed
from registry_api.services import (
    estimates,
    holding_views,
    notices,
    restatements,
    settlements,
    standings,
)
from registry_api.services.books import books
from registry_api.services.restatements import RestatementView
from tests.registry_api.a_registry import (
    DEVELOPER,
    NET_KG,
    REGISTRAR,
    Farm,
    Stage,
    approve,
    evidence,
    issue,
    submit,
)

PROJECT = "lakeside-grevillea"


def late(stage: Stage, net_kg: tuple[int, ...], *, approved: bool = True) -> str:
    """Submit an estimate of the issued period, from the books as they stood when it began."""
    with stage.registry.writing() as session:
        farm = Farm(stage.settings, stage.farm.project, stage.farm.plots)
        sha256 = submit(session, farm, evidence(farm, net_kg))
        if approved:
            approve(session, sha256)
    return sha256


def restate(stage: Stage, sha256: str, key: str = "late-visits") -> RestatementView:
    with stage.registry.writing() as session:
        return restatements.restate(
            session, sha256, "Trees measured late", key, by=REGISTRAR, settings=stage.settings
        )


def test_more_than_was_issued_goes_to_the_next_issuance(issued: Stage) -> None:
    with issued.registry.reading() as session:
        before, supply = books(session, PROJECT), holding_views.supply(session)
        statement = session.get_one(Estimate, issued.sha256).document
    done = restate(issued, late(issued, (6_000, 3_200, 1_900, -700)))
    assert (done.earlier_net_kg, done.later_net_kg, done.difference_kg) == (9_400, 10_400, 1_000)
    assert (done.goes_to, done.earlier_sha256) == ("issuance", issued.sha256)
    with issued.registry.reading() as session:
        assert session.get_one(Estimate, issued.sha256).document == statement
        assert estimates.estimate(session, issued.sha256).state == "issued"
        assert books(session, PROJECT) == before
        assert holding_views.supply(session) == supply
        assert standings.standing(session, PROJECT).whole
        assert restatements.of_batch(session, done.batch_id) == (done,)
        assert notices.of_account(session, DEVELOPER).items[0].kind == "period_restated"
    # The next period grows by 2 t; its cumulative total holds the 1 t found late beside them.
    with issued.registry.writing() as session:
        batch = issue(
            session, issued.farm, evidence(issued.farm, (3_000, 0, 0, 0), period=1), "next-period"
        )
    assert batch.credits_t == 3


def test_less_than_was_issued_is_made_good_out_of_the_buffer(issued: Stage) -> None:
    done = restate(issued, late(issued, (3_000, 3_200, 1_900, -700)))
    assert (done.difference_kg, done.goes_to) == (-2_000, "buffer")
    with issued.registry.writing() as session:
        short = standings.standing(session, PROJECT)
        assert (short.net_kg, short.shortfall_kg, short.whole) == (7_400, 1_600, False)
        paid = settlements.settle(session, PROJECT, (), "Late visits", "settle-late", by=REGISTRAR)
        assert (paid.cancelled_t, paid.replaced_kg, paid.in_default) == (2, 1_600, False)
        assert standings.standing(session, PROJECT).whole
        cancelled = select(func.sum(Holding.quantity_t)).where(Holding.state == "cancelled")
        assert session.scalar(cancelled) == 2


def test_until_it_is_made_good_nothing_else_is_issued(issued: Stage) -> None:
    restate(issued, late(issued, (3_000, 3_200, 1_900, -700)))
    with issued.registry.writing() as session, pytest.raises(Contradiction, match="short of"):
        issue(session, issued.farm, evidence(issued.farm, (9_000, 0, 0, 0), period=1), "next-one")


def test_a_second_restatement_counts_from_the_first(issued: Stage) -> None:
    restate(issued, late(issued, (6_000, 3_200, 1_900, -700)))
    again = restate(issued, late(issued, (5_500, 3_200, 1_900, -700)), "later-visits")
    assert (again.earlier_net_kg, again.difference_kg) == (9_400, -500)
    with issued.registry.reading() as session:
        assert len(restatements.of_batch(session, again.batch_id)) == 2


def test_what_cannot_be_restated_is_a_sentence(issued: Stage) -> None:
    with pytest.raises(AlreadyIssued):
        restate(issued, issued.sha256)
    with pytest.raises(NotAllowed, match="no approval"):
        restate(issued, late(issued, (6_000, 3_200, 1_900, -700), approved=False))
    sha256 = late(issued, (7_000, 3_200, 1_900, -700))
    with issued.registry.writing() as session:
        with pytest.raises(NotAllowed):
            restatements.restate(
                session, sha256, "Mine", "by-developer", by=DEVELOPER, settings=issued.settings
            )
        issue(session, issued.farm, evidence(issued.farm, NET_KG, period=1), "second-one")
    with pytest.raises(Contradiction, match="was issued since"):
        restate(issued, sha256, "too-late-now")
