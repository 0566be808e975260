"""Only somebody without a part in a project says whether it may issue."""

import pytest

from registry_api.db import Database
from registry_api.errors import AlreadyIssued, Contradiction, NotAcceptable, NotAllowed, NotFound
from registry_api.services import accounts, estimates, verification
from tests.registry_api.a_registry import (
    DEVELOPER,
    REGISTRAR,
    VERIFIER,
    Stage,
    approve,
    make_settings,
)


@pytest.mark.parametrize("by", [DEVELOPER, REGISTRAR])
def test_other_roles_cannot_decide(submitted: Stage, by: str) -> None:
    with submitted.registry.writing() as session, pytest.raises(NotAllowed, match="role verifier"):
        verification.decide(session, submitted.sha256, by=by, approved=True, statement="Fine.")


def test_a_decision_moves_the_state_and_the_newest_counts(submitted: Stage) -> None:
    sha256 = submitted.sha256
    states = []
    with submitted.registry.writing() as session:
        states.append(estimates.estimate(session, sha256).state)
        for approved in (True, False, True):
            verification.decide(
                session, sha256, by=VERIFIER, approved=approved, statement=f"Said {approved}."
            )
            states.append(estimates.estimate(session, sha256).state)
        assert len(verification.decisions_of(session, sha256)) == 3
    assert states == ["submitted", "approved", "sent_back", "approved"]


def test_the_same_decision_again_changes_nothing(submitted: Stage) -> None:
    with submitted.registry.writing() as session:
        approve(session, submitted.sha256)
        approve(session, submitted.sha256)
        assert len(verification.decisions_of(session, submitted.sha256)) == 1


def test_a_decision_after_issuance_comes_too_late(issued: Stage) -> None:
    with issued.registry.writing() as session, pytest.raises(AlreadyIssued, match="too late"):
        verification.decide(session, issued.sha256, by=VERIFIER, approved=False, statement="No!")


@pytest.mark.parametrize("statement", ["", "  \n", "x" * 10_001])
def test_a_decision_says_what_it_rests_on(submitted: Stage, statement: str) -> None:
    with submitted.registry.writing() as session, pytest.raises(NotAcceptable, match="statement"):
        verification.decide(
            session, submitted.sha256, by=VERIFIER, approved=True, statement=statement
        )


def test_an_unknown_estimate_is_not_found(founded: Stage) -> None:
    with founded.registry.writing() as session, pytest.raises(NotFound):
        verification.decide(session, "0" * 64, by=VERIFIER, approved=True, statement="Whatever.")


def test_the_demonstration_signature_says_that_nobody_looked(submitted: Stage) -> None:
    with submitted.registry.writing() as session:
        decision = verification.sign_for_demonstration(
            session, submitted.settings, submitted.sha256
        )
    assert decision.demonstration
    assert decision.account_id == "demo-verifier"
    assert "Nobody looked" in decision.statement


def test_there_is_no_demonstration_signature_elsewhere(submitted: Stage) -> None:
    real = make_settings(submitted.settings.home, demo=False)
    with submitted.registry.writing() as session, pytest.raises(NotAllowed, match="demonstration"):
        verification.sign_for_demonstration(session, real, submitted.sha256)


def test_an_account_has_one_role(registry: Database) -> None:
    with registry.writing() as session:
        accounts.register_account(session, "many-hats", "Many Hats", "developer")
        with pytest.raises(Contradiction, match="one role"):
            accounts.register_account(session, "many-hats", "Many Hats", "verifier")
