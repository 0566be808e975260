"""The real application on a real database, served on loopback, with two projects to look at.

One project is ordinary. The other has markup in every text that a stranger may write.
"""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import uvicorn
from sqlalchemy.orm import Session

from mrv.evidence.documents import EvidenceDocument
from registry_api.app import create_app
from registry_api.db import database
from registry_api.services.plots import register_plots
from registry_api.services.projects import register_project
from registry_api.services.views import BatchCard
from registry_api.settings import Settings
from tests.registry_api import a_registry
from tests.registry_api.a_registry import Farm

PLOTS = 40
SCENES = 14
HOSTILE = '<img src=x onerror="document.title=1">'
HOSTILE_PLOT = "</script><b>P"


@dataclass(frozen=True)
class Site:
    """Where the pages are, and what stands on them."""

    url: str
    batch: BatchCard
    hostile: BatchCard

    @property
    def credit(self) -> str:
        """The block that was issued for sale."""
        assert self.batch.credits is not None
        return f"/credits/{self.batch.credits.text}"

    @property
    def project(self) -> str:
        """The ordinary project."""
        return f"/projects/{self.batch.project_id}"

    @property
    def pages(self) -> dict[str, str]:
        """One address of every kind of page."""
        return {
            "home": "/",
            "project": self.project,
            "credit": self.credit,
            "plot": f"{self.credit}/plots/P-001",
            "nodes": f"{self.credit}/lineage?q=P-0",
            "node": f"{self.credit}/lineage/estimate:",
            "tree": f"{self.credit}/lineage/tree:P-001:P-001-t0",
            "find": "/serials?serial=PKL-1",
            "about": "/about",
            "missing": "/projects/no-such-project",
        }


def fill(settings: Settings) -> tuple[BatchCard, BatchCard]:
    """Register and credit both projects, through the services."""
    shares = random.Random(7)  # noqa: S311  numbers for a picture
    with database(settings.database).writing() as session:
        farm = a_registry.found(session, settings, plots=PLOTS)
        net = [round(shares.gauss(9000, 5000)) for _ in farm.plots]
        batch = _issue(session, farm, net, "browser-0001")
        return batch, _issue(session, _hostile(session, settings), [4000, 5000, 6000], "browser-02")


def _hostile(session: Session, settings: Settings) -> Farm:
    stated = a_registry.project_settings(
        "hostile-texts", name=f"{HOSTILE} farm", summary=HOSTILE, region=HOSTILE,
        species=[{"name": HOSTILE, "use": "javascript:alert(1)"}],
    )  # fmt: skip
    register_project(session, stated, a_registry.sha(stated.id))
    plots = a_registry.plot_records(3, prefix=HOSTILE_PLOT, shift=3.0)
    register_plots(session, stated.id, plots)
    return Farm(settings, stated, plots)


def _issue(session: Session, farm: Farm, net_kg: list[int], key: str) -> BatchCard:
    document = a_registry.evidence(farm, net_kg)
    return a_registry.issue(session, farm, _seen_often(document), key)


def _seen_often(document: EvidenceDocument) -> EvidenceDocument:
    """Let the evidence stand on as many scenes as a season has."""
    first = document.scenes[0]
    scenes = tuple(
        first.model_copy(
            update={
                "id": first.id.replace("20230115", f"202301{day:02d}"),
                "acquired_at": first.acquired_at + timedelta(days=day - 15),
                "item_sha256": a_registry.sha(f"item {day}"),
            }
        )
        for day in range(15, 15 + SCENES)
    )
    return document.model_copy(update={"scenes": scenes})


@contextmanager
def served(home: Path) -> Iterator[Site]:
    """Serve the site from a thread until the block ends."""
    settings = a_registry.make_settings(home)
    batch, hostile = fill(settings)
    with serving(settings) as url:
        yield Site(url, batch, hostile)


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """Serve a registry on loopback from a thread until the block ends; gives its address."""
    config = uvicorn.Config(create_app(settings), host="127.0.0.1", port=0, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
        assert thread.is_alive(), "the server did not start"
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
        database(settings.database).close()
