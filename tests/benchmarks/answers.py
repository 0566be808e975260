"""Lists over HTTP: the registry's, and the same rows through FastAPI as it is usually written.

Usually a route gives dictionaries and names a pydantic model; every row is then checked again,
though it came out of our own database. The registry's lists are typed in the services, and what is
large goes out as it stands; tests hold its shape.
"""

import http.client
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import shapely
from fastapi import FastAPI
from shapely import affinity

from registry_api.api import geojson
from registry_api.app import create_app
from registry_api.services import plot_cells, projects
from registry_api.services.plots import PlotRecord, register_plots
from registry_api.services.unit_of_work import reading, unit_of_work
from registry_api.services.views import Page, ProjectCard
from registry_api.settings import Settings
from tests.benchmarks.pages import p50, served
from tests.benchmarks.ratios import QUICK, Comparison, Target
from tests.registry_api import a_registry

PLOTS, PROJECTS = (300, 10) if QUICK else (3_000, 100)
PROJECT = "lakeside-grevillea"


@contextmanager
def comparisons(_home: Path) -> Iterator[Iterator[Comparison]]:
    """Fill a registry and serve it twice for the length of a block."""
    with tempfile.TemporaryDirectory(prefix="parkland-bench-") as scratch:
        settings = a_registry.make_settings(Path(scratch) / "registry")
        _fill(settings)
        with served(create_app(settings)) as ours, served(_usual(settings)) as theirs:
            yield _asked(ours, theirs)


def _asked(ours: int, theirs: int) -> Iterator[Comparison]:
    """Ask both for the same lists; the answers must say the same."""
    for path, what, target in (
        (f"/v1/projects/{PROJECT}/plots", f"cells of {PLOTS:,} plots", Target(20, 1 / 1.25)),
        ("/v1/projects?limit=100", f"a page of {PROJECTS} projects", None),
    ):
        one, other = (_json(port, path) for port in (ours, theirs))
        yield Comparison(
            what=f"GET {what}, median",
            peer="dictionaries, checked by the response model",
            ours=p50(ours, path),
            theirs=p50(theirs, path),
            agreement="the same answer" if one == other else "ANOTHER answer",
            target=target,
            clock="wall",
        )


def _json(port: int, path: str) -> object:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", path)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def _usual(settings: Settings) -> FastAPI:
    """Serve the same rows of the same services from plain routes."""
    app = FastAPI()

    @app.get("/v1/projects/{project_id}/plots", response_model=geojson.PlotCells)
    def plots_of(project_id: str) -> dict[str, Any]:
        with reading(settings) as session:
            return plot_cells.plot_cells(session, project_id)

    @app.get("/v1/projects", response_model=Page[ProjectCard])
    def all_projects(limit: int) -> dict[str, Any]:
        with reading(settings) as session:
            return asdict(projects.list_projects(session, country=None, limit=limit, cursor=None))

    return app


def _fill(settings: Settings) -> None:
    square = shapely.box(36.0, 0.0, 36.001, 0.001)
    shapes = [affinity.translate(square, 0.002 * n) for n in range(PLOTS - 4)]
    records = [
        PlotRecord(f"bench-{n}", "all", "enrolled", shapely.to_wkb(shape), 1.2)
        for n, shape in enumerate(shapes)
    ]
    with unit_of_work(settings) as session:
        for n in range(PROJECTS - 1):
            a_registry.found(session, settings, project_id=f"project-{n:03d}", shift=0.5 * (n + 1))
        a_registry.found(session, settings, project_id=PROJECT)
        register_plots(session, PROJECT, records)
