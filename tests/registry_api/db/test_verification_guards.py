"""What the database refuses of a verification, whoever asks, past every service."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from registry_api.services import accounts, clock, verification_findings
from registry_api.services.verification_findings import NewFinding
from tests.registry_api.a_registry import (
    DEVELOPER,
    NET_KG,
    REGISTRAR,
    VERIFIER,
    Stage,
    assign,
    evidence,
    submit,
)

_ASSIGN = (
    "INSERT INTO verification_assignments SELECT :id, m.id, :verifier, 'limited', 0.05, 0.95, "
    ":by, e.recorded_at, e.sequence FROM monitoring_periods m, ledger_entries e "
    "WHERE m.period_id = '2021-2023' AND e.sequence = 1"
)
_OPINION = (
    "INSERT INTO verification_opinions SELECT :id, a.id, :opinion, '', '{}', :sha "
    "FROM verification_assignments a"
)
_DECISION = (
    "INSERT INTO verification_decisions SELECT :id, sha256, :by, (1 = 1), 'Yes.', (1 = 0), 99, "
    "submitted_at FROM estimates WHERE sha256 = :sha"
)
ID = "e" * 32


@pytest.mark.parametrize(
    ("verifier", "by", "refused"),
    [
        (REGISTRAR, REGISTRAR, "not a verifier"),
        (VERIFIER, DEVELOPER, "not a registrar"),
        (DEVELOPER, REGISTRAR, "own project"),
    ],
)
def test_an_assignment_is_between_the_right_people(
    submitted: Stage, verifier: str, by: str, refused: str
) -> None:
    with submitted.registry.writing() as session:  # a role that somebody switched in the table
        if verifier == DEVELOPER:
            session.execute(
                text("UPDATE accounts SET role = 'verifier' WHERE id = :id"), {"id": DEVELOPER}
            )
    with pytest.raises(IntegrityError, match=refused), submitted.registry.writing() as session:
        session.execute(text(_ASSIGN), {"id": ID, "verifier": verifier, "by": by})


@pytest.mark.parametrize(
    ("by", "opinion", "refused"),
    [
        ("other-eyes", "positive", "not the assigned verifier"),
        (VERIFIER, "adverse", "decided otherwise"),
        (VERIFIER, "positive", "a finding is open"),
    ],
)
def test_an_opinion_is_of_who_was_assigned_as_decided_with_nothing_open(
    submitted: Stage, by: str, opinion: str, refused: str
) -> None:
    with submitted.registry.writing() as session:
        accounts.register_account(session, "other-eyes", "Other eyes", "verifier")
        work, eyes = assign(session, submitted.sha256), accounts.account(session, VERIFIER)
        due = clock.today() + timedelta(days=3)
        asked = NewFinding("run", "clarification", "Which code?", due)
        if refused == "a finding is open":
            verification_findings.request(session, work, asked, "finding-1", by=eyes)
    with submitted.registry.writing() as session:
        session.execute(text(_DECISION), {"id": ID, "by": by, "sha": submitted.sha256})
    with pytest.raises(IntegrityError, match=refused), submitted.registry.writing() as session:
        session.execute(text(_OPINION), {"id": ID, "opinion": opinion, "sha": "0" * 64})


def test_no_batch_without_a_signed_opinion(submitted: Stage) -> None:
    with submitted.registry.writing() as session:
        session.execute(text(_DECISION), {"id": ID, "by": VERIFIER, "sha": submitted.sha256})
    with (
        pytest.raises(IntegrityError, match="no signed opinion"),
        submitted.registry.writing() as session,
    ):
        _issue(session)


def test_no_batch_on_a_run_that_was_superseded(approved: Stage) -> None:
    with approved.registry.writing() as session:
        submit(session, approved.farm, evidence(approved.farm, (*NET_KG[:3], -600)))
    with (
        pytest.raises(IntegrityError, match="superseded"),
        approved.registry.writing() as session,
    ):
        _issue(session)


@pytest.mark.parametrize(("number", "state"), [(2, "closed"), (4, "answered"), (3, "answered")])
def test_steps_of_a_finding_follow_each_other_and_end(
    submitted: Stage, number: int, state: str
) -> None:
    with submitted.registry.writing() as session:
        work, eyes = assign(session, submitted.sha256), accounts.account(session, VERIFIER)
        asked = NewFinding("run", "clarification", "Which code?", clock.today())
        raised = verification_findings.request(session, work, asked, "finding-1", by=eyes)
        if number == 3:  # after its end
            verification_findings.settle(session, raised.id, "Seen.", "closing-1", by=eyes)
    if (number, state) == (2, "closed"):
        number = 1  # twice the first
    with (
        pytest.raises(IntegrityError, match="out of turn"),
        submitted.registry.writing() as session,
    ):
        session.execute(
            text(
                "INSERT INTO verification_finding_steps SELECT id, :number, :state, 'So.', NULL, "
                "NULL, :by, e.recorded_at, e.sequence FROM verification_findings, "
                "ledger_entries e WHERE e.sequence = 1"
            ),
            {"number": number, "state": state, "by": VERIFIER},
        )


def _issue(session: Session) -> None:
    session.execute(
        text(
            "INSERT INTO credit_batches SELECT :id, m.project_id, m.id, 1, d.estimate_sha256, "
            "d.id, 'PKL', 'KE', 'x', 1, m.start_on, m.end_on, '[]', (1 = 1), 0, 0, "
            "'the-registrar', d.decided_at, 99 FROM verification_decisions d JOIN estimates e "
            "ON e.sha256 = d.estimate_sha256 JOIN monitoring_periods m ON m.id = e.period_key"
        ),
        {"id": "f" * 32},
    )
