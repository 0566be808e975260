"""Boundary files: formats agree, a broken shape costs no neighbour, and nothing is followed."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from mrv.errors import TableInvalid
from mrv.sources.vectors import parse_boundaries, to_geoparquet

Find = Callable[[str], Path]


def parse(path: Path) -> gpd.GeoDataFrame:
    return parse_boundaries(path.read_bytes(), path.name)


def test_three_formats_give_the_same_fields(real_data: Find) -> None:
    """Forty real fields of western Kenya."""
    home = real_data("field_boundaries/kenya_busia_formats")
    geojson = parse(home / "plots.geojson")
    geopackage = parse(home / "plots_utm36n.gpkg").to_crs(epsg=4326)
    parquet = parse_boundaries(to_geoparquet(geojson), "plots.parquet")
    assert len(geojson) == 40
    for other in (geopackage, parquet):
        assert other["plot_id"].tolist() == geojson["plot_id"].tolist()
        assert shapely.equals_exact(
            other.geometry.to_numpy(), geojson.geometry.to_numpy(), tolerance=1e-7
        ).all()


def test_the_old_crs_member_is_understood(real_data: Find) -> None:
    """As published: metres of UTM 36 in a GeoJSON, which a careless reader takes for degrees."""
    home = real_data("field_boundaries/kenya_busia_original/ref_african_crops_kenya_01_labels_00")
    fields = parse(home / "labels.geojson")
    west, south, east, north = fields.to_crs(epsg=4326).total_bounds
    assert 34 < west < east < 35
    assert 0 < south < north < 1


def collection(*features: object, **more: object) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features, **more}).encode()


SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]]]}


def test_a_broken_shape_is_a_row_with_its_reason() -> None:
    features = [
        {"type": "Feature", "properties": {"plot_id": "a"}, "geometry": SQUARE},
        {"type": "Feature", "properties": {"plot_id": "b"}, "geometry": {"type": "Polygon"}},
        {"type": "Feature", "properties": {"plot_id": "c"}, "geometry": None},
        "no feature at all",
        {
            "type": "Feature",
            "properties": {"plot_id": "e"},
            "geometry": {"type": "Polygon", "coordinates": [[["x", 0], [0, 1], [1, 1]]]},
        },
    ]
    frame = parse_boundaries(collection(*features), "plots.geojson")
    assert frame.geometry.isna().tolist() == [False, True, True, True, True]
    assert frame["geometry_problem"].isna().tolist() == [True, False, False, False, False]


def test_every_bad_file_of_geojsonhint_is_read_or_refused(real_data: Find) -> None:
    """44 ways to be wrong: an error of ours or rows with a reason, never a traceback."""
    refused = 0
    for path in sorted(real_data("bad_geometry/geojsonhint/bad").glob("*.geojson")):
        try:
            parse(path)
        except TableInvalid:
            refused += 1
    assert refused > 10


@pytest.mark.parametrize(
    ("crs", "told"),
    [
        ({"type": "link", "properties": {"href": "http://127.0.0.1:9/crs"}}, "points elsewhere"),
        ({"type": "name", "properties": {"name": "EPSG:999999"}}, "unknown coordinate system"),
        ({"type": "name", "properties": {}}, "points elsewhere"),
        ("EPSG:4326", "points elsewhere"),
    ],
)
def test_a_coordinate_system_is_never_fetched_or_guessed(crs: object, told: str) -> None:
    feature = {"type": "Feature", "properties": {}, "geometry": SQUARE}
    with pytest.raises(TableInvalid, match=told):
        parse_boundaries(collection(feature, crs=crs), "plots.geojson")


EMPTY_GPKG = b"SQLite format 3\0" + bytes(52) + b"GPKG" + bytes(4096)
VRT = (
    b'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/etc/passwd</SrcDataSource>'
    b"</OGRVRTLayer></OGRVRTDataSource>"
)


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("plots.geojson", VRT, "not proper GeoJSON"),
        ("plots.gpkg", VRT, "not a GeoPackage"),
        ("plots.gpkg", b"SQLite format 3\0" + bytes(4096), "not a GeoPackage"),
        ("plots.gpkg", EMPTY_GPKG, "cannot be read as a GeoPackage"),
        ("plots.parquet", VRT, "cannot be read as GeoParquet"),
        ("plots.kml", VRT, "no known boundary format"),
        ("plots.geojson", b'{"type": "FeatureCollection", "features": []}', "holds no feature"),
        ("plots.geojson", b'{"type": "Polygon"}', "not a GeoJSON FeatureCollection"),
        ("plots.geojson", b"[" * 200_000, "not proper GeoJSON"),
        ("plots.geojson", b'{"features": [NaN]}', "NaN is not a number"),
    ],
)
def test_a_file_that_only_claims_to_be_a_map(name: str, data: bytes, told: str) -> None:
    with pytest.raises(TableInvalid, match=told) as caught:
        parse_boundaries(data, name)
    assert "root:" not in caught.value.message


def test_a_geopackage_with_two_layers_is_asked_back(tmp_path: Path) -> None:
    plots = gpd.GeoDataFrame({"plot_id": ["a"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4326)
    for layer in ("plots", "houses"):
        plots.to_file(tmp_path / "two.gpkg", layer=layer, driver="GPKG")
    with pytest.raises(TableInvalid, match=r"has 2 \(plots, houses\)"):
        parse(tmp_path / "two.gpkg")


def test_geoparquet_is_the_same_every_time() -> None:
    plots = gpd.GeoDataFrame({"plot_id": ["a"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4326)
    assert to_geoparquet(plots) == to_geoparquet(plots.copy())
    assert gpd.read_parquet(io.BytesIO(to_geoparquet(plots))).crs.to_epsg() == 4326
