"""A registry with one invented project, built through the services, for tests.

The evidence is synthetic but adds up; trees and observations are real tables in a real store.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import shapely
from fastapi.testclient import TestClient
from sqlalchemy import make_url
from sqlalchemy.orm import Session

from mrv.crediting.gates import DEMO_MAY_WAIVE, REQUIRED_GATES
from mrv.crediting.issuance import issue as books
from mrv.evidence.documents import EvidenceDocument
from mrv.methodologies import load_methodology
from mrv.project import ProjectSettings
from mrv.sources.artifacts import ArtifactStore
from registry_api.db import Database
from registry_api.db.models import Estimate, MonitoringPeriod
from registry_api.services import (
    accounts,
    assignments,
    audit_samples,
    estimates,
    issuance,
    opinions,
    recomputations,
)
from registry_api.services.deliveries import Delivery, record_delivery
from registry_api.services.plots import PlotRecord, register_plots
from registry_api.services.projects import register_project
from registry_api.services.views import BatchCard, Decision
from registry_api.settings import Settings
from tests.registry_api.db import a_server

PERIODS = (
    ("2021-2023", date(2021, 2, 1), date(2023, 2, 1)),
    ("2023-2025", date(2023, 2, 1), date(2025, 2, 1)),
    ("2025-2027", date(2025, 2, 1), date(2027, 2, 1)),
)
RULES = load_methodology("agroforestry_removals", 1)
VERIFIER, REGISTRAR, DEVELOPER = "independent-eyes", "the-registrar", "lakeside-cooperative"
NET_KG = (5000, 3200, 1900, -700)  # 9.4 t: nine credits, 400 kg carried; 2.35 t of buffer
QUALIFIED = opinions.Opinion(
    "qualified", "Recomputed; no discrepancy.", "The amounts of the evidence are invented."
)
SENT_BACK = opinions.Opinion("adverse", "Plot P-003 is not there.", "Its trees are not there.")
_SETTINGS: dict[str, Settings] = {}  # by the address of the database, for who has only a session
# What must never be seen from outside: exact places that no cell or rounding would produce.
EXACT_LON, EXACT_LAT = 34.612347, -0.123457


def make_settings(home: Path, *, demo: bool = True, of: Database | None = None) -> Settings:
    """Settings of a registry in a folder of its own, on whichever database the tests run.

    Or on a database that is open already.
    """
    url = (
        a_server.database_for(home)
        if of is None
        else of.engine.url.render_as_string(hide_password=False)
    )
    settings = Settings(
        home=home,
        demo=demo,
        worker=False,
        database_url=url,
        calls_per_minute=1_000_000,  # tests ask more often than people; the limits have their own
        calls_per_minute_with_key=1_000_000,
        _env_file=None,
    )
    stated = (
        settings.model_copy().database
    )  # which is worked out once: changed copies must not have it
    address = make_url(stated).render_as_string(hide_password=False)
    _SETTINGS[address] = settings
    return settings


def project_settings(project_id: str = "lakeside-grevillea", **changes: object) -> ProjectSettings:
    """What the invented developer states, changed as asked."""
    stated: dict[str, object] = {
        "id": project_id,
        "name": "Lakeside grevillea",
        "summary": "Grevillea and fruit trees on maize plots.",
        "country": "KE",
        "region": "Kisumu County",
        "developer": DEVELOPER,
        "methodology": {"id": RULES.id, "version": RULES.version},
        "inputs": {"plots": "plots.geojson", "trees": "trees.csv"},
        "ecology": {
            "ecoregion": "Victoria Basin",
            "allometry_region": "western_kenya",
            "height_model": "feldpausch_e_africa",
            "root_shoot_zone": "tropical_dry.africa",
            "growth_cap": "east_africa_farm",
        },
        "species": [{"name": "Grevillea robusta", "common_name": "silky oak", "use": "timber"}],
        "seasons": {"dry": {"first": "01-01", "last": "02-28"}},
        "imagery": {"source": "simulation", "collection": "sentinel-2-l2a"},
        "periods": [{"id": i, "start": s, "end": e} for i, s, e in PERIODS],
        "simulation": {"archetype": "kisumu-women", "seed": 7, "plots": 40},
    }
    return ProjectSettings.model_validate(stated | changes)


def plot_records(count: int, *, prefix: str = "P", shift: float = 0.0) -> list[PlotRecord]:
    """Square plots side by side, a hundred metres wide, about 1.2 ha each."""
    records = []
    for number in range(count):
        west = EXACT_LON + shift + number * 0.002
        boundary = shapely.box(west, EXACT_LAT, west + 0.001, EXACT_LAT + 0.001)
        records.append(
            PlotRecord(
                plot_id=f"{prefix}-{number + 1:03d}",
                stratum="maize",
                role="enrolled",
                boundary_wkb=shapely.to_wkb(boundary),
                area_ha=1.234567,
            )
        )
    return records


@dataclass
class Books:
    """Where a project's books stand; moved on by each issuance."""

    cumulative_net_kg: int = 0
    issued_t: int = 0
    buffer_t: int = 0

    @property
    def carried_kg(self) -> int:
        """Kilograms not yet issued; below zero where a reversal is owed."""
        return self.cumulative_net_kg - self.issued_t * 1000


@dataclass
class Farm:
    """One project in one registry, ready to be credited."""

    settings: Settings
    project: ProjectSettings
    plots: Sequence[PlotRecord]
    books: Books = field(default_factory=Books)


def a_farm(settings: Settings, project_id: str = "lakeside-grevillea", *, plots: int = 4,
           shift: float = 0.0) -> Farm:  # fmt: skip
    """The project as its developer knows it; `found` registers it."""
    return Farm(settings, project_settings(project_id), plot_records(plots, shift=shift))


def found(
    session: Session, settings: Settings, *, project_id: str = "lakeside-grevillea", plots: int = 4,
    shift: float = 0.0,
) -> Farm:  # fmt: skip
    """Register accounts, one project and its plots."""
    accounts.register_account(session, VERIFIER, "Independent Eyes", "verifier")
    accounts.register_account(session, REGISTRAR, "The Registrar", "registrar")
    farm = a_farm(settings, project_id, plots=plots, shift=shift)
    register_project(session, farm.project, sha(project_id), developer_name="Lakeside Cooperative")
    record_delivery(session, project_id, delivery(project_id))
    register_plots(session, project_id, farm.plots)
    return farm


def delivery(project_id: str) -> Delivery:
    """What the developer brought: files that exist by name only."""
    return Delivery(
        files={"project.toml": sha(project_id), "plots": sha("plots"), "trees": sha("trees")},
        names={"project.toml": "project.toml", "plots": "plots.geojson", "trees": "trees.csv"},
        catalog="",
        taken_in_on=date(2026, 1, 1),
    )


def sha(text: str) -> str:
    """Any digest, but a reproducible one."""
    return hashlib.sha256(text.encode()).hexdigest()


def store_tables(settings: Settings, plots: Sequence[PlotRecord]) -> dict[str, tuple[str, int]]:
    """Keep trees and observations as the pipeline would, private columns included."""
    store = ArtifactStore(settings.artifact_root)
    trees = pd.DataFrame(
        [
            {
                "plot_id": plot.plot_id,
                "tree_id": f"{plot.plot_id}-t{n}",
                "stem": 1,
                "species": "Grevillea robusta",
                "dbh_cm": 10.0 + n,
                "height_m": None if n else 8.5,
                "measured_on": day,
                "status": "alive",
                "lon": EXACT_LON,
                "lat": EXACT_LAT,
                "village": "Secret village",
                "row": 2 + n,
                "flags": "",
            }
            for plot in plots
            for day in (date(2021, 2, 3), date(2023, 2, 2))
            for n in range(2)
        ]
    )
    looks = pd.DataFrame(
        [
            {
                "plot_id": plot.plot_id,
                "scene_id": "S2A_36MXE_20230115_0_L2A",
                "acquired_at": datetime(2023, 1, 15, 8, tzinfo=UTC),
                "mgrs_tile": "36MXE",
                "clear_fraction": 0.9,
                "n_eff": 80.0,
                "ndvi": 0.61,
                "ndmi": None,
                "outside_fraction": 0.0,
            }
            for plot in plots
        ]
    ).astype({"ndmi": float})
    return {
        "features": (store.put_bytes(b"features"), 0),
        "trees": store.put_table(trees),
        "observations": store.put_table(looks),
        "project.toml": (store.put_bytes(b'id = "lakeside-grevillea"\n'), 0),
        "plots": (store.put_bytes(b"{}"), 0),
    }


def evidence(
    farm: Farm,
    net_kg: Mapping[str, int] | Sequence[int],
    *,
    period: int = 0,
    failing: Sequence[str] = (),
) -> EvidenceDocument:
    """An evidence document whose every sum is one, continuing the farm's books."""
    shares = dict(zip((p.plot_id for p in farm.plots), net_kg, strict=True)) if not isinstance(
        net_kg, Mapping
    ) else dict(net_kg)  # fmt: skip
    cumulative = farm.books.cumulative_net_kg + sum(shares.values())
    buffer = max(0, cumulative) // 4
    benefit = cumulative + buffer
    gross = benefit + 4000
    issued = books(
        cumulative,
        cumulative_buffer_kg=buffer,
        issued_before_t=farm.books.issued_t,
        buffer_before_t=farm.books.buffer_t,
        carried_in_kg=farm.books.carried_kg,
    )
    lines = {
        "gross": gross,
        "baseline": -1000,
        "uncertainty": -1000,
        "project_emissions": -1000,
        "leakage": -1000,
        "net_benefit": benefit,
        "buffer": -buffer,
        "issuable": cumulative,
    }
    period_id, start, end = PERIODS[period]
    media = {"trees": "application/vnd.apache.parquet", "project.toml": "application/toml"}
    document = {
        "schema": "parkland/evidence/1-0-0",
        "project": {
            "id": farm.project.id,
            "name": farm.project.name,
            "country": farm.project.country,
            "developer": farm.project.developer,
            "simulated": True,
        },
        "period": {"id": period_id, "start": start, "end": end},
        "methodology": {
            "id": RULES.id,
            "version": RULES.version,
            "digest": RULES.digest,
            "unverified": RULES.unverified,
        },
        "run": {
            "id": f"run-{farm.project.id}-{period_id}",
            "code_version": "0.1.0+abc1234",
            "python": "3.11.7",
            "libraries": {"numpy": "2.4.6"},
            "seed": 7,
            "draws": 10000,
        },
        "artifacts": [
            {"name": name, "sha256": digest, "media_type": media.get(name, "application/json"),
             "rows": rows or None}
            for name, (digest, rows) in store_tables(farm.settings, farm.plots).items()
        ],
        "scenes": [
            {
                "id": "S2A_36MXE_20230115_0_L2A",
                "collection": "sentinel-2-l2a",
                "acquired_at": "2023-01-15T08:00:00Z",
                "mgrs_tile": "36MXE",
                "item_sha256": sha("item"),
                "cloud_percent": 12.5,
                "offset": -0.1,
                "offset_reason": "processing baseline 04.00 or later",
            }
        ],
        "model": {
            "estimator": "greg",
            "features": ["ndvi_dry"],
            "r2": 0.6,
            "slope": 0.98,
            "bias_fraction": 0.01,
            "rmse_t_ha": 3.2,
            "accepted": True,
            "reason": "all thresholds are met",
        },
        "strata": [
            {
                "stratum": "maize",
                "plots": len(farm.plots),
                "sampled": len(farm.plots),
                "clusters": 10,
                "area_ha": 1.234567 * len(farm.plots),
                "agb_change_t_ha": 4.0,
                "agb_change_se_t_ha": 0.4,
                "gross_kg": gross,
                "root_shoot": 0.3,
            }
        ],
        "u90": 0.18,
        "deducted_fraction": 0.08,
        "waterfall": [
            {"key": key, "quantity_kg": kg, "source": f"clause of {key}", "note": ""}
            for key, kg in lines.items()
        ],
        "verdicts": [
            {
                "gate": gate,
                "passed": gate not in failing,
                "measured": 1.0,
                "limit": 1.0,
                "sentence": f"There is {asks}." if gate not in failing else f"There is no {asks}.",
            }
            for gate, asks in REQUIRED_GATES.items()
            if gate not in DEMO_MAY_WAIVE
        ],
        "plots": [
            {
                "plot_id": plot.plot_id,
                "stratum": plot.stratum,
                "area_ha": plot.area_ha,
                "sampled": True,
                "trees_measured": 2,
                "clear_looks": 7,
                "gross_kg": gross // len(farm.plots)
                + (gross % len(farm.plots) if number == 0 else 0),
                "net_kg": shares[plot.plot_id],
            }
            for number, plot in enumerate(farm.plots)
        ],
        "quantities": {
            "cumulative_net_kg": cumulative,
            "issued_before_kg": issued.issued_before_kg,
            "carried_in_kg": issued.carried_in_kg,
            "credits_t": issued.credits_t,
            "buffer_t": issued.buffer_t,
            "buffer_before_t": issued.buffer_before_t,
            "carried_out_kg": issued.carried_out_kg,
            "reversal_kg": issued.reversal_kg,
        },
    }  # fmt: skip
    return EvidenceDocument.model_validate(document)


def submit(session: Session, farm: Farm, document: EvidenceDocument) -> str:
    """Hand a document in and give its digest."""
    return estimates.submit_estimate(session, document, settings=farm.settings).sha256


def assign(session: Session, sha256: str, *, verifier: str = VERIFIER) -> str:
    """Let the registrar assign a verifier to an estimate's period, unless one is."""
    period = session.get_one(MonitoringPeriod, session.get_one(Estimate, sha256).period_key)
    held = assignments.current(session, period.id)
    if held is None or held.verifier_id != verifier:
        held = assignments.note(session, period, verifier, assignments.Terms(), by=REGISTRAR)
    return str(held.id)


def prepare(session: Session, sha256: str) -> str:
    """Assign the independent verifier and let them do what an opinion rests on."""
    settings = settings_of(session)
    verification, eyes = assign(session, sha256), accounts.account(session, VERIFIER)
    audit_samples.draw(session, verification, f"sample-{sha256}", by=eyes)
    recomputations.perform(session, settings, verification, "", f"recompute-{sha256}", by=eyes)
    return verification


def say(session: Session, sha256: str, stated: opinions.Opinion) -> Decision:
    """Let the independent verifier give an opinion."""
    return opinions.give(session, settings_of(session), sha256, stated, by=VERIFIER)


def approve(session: Session, sha256: str) -> None:
    """Let the independent verifier do what an opinion rests on, and give one, once.

    It is qualified, as the invented amounts follow no rule and differ when computed again.
    """
    prepare(session, sha256)
    say(session, sha256, QUALIFIED)


def settings_of(session: Session) -> Settings:
    """Find the settings that were made for a session's database."""
    url = session.get_bind().engine.url
    known = _SETTINGS.get(url.render_as_string(hide_password=False))
    if known is not None:
        return known
    assert url.database is not None
    return Settings(home=Path(url.database).parent, demo=True, worker=False, _env_file=None)


def issue(session: Session, farm: Farm, document: EvidenceDocument, key: str) -> BatchCard:
    """Submit, approve and issue, and move the books on."""
    sha256 = submit(session, farm, document)
    approve(session, sha256)
    batch = issuance.issue(session, sha256, key, by=REGISTRAR, settings=farm.settings)
    farm.books.cumulative_net_kg = document.quantities.cumulative_net_kg
    farm.books.issued_t += document.quantities.credits_t
    farm.books.buffer_t += document.quantities.buffer_t
    return batch


@dataclass
class Stage:
    """A registry that has come so far.

    Attributes:
        sha256: Digest of the first estimate, whether or not it is in yet.
    """

    registry: Database
    farm: Farm
    settings: Settings
    sha256: str


@dataclass
class Served:
    """A registry with one issuance, behind its API."""

    client: TestClient
    farm: Farm
    batch: BatchCard
    keys: dict[str, str]

    def bearing(self, account: str, **headers: str) -> dict[str, str]:
        """Headers of a request by an account."""
        return {"Authorization": f"Bearer {self.keys[account]}", **headers}
