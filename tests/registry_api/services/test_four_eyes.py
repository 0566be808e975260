"""Two registrars for an issuance, and nobody on both sides of it."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db.models import LedgerEntry
from registry_api.errors import AlreadyIssued, Contradiction, NotAllowed, NotFound
from registry_api.services import (
    accounts,
    four_eyes,
    issuance,
    issuance_proposals,
    members,
)
from registry_api.services.views import BatchCard
from registry_api.settings import Settings
from tests.registry_api.a_registry import (
    DEVELOPER,
    QUALIFIED,
    REGISTRAR,
    VERIFIER,
    Stage,
    prepare,
    say,
)

SECOND = "second-registrar"


@pytest.fixture
def strict(approved: Stage) -> Settings:
    """The settings of a registry with two registrars; a demonstration, as its rules are young."""
    with approved.registry.writing() as session:
        accounts.register_account(session, SECOND, "Second registrar", "registrar")
    return approved.settings.model_copy(update={"one_registrar": False})


def issue(
    session: Session, stage: Stage, settings: Settings, by: str, key: str = "an-issuance"
) -> BatchCard:
    return issuance.issue(session, stage.sha256, key, by=by, settings=settings)


def test_one_proposes_and_another_issues(approved: Stage, strict: Settings) -> None:
    with approved.registry.writing() as session:
        with pytest.raises(NotAllowed, match="takes two registrars"):
            issue(session, approved, strict, REGISTRAR)
        proposal = issuance_proposals.propose(session, approved.sha256, "proposal-1", by=REGISTRAR)
        assert proposal.state == "open"
        with pytest.raises(NotAllowed, match="Another registrar"):
            issue(session, approved, strict, REGISTRAR)
        with pytest.raises(Contradiction, match="proposed already"):
            issuance_proposals.propose(session, approved.sha256, "proposal-2", by=SECOND)
        batch = issue(session, approved, strict, SECOND)
        assert batch.registrars == 2
        assert issue(session, approved, strict, SECOND) == batch
        after = four_eyes.proposals(session, by=REGISTRAR).items[0]
        assert (after.state, after.decided_by) == ("confirmed", SECOND)
        with pytest.raises(AlreadyIssued):
            issuance_proposals.propose(session, approved.sha256, "proposal-3", by=REGISTRAR)
        kinds = session.scalars(select(LedgerEntry.kind).order_by(LedgerEntry.sequence)).all()
        assert kinds[-2:] == ["issuance_proposed", "batch_issued"]


def test_a_registry_with_one_registrar_says_so_on_every_batch(
    approved: Stage, strict: Settings
) -> None:
    alone = strict.model_copy(update={"one_registrar": True})
    with approved.registry.writing() as session:
        assert issue(session, approved, alone, REGISTRAR).registrars == 1


def test_what_was_declined_or_withdrawn_confirms_nothing(approved: Stage, strict: Settings) -> None:
    with approved.registry.writing() as session:
        for number, (by, state) in enumerate(((SECOND, "declined"), (REGISTRAR, "withdrawn"))):
            proposal = issuance_proposals.propose(
                session, approved.sha256, f"proposal-{number}", by=REGISTRAR
            )
            assert four_eyes.drop(session, proposal.id, "Not yet", by=by).state == state
            with pytest.raises(Contradiction, match=state):
                four_eyes.drop(session, proposal.id, "Again", by=by)
            with pytest.raises(NotAllowed, match="takes two registrars"):
                issue(session, approved, strict, SECOND)
        for by in (DEVELOPER, VERIFIER):
            with pytest.raises(NotAllowed):
                issuance_proposals.propose(session, approved.sha256, f"by-{by}", by=by)
        with pytest.raises(NotFound):
            issuance_proposals.propose(session, "0" * 64, "no-estimate", by=REGISTRAR)


def test_without_an_approval_nothing_is_proposed(submitted: Stage) -> None:
    with submitted.registry.writing() as session, pytest.raises(NotAllowed, match="no approval"):
        issuance_proposals.propose(session, submitted.sha256, "proposal-1", by=REGISTRAR)


def test_two_accounts_with_a_member_in_common_are_the_same_eyes(
    approved: Stage, strict: Settings
) -> None:
    with approved.registry.writing() as session:
        for account in (REGISTRAR, SECOND):
            members.join(session, account, "a-clerk", "A clerk", by=REGISTRAR)
        issuance_proposals.propose(session, approved.sha256, "proposal-1", by=REGISTRAR)
        with pytest.raises(NotAllowed, match="same eyes"):
            issue(session, approved, strict, SECOND)
        members.leave(session, SECOND, "a-clerk", by=REGISTRAR)
        assert issue(session, approved, strict, SECOND).registrars == 2


def test_nobody_acts_for_both_sides(submitted: Stage) -> None:
    with submitted.registry.writing() as session:
        members.join(session, DEVELOPER, "a-person", "A person", by=REGISTRAR)
        for account in (VERIFIER, REGISTRAR):
            with pytest.raises(Contradiction, match="one of the holders"):
                members.join(session, account, "a-person", "A person", by=REGISTRAR)
        again = members.join(session, DEVELOPER, "a-person", "A person", by=REGISTRAR)
        assert members.of_account(session, DEVELOPER, by=DEVELOPER) == (again,)
        with pytest.raises(NotAllowed):
            members.of_account(session, DEVELOPER, by=VERIFIER)
        with pytest.raises(NotAllowed):
            members.join(session, DEVELOPER, "another", "Another", by=DEVELOPER)
        members.leave(session, DEVELOPER, "a-person", by=REGISTRAR)
        assert members.of_account(session, DEVELOPER, by=REGISTRAR) == ()
        members.join(session, VERIFIER, "a-person", "A person", by=REGISTRAR)
        prepare(session, submitted.sha256)
        assert say(session, submitted.sha256, QUALIFIED).approved
