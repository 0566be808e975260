"""Issuance happens once, on an independent approval, as a whole or not at all."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, text

from mrv.errors import MrvError, NotCreditable
from registry_api.db import Database
from registry_api.db.models import Base
from registry_api.errors import (
    AlreadyIssued,
    EvidenceMissing,
    EvidenceWrong,
    KeyReused,
    NotAcceptable,
    NotAllowed,
    NotFound,
)
from registry_api.services import issuance, ledger
from registry_api.services.books import books
from registry_api.services.plots import register_plots
from registry_api.services.unit_of_work import unit_of_work
from tests.registry_api.a_registry import (
    NET_KG,
    REGISTRAR,
    SENT_BACK,
    VERIFIER,
    Farm,
    Stage,
    approve,
    evidence,
    found,
    issue,
    make_settings,
    say,
    submit,
)


def counts(database: Database) -> dict[str, int]:
    with database.reading() as session:
        return {
            table: session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608
            for table in Base.metadata.tables
        }


def test_end_to_end(founded: Stage) -> None:
    """9 400 kg net: nine credits, 400 kg carried, and a quarter of it in the buffer."""
    registry, farm = founded.registry, founded.farm
    with registry.writing() as session:
        batch = issue(session, farm, evidence(farm, NET_KG), "first-issuance")
        held = books(session, farm.project.id)
    assert batch.credits is not None
    assert batch.buffer is not None
    assert (batch.credits.first_serial, batch.credits.last_serial) == (1, 9)
    assert (batch.buffer.first_serial, batch.buffer.last_serial) == (10, 11)
    assert batch.credits.text.startswith("PKL-KE-LAKESIDE-GREVILLEA-C-20210201-20230201-0001-")
    assert batch.unverified
    assert batch.simulated
    assert (held.issued_before_t, held.buffer_before_t, held.carried_in_kg) == (9, 2, 400)
    assert held.plot_net_kg == {"P-001": 5000, "P-002": 3200, "P-003": 1900, "P-004": -700}


def test_numbering_and_carry_go_on(founded: Stage) -> None:
    """400 kg carried and 700 kg earned make one more credit, numbered after the buffer's."""
    registry, farm = founded.registry, founded.farm
    with registry.writing() as session:
        issue(session, farm, evidence(farm, NET_KG), "first-issuance")
        second = issue(session, farm, evidence(farm, [700, 0, 0, 0], period=1), "second-issue")
        assert second.credits is not None
        assert (second.number, second.credits.first_serial, second.credits_t) == (2, 12, 1)
        assert second.buffer is None
        assert books(session, farm.project.id).carried_in_kg == 100


def test_a_loss_is_booked_and_netted_first(founded: Stage) -> None:
    registry, farm = founded.registry, founded.farm
    with registry.writing() as session:
        issue(session, farm, evidence(farm, NET_KG), "first-issuance")
        lost = issue(session, farm, evidence(farm, [-3000, 0, 0, 0], period=1), "second-issue")
        assert (lost.credits, lost.credits_t) == (None, 0)
        assert books(session, farm.project.id).carried_in_kg == -2600
        after = issue(session, farm, evidence(farm, [4000, 0, 0, 0], period=2), "third-issuance")
        assert after.credits_t == 1


def test_same_key_gives_the_same_answer(approved: Stage) -> None:
    registry, farm, sha256 = approved.registry, approved.farm, approved.sha256
    answers = []
    for _ in range(2):
        with registry.writing() as session:
            answers.append(
                issuance.issue(session, sha256, "one-request", by=REGISTRAR, settings=farm.settings)
            )
    assert answers[0] == answers[1]
    assert counts(registry)["credit_batches"] == 1


def test_same_key_for_another_estimate_is_refused(approved: Stage) -> None:
    registry, farm, sha256 = approved.registry, approved.farm, approved.sha256
    with registry.writing() as session:
        issuance.issue(session, sha256, "one-request", by=REGISTRAR, settings=farm.settings)
    with registry.writing() as session, pytest.raises(KeyReused):
        issuance.issue(session, "0" * 64, "one-request", by=REGISTRAR, settings=farm.settings)


def test_another_key_for_the_same_estimate_is_refused(approved: Stage) -> None:
    registry, farm, sha256 = approved.registry, approved.farm, approved.sha256
    with registry.writing() as session:
        issuance.issue(session, sha256, "one-request", by=REGISTRAR, settings=farm.settings)
    with registry.writing() as session, pytest.raises(AlreadyIssued, match="This estimate"):
        issuance.issue(session, sha256, "another-key", by=REGISTRAR, settings=farm.settings)


def test_another_estimate_of_the_same_period_is_refused(approved: Stage) -> None:
    registry, farm, sha256 = approved.registry, approved.farm, approved.sha256
    with registry.writing() as session:
        issuance.issue(session, sha256, "one-request", by=REGISTRAR, settings=farm.settings)
        again = submit(session, farm, evidence(farm, [5001, 3200, 1900, -700]))
        approve(session, again)
        with pytest.raises(AlreadyIssued, match="This period"):
            issuance.issue(session, again, "another-key", by=REGISTRAR, settings=farm.settings)


@pytest.mark.parametrize("keys", ["same key", "different keys"])
def test_sixteen_at_once_issue_once(approved: Stage, keys: str) -> None:
    registry, farm, sha256 = approved.registry, approved.farm, approved.sha256
    start, outcomes, guard = threading.Barrier(16), [], threading.Lock()

    def attempt(number: int) -> None:
        key = "the-one-request" if keys == "same key" else f"request-{number:02d}"
        start.wait()
        try:
            with registry.writing() as session:
                outcome = issuance.issue(
                    session, sha256, key, by=REGISTRAR, settings=farm.settings
                ).id
        except MrvError as error:
            outcome = type(error).__name__
        with guard:
            outcomes.append(outcome)

    threads = [threading.Thread(target=attempt, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = counts(registry)
    assert after["credit_batches"] == 1
    assert after["serial_blocks"] == 2
    assert len(outcomes) == 16
    if keys == "same key":
        assert len(set(outcomes)) == 1
    else:
        assert outcomes.count("AlreadyIssued") == 15
    with registry.reading() as session:
        assert ledger.verify_chain(session).first_bad is None


class PowerCut(Exception):
    """Injected."""


def test_a_crash_between_any_two_statements_leaves_nothing(approved: Stage) -> None:
    registry, farm, sha256 = approved.registry, approved.farm, approved.sha256
    before = counts(registry)
    executed, crash_at = 0, 0

    @event.listens_for(registry.engine, "before_cursor_execute")
    def cut(_c: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        nonlocal executed
        executed += 1
        if executed == crash_at:
            raise PowerCut(statement)

    def attempt() -> None:
        nonlocal executed
        executed = 0
        with registry.writing() as session:
            issuance.issue(session, sha256, "one-request", by=REGISTRAR, settings=farm.settings)

    crashes = 0
    while True:
        crash_at = crashes + 1
        try:
            attempt()
        except PowerCut:
            crashes += 1
            crash_at = 0
            assert counts(registry) == before
            continue
        break
    crash_at = 0
    assert crashes > 15
    assert counts(registry)["credit_batches"] == 1


KILLED = """
import os, signal, sys
from pathlib import Path
from registry_api.services import issuance
from registry_api.services.unit_of_work import unit_of_work
from tests.registry_api.a_registry import REGISTRAR, make_settings
settings = make_settings(Path(sys.argv[1]))
with unit_of_work(settings) as session:
    issuance.issue(session, sys.argv[2], "one-request", by=REGISTRAR, settings=settings)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_nothing(approved: Stage) -> None:
    registry, sha256 = approved.registry, approved.sha256
    before = counts(registry)
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(approved.settings.home), sha256],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert counts(registry) == before
    with unit_of_work(approved.settings) as session:
        issuance.issue(session, sha256, "one-request", by=REGISTRAR, settings=approved.settings)
    assert counts(registry)["credit_batches"] == 1


def test_no_issuance_without_approval(submitted: Stage) -> None:
    registry, sha256 = submitted.registry, submitted.sha256
    with registry.writing() as session, pytest.raises(NotAllowed, match="no approval"):
        issuance.issue(session, sha256, "one-request", by=REGISTRAR, settings=submitted.settings)


def test_the_newest_decision_counts(approved: Stage) -> None:
    registry, farm, sha256 = approved.registry, approved.farm, approved.sha256
    with registry.writing() as session:
        say(session, sha256, SENT_BACK)
        with pytest.raises(NotAllowed, match="no approval"):
            issuance.issue(session, sha256, "one-request", by=REGISTRAR, settings=farm.settings)


@pytest.mark.parametrize("by", [VERIFIER, "lakeside-cooperative"])
def test_only_registrars_issue(approved: Stage, by: str) -> None:
    registry, farm, sha256 = approved.registry, approved.farm, approved.sha256
    with registry.writing() as session, pytest.raises(NotAllowed, match="role registrar"):
        issuance.issue(session, sha256, "one-request", by=by, settings=farm.settings)


def test_unverified_rules_issue_in_a_demonstration_only(approved: Stage, tmp_path: Path) -> None:
    registry, sha256 = approved.registry, approved.sha256
    real = make_settings(tmp_path, demo=False)
    with registry.writing() as session, pytest.raises(NotCreditable, match="unverified"):
        issuance.issue(session, sha256, "one-request", by=REGISTRAR, settings=real)


def test_a_failed_gate_is_a_refusal(founded: Stage) -> None:
    registry, farm = founded.registry, founded.farm
    with registry.writing() as session:
        document = evidence(farm, NET_KG, failing=["enough_clusters"])
        sha256 = submit(session, farm, document)
        approve(session, sha256)
        with pytest.raises(NotCreditable, match="measured plots in enough villages"):
            issuance.issue(session, sha256, "one-request", by=REGISTRAR, settings=farm.settings)


def test_a_lost_artifact_stops_issuance(approved: Stage) -> None:
    registry, farm, sha256 = approved.registry, approved.farm, approved.sha256
    document = evidence(farm, NET_KG)
    trees = next(a.sha256 for a in document.artifacts if a.name == "trees")
    (Path(farm.settings.artifact_root) / trees[:2] / trees).unlink()
    with registry.writing() as session, pytest.raises(EvidenceMissing, match="trees"):
        issuance.issue(session, sha256, "one-request", by=REGISTRAR, settings=farm.settings)


def stale(farm: Farm) -> None:
    farm.books.issued_t -= 1


def boastful(farm: Farm) -> None:
    farm.books.cumulative_net_kg += 5000


def forgetful(farm: Farm) -> None:
    farm.books.buffer_t = 0


@pytest.mark.parametrize("spoil", [stale, boastful, forgetful])
def test_an_estimate_must_continue_the_books(founded: Stage, spoil: Callable[[Farm], None]) -> None:
    registry, farm = founded.registry, founded.farm
    with registry.writing() as session:
        issue(session, farm, evidence(farm, NET_KG), "first-issuance")
        spoil(farm)
        sha256 = submit(session, farm, evidence(farm, [5000, 0, 0, 0], period=1))
        approve(session, sha256)
        with pytest.raises(EvidenceWrong, match="does not continue the books"):
            issuance.issue(session, sha256, "second-issue", by=REGISTRAR, settings=farm.settings)


def test_land_of_another_project_is_not_credited_again(issued: Stage) -> None:
    """The second project's plots lie half on the first's, under other names."""
    registry, settings = issued.registry, issued.settings
    with registry.writing() as session:
        second = found(session, settings, project_id="other-project", shift=0.0005)
        sha256 = submit(session, second, evidence(second, NET_KG))
        approve(session, sha256)
        with pytest.raises(AlreadyIssued, match=r"P-001 \(in lakeside-grevillea\)"):
            issuance.issue(session, sha256, "other-request", by=REGISTRAR, settings=settings)


def test_land_is_not_credited_twice_within_one_issuance(founded: Stage) -> None:
    """Two plots of the project are on the same ground, as where one of them left in between."""
    registry, farm = founded.registry, founded.farm
    onto = [replace(farm.plots[1], boundary_wkb=farm.plots[0].boundary_wkb)]
    with registry.writing() as session:
        register_plots(session, farm.project.id, onto)
        sha256 = submit(session, farm, evidence(farm, NET_KG))
        approve(session, sha256)
        with pytest.raises(EvidenceWrong, match="same ground: P-001 and P-002"):
            issuance.issue(session, sha256, "one-request", by=REGISTRAR, settings=farm.settings)


def test_neighbours_that_share_an_edge_are_both_credited(issued: Stage) -> None:
    registry, settings = issued.registry, issued.settings
    with registry.writing() as session:
        second = found(session, settings, project_id="other-project", shift=0.001)
        batch = issue(session, second, evidence(second, NET_KG), "other-request")
        assert batch.credits_t == 9


@pytest.mark.parametrize("key", ["short", "x" * 129, "with\nnewline", "größer-als-ascii"])
def test_a_key_is_printable_and_of_fair_length(approved: Stage, key: str) -> None:
    registry, farm, sha256 = approved.registry, approved.farm, approved.sha256
    with registry.writing() as session, pytest.raises(NotAcceptable, match="idempotency key"):
        issuance.issue(session, sha256, key, by=REGISTRAR, settings=farm.settings)


def test_an_unknown_estimate_is_not_found(approved: Stage) -> None:
    registry, farm = approved.registry, approved.farm
    with registry.writing() as session, pytest.raises(NotFound):
        issuance.issue(session, "0" * 64, "one-request", by=REGISTRAR, settings=farm.settings)
