"""A registry with projects that bring plots, its worker, and files as field teams bring them.

One upload has been screened already, through the services, with every verdict in it; the files
here are invented and say which of their plots are wrong.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import shapely

from registry_api.db import database
from registry_api.services import accounts
from registry_api.services.plots import PlotRecord, register_plots
from registry_api.services.projects import register_project
from registry_api.settings import Settings
from registry_api.worker import start_worker
from tests.browser.a_site import serving
from tests.registry_api import a_registry
from tests.registry_api.a_registry import DEVELOPER, VERIFIER
from tests.registry_api.sent_plots import Sender

KENYA, MALI, FILLED = "busia-maize", "segou-parkland", "kakamega-shade"
SIDE = 0.0008123  # degrees: about 90 m, 0.8 ha
WEST, SOUTH = 34.2123457, 0.4512347  # near Busia
FREE_LAND = {KENYA: (34.3123457, 0.5123457), MALI: (-6.6123457, 13.2123457)}
SHIFT = 40.0  # columns between the land of two projects
FILE_NAME = "kakamega <b>day 1.geojson"
Feature = dict[str, Any]


@dataclass(frozen=True)
class PlotSite:
    """Where the pages are, and who may sign in.

    Attributes:
        upload: Of the project `FILLED`: screened, with plots to mend.
    """

    url: str
    settings: Settings
    keys: dict[str, str] = field(repr=False)
    upload: str

    @property
    def pages(self) -> dict[str, str]:
        """One address of every kind of page for people who are signed in."""
        project = f"/projects/{FILLED}"
        upload = f"{project}/uploads/{self.upload}"
        finding = f"upload={self.upload}&plot=B-12&code=duplicate_other_project"
        return {
            "mine": "/my/projects",
            "uploads": f"{project}/uploads",
            "upload": upload,
            "list": f"{upload}?show=all",
            "feature": f"{upload}/features/3",
            "proposals": f"{upload}/proposals",
            "columns": f"{upload}/columns",
            "plots": f"{project}/plots",
            "history": f"{project}/plots/B-01",
            "contests": f"{project}/contests?{finding}",
            "reads": f"{project}/private-reads",
        }


def square(column: float, row: float, side: float = SIDE) -> list[list[float]]:
    """A closed ring on a grid with paths between the plots."""
    west, south = WEST + column * 1.5 * SIDE, SOUTH + row * 1.5 * SIDE
    east, north = west + side, south + side
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def plot(name: str, ring: list[list[float]], **attributes: object) -> Feature:
    """One plot as a team writes it down."""
    stated = {"Plot No": name, "consent": "yes", "consent_on": "2025-03-01", **attributes}
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "properties": stated, "geometry": geometry}


def a_field_day(shift: float = 0.0, letter: str = "B") -> list[Feature]:
    """Twelve plots: 3 crosses itself, 4 lies on 7 and 8, which come later, 5 is far too small."""
    plots = [plot(f"{letter}-{n + 1:02d}", square(n % 4 + shift, n // 4)) for n in range(12)]
    a, b, c, d, _ = square(2 + shift, 0)
    plots[2] = plot(f"{letter}-03", [a, c, b, d, a])
    plots[3] = plot(f"{letter}-04", square(2.45 + shift, 1))
    plots[4] = plot(f"{letter}-05", square(0 + shift, 1, side=SIDE / 12))
    east = square(1 + shift, 0)
    plots[1] = plot(f"{letter}-02", [*east[:2], east[1], *east[2:]])  # a corner twice: is repaired
    plots[5] = plot(
        f"{letter}-06", [*square(1 + shift, 1)[:3], square(1 + shift, 1)[0]]
    )  # a triangle
    return plots


def as_file(features: list[Feature]) -> bytes:
    """Write features as a GeoJSON file."""
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def mended(rejected: Feature, project: str) -> Feature:
    """Draw every refused plot again, on land where nobody else is."""
    west, south = FREE_LAND[project]
    for number, feature in enumerate(rejected["features"]):
        x, y = west + number * 2 * SIDE, south
        ring = [[x, y], [x + SIDE, y], [x + SIDE, y + SIDE], [x, y + SIDE], [x, y]]
        feature["geometry"] = {"type": "Polygon", "coordinates": [ring]}
    return rejected


def fill(settings: Settings) -> tuple[dict[str, str], str]:
    """Register people and projects, and screen one file; gives keys and the upload."""
    with database(settings.database).writing() as session:
        accounts.register_account(session, DEVELOPER, "Lakeside growers' cooperative", "developer")
        accounts.register_account(session, VERIFIER, "Independent Eyes", "verifier")
        for project, name, country in (
            (KENYA, "Busia maize and trees", "KE"),
            (MALI, "Segou parkland", "ML"),
            (FILLED, "Kakamega shade trees", "KE"),
        ):
            stated = a_registry.project_settings(project, name=name, country=country)
            register_project(session, stated, a_registry.sha(project))
        taken = shapely.Polygon(a_field_day(SHIFT)[11]["geometry"]["coordinates"][0])
        register_plots(
            session, KENYA, [PlotRecord("K-1", "maize", "enrolled", shapely.to_wkb(taken), 0.8)]
        )
        keys = {who: accounts.create_key(session, who) for who in (DEVELOPER, VERIFIER)}
    sender = Sender(settings, FILLED)
    upload = sender.send(as_file(a_field_day(SHIFT)), FILE_NAME)
    return keys, upload.id


@contextmanager
def plots_served(home: Path) -> Iterator[PlotSite]:
    """Serve the registry, its worker beside it, until the block ends."""
    settings = a_registry.make_settings(home).model_copy(update={"worker": False})
    keys, upload = fill(settings)
    stop = start_worker(settings)
    try:
        with serving(settings) as url:
            yield PlotSite(url, settings, keys, upload)
    finally:
        stop()
