"""The pages of a filled demonstration registry, asked for without a browser."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from registry_api.app import create_app
from registry_api.db import database
from registry_api.services.views import BatchCard
from tests.registry_api import a_registry


@dataclass(frozen=True)
class Pages:
    """A client, and what stands on the pages."""

    client: TestClient
    batch: BatchCard
    refused: str

    @property
    def serial(self) -> str:
        """The block that was issued for sale."""
        assert self.batch.credits is not None
        return self.batch.credits.text

    @property
    def paths(self) -> list[str]:
        """One address of every kind of page."""
        credit = f"/credits/{self.serial}"
        return [
            "/", f"/projects/{self.batch.project_id}", f"/projects/{self.refused}", credit,
            f"{credit}/plots/P-001", "/serials", "/about",
        ]  # fmt: skip


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """One project with credits, and one that was refused."""
    settings = a_registry.make_settings(Path(tmp_path_factory.mktemp("pages")))
    with database(settings.database).writing() as session:
        farm = a_registry.found(session, settings, plots=4)
        batch = a_registry.issue(
            session, farm, a_registry.evidence(farm, [9000, 7000, 5000, -400]), "pages-000001"
        )
        poor = a_registry.found(session, settings, project_id="too-few-villages", shift=2.0)
        failing = ("methodology_verified", "enough_clusters")
        a_registry.submit(session, poor, a_registry.evidence(poor, [1, 1, 1, 1], failing=failing))
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        yield Pages(client, batch, poor.project.id)
    database(settings.database).close()
