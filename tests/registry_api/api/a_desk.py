"""A registry with two developers, each with a project, behind its API; and plots to send to it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from mrv.sources import boundaries
from registry_api.app import create_app
from registry_api.db import database
from registry_api.services import accounts, plot_screening
from registry_api.services.projects import register_project
from registry_api.services.unit_of_work import unit_of_work
from registry_api.settings import Settings
from tests.registry_api.a_registry import (
    DEVELOPER,
    REGISTRAR,
    VERIFIER,
    make_settings,
    project_settings,
    sha,
)

STRANGER, BUYER = "somebody-else", "a-buyer"
OWN, FOREIGN, NONE = "lakeside-grevillea", "upland-coffee", "no-such-project"
WEST, SOUTH, SIDE = 34.600123, -0.120457, 0.0015  # squares of about 2.8 ha in Kenya


def square(number: int, **properties: object) -> dict[str, object]:
    """One plot beside the others, as a GeoJSON feature."""
    west = WEST + number * 2 * SIDE
    east, north = west + SIDE, SOUTH + SIDE
    ring = [[west, SOUTH], [east, SOUTH], [east, north], [west, north], [west, SOUTH]]
    told = {
        "plot_id": f"K/{number:03d}",
        "farmer_name": f"Farmer {number}",
        "planted_on": "2021-03-14",
        "consent_given": "yes",
        "consent_on": "2021-02-02",
    }
    return {
        "type": "Feature",
        "properties": told | properties,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def collection(*features: Mapping[str, object]) -> bytes:
    """A GeoJSON file."""
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def bow_tie(number: int, **properties: object) -> dict[str, object]:
    """A plot whose boundary crosses itself so that it cannot be mended unasked."""
    feature = square(number, **properties)
    west = WEST + number * 2 * SIDE
    east, north = west + SIDE, SOUTH + SIDE
    ring = [[west, SOUTH], [east, north], [east, SOUTH], [west, north], [west, SOUTH]]
    return feature | {"geometry": {"type": "Polygon", "coordinates": [ring]}}


def doubled(number: int) -> dict[str, object]:
    """A plot with a corner that is there twice, which is mended and shown."""
    feature = square(number)
    (ring,) = feature["geometry"]["coordinates"]  # type: ignore[index]
    return feature | {"geometry": {"type": "Polygon", "coordinates": [[ring[0], *ring]]}}


def some_plots() -> bytes:
    """Three plots that fit and one that does not."""
    return collection(square(1), square(2), square(3), bow_tie(4))


@dataclass
class Desk:
    """The registry behind its API, and a key for everybody."""

    client: TestClient
    settings: Settings
    keys: Mapping[str, str]

    def by(self, account: str | None, **headers: str) -> dict[str, str]:
        """Headers of a request by an account, or by nobody."""
        return ({"Authorization": f"Bearer {self.keys[account]}"} if account else {}) | headers

    def send(
        self,
        body: bytes,
        name: str = "plots.geojson",
        *,
        by: str | None = DEVELOPER,
        project: str = OWN,
        query: Mapping[str, str] | None = None,
        **headers: str,
    ) -> Response:
        """Send a file of plots."""
        asked = urlencode({"name": name, **(query or {})})
        kind = {"Content-Type": "application/octet-stream"}
        return self.client.post(
            f"/v1/projects/{project}/uploads?{asked}",
            content=body,
            headers=kind | self.by(by, **headers),
        )

    def screened(self, body: bytes, name: str = "plots.geojson") -> str:
        """Send a file, have it screened in this process, and give the upload's address."""
        return self.screened_address(self.send(body, name))

    def screened_address(self, sent: Response) -> str:
        """Have what was sent screened in this process, and give the upload's address."""
        assert sent.status_code in (200, 202), sent.text
        upload = sent.json()
        with pytest.MonkeyPatch.context() as patch:
            # Without the limited child, which takes a second to start; others' tests show it.
            patch.setattr(boundaries, "read_boundaries", boundaries.parse_boundaries)
            plot_screening.process(self.settings, upload["id"], upload["run"]["number"])
        return str(sent.headers["Location"])

    def get(self, path: str, *, by: str | None = DEVELOPER, **query: str) -> Response:
        """Ask for something."""
        return self.client.get(path, params=query, headers=self.by(by))

    def kept(self) -> list[Path]:
        """List the files in the private store, unfinished ones too."""
        folder = self.settings.home / "private"
        return sorted(path for path in folder.rglob("*") if path.is_file())


def _founded(home: Path, **settings: object) -> tuple[Settings, dict[str, str]]:
    """Found the registry: two developers with a project each, a verifier, a registrar."""
    made = make_settings(home).model_copy(update=settings)
    keys = {}
    with unit_of_work(made) as session:
        for account, role in (
            (DEVELOPER, "developer"),
            (STRANGER, "developer"),
            (VERIFIER, "verifier"),
            (REGISTRAR, "registrar"),
            (BUYER, "buyer"),
        ):
            accounts.register_account(session, account, account, role)  # type: ignore[arg-type]
            keys[account] = accounts.create_key(session, account)
        for project, developer in ((OWN, DEVELOPER), (FOREIGN, STRANGER)):
            stated = project_settings(project, developer=developer)
            register_project(session, stated, sha(project))
    return made, keys


@contextmanager
def opened_desk(home: Path, **settings: object) -> Iterator[Desk]:
    """Found the registry and serve it to a client in this process."""
    made, keys = _founded(home, **settings)
    with TestClient(create_app(made), base_url="http://127.0.0.1") as client:
        yield Desk(client, made, keys)
    database(made.database).close()
