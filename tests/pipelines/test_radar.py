"""A project that names radar: found beside its scenes, read, and a feature of the map to choose."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from rasterio import Affine

from mrv.errors import ProjectInvalid
from mrv.project import parse_project
from mrv.sources.bundles import read_bundle
from mrv.verification.levels import Asked, verify
from mrv.verification.opened import Bundle
from pipelines.bundles import keep_bundle
from pipelines.execution import Outcome
from pipelines.intake import take_in
from tests.pipelines.conftest import Home

pytestmark = [pytest.mark.xdist_group("whole_path"), pytest.mark.slow]

COLLECTION = "sentinel-1-rtc"
NAME = "radar-landscape"
POWER = {2021: 0.020, 2024: 0.030}  # of VH by year; VV is four times that


def put_radar(catalog: Path, plots: gpd.GeoDataFrame) -> list[str]:
    """Add four acquisitions of one orbit and one of another in the dry season of both epochs."""
    folder = catalog.parent / COLLECTION
    folder.mkdir()
    utm = plots.estimate_utm_crs()
    west, south, east, north = plots.to_crs(utm).total_bounds
    width, height = int((east - west) // 10 + 20), int((north - south) // 10 + 20)
    at = Affine(10.0, 0.0, west - 100, 0.0, -10.0, north + 100)
    lon_lat = plots.total_bounds.tolist()
    named = []
    for year, power in POWER.items():
        for number in range(5):
            day = datetime(year, 1, 4, 15, 55, tzinfo=UTC) + timedelta(days=12 * number)
            item_id = f"S1A_{day:%Y%m%d}_rtc"
            rng = np.random.default_rng(number)
            for band, share in (("vh", 1.0), ("vv", 4.0)):
                speckle = rng.gamma(20, 1 / 20, (height, width))
                with rasterio.open(
                    folder / f"{item_id}_{band}.tif", "w", driver="GTiff", dtype="float32",
                    width=width, height=height, count=1, crs=utm, transform=at, nodata=-32768.0,
                    tiled=True, compress="deflate",
                ) as file:  # fmt: skip
                    file.write((power * share * speckle).astype(np.float32), 1)
            item = {
                "type": "Feature", "stac_version": "1.0.0", "id": item_id, "collection": COLLECTION,
                "geometry": None, "bbox": lon_lat, "links": [], "stac_extensions": [],
                "properties": {
                    "datetime": day.isoformat(), "proj:code": f"EPSG:{utm.to_epsg()}",
                    "sat:orbit_state": "ascending",
                    "sat:relative_orbit": 152 if number == len(POWER) * 2 else 87,
                },
                "assets": {band: {"href": f"./{item_id}_{band}.tif"} for band in ("vv", "vh")},
            }  # fmt: skip
            (folder / f"{item_id}.json").write_text(json.dumps(item), "utf-8")
            named.append(item_id)
    links = [{"rel": "item", "href": f"./{item_id}.json"} for item_id in named]
    collection = {
        "type": "Collection", "stac_version": "1.0.0", "id": COLLECTION, "description": "radar",
        "license": "other", "links": links,
        "extent": {"spatial": {"bbox": [lon_lat]}, "temporal": {"interval": [[None, None]]}},
    }  # fmt: skip
    (folder / "collection.json").write_text(json.dumps(collection), "utf-8")
    root = json.loads(catalog.read_text("utf-8"))
    root["links"].append({"rel": "child", "href": f"./{COLLECTION}/collection.json"})
    catalog.write_text(json.dumps(root), "utf-8")
    return named


@pytest.fixture
def folder(landscape_folder: Path, tmp_path: Path) -> Path:
    """The landscape with radar beside its scenes, and a project that says so."""
    copy = Path(shutil.copytree(landscape_folder, tmp_path / NAME))
    put_radar(copy / "scenes" / "catalog.json", gpd.read_file(copy / "plots.geojson"))
    settings = (copy / "project.toml").read_text("utf-8")
    stated = settings.replace("[imagery]", f'[imagery]\nradar_collection = "{COLLECTION}"')
    stated = stated.replace('id = "growing-landscape"', f'id = "{NAME}"')
    (copy / "project.toml").write_text(stated, "utf-8")
    return copy


def test_radar_reaches_features_evidence_and_the_bundle(folder: Path, demo_home: Home) -> None:
    project = take_in(folder, demo_home.workspace, allow_outside=True)
    stage = demo_home.run(project).stage
    plots = stage.shelf.table("plots")
    backscatter = stage.shelf.table("backscatter")
    assert len(stage.shelf.json("radar_scenes")) == 10
    assert len(backscatter) == 10 * len(plots)
    features = stage.shelf.table("features").set_index(["plot_id", "epoch"])
    by_epoch = features["vh_dry"].groupby(level="epoch").mean()
    for year, epoch in zip(POWER, sorted(by_epoch.index), strict=True):
        assert by_epoch[epoch] == pytest.approx(10 * np.log10(POWER[year]), abs=0.1)
    assert (features["vv_dry"] - features["vh_dry"]).mean() == pytest.approx(
        10 * np.log10(4), abs=0.1
    )
    document = stage.shelf.json("evidence")
    named = {artifact["name"]: artifact for artifact in document["artifacts"]}
    assert named["backscatter"]["rows"] == len(backscatter)

    keep_bundle(stage)
    place = folder.parent / "bundle.zip"
    place.write_bytes(stage.shelf.data("bundle"))
    report = verify(Bundle(read_bundle(place)), Asked(2))
    assert report.stands, report.first_cause
    (told,) = [node for node in report.nodes if node.name == "backscatter" and node.level == 2]
    assert told.status == "stated"
    assert [n.status for n in report.nodes if n.name == "features"] == ["equal"]


def test_a_simulated_landscape_has_no_radar() -> None:
    sample = Path(__file__).parents[2] / "sample_plots" / "kisumu-women" / "project.toml"
    stated = sample.read_text("utf-8").replace("[imagery]", '[imagery]\nradar_collection = "s1"')
    with pytest.raises(ProjectInvalid, match="no radar scenes"):
        parse_project(stated)


def test_without_radar_the_table_is_there_and_empty(outcome: Outcome) -> None:
    shelf = outcome.stage.shelf
    assert len(shelf.table("backscatter")) == 0
    assert "vh_dry" not in shelf.table("features")
    assert shelf.json("radar_scenes") == []
