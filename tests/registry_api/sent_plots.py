"""Boundary files as a field team would send them, for tests of uploads.

Farmers, phones and places are invented. `Sender` does what the API does: bytes into the private
store, the upload taken down, and then the run that a worker would find.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry_api.services import accounts, plot_uploads, reports
from registry_api.services.accounts import AccountView
from registry_api.services.plot_screening import process
from registry_api.services.private_store import PrivateStore
from registry_api.services.unit_of_work import reading, unit_of_work
from registry_api.services.upload_views import FindingView, RunChoices, RunView, UploadView
from registry_api.settings import Settings
from tests.registry_api.a_registry import DEVELOPER, EXACT_LAT, EXACT_LON

SIDE = 0.001  # degrees: about 110 m, 1.2 ha
NAMES = ("Achieng Odhiambo-Testname", "Wanjiru Kamau-Testname", "Baraka Mutua-Testname")
PHONES = ("+254700111222", "+254700333444", "+254700555666")
Ring = Sequence[tuple[float, float]]


def square(column: float, row: float = 0, *, side: float = SIDE) -> list[tuple[float, float]]:
    """A closed ring two sides apart from its neighbours, well away from `plot_records`."""
    west, south = EXACT_LON + column * 2 * SIDE, EXACT_LAT + 0.1 + row * 2 * SIDE
    return [
        (west, south),
        (west + side, south),
        (west + side, south + side),
        (west, south + side),
        (west, south),
    ]


def bow_tie(column: float) -> list[tuple[float, float]]:
    """A square walked in the wrong order."""
    a, b, c, d, _ = square(column)
    return [a, c, b, d, a]


def plot(name: str, ring: Ring, **properties: object) -> dict[str, Any]:
    """One feature with everything a plot needs and a farmer who can be told from others."""
    person = sum(map(ord, name)) % len(NAMES)
    return {
        "type": "Feature",
        "properties": {
            "plot_id": name,
            "farmer_id": f"F-{name}",
            "farmer_name": NAMES[person],
            "farmer_phone": PHONES[person],
            "stratum": "maize",
            "consent_given": "yes",
            "consent_on": "2024-01-15",
            **properties,
        },
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def geojson(features: Iterable[Mapping[str, Any]]) -> bytes:
    """A file of features."""
    return json.dumps({"type": "FeatureCollection", "features": list(features)}).encode()


@dataclass(frozen=True)
class Sender:
    """Somebody who sends plots for a project."""

    settings: Settings
    project_id: str = "lakeside-grevillea"
    account_id: str = DEVELOPER

    @property
    def account(self) -> AccountView:
        with reading(self.settings) as session:
            return accounts.account(session, self.account_id)

    def receive(
        self, data: bytes, name: str = "plots.geojson", choices: RunChoices | None = None
    ) -> UploadView:
        """Send a file without working on it."""
        sha256, size = PrivateStore(self.settings).put_stream([data])
        with unit_of_work(self.settings) as session:
            return plot_uploads.receive(
                session,
                self.project_id,
                name=name,
                sha256=sha256,
                size_bytes=size,
                choices=choices,
                by=accounts.account(session, self.account_id),
            )[0]

    def send(
        self, data: bytes, name: str = "plots.geojson", choices: RunChoices | None = None
    ) -> UploadView:
        """Send a file and have its run done."""
        upload = self.receive(data, name, choices)
        process(self.settings, upload.id, upload.run.number)
        return self.upload(upload.id)

    def again(self, upload_id: str, choices: RunChoices) -> RunView:
        """Have a file screened once more."""
        with unit_of_work(self.settings) as session:
            asked = plot_uploads.run_again(
                session,
                self.project_id,
                upload_id,
                choices,
                by=accounts.account(session, self.account_id),
            )
        return process(self.settings, upload_id, asked.run.number)

    def upload(self, upload_id: str) -> UploadView:
        with reading(self.settings) as session:
            return plot_uploads.upload(session, self.project_id, upload_id, by=self.account)

    def findings(self, upload: UploadView) -> list[FindingView]:
        """Every finding of the newest report."""
        with reading(self.settings) as session:
            page = reports.findings(
                session, self.settings, self.project_id, upload.id, by=self.account, limit=1000
            )
        return list(page.items)

    def errors(self, upload: UploadView) -> dict[str, list[str]]:
        """Plot -> codes that refused it."""
        found: dict[str, list[str]] = {}
        for finding in self.findings(upload):
            if finding.severity == "error":
                found.setdefault(finding.plot_id, []).append(finding.code)
        return found

    def verdicts(self, upload: UploadView) -> dict[int, str]:
        """Feature -> verdict, as the map shows them."""
        with reading(self.settings) as session:
            shown = json.loads(
                reports.map_features(
                    session, self.settings, self.project_id, upload.id, by=self.account
                )
            )
        return {f["properties"]["feature"]: f["properties"]["verdict"] for f in shown["features"]}

    def rejected(self, upload: UploadView) -> dict[str, Any]:
        """The file of refused features, read back."""
        with reading(self.settings) as session:
            data = reports.rejected(
                session, self.settings, self.project_id, upload.id, by=self.account
            )
        document: dict[str, Any] = json.loads(data)
        return document
