"""Real scenes and parcels, where nobody measured trees: tables of what was seen, and no credits."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

PROJECT_TOML = """\
schema = "parkland/project/1-0-0"
id = "{id}"
name = "{id}"
summary = "Real parcels under real scenes; nobody measured trees here."
country = "{country}"
region = "{id}"
developer = "real-parcels"
methodology = {{ id = "agroforestry_removals", version = 1 }}
inputs = {{ plots = "{data}/plots/parcels_from_label_raster.geojson" }}
[ecology]
ecoregion = "{id}"
allometry_region = "pantropical"
height_model = "none"
root_shoot_zone = "tropical_dry.africa"
growth_cap = "east_africa_farm"
[seasons]
dry = {{ first = "{dry[0]}", last = "{dry[1]}" }}
[imagery]
source = "catalog"
location = "{data}/catalog.json"
collection = "sentinel-2-l2a"
[[periods]]
id = "{period}"
start = {dates[0]}
end = {dates[1]}
"""
EVERYTHING_ABOUT_TREES = {
    "probability_sample",
    "enough_plots",
    "enough_clusters",
    "enough_controls",
    "model_acceptance",
    "plausible_growth",
    "u90_within_ceiling",
}

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("real_imagery")]


def _run(folder: Path, **settings: object) -> tuple[int, dict[str, object], Path]:
    (folder / "project.toml").write_text(PROJECT_TOML.format(**settings), encoding="utf-8")
    out = folder / "tables"
    command = ("run", "--project", folder, "--home", folder / "home", "--out", out, "--json")
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", *map(str, command)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout), out


def test_flanders_gives_a_table_per_parcel_and_a_refusal_that_names_what_is_missing(
    tmp_path: Path, real_data: Callable[[str], Path]
) -> None:
    code, result, out = _run(
        tmp_path,
        id="flanders-fields",
        country="BE",
        data=real_data("s2_flanders"),
        dry=("04-01", "06-30"),
        period="2018-2019",
        dates=("2018-07-01", "2019-07-01"),
    )
    seen = pd.read_parquet(out / "observations.parquet")
    gates = result["gates"]
    assert isinstance(gates, dict)
    assert code == 3
    assert {gate for gate, passed in gates.items() if not passed} >= EVERYTHING_ABOUT_TREES
    assert gates["offsets_sane"]
    assert seen["plot_id"].nunique() == 30
    # July 2018 in Flanders: a parcel's NDVI lies between bare soil and dense crop.
    clear = seen.loc[seen["clear_fraction"] > 0.9, "ndvi"]
    assert len(clear) > 50
    assert clear.between(0.05, 0.95).all()


def test_tanzania_uses_the_bands_it_has_and_names_those_it_lacks(
    tmp_path: Path, real_data: Callable[[str], Path]
) -> None:
    code, result, out = _run(
        tmp_path,
        id="arusha-fields",
        country="TZ",
        data=real_data("s2_tanzania"),
        dry=("06-01", "10-31"),
        period="2019-2021",
        dates=("2019-10-01", "2021-09-01"),
    )
    seen = pd.read_parquet(out / "observations.parquet")
    missing = result["missing_indices"]
    assert isinstance(missing, dict)
    assert code == 3
    assert missing["ndvi"] == ["nir", "red"]
    assert "ndvi" not in seen
    assert seen.loc[seen["clear_fraction"] > 0.9, "ndmi_8a"].notna().all()
    gates = result["gates"]
    assert isinstance(gates, dict)
    # Blue and red are not there, so nobody can say that the offsets are right.
    assert not gates["offsets_sane"]
