"""Verification from assignment to signed opinion: only somebody without a part in a project."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from mrv.evidence import credentials
from mrv.sampling import audit
from registry_api.db import Database
from registry_api.errors import (
    AlreadyIssued,
    Contradiction,
    EvidenceMissing,
    EvidenceWrong,
    NotAcceptable,
    NotAllowed,
    NotFound,
)
from registry_api.services import (
    accounts,
    assignments,
    audit_samples,
    clock,
    estimates,
    issuance,
    ledger,
    opinions,
    period_runs,
    recomputations,
    signing,
    verification,
    verification_findings,
)
from registry_api.services.assignments import Terms
from registry_api.services.opinions import Opinion
from registry_api.services.verification_findings import NewFinding
from tests.registry_api import digital_bazaar
from tests.registry_api.a_registry import (
    DEVELOPER,
    NET_KG,
    QUALIFIED,
    REGISTRAR,
    SENT_BACK,
    VERIFIER,
    Stage,
    approve,
    assign,
    evidence,
    make_settings,
    prepare,
    say,
    submit,
)

PROJECT, PERIOD = "lakeside-grevillea", "2021-2023"
OTHER = "other-eyes"


def _asked(node: str = "plot:P-002", kind: str = "misstatement") -> NewFinding:
    due = clock.today() + timedelta(days=14)
    return NewFinding(node, kind, "Show how plot P-002 was measured.", due)  # type: ignore[arg-type]


# --- who may ---------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [DEVELOPER, REGISTRAR])
def test_other_roles_give_no_opinion(submitted: Stage, by: str) -> None:
    with submitted.registry.writing() as session, pytest.raises(NotAllowed, match="role verifier"):
        opinions.give(session, submitted.settings, submitted.sha256, QUALIFIED, by=by)


def test_a_registrar_assigns_a_verifier_and_the_newest_counts(submitted: Stage) -> None:
    with submitted.registry.writing() as session:
        accounts.register_account(session, OTHER, "Other eyes", "verifier")
        for who, key in ((VERIFIER, "assign-1"), (VERIFIER, "assign-1"), (OTHER, "assign-2")):
            assignments.assign(session, PROJECT, PERIOD, who, Terms(), key, by=REGISTRAR)
        eyes, other = (accounts.account(session, who) for who in (VERIFIER, OTHER))
        (first,) = assignments.of_account(session, eyes)
        (second,) = assignments.of_account(session, other)
        assert (first.current, second.current) == (False, True)
        assert second.estimate_sha256 == submitted.sha256
        with pytest.raises(Contradiction, match="later assignment"):
            audit_samples.draw(session, first.id, "first-draw", by=eyes)
        with pytest.raises(NotAllowed, match="not assigned"):
            say(session, submitted.sha256, QUALIFIED)


@pytest.mark.parametrize(
    ("verifier", "by", "match"),
    [(VERIFIER, DEVELOPER, "role registrar"), (REGISTRAR, REGISTRAR, "role verifier")],
)
def test_assigning_takes_the_right_roles(
    submitted: Stage, verifier: str, by: str, match: str
) -> None:
    with submitted.registry.writing() as session, pytest.raises(NotAllowed, match=match):
        assignments.assign(session, PROJECT, PERIOD, verifier, Terms(), "assign-1", by=by)


@pytest.mark.parametrize(
    "terms", [Terms("none"), Terms(materiality_fraction=5.0), Terms(confidence=0.0)]
)
def test_terms_are_shares_and_a_level(submitted: Stage, terms: Terms) -> None:
    with submitted.registry.writing() as session, pytest.raises(NotAcceptable):
        assignments.assign(session, PROJECT, PERIOD, VERIFIER, terms, "assign-1", by=REGISTRAR)


def test_a_verification_is_not_there_for_others(submitted: Stage) -> None:
    with submitted.registry.writing() as session:
        work = assign(session, submitted.sha256)
        stranger = accounts.register_account(session, OTHER, "Other eyes", "verifier")
        with pytest.raises(NotFound, match="concern"):
            assignments.find(session, work, stranger)
        developer = accounts.account(session, DEVELOPER)
        assert str(assignments.find(session, work, developer).id) == work
        with pytest.raises(NotAllowed, match="you may read"):
            audit_samples.draw(session, work, "first-draw", by=developer)


# --- the sample ------------------------------------------------------------------------------


def test_anybody_draws_the_same_plots_from_the_ledger_and_the_run(submitted: Stage) -> None:
    with submitted.registry.writing() as session:
        work, eyes = assign(session, submitted.sha256), accounts.account(session, VERIFIER)
        drawn = audit_samples.draw(session, work, "first-draw", by=eyes)
        assert audit_samples.draw(session, work, "another-draw", by=eyes) == drawn
        row = assignments.find(session, work, eyes)
        entry = session.get_one(ledger.LedgerEntry, row.sequence)
        document = estimates.stored_document(session, submitted.sha256)
    seed = audit_samples.seed_of(entry.entry_hash, submitted.sha256)
    units = [audit.AuditUnit(p.plot_id, p.stratum, p.net_kg) for p in document.plots]
    again = audit.draw_audit(units, audit.audit_size(0.05, 0.95), seed)
    assert [plot.plot_id for plot in again] == [plot.plot_id for plot in drawn.plots]
    assert (drawn.wanted, drawn.frame_plots, drawn.seed) == (60, 4, seed)


# --- findings --------------------------------------------------------------------------------


def test_a_finding_goes_back_and_forth_and_nothing_of_it_is_lost(submitted: Stage) -> None:
    with submitted.registry.writing() as session:
        work = prepare(session, submitted.sha256)
        eyes, farm = (accounts.account(session, who) for who in (VERIFIER, DEVELOPER))
        raised = verification_findings.request(session, work, _asked(), "finding-1", by=eyes)
        assert estimates.estimate(session, submitted.sha256).state == "sent_back"
        with pytest.raises(Contradiction, match="Findings 1 are open"):
            say(session, submitted.sha256, QUALIFIED)
        with pytest.raises(NotAcceptable, match="not run again"):
            verification_findings.answer(
                session, raised.id, "Mended.", "answer-0", by=farm, resubmitted=True
            )
        verification_findings.answer(session, raised.id, "By tape.", "answer-1", by=farm)
        assert estimates.estimate(session, submitted.sha256).state == "submitted"
        due = clock.today() + timedelta(days=7)
        verification_findings.settle(
            session, raised.id, "Which tape?", "return-1", by=eyes, due_on=due
        )
        again = evidence(submitted.farm, (5000, 3100, 1900, -600))
        mended = submit(session, submitted.farm, again)
        answered = verification_findings.answer(
            session, raised.id, "Measured again.", "answer-2", by=farm, resubmitted=True
        )
        assert answered.steps[-1].resubmitted_sha256 == mended
        closed = verification_findings.settle(session, raised.id, "Seen.", "closing-1", by=eyes)
        assert [step.state for step in closed.steps] == [
            "requested", "answered", "returned", "answered", "closed",
        ]  # fmt: skip
        with pytest.raises(Contradiction, match="is closed"):
            verification_findings.answer(session, raised.id, "More.", "answer-3", by=farm)
        assert estimates.estimate(session, submitted.sha256).state == "superseded"
        with pytest.raises(Contradiction, match="later run"):
            say(session, submitted.sha256, QUALIFIED)
        with pytest.raises(EvidenceMissing, match="No sample"):
            say(session, mended, QUALIFIED)
        approve(session, mended)
        signed = opinions.credential(session, mended)["credentialSubject"]
        assert signed["findings"] == {"raised": 1, "closed": 1}
        with pytest.raises(Contradiction, match="later run"):
            issuance.issue(
                session, submitted.sha256, "old-issuance", by=REGISTRAR, settings=submitted.settings
            )
        issuance.issue(session, mended, "new-issuance", by=REGISTRAR, settings=submitted.settings)
        runs = period_runs.runs_of(session, assignments.find(session, work, eyes).period_key)
        assert [run.estimate_sha256 for run in runs] == [submitted.sha256, mended]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"node": "plot:P-999"}, NotFound),
        ({"kind": "complaint"}, NotAcceptable),
        ({"request": "  "}, NotAcceptable),
        ({"due_on": clock.today() - timedelta(days=2)}, NotAcceptable),
    ],
)
def test_a_finding_asks_something_of_something(
    submitted: Stage, change: dict[str, object], error: type[Exception]
) -> None:
    with submitted.registry.writing() as session:
        work, eyes = assign(session, submitted.sha256), accounts.account(session, VERIFIER)
        with pytest.raises(error):
            verification_findings.request(
                session,
                work,
                replace(_asked(), **change),
                "finding-1",
                by=eyes,  # type: ignore[arg-type]
            )


def test_a_finding_after_the_opinion_holds_the_issuance(approved: Stage) -> None:
    with approved.registry.writing() as session:
        work, eyes = assign(session, approved.sha256), accounts.account(session, VERIFIER)
        late = verification_findings.request(session, work, _asked(), "finding-1", by=eyes)
        with pytest.raises(Contradiction, match="since its opinion"):
            issuance.issue(
                session, approved.sha256, "one-issuance", by=REGISTRAR, settings=approved.settings
            )
        verification_findings.settle(session, late.id, "My mistake.", "closing-1", by=eyes)
        issuance.issue(
            session, approved.sha256, "one-issuance", by=REGISTRAR, settings=approved.settings
        )


def test_a_forward_action_may_stay_open(submitted: Stage) -> None:
    with submitted.registry.writing() as session:
        work, eyes = prepare(session, submitted.sha256), accounts.account(session, VERIFIER)
        later = _asked("run", "forward_action")
        verification_findings.request(session, work, later, "finding-1", by=eyes)
        assert say(session, submitted.sha256, QUALIFIED).approved


# --- the opinion -----------------------------------------------------------------------------


def test_an_opinion_moves_the_state_and_the_newest_counts(submitted: Stage) -> None:
    sha256 = submitted.sha256
    states = []
    with submitted.registry.writing() as session:
        states.append(estimates.estimate(session, sha256).state)
        prepare(session, sha256)
        for stated in (QUALIFIED, SENT_BACK, QUALIFIED):
            say(session, sha256, stated)
            states.append(estimates.estimate(session, sha256).state)
        said = verification.decisions_of(session, sha256)
    assert states == ["submitted", "approved", "sent_back", "approved"]
    assert [decision.opinion for decision in said] == ["qualified", "adverse", "qualified"]


def test_the_same_opinion_again_changes_nothing(submitted: Stage) -> None:
    with submitted.registry.writing() as session:
        approve(session, submitted.sha256)
        approve(session, submitted.sha256)
        assert len(verification.decisions_of(session, submitted.sha256)) == 1


def test_an_opinion_after_issuance_comes_too_late(issued: Stage) -> None:
    with issued.registry.writing() as session, pytest.raises(AlreadyIssued, match="too late"):
        say(session, issued.sha256, SENT_BACK)


@pytest.mark.parametrize(
    "stated",
    [
        Opinion("qualified", "", "But."),
        Opinion("qualified", "  \n", "But."),
        Opinion("qualified", "x" * 10_001, "But."),
        Opinion("qualified", "Fine."),
        Opinion("positive", "Fine.", "But."),
        Opinion("good", "Fine."),  # type: ignore[arg-type]
    ],
)
def test_an_opinion_says_what_it_rests_on_and_why(submitted: Stage, stated: Opinion) -> None:
    with submitted.registry.writing() as session, pytest.raises(NotAcceptable):
        say(session, submitted.sha256, stated)


def test_a_positive_opinion_needs_numbers_that_come_out_the_same(submitted: Stage) -> None:
    with submitted.registry.writing() as session:
        work, eyes = prepare(session, submitted.sha256), accounts.account(session, VERIFIER)
        row = assignments.find(session, work, eyes)
        (done,) = recomputations.of_run(session, row.id, submitted.sha256)
        differing = [node.node for node in done.nodes if node.verdict == "differs"]
        assert "waterfall:buffer" in differing
        assert done.different == len(differing)
        with pytest.raises(Contradiction, match="differ when computed again"):
            say(session, submitted.sha256, Opinion("positive", "All is well."))


def test_sample_and_recomputation_come_before_the_opinion(submitted: Stage) -> None:
    with submitted.registry.writing() as session:
        work, eyes = assign(session, submitted.sha256), accounts.account(session, VERIFIER)
        with pytest.raises(EvidenceMissing, match="sample"):
            say(session, submitted.sha256, QUALIFIED)
        audit_samples.draw(session, work, "first-draw", by=eyes)
        recomputations.perform(session, submitted.settings, work, "P-001", "recompute-1", by=eyes)
        with pytest.raises(EvidenceMissing, match="computed again"):
            say(session, submitted.sha256, QUALIFIED)
        assert say(session, submitted.sha256, Opinion("withheld", "No access.", "No field visit."))


def test_an_unknown_estimate_is_not_found(founded: Stage) -> None:
    with founded.registry.writing() as session, pytest.raises(NotFound):
        say(session, "0" * 64, QUALIFIED)


def test_the_opinion_is_a_credential_that_says_what_was_done(approved: Stage) -> None:
    with approved.registry.reading() as session:
        signed = opinions.credential(session, approved.sha256)
        (key,) = signing.public_keys(session)
    document = credentials.check(signed, lambda _method: key.key_id)
    subject = document["credentialSubject"]
    assert subject["opinion"] == "qualified"
    assert subject["levelOfAssurance"] == "reasonable"
    assert subject["materiality"] == "0.05"
    assert subject["coverage"]["plots"] == subject["coverage"]["ofPlots"] == 4
    assert subject["coverage"]["coveredKg"] == sum(map(abs, NET_KG))
    assert subject["quantity"] == {"value": 9, "unit": "t CO2e"}
    assert subject["demonstration"] is False


def test_an_independent_library_agrees_with_the_opinion(approved: Stage, tmp_path: Path) -> None:
    with approved.registry.reading() as session:
        signed = dict(opinions.credential(session, approved.sha256))
        keys = signing.did_document(session, approved.settings)
    assert digital_bazaar.agrees(signed, keys, tmp_path)
    signed["credentialSubject"] = {**signed["credentialSubject"], "opinion": "positive"}
    assert not digital_bazaar.agrees(signed, keys, tmp_path)


def _past_the_guards(stage: Stage, change: Callable[[dict[str, object]], None]) -> None:
    with stage.registry.writing() as session:
        (row,) = session.execute(text("SELECT credential FROM verification_opinions"))
        signed = json.loads(row.credential)
        change(signed)
        if session.get_bind().dialect.name == "sqlite":
            session.execute(text("DROP TRIGGER verification_opinions_no_update"))
        else:
            session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(
            text("UPDATE verification_opinions SET credential = :text"),
            {"text": json.dumps(signed)},
        )


def test_an_opinion_that_was_edited_issues_nothing(approved: Stage) -> None:
    def better(signed: dict[str, object]) -> None:
        signed["credentialSubject"]["opinion"] = "positive"  # type: ignore[index]

    _past_the_guards(approved, better)
    with (
        approved.registry.writing() as session,
        pytest.raises(EvidenceWrong, match="something in it was changed"),
    ):
        issuance.issue(
            session, approved.sha256, "one-issuance", by=REGISTRAR, settings=approved.settings
        )


def test_an_opinion_of_a_key_that_was_copied_issues_nothing(approved: Stage) -> None:
    with approved.registry.writing() as session:
        (key,) = signing.public_keys(session)
        signing.revoke(session, key.key_id, key.since, "The disk was copied", by=REGISTRAR)
        with pytest.raises(EvidenceWrong, match="none of this registry"):
            issuance.issue(
                session, approved.sha256, "one-issuance", by=REGISTRAR, settings=approved.settings
            )


# --- the demonstration -----------------------------------------------------------------------


def test_the_demonstration_signature_says_that_nobody_looked(submitted: Stage) -> None:
    with submitted.registry.writing() as session:
        decision = opinions.sign_for_demonstration(session, submitted.settings, submitted.sha256)
        signed = opinions.credential(session, submitted.sha256)["credentialSubject"]
    assert decision is not None
    assert decision.demonstration
    assert decision.account_id == "demo-verifier"
    assert "Nobody looked" in decision.statement
    assert (signed["demonstration"], signed["levelOfAssurance"]) == (True, "none")


def test_the_demonstration_leaves_it_to_a_person_who_is_assigned(submitted: Stage) -> None:
    with submitted.registry.writing() as session:
        assign(session, submitted.sha256)
        assert (
            opinions.sign_for_demonstration(session, submitted.settings, submitted.sha256) is None
        )
        assert verification.decisions_of(session, submitted.sha256) == ()


def test_there_is_no_demonstration_signature_elsewhere(submitted: Stage) -> None:
    real = make_settings(submitted.settings.home, demo=False)
    with submitted.registry.writing() as session, pytest.raises(NotAllowed, match="demonstration"):
        opinions.sign_for_demonstration(session, real, submitted.sha256)


def test_an_account_has_one_role(registry: Database) -> None:
    with registry.writing() as session:
        accounts.register_account(session, "many-hats", "Many Hats", "developer")
        with pytest.raises(Contradiction, match="one role"):
            accounts.register_account(session, "many-hats", "Many Hats", "verifier")
