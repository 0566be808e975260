"""A fresh registry on a SQLite file for each test that asks for one."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from mrv.evidence.digest import document_digest
from registry_api.app import create_app
from registry_api.db import Database, database
from registry_api.services import accounts
from registry_api.services.unit_of_work import unit_of_work
from registry_api.settings import Settings
from tests.registry_api.a_registry import (
    DEVELOPER,
    NET_KG,
    REGISTRAR,
    VERIFIER,
    Books,
    Served,
    Stage,
    a_farm,
    approve,
    evidence,
    found,
    issue,
    make_settings,
    submit,
)
from tests.registry_api.db import a_server


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A demonstration registry in a folder of its own."""
    return make_settings(tmp_path)


@pytest.fixture
def registry(settings: Settings) -> Iterator[Database]:
    """Its database, brought to its newest shape, with nothing in it."""
    yield from _opened(settings)


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Registries that have come as far as their names say, made once, to be copied."""
    homes: dict[str, Path] = {}
    document = None
    for stage in ("founded", "submitted", "approved", "issued"):
        home = tmp_path_factory.mktemp(stage)
        if homes:
            a_server.copy_database(homes[list(homes)[-1]], home)
            shutil.copytree(homes[list(homes)[-1]], home, dirs_exist_ok=True)
        homes[stage] = home
        settings = make_settings(home)
        with unit_of_work(settings) as session:
            farm = a_farm(settings)
            if stage == "founded":
                farm = found(session, settings)
            document = document or evidence(farm, NET_KG)
            if stage == "submitted":
                submit(session, farm, document)
            if stage == "approved":
                approve(session, document_digest(document))
            if stage == "issued":
                issue(session, farm, document, "first-issuance")
        database(settings.database).close()  # the last connection folds the write-ahead log in
    return homes


def _staged(name: str, stages: dict[str, Path], settings: Settings) -> Iterator[Stage]:
    a_server.copy_database(stages[name], Path(settings.home))
    shutil.copytree(stages[name], settings.home, dirs_exist_ok=True)
    farm = a_farm(settings)
    sha256 = document_digest(evidence(farm, NET_KG))
    if name == "issued":
        farm.books = Books(sum(NET_KG), 9, 2)
    for opened in _opened(settings):
        yield Stage(opened, farm, settings, sha256)


def _opened(settings: Settings) -> Iterator[Database]:
    opened = database(settings.database)
    yield opened
    opened.close()


@pytest.fixture
def founded(stages: dict[str, Path], settings: Settings) -> Iterator[Stage]:
    """A registry with a project and its plots."""
    yield from _staged("founded", stages, settings)


@pytest.fixture
def submitted(stages: dict[str, Path], settings: Settings) -> Iterator[Stage]:
    """A registry with an estimate that waits for a verifier."""
    yield from _staged("submitted", stages, settings)


@pytest.fixture
def approved(stages: dict[str, Path], settings: Settings) -> Iterator[Stage]:
    """A registry with an estimate that waits for its issuance."""
    yield from _staged("approved", stages, settings)


@pytest.fixture
def issued(stages: dict[str, Path], settings: Settings) -> Iterator[Stage]:
    """A registry that has issued credits 1 to 9 for sale and 10 to 11 for the buffer."""
    yield from _staged("issued", stages, settings)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One served registry for all tests that change nothing of what is asserted elsewhere."""
    settings = make_settings(tmp_path_factory.mktemp("served"))
    with unit_of_work(settings) as session:
        farm = found(session, settings)
        batch = issue(session, farm, evidence(farm, NET_KG), "first-issuance")
        keys = {
            account: accounts.create_key(session, account)
            for account in (VERIFIER, REGISTRAR, DEVELOPER)
        }
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        yield Served(client, farm, batch, keys)
    database(settings.database).close()
