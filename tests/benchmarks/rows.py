"""Rows into a database: `insert_rows` against the bare driver and SQLAlchemy; credits as ranges.

The rows are those of a country's year: an estimate per plot and three facts behind each, with their
indexes, in one transaction. A million credits are written as ranges, as the registry keeps them,
and one by one.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import BigInteger, ForeignKey, String, func, insert, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from registry_api.db import Database
from registry_api.db.bulk import insert_rows
from tests.benchmarks.ratios import QUICK, Comparison, Figure, Target, cpu_seconds, wall_seconds
from tests.registry_api.db.a_postgres import a_postgres

PLOTS = 5_000 if QUICK else 50_000
CREDITS_EACH = 20

Rows = list[dict[str, object]]


class _Base(DeclarativeBase):
    pass


class PlotEstimate(_Base):
    """A plot's estimate."""

    __tablename__ = "bench_estimates"
    id: Mapped[int] = mapped_column(primary_key=True)
    plot_id: Mapped[int] = mapped_column(index=True)
    run_id: Mapped[int] = mapped_column(index=True)
    agb_t_ha: Mapped[float]
    sd_t_ha: Mapped[float]
    low_t_ha: Mapped[float]
    high_t_ha: Mapped[float]
    clear_share: Mapped[float]
    dates: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    model: Mapped[str] = mapped_column(String(40))


class Fact(_Base):
    """What an estimate stands on."""

    __tablename__ = "bench_facts"
    id: Mapped[int] = mapped_column(primary_key=True)
    estimate_id: Mapped[int] = mapped_column(ForeignKey("bench_estimates.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    sha256: Mapped[str] = mapped_column(String(64))


class CreditRange(_Base):
    """Consecutive credits."""

    __tablename__ = "bench_ranges"
    first: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(BigInteger)
    estimate_id: Mapped[int] = mapped_column(index=True)
    owner: Mapped[int] = mapped_column(index=True)


class Credit(_Base):
    """One credit."""

    __tablename__ = "bench_credits"
    serial: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    estimate_id: Mapped[int] = mapped_column(index=True)
    owner: Mapped[int] = mapped_column(index=True)


Way = Callable[[Session, type[_Base], Rows], object]


def comparisons(_home: Path) -> Iterator[Comparison | Figure]:
    """Write to a SQLite file and to a PostgreSQL server of our own."""
    with tempfile.TemporaryDirectory(prefix="parkland-bench-") as folder:
        url = f"sqlite:///{folder}/rows.sqlite"
        with closing(Database(url)) as database:
            yield from _bulk(database, "SQLite", _driver, "sqlite3's executemany", Target(17, 3.0))
            yield from _bulk(database, "SQLite", _core, "SQLAlchemy, lists of rows", None)
            yield from _ranges(database, "SQLite")
    with a_postgres() as url, closing(Database(url)) as database:
        target = Target(17, 1 / 3)
        yield from _bulk(database, "PostgreSQL", _core, "SQLAlchemy, lists of rows", target)
        yield from _ranges(database, "PostgreSQL")


def _bulk(
    database: Database, name: str, way: Way, peer: str, target: Target | None
) -> Iterator[Comparison]:
    tables = _country()
    count = sum(map(len, tables.values()))

    def timed(way: Way) -> float:
        _empty(database, list(tables))
        return _clock(database)(lambda: _written(database, way, tables))

    found = [(timed(each), _counted(database, list(tables)))[1] for each in (_ours, way)]
    yield Comparison(
        what=f"{count:,} rows into {name}",
        peer=peer,
        ours=lambda: timed(_ours),
        theirs=lambda: timed(way),
        agreement=f"{found[0]:,} and {found[1]:,} rows are there afterwards",
        target=target,
        clock="CPU" if database.engine.name == "sqlite" else "wall",
    )


def _ranges(database: Database, name: str) -> Iterator[Comparison | Figure]:
    ranges: Rows = [
        {
            "first": n * CREDITS_EACH + 1,
            "last": (n + 1) * CREDITS_EACH,
            "estimate_id": n,
            "owner": n % 500,
        }
        for n in range(PLOTS)
    ]
    credits_: Rows = [
        {"serial": n + 1, "estimate_id": n // CREDITS_EACH, "owner": n // CREDITS_EACH % 500}
        for n in range(PLOTS * CREDITS_EACH)
    ]

    def issued(model: type[_Base], rows: Rows) -> float:
        _empty(database, [model])
        return _clock(database)(lambda: _written(database, _ours, {model: rows}))

    issued(CreditRange, ranges)
    issued(Credit, credits_)
    size = [_bytes(database, model) for model in (CreditRange, Credit)]
    what = f"{len(credits_):,} credits in {PLOTS:,} ranges, {name}"
    yield Comparison(
        what=f"issuing {what}",
        peer="a row for each credit",
        ours=lambda: issued(CreditRange, ranges),
        theirs=lambda: issued(Credit, credits_),
        agreement=f"{size[0] / 1e6:.1f} MB and {size[1] / 1e6:.1f} MB",
        target=Target(18, 1 / 10),
        clock="CPU" if database.engine.name == "sqlite" else "wall",
    )
    yield Figure(
        f"size of {what}, over rows", "share", lambda: size[0] / size[1], Target(18, 1 / 10)
    )
    _empty(database, [CreditRange, Credit])


def _country() -> dict[type[_Base], Rows]:
    digests = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(PLOTS)]
    estimates: Rows = [
        {
            "id": n + 1,
            "plot_id": n,
            "run_id": 1,
            "agb_t_ha": n % 97 + 0.5,
            "sd_t_ha": 1.5,
            "low_t_ha": n % 97 - 2.0,
            "high_t_ha": n % 97 + 3.0,
            "clear_share": 0.75,
            "dates": 41,
            "sha256": digest,
            "model": "ridge-2026",
        }
        for n, digest in enumerate(digests)
    ]
    facts: Rows = [
        {"id": 3 * n + k + 1, "estimate_id": n + 1, "kind": kind, "sha256": digest}
        for n, digest in enumerate(digests)
        for k, kind in enumerate(("coverage", "model", "scenes"))
    ]
    return {PlotEstimate: estimates, Fact: facts}


def _ours(session: Session, model: type[_Base], rows: Rows) -> object:
    return insert_rows(session, model, rows)  # type: ignore[arg-type]  # tables of the bench


def _core(session: Session, model: type[_Base], rows: Rows) -> object:
    return session.execute(insert(model.__table__), rows)


def _driver(session: Session, model: type[_Base], rows: Rows) -> object:
    """What no library can be quicker than: tuples ready, one prepared statement."""
    statement = str(insert(model).values(dict.fromkeys(rows[0])).compile(session.get_bind()))
    cursor = session.connection().connection.cursor()
    return cursor.executemany(statement, [tuple(row.values()) for row in rows])


def _written(database: Database, way: Way, tables: dict[type[_Base], Rows]) -> None:
    with database.writing() as session:
        for model, rows in tables.items():
            way(session, model, rows)


def _empty(database: Database, models: Sequence[type[_Base]]) -> None:
    tables = [model.__table__ for model in models]
    with database.engine.begin() as connection:
        _Base.metadata.drop_all(connection, tables)
        _Base.metadata.create_all(connection, tables)


def _counted(database: Database, models: Sequence[type[_Base]]) -> int:
    with database.reading() as session:
        return sum(
            session.execute(select(func.count()).select_from(model)).scalar_one()
            for model in models
        )


def _bytes(database: Database, model: type[_Base]) -> int:
    """Give what a table and its indexes take up [byte]."""
    name = model.__tablename__
    with database.reading() as session:
        if database.engine.name == "sqlite":
            pages = text("SELECT sum(pgsize) FROM dbstat WHERE name LIKE :name")
            return int(session.execute(pages, {"name": f"%{name}%"}).scalar_one())
        size = text("SELECT pg_total_relation_size(CAST(:name AS regclass))")
        return int(session.execute(size, {"name": name}).scalar_one())


def _clock(database: Database) -> Callable[[Callable[[], object]], float]:
    # PostgreSQL works in processes of its own.
    return cpu_seconds if database.engine.name == "sqlite" else wall_seconds
