"""The ledger only grows, and a change made behind its back is found and placed."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from registry_api.errors import NotReady
from registry_api.services import clock, ledger
from tests.registry_api.a_registry import Stage


def behind_its_back(stage: Stage, statement: str) -> ledger.ChainReport:
    """Do what only the database's owner can do: take the triggers down first."""
    with stage.registry.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            for trigger in ("ledger_entries_no_update", "ledger_entries_no_delete"):
                connection.execute(text(f"DROP TRIGGER {trigger}"))
        else:
            connection.execute(text("ALTER TABLE ledger_entries DISABLE TRIGGER ALL"))
        assert connection.execute(text(statement)).rowcount == 1
    with stage.registry.reading() as session:
        return ledger.verify_chain(session)


def test_an_untouched_ledger_fits(issued: Stage) -> None:
    with issued.registry.reading() as session:
        report = ledger.verify_chain(session)
    assert (report.entries, report.first_bad) == (9, None)


@pytest.mark.parametrize("sequence", [1, 3, 5])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("payload = replace(payload, 'lakeside', 'seaside') || ' '", "payload"),
        ("actor = 'somebody-else'", "digest"),
        ("kind = 'batch_issued' || kind", "digest"),
        ("recorded_at = '2020-01-01 00:00:00.000000'", "digest"),
        ("payload_hash = 'g' || substr(payload_hash, 2)", "payload"),
        ("prev_hash = 'g' || substr(prev_hash, 2)", "does not name"),
        ("entry_hash = 'g' || substr(entry_hash, 2)", "digest"),
    ],
)
def test_a_changed_entry_is_named(issued: Stage, change: str, said: str, sequence: int) -> None:
    report = behind_its_back(
        issued,
        f"UPDATE ledger_entries SET {change} WHERE sequence = {sequence}",  # noqa: S608
    )
    assert report.first_bad == sequence
    assert said in report.sentence


@pytest.mark.parametrize("sequence", [1, 3])
def test_a_removed_entry_is_missed(issued: Stage, sequence: int) -> None:
    report = behind_its_back(
        issued,
        f"DELETE FROM ledger_entries WHERE sequence = {sequence}",  # noqa: S608
    )
    assert report.first_bad == sequence + 1
    assert f"entry {sequence} is missing" in report.sentence


def test_nothing_is_written_with_a_clock_that_runs_behind(
    issued: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = datetime.now(UTC) - timedelta(days=365)
    monkeypatch.setattr(clock, "now", lambda: behind)
    with issued.registry.writing() as session, pytest.raises(NotReady, match="clock"):
        ledger.append(session, "project_changed", actor="the-registrar", payload={})
