# ruff: noqa: S608  (raw SQL past every service is the point)
"""What the database refuses by itself, whoever asks: raw SQL, past every service."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from uuid import UUID

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from registry_api.db import Database, database
from registry_api.db.models import Contest, ContestRival
from registry_api.services import accounts, contests, excluded_areas, people, plot_history
from registry_api.services.unit_of_work import unit_of_work
from registry_api.services.upload_views import RunChoices
from tests.registry_api.a_registry import (
    DEVELOPER,
    EXACT_LON,
    REGISTRAR,
    VERIFIER,
    Stage,
    found,
    make_settings,
)
from tests.registry_api.sent_plots import Sender, geojson, plot, square

PROJECT = "lakeside-grevillea"
NEWEST = "(SELECT max(sequence) FROM ledger_entries)"

APPEND_ONLY = (
    "batch_traits",
    "credit_batches",
    "estimates",
    "evidence_artifacts",
    "idempotency_keys",
    "ledger_entries",
    "monitoring_periods",
    "plot_contributions",
    "project_deliveries",
    "project_versions",
    "period_runs",
    "serial_blocks",
    "verification_assignments",
    "verification_decisions",
    "verification_opinions",
    "verification_recomputations",
    "verification_sample_plots",
    "verification_samples",
)


OF_UPLOADS = (
    "column_mappings",
    "contest_decisions",
    "contest_rivals",
    "erased_files",
    "contests",
    "excluded_areas",
    "excluded_layers",
    "forgotten_people",
    "plot_exits",
    "plot_uploads",
    "plot_versions",
    "plots",
    "private_looks",
    "upload_outcomes",
    "upload_runs",
)


@pytest.fixture(scope="module")
def contested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A registry with a row in each table that grows with uploads."""
    settings = make_settings(tmp_path_factory.mktemp("contested"))
    with unit_of_work(settings) as session:
        found(session, settings)
    sender = Sender(settings)
    sender.send(geojson([plot("A", square(0))]), choices=RunChoices({"plot_id": "plot_id"}))
    with unit_of_work(settings) as session:
        plot_history.leave(
            session, PROJECT, "A", date(2025, 1, 1), "Moved away.", by=sender.account
        )
        people.forget(session, sender.settings, PROJECT, "A", "their wish", by=sender.account)
        area = gpd.GeoDataFrame(geometry=[shapely.box(30, 0, 31, 1)], crs=4326)
        excluded_areas.load(session, area, name="Reserves", kind="protected", source="gazette")
        people.farmer(session, settings, PROJECT, "A", by=sender.account, purpose="payment")
        for number in (1, 2):
            contest = Contest(
                id=UUID(int=number),
                project_id=PROJECT,
                plot_id="A",
                code="tree_loss",
                boundary_wkb=b"",
                statement="No.",
                evidence_name="",
                evidence_sha256="",
                filed_by=DEVELOPER,
                filed_at=datetime.now(UTC),
            )
            session.add(contest)
        session.flush()
        session.add(
            ContestRival(contest_id=UUID(int=1), project_id=PROJECT, plot_id="B", boundary_wkb=b"")
        )
        verifier = accounts.account(session, VERIFIER)
        contests.decide(session, str(UUID(int=1)), upheld=True, statement="Yes.", by=verifier)
    yield database(settings.database)
    database(settings.database).close()


@pytest.mark.parametrize("table", OF_UPLOADS)
def test_rows_of_uploads_are_never_changed_or_removed(contested: Database, table: str) -> None:
    with contested.reading() as session:
        first = next(iter(session.execute(text(f"SELECT * FROM {table}")).keys()))
        before = session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    assert before > 0
    for statement in (f"UPDATE {table} SET {first} = {first}", f"DELETE FROM {table}"):
        with pytest.raises(IntegrityError, match="only grows"), contested.writing() as session:
            session.execute(text(statement))


def test_only_verifiers_decide_contests(contested: Database) -> None:
    with pytest.raises(IntegrityError, match="not a verifier"), contested.writing() as session:
        _insert_contest_decision(session, REGISTRAR)


def test_nobody_decides_a_contest_of_their_own(contested: Database) -> None:
    """Not even a developer whose role somebody switched in the table."""
    with contested.writing() as session:
        session.execute(
            text("UPDATE accounts SET role = 'verifier' WHERE id = :id"), {"id": DEVELOPER}
        )
        with pytest.raises(IntegrityError, match="own project"):
            _insert_contest_decision(session, DEVELOPER)
        session.rollback()


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_rows_are_never_changed_or_removed(issued: Stage, table: str) -> None:
    with issued.registry.reading() as session:
        column = session.execute(text(f"SELECT * FROM {table}")).keys()
        first = next(iter(column))
        before = session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    assert before > 0
    for statement in (f"UPDATE {table} SET {first} = {first}", f"DELETE FROM {table}"):
        with (
            pytest.raises(IntegrityError, match="only grows"),
            issued.registry.writing() as session,
        ):
            session.execute(text(statement))
    with issued.registry.reading() as session:
        assert session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == before


def test_replace_is_no_way_around(issued: Stage) -> None:
    """Replacing deletes the row in its way, an upsert changes it; the triggers see that too."""
    upsert = (
        "INSERT INTO evidence_artifacts SELECT * FROM evidence_artifacts WHERE name <> '' "
        "ON CONFLICT (estimate_sha256, name) DO UPDATE SET sha256 = excluded.sha256"
    )
    ways = [upsert]
    if issued.registry.engine.dialect.name == "sqlite":
        ways.append("INSERT OR REPLACE INTO evidence_artifacts SELECT * FROM evidence_artifacts")
    for way in ways:
        with (
            pytest.raises(IntegrityError, match="only grows"),
            issued.registry.writing() as session,
        ):
            session.execute(text(way))


@pytest.mark.parametrize(
    ("first", "last"),
    [(1, 1), (1, 10_000), (9, 12), (11, 11), (5, 5)],
    ids=["first", "all over", "across", "in the buffer", "inside"],
)
def test_serials_never_overlap(issued: Stage, first: int, last: int) -> None:
    with (
        pytest.raises(IntegrityError, match="serials overlap"),
        issued.registry.writing() as session,
    ):
        _insert_block(session, first, last, last - first + 1)


@pytest.mark.parametrize(
    ("first", "last", "quantity"),
    [(500, 499, 0), (0, 0, 1), (-3, -1, 3), (500, 510, 10), (500, 510, 12)],
    ids=["backwards", "from zero", "below zero", "one short", "one over"],
)
def test_a_block_is_counted_inclusively(
    issued: Stage, first: int, last: int, quantity: int
) -> None:
    with pytest.raises(IntegrityError, match=r"(?i)check"), issued.registry.writing() as session:
        _insert_block(session, first, last, quantity)


@pytest.mark.parametrize(
    ("start", "end"),
    [("2021-02-01", "2023-02-01"), ("2022-06-01", "2022-06-02"), ("2020-01-01", "2021-02-02")],
    ids=["same", "inside", "one day"],
)
@pytest.mark.parametrize("by", ["plot", "boundary"])
def test_land_is_claimed_once(issued: Stage, by: str, start: str, end: str) -> None:
    """Neither the same plot nor another plot with the same boundary backs a second claim."""
    plot, boundary = ("c.plot_key", "'" + "0" * 64 + "'") if by == "plot" else (
        "(SELECT max(id) FROM plots)", "c.boundary_sha256"
    )  # fmt: skip
    with registry_with_another_plot(issued) as session:
        claim = text(
            f"INSERT INTO plot_contributions SELECT :batch, {plot}, c.plot_version_id, {boundary}, "
            "c.pool, :start, :end, 1, 1, c.kind FROM plot_contributions c LIMIT 1"
        )
        with pytest.raises(IntegrityError, match="claimed already"):
            session.execute(claim, {"batch": "f" * 32, "start": start, "end": end})
        session.rollback()


@contextmanager
def registry_with_another_plot(issued: Stage) -> Iterator[Session]:
    """A transaction in which a plot has just been added, and a batch may come later."""
    with issued.registry.writing() as session:
        _forget_batches(session)
        session.execute(
            text(
                "INSERT INTO plots (project_id, plot_id) "
                "SELECT project_id, 'another' FROM plots LIMIT 1"
            )
        )
        yield session


def test_next_period_of_the_same_land_is_another_claim(issued: Stage) -> None:
    """Periods touch: one ends on the day the next begins."""
    with issued.registry.writing() as session:
        _forget_batches(session)
        session.execute(
            text(
                "INSERT INTO plot_contributions SELECT :batch, plot_key, plot_version_id, "
                "boundary_sha256, pool, '2023-02-01', '2025-02-01', 1, 1, kind "
                "FROM plot_contributions"
            ),
            {"batch": "f" * 32},
        )
        held = session.execute(text("SELECT count(*) FROM plot_contributions")).scalar_one()
        session.rollback()  # there is no such batch
    assert held == 8


def test_a_claim_of_another_kind_is_another_claim(issued: Stage) -> None:
    """The same land, pool and period may back carbon and resilience, each once."""
    again = text(
        "INSERT INTO plot_contributions SELECT :batch, plot_key, plot_version_id, "
        "boundary_sha256, pool, start_on, end_on, 1, 1, 'R' FROM plot_contributions "
        "WHERE kind = 'C'"
    )
    with issued.registry.writing() as session:
        _forget_batches(session)
        session.execute(again, {"batch": "f" * 32})
        with pytest.raises(IntegrityError, match="claimed already"):
            session.execute(again, {"batch": "e" * 32})
        session.rollback()  # there are no such batches


def test_only_verifiers_decide(issued: Stage) -> None:
    with (
        pytest.raises(IntegrityError, match="not a verifier"),
        issued.registry.writing() as session,
    ):
        _insert_decision(session, REGISTRAR)


def test_nobody_decides_on_their_own_project(issued: Stage) -> None:
    """Not even a developer whose role somebody switched in the table."""
    with issued.registry.writing() as session:
        session.execute(
            text("UPDATE accounts SET role = 'verifier' WHERE id = :id"), {"id": DEVELOPER}
        )
    with pytest.raises(IntegrityError, match="own project"), issued.registry.writing() as session:
        _insert_decision(session, DEVELOPER)


def test_no_batch_without_the_newest_word_being_yes(approved: Stage) -> None:
    registry = approved.registry
    with registry.writing() as session:
        session.execute(
            text(
                "INSERT INTO verification_decisions SELECT :id, estimate_sha256, account_id, "
                "(1 = 0), 'No.', (1 = 0), sequence + 1, decided_at FROM verification_decisions"
            ),
            {"id": "e" * 32},
        )
    with pytest.raises(IntegrityError, match="no approval"), registry.writing() as session:
        session.execute(
            text(
                "INSERT INTO credit_batches SELECT :id, m.project_id, m.id, 1, d.estimate_sha256, "
                "d.id, 'PKL', 'KE', 'x', 1, m.start_on, m.end_on, '[]', (1 = 1), 0, 0, "
                "'the-registrar', d.decided_at, 99 FROM verification_decisions d JOIN estimates e "
                "ON e.sha256 = d.estimate_sha256 JOIN monitoring_periods m ON m.id = e.period_key "
                "WHERE d.approved"
            ),
            {"id": "f" * 32},
        )


@pytest.mark.parametrize("sequence", ["1", NEWEST, f"{NEWEST} + 2"])
def test_the_ledger_continues_where_it_ended(issued: Stage, sequence: str) -> None:
    with (
        pytest.raises(IntegrityError, match="does not continue"),
        issued.registry.writing() as session,
    ):
        _insert_entry(session, sequence, "(SELECT entry_hash FROM ledger_entries l "
                      "ORDER BY sequence DESC LIMIT 1)")  # fmt: skip


def test_an_entry_names_the_one_before_it(issued: Stage) -> None:
    with (
        pytest.raises(IntegrityError, match="does not continue"),
        issued.registry.writing() as session,
    ):
        _insert_entry(session, f"{NEWEST} + 1", f"'{'a' * 64}'")


def test_a_reader_cannot_write(issued: Stage) -> None:
    with pytest.raises(DBAPIError, match=r"(?i)read-?only"), issued.registry.reading() as session:
        session.execute(text("INSERT INTO accounts VALUES ('me-too', 'Me', 'buyer', '2026-01-01')"))


def _insert_contest_decision(session: Session, account: str) -> None:
    session.execute(
        text("INSERT INTO contest_decisions VALUES (:id, :account, (1 = 1), 'Yes.', '2026-01-01')"),
        {"id": UUID(int=2).hex, "account": account},
    )


def _forget_batches(session: Session) -> None:
    """Let rows name a batch that is not there, within a transaction that is rolled back."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("PRAGMA defer_foreign_keys = on"))
    else:
        session.execute(
            text("ALTER TABLE plot_contributions DROP CONSTRAINT fk_plot_contributions_batch_id")
        )


def _insert_block(session: Session, first: int, last: int, quantity: int) -> None:
    session.execute(
        text(
            "INSERT INTO serial_blocks (batch_id, project_id, kind, issued_as, first_serial, "
            "last_serial, quantity_t) SELECT :batch, project_id, kind, 'active', :first, :last, "
            ":quantity FROM serial_blocks LIMIT 1"
        ),
        {"batch": "f" * 32, "first": first, "last": last, "quantity": quantity},
    )


def _insert_decision(session: Session, account: str) -> None:
    session.execute(
        text(
            "INSERT INTO verification_decisions SELECT :id, estimate_sha256, :account, "
            "(1 = 1), 'Yes.', (1 = 0), sequence + 1, decided_at FROM verification_decisions"
        ),
        {"id": "e" * 32, "account": account},
    )


def _insert_entry(session: Session, sequence: str, prev_hash: str) -> None:
    session.execute(
        text(
            f"INSERT INTO ledger_entries SELECT {sequence}, kind, effective_at, recorded_at, "
            f"actor, payload, payload_hash, {prev_hash}, :own FROM ledger_entries "
            "WHERE sequence = 1"
        ),
        {"own": "b" * 64},
    )


def test_an_error_of_the_database_shows_no_values(founded: Stage) -> None:
    """Errors are logged, and what could not be written may be an exact boundary."""
    again = (
        "INSERT INTO plot_versions SELECT id, plot_key, version, stratum, role, boundary_wkb, "
        "boundary_sha256, :west, south, east, north, area_ha, salt, commitment, cell_west, "
        "cell_south, cell_east, cell_north, area_band, recorded_at, attributes, upload_id "
        "FROM plot_versions"
    )
    with (
        pytest.raises(DBAPIError) as caught,
        founded.registry.writing() as session,
    ):
        session.execute(text(again), {"west": EXACT_LON})
    assert str(EXACT_LON) not in str(caught.value)
