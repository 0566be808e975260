"""A fresh registry on a SQLite file for each test that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_api.db import Database, database
from registry_api.settings import Settings
from tests.registry_api.a_registry import make_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A demonstration registry in a folder of its own."""
    return make_settings(tmp_path)


@pytest.fixture
def registry(settings: Settings) -> Iterator[Database]:
    """Its database, brought to its newest shape."""
    opened = database(settings.database)
    yield opened
    opened.close()
