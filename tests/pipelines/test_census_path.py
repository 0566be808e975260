"""A project that counts its planted units one by one, from files to issued credits."""

import shutil
from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from mrv.evidence.documents import EvidenceDocument
from pipelines.execution import Outcome
from pipelines.intake import take_in
from tests.mrv.estimation.a_census import register
from tests.pipelines.conftest import Home

pytestmark = [pytest.mark.xdist_group("whole_path"), pytest.mark.slow]
START, END = date(2021, 1, 1), date(2024, 1, 1)
BASELINE = """
[baseline]
kind = "census"
direct_planting = true
cover_before = 0.03
cropping_years_before = 12
spacing_m = 12.0
gps_accuracy_m = 3.0
"""


def census_project(landscape: Path, folder: Path) -> Path:
    """Make a census of a simulated project: its plots and scenes, other trees."""
    shutil.copytree(landscape, folder)
    plots = gpd.read_file(folder / "plots.geojson")
    plots = plots[plots["role"] == "enrolled"]
    metric = plots.to_crs(plots.estimate_utm_crs())
    middle = plots.representative_point()
    table = pd.DataFrame(
        {
            "plot_id": plots["plot_id"],
            "area_ha": metric.area / 10_000,
            "lon": middle.x,
            "lat": middle.y,
        }
    )
    everyone = set(table["plot_id"])
    (folder / "trees.csv").write_text(register(table, everyone, START, END, seed=3), "utf-8")
    settings = (folder / "project.toml").read_text("utf-8")
    record = settings[settings.index("[[additionality]]") :].split("\n\n")[0]
    record = record.replace('"regulatory_surplus"', '"investment"')
    (folder / "project.toml").write_text(f"{settings}{BASELINE}\n{record}\n", "utf-8")
    return folder


def run(home: Home, landscape: Path, tmp_path: Path) -> Outcome:
    project = census_project(landscape, tmp_path / "census")
    take_in(project, home.workspace, allow_outside=True)
    return home.run()


def test_a_census_is_credited_with_neither_controls_nor_leakage(
    demo_home: Home, landscape_folder: Path, tmp_path: Path
) -> None:
    outcome = run(demo_home, landscape_folder, tmp_path)
    assert not outcome.refused, [v.sentence for v in outcome.verdicts if not v.passed]
    document = EvidenceDocument.model_validate(outcome.stage.shelf.json("evidence"))
    lines = {line.key: line for line in document.waterfall}
    assert lines["baseline"].quantity_kg == 0
    assert "census" in lines["baseline"].source
    assert lines["leakage"].quantity_kg == 0
    assert document.quantities.credits_t > 0
    verdicts = {verdict.gate: verdict.sentence for verdict in document.verdicts}
    assert "every condition of a census" in verdicts["enough_controls"]
    assert "planted units" in verdicts["enough_plots"]
    assert outcome.stage.shelf.json("credits")["state"] == "issued"
