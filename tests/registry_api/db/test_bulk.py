"""Many rows at once: the same as one by one, on both databases."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from registry_api.db import Database
from registry_api.db.bulk import insert_rows, new_keys
from registry_api.db.models import Account, MonitoringPeriod, Plot, PlotVersion, Project

_WHEN = datetime(2024, 5, 1, 12, 30, 15, 250_000, tzinfo=timezone(timedelta(hours=3)))
_SHA256 = "0f" * 32


def _project(session: Session, project_id: str = "shea") -> None:
    if session.get(Account, "dev") is None:
        session.add(Account(id="dev", name="A developer", role="developer", created_at=_WHEN))
        session.flush()
    session.add(Project(id=project_id, developer_id="dev", created_at=_WHEN))


def _plots(session: Session, count: int, project_id: str = "shea") -> list[int]:
    keys = list(new_keys(session, Plot, count))
    rows = [{"id": k, "project_id": project_id, "plot_id": f"P{n}"} for n, k in enumerate(keys)]
    assert insert_rows(session, Plot, rows) == count
    return keys


def _version(key: int, **other: object) -> dict[str, object]:
    return {
        "plot_key": key,
        "version": 1,
        "stratum": "Zone «A»\t\\N",  # what a text format would have to escape
        "role": "enrolled",
        "boundary_wkb": bytes(range(256)),
        "boundary_sha256": _SHA256,
        "west": -0.1,
        "south": 1e-300,
        "east": 1 / 3,
        "north": 0.25,
        "area_ha": 1.5,
        "salt": b"\x00\xff",
        "commitment": _SHA256,
        "cell_west": 0.0,
        "cell_south": 0.0,
        "cell_east": 0.5,
        "cell_north": 0.5,
        "area_band": "1-2 ha",
        "recorded_at": _WHEN,
        "attributes": '{"farmer": "Amélé"}',
        "upload_id": None,
    } | other


def test_rows_come_back_as_they_went_in(either: Database) -> None:
    with either.writing() as session:
        _project(session)  # not flushed yet: rows may refer to it all the same
        (key,) = _plots(session, 1)
        assert insert_rows(session, PlotVersion, iter([_version(key)])) == 1
    with either.reading() as session:
        held = session.scalars(select(PlotVersion)).one()
        assert held.recorded_at == _WHEN
        assert held.recorded_at.tzinfo == UTC
        for name, value in _version(key).items():
            assert getattr(held, name) == value, name


def test_a_column_that_nobody_names_gets_what_the_database_gives_it(either: Database) -> None:
    with either.writing() as session:
        _project(session)
        (key,) = _plots(session, 1)
        row = _version(key)
        del row["attributes"], row["upload_id"]
        insert_rows(session, PlotVersion, [row])
    with either.reading() as session:
        held = session.scalars(select(PlotVersion)).one()
        assert (held.attributes, held.upload_id) == ("{}", None)


def test_thirty_thousand_rows_keep_their_order(either: Database) -> None:
    with either.writing() as session:
        _project(session)
        keys = _plots(session, 30_001)
    with either.reading() as session:
        held = session.execute(select(Plot.id, Plot.plot_id).order_by(Plot.id)).all()
    assert [tuple(row) for row in held] == [(k, f"P{n}") for n, k in enumerate(keys)]


def test_keys_go_on_where_others_ended(either: Database) -> None:
    """Also where the session itself gave the last one out, and for the session afterwards."""
    with either.writing() as session:
        _project(session)
        session.flush()
        session.add(Plot(project_id="shea", plot_id="one"))
        keys = _plots(session, 3)
        session.add(Plot(project_id="shea", plot_id="last"))
    with either.reading() as session:
        ids = session.scalars(select(Plot.id)).all()
        assert len(set(ids)) == len(ids) == 5
        assert sorted(keys) == keys
        assert max(ids) == session.scalars(select(Plot.id).where(Plot.plot_id == "last")).one()


def _write(registry: Database, rows_of: Callable[[Session], object]) -> None:
    with registry.writing() as session:
        _project(session)
        rows_of(session)


def test_nothing_is_kept_where_one_row_is_refused(either: Database) -> None:
    rows = [{"project_id": "shea", "plot_id": name} for name in ("a", "b", "a")]
    with pytest.raises(IntegrityError) as refused:
        _write(either, lambda session: insert_rows(session, Plot, rows))
    assert "'b'" not in str(refused.value)
    with either.reading() as session:
        assert session.scalar(select(func.count()).select_from(Plot)) == 0
        assert session.scalar(select(func.count()).select_from(Project)) == 0


def test_guards_see_every_row(either: Database) -> None:
    """Triggers keep the boxes of plots, and refuse to change what is written."""
    with either.writing() as session:
        _project(session)
        keys = _plots(session, 2)
        insert_rows(session, PlotVersion, [_version(key) for key in keys])
    from registry_api.db.nearby import plots_near

    with either.reading() as session:
        found = {near.plot_key for near in plots_near(session, [(0.0, 0.0, 0.1, 0.1)])}
    assert found == set(keys)


def _write_version(registry: Database, **other: object) -> None:
    def rows_of(session: Session) -> None:
        (key,) = _plots(session, 1)
        insert_rows(session, PlotVersion, [_version(key, **other)])

    _write(registry, rows_of)


def test_a_bad_role_is_refused_by_the_database(either: Database) -> None:
    with pytest.raises(IntegrityError):
        _write_version(either, role="king")


def test_a_time_without_zone_is_refused(either: Database) -> None:
    with pytest.raises((ValueError, StatementError), match="time zone"):
        _write_version(either, recorded_at=_WHEN.replace(tzinfo=None))


def test_a_row_must_have_the_names_of_the_first(either: Database) -> None:
    rows = [{"project_id": "shea", "plot_id": "a"}, {"plot_id": "b"}]
    with pytest.raises(KeyError):
        _write(either, lambda session: insert_rows(session, Plot, rows))


def test_no_rows_are_no_statement(either: Database) -> None:
    with either.writing() as session:
        assert insert_rows(session, Plot, []) == 0


def test_dates_and_uuids(either: Database) -> None:
    row = {
        "project_id": "shea",
        "period_id": str(uuid4())[:20],
        "start_on": date(2021, 1, 1),
        "end_on": date(2024, 2, 29),
        "recorded_at": _WHEN,
    }
    with either.writing() as session:
        _project(session)
        insert_rows(session, MonitoringPeriod, [row])
    with either.reading() as session:
        held = session.scalars(select(MonitoringPeriod)).one()
        assert (held.start_on, held.end_on) == (date(2021, 1, 1), date(2024, 2, 29))
