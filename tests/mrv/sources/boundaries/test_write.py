"""What is written is read again as it was, here and by GDAL, and no cell of it can run."""

import io
import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from mrv.sources.boundaries import parse_boundaries
from mrv.sources.boundaries.write import to_csv, to_geojson, to_geoparquet, to_gpkg

SHAPES = [
    shapely.Polygon([(34, 0), (34, 0.001), (34.001, 0.001), (34.001, 0)]),
    shapely.Polygon([(34, 0), (34.001, 0.001), (34.001, 0), (34, 0.001)]),  # crosses itself
    None,
    shapely.Point(34.12345678, 0.1),
]
FRAME = gpd.GeoDataFrame(
    {
        "plot_id": ["a", "=HYPERLINK(1)", "-3.5", 'd,"e"\n'],
        "n": [1, 2, 3, 4],
        "x": [0.5, float("nan"), float("inf"), 1.0],
        "on": pd.to_datetime(["2024-01-02", None, None, None]),
    },
    geometry=SHAPES,
    crs=4326,
)


def test_geojson_is_rfc_7946() -> None:
    document = json.loads(to_geojson(FRAME))
    first, crossed, nothing, point = document["features"]
    assert "crs" not in document
    assert shapely.geometry.shape(first["geometry"]).exterior.is_ccw
    assert shapely.geometry.shape(crossed["geometry"]).equals_exact(SHAPES[1], 1e-9) or (
        not shapely.geometry.shape(crossed["geometry"]).is_valid
    )
    assert nothing["geometry"] is None
    assert point["geometry"]["coordinates"] == [34.1234568, 0.1]
    assert [f["properties"]["x"] for f in document["features"]] == [0.5, None, None, 1.0]
    assert first["properties"]["on"] == "2024-01-02T00:00:00"


@pytest.mark.parametrize("epsg", [4326, 32636])
def test_geojson_comes_in_degrees(epsg: int) -> None:
    frame = parse_boundaries(to_geojson(FRAME.to_crs(epsg=epsg)), "a.geojson").frame
    assert shapely.hausdorff_distance(frame.geometry[0], SHAPES[0]) < 1.1e-7


def test_shapes_from_nowhere_are_not_placed() -> None:
    with pytest.raises(ValueError, match="without a coordinate system"):
        to_geojson(gpd.GeoDataFrame({"a": [1]}, geometry=SHAPES[:1]))


def test_geopackage_and_geoparquet_come_back(tmp_path: Path) -> None:
    for data, name in ((to_gpkg(FRAME, "rejected"), "a.gpkg"), (to_geoparquet(FRAME), "a.parquet")):
        frame = parse_boundaries(data, name).frame
        assert frame["plot_id"].tolist() == FRAME["plot_id"].tolist()
        assert frame["n"].tolist() == [1, 2, 3, 4]
        assert shapely.to_wkb(frame.geometry[1]) == shapely.to_wkb(SHAPES[1])
        assert frame.geometry[2] is None
        assert frame.crs.to_epsg() == 4326
    (tmp_path / "rejected.gpkg").write_bytes(to_gpkg(FRAME, "rejected"))
    assert len(gpd.read_file(tmp_path / "rejected.gpkg", layer="rejected")) == len(FRAME)


def test_a_spreadsheet_runs_nothing_of_it() -> None:
    table = pd.read_csv(io.BytesIO(to_csv(FRAME)), dtype=str)
    assert table["plot_id"].tolist() == ["a", "'=HYPERLINK(1)", "-3.5", 'd,"e"\n']
    assert shapely.from_wkt(table["wkt"][0]).equals_exact(SHAPES[0], 1e-9)
    again = parse_boundaries(to_csv(FRAME), "a.csv").frame
    assert again.geometry.notna().tolist() == [True, True, False, True]


def test_geoparquet_is_the_same_every_time() -> None:
    assert to_geoparquet(FRAME) == to_geoparquet(FRAME.copy())


def test_numbers_of_numpy_are_numbers() -> None:
    frame = gpd.GeoDataFrame(
        {"a": pd.Series([np.int64(1)], dtype=object)}, geometry=SHAPES[:1], crs=4326
    )
    assert json.loads(to_geojson(frame))["features"][0]["properties"] == {"a": 1}
