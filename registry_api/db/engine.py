"""Opening the database: one writer at a time, readers that cannot write, migrations in process.

SQLite by default (write-ahead log, BEGIN IMMEDIATE, full synchronisation, foreign keys); any other
SQLAlchemy URL is opened as it is. What the tables are is in `models.py`.
"""

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.orm import Session, sessionmaker

_READ_ONLY = "parkland_read_only"
_BUSY_TIMEOUT_MS = 30_000
_CACHE_KIB = 65_536  # the indexes of a million plots, which a bulk of new ones touches all over


class Database:
    """One open database and its two kinds of session.

    Attributes:
        engine: For migrations and for looking at the database from outside the services.
    """

    def __init__(self, url: str) -> None:
        self.engine = open_engine(url)
        # One that nobody asks for any more lets go of its connections itself.
        weakref.finalize(self, self.engine.dispose)
        self._writer = sessionmaker(self.engine, expire_on_commit=False)
        self._reader = sessionmaker(
            self.engine.execution_options(**{_READ_ONLY: True}), expire_on_commit=False
        )

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open one transaction that commits as a whole or not at all."""
        with self._writer.begin() as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open one transaction that sees one state of the database and cannot change it."""
        with self._reader() as session:
            yield session

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


@lru_cache(maxsize=32)
def database(url: str) -> Database:
    """Open a database once per process, brought to its newest shape."""
    opened = Database(url)
    migrate(opened.engine)
    return opened


def open_engine(url: str) -> Engine:
    """Make an engine; for a SQLite file, its folder too.

    Its errors show no values: they end in logs, and rows hold exact boundaries.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        engine = create_engine(parsed, hide_parameters=True)
        event.listen(engine, "begin", _begin_elsewhere)
        return engine
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        parsed, connect_args={"timeout": _BUSY_TIMEOUT_MS / 1000}, hide_parameters=True
    )
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: SqliteConnection, _record: object) -> None:
    connection.isolation_level = None  # BEGIN is ours to send, see _begin_sqlite
    # `trusted_schema` stays on: the triggers that keep the R*Tree of boxes need it to write there.
    for pragma in (
        f"busy_timeout = {_BUSY_TIMEOUT_MS}",
        "journal_mode = wal",
        "synchronous = full",
        "foreign_keys = on",
        f"cache_size = -{_CACHE_KIB}",
        "recursive_triggers = on",  # or INSERT OR REPLACE would delete without being asked
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock before it looks, so that what it checked still holds when it writes.
    read_only = connection.get_execution_options().get(_READ_ONLY, False)
    connection.exec_driver_sql(f"PRAGMA query_only = {'on' if read_only else 'off'}")
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def _begin_elsewhere(connection: Connection) -> None:
    if connection.get_execution_options().get(_READ_ONLY, False):
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def reads_only(session: Session) -> bool:
    """Tell whether a transaction is one of `Database.reading`."""
    return bool(session.connection().get_execution_options().get(_READ_ONLY, False))


def lock_for_writing(session: Session) -> None:
    """Wait until no other writer of the ledger is at work; SQLite's BEGIN has done so already."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext('parkland ledger'))"))


def migrate(engine: Engine) -> None:
    """Bring the database to its newest shape, in one transaction; a second call changes nothing."""
    if is_current(engine):
        return
    with _config() as config, engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_current(engine: Engine) -> bool:
    """Tell whether the database has its newest shape."""
    reader = engine.execution_options(**{_READ_ONLY: True})
    with _config() as config, reader.connect() as connection:
        head = ScriptDirectory.from_config(config).get_current_head()
        return MigrationContext.configure(connection).get_current_revision() == head


@contextmanager
def _config() -> Iterator[Config]:
    with as_file(files("registry_api.db").joinpath("migrations")) as folder:
        config = Config()
        options: dict[str, Any] = {"script_location": str(folder), "path_separator": "os"}
        for name, value in options.items():
            config.set_main_option(name, value.replace("%", "%%"))
        yield config
