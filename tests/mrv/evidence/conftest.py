"""One evidence document, built by the real path from invented plot biomass."""

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from mrv.crediting.gates import judge_estimate
from mrv.crediting.issuance import issue
from mrv.crediting.waterfall import waterfall
from mrv.estimation.estimate import ChangeEstimate
from mrv.estimation.pathway import estimate_change
from mrv.evidence.bundle import Origin, build_document, contributions, describe_run
from mrv.evidence.documents import Artifact, EvidenceDocument, SceneRef
from mrv.methodologies import load_methodology
from mrv.project import ProjectSettings, parse_project
from tests.mrv.estimation.conftest import END, START, invent

RULES = load_methodology("agroforestry_removals", 1)
PROJECT = """
schema = "parkland/project/1-0-0"
id = "kisumu-women"
name = "Kisumu women's group"
summary = "Grevillea and markhamia on maize plots."
country = "KE"
region = "Kisumu County"
developer = "nyando-cooperative"
[methodology]
id = "agroforestry_removals"
version = 1
[inputs]
plots = "plots.geojson"
trees = "trees.csv"
[ecology]
ecoregion = "lake_victoria"
allometry_region = "western_kenya"
height_model = "feldpausch_e_africa"
root_shoot_zone = "tropical_moist.africa"
growth_cap = "east_africa_farm"
[seasons.dry]
first = "01-01"
last = "02-28"
[imagery]
source = "simulation"
collection = "sentinel-2-l2a"
[[periods]]
id = "2021-2024"
start = 2021-02-01
end = 2024-02-01
"""


@pytest.fixture(scope="session")
def settings() -> ProjectSettings:
    """The project's settings."""
    return parse_project(PROJECT)


@pytest.fixture(scope="session")
def estimate() -> ChangeEstimate:
    """A growing project of ninety plots."""
    project = invent(11, sampled=70, draws=2000)
    return estimate_change(
        project.biomass,
        project.plots,
        project.features,
        RULES,
        start=START,
        end=END,
        root_shoot=0.232,
        seed=5,
    )


@pytest.fixture(scope="session")
def origin(settings: ProjectSettings) -> Origin:
    """Where its numbers come from."""
    names = ("project.toml", "plots", "trees", "observations", "features", "draws")
    return Origin(
        settings=settings,
        period=settings.period("2021-2024"),
        methodology=RULES,
        run=describe_run("run-1", code_version="0.1.0+abc1234", seed=5, draws=2000),
        artifacts=[
            Artifact(name=name, sha256=f"{i:064x}", media_type="application/x-parquet", rows=i)
            for i, name in enumerate(names)
        ],
        scenes=[
            SceneRef(
                id=f"S2A_36MXE_202{year}0115",
                collection="sentinel-2-l2a",
                acquired_at=datetime(2020 + year, 1, 15, 8, tzinfo=UTC),
                mgrs_tile="36MXE",
                item_sha256=f"{year:064x}",
                cloud_percent=3.0,
                offset=0.0,
                offset_reason="the archive has taken the offset out",
            )
            for year in (1, 4)
        ],
    )


@pytest.fixture(scope="session")
def document(estimate: ChangeEstimate, origin: Origin) -> EvidenceDocument:
    """The document of its first issuance."""
    falling = waterfall(
        gross_tco2e=float(estimate.gross_tco2e.mean()),
        baseline_tco2e=estimate.creditable_baseline_tco2e,
        u90=estimate.u90,
        project_emissions_tco2e=1.5,
        methodology=RULES,
    )
    issuance = issue(falling.issuable_kg, cumulative_buffer_kg=falling.buffer_kg)
    ids = list(estimate.plots["plot_id"])
    return build_document(
        origin,
        estimate,
        falling,
        issuance,
        verdicts=judge_estimate(estimate, RULES, growth_cap="east_africa_farm"),
        plots=contributions(
            estimate,
            issuance,
            falling.quantity_kg("gross"),
            trees_measured=dict.fromkeys(ids, 20),
            clear_looks=dict.fromkeys(ids, 9),
        ),
    )


@pytest.fixture
def trees() -> pd.DataFrame:
    """Rows of the artifact `trees`."""
    return pd.DataFrame(
        {
            "plot_id": ["P1", "P2", "P1"],
            "tree_id": ["t2", "t1", "t1"],
            "measured_on": [date(2024, 2, 1), date(2021, 2, 1), date(2021, 2, 1)],
            "dbh_cm": np.array([12.0, 8.0, 7.0]),
        }
    )
