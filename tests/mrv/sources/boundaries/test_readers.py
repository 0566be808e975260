"""What readers understand beyond the plain case, and that the child gives what the parser gives."""

import json

import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given, settings
from hypothesis import strategies as st

from mrv.errors import BoundaryFileRefused
from mrv.sources.boundaries import (
    GEOMETRY_CRS,
    GEOMETRY_NOTE,
    GEOMETRY_PROBLEM,
    parse_boundaries,
    read_boundaries,
)
from mrv.sources.boundaries.geojson_shapes import draw, draw_all
from tests.fuzz.seeds import seeds
from tests.hostile.files import (
    SQUARE,
    collection,
    feature,
    geopackage,
    kml,
    placemark,
    shapefile,
    zipped,
    zipped_shapefile,
)

SEEDS = seeds()


@pytest.mark.parametrize(
    ("name", "data"), SEEDS, ids=[f"{i}-{n}" for i, (n, _) in enumerate(SEEDS)]
)
def test_the_child_gives_what_the_parser_gives(name: str, data: bytes) -> None:
    here, there = parse_boundaries(data, name), read_boundaries(data, name)
    assert_geodataframe_equal(here.frame, there.frame)
    assert (here.format, here.notes) == (there.format, there.notes)


def test_a_broken_shape_is_a_row_with_its_reason() -> None:
    features = (
        feature({"plot_id": "a"}),
        feature({"plot_id": "b"}, geometry={"type": "Polygon"}),
        feature({"plot_id": "c"}, geometry=None),
        "no feature at all",
        feature({"plot_id": "e"}, [[["x", 0], [0, 1], [1, 1]]]),
        feature({"plot_id": "f"}, geometry="bad_coordinates: forged"),
    )
    frame = parse_boundaries(collection(*features), "plots.geojson").frame
    assert frame.geometry.isna().tolist() == [False, True, True, True, True, True]
    codes = [str(told).split(":")[0] for told in frame[GEOMETRY_PROBLEM].fillna("")]
    assert codes == [
        *("", "no_coordinates", "no_geometry", "not_a_feature"),
        *("bad_coordinates", "not_geojson"),
    ]


def test_what_a_person_understands_is_kept_with_a_note() -> None:
    rings = [
        SQUARE[:-1],
        [[34, 0], [34, 1]],
        [[34, 0, 1], [35, 0], [35, 1], [34, 0, 1]],
        [[34, 0, 1, 9], [35, 0, 1, 9], [35, 1, 1, 9], [34, 0, 1, 9]],
    ]
    frame = parse_boundaries(collection(*(feature({}, [ring]) for ring in rings)), "p.json").frame
    assert frame.geometry.notna().all()
    assert frame[GEOMETRY_NOTE].tolist() == [
        "unclosed_ring",
        "short_ring;unclosed_ring",
        "mixed_dimensions",
        "extra_numbers",
    ]
    assert frame.geometry[0].equals(shapely.Polygon(SQUARE))


def test_attributes_keep_their_kind_or_become_text() -> None:
    rows = [
        {"whole": 7, "mixed": 1, "nested": {"a": [1]}, "long": 2**70, "yes": True, "geometry": "g"},
        {"whole": None, "mixed": "x", "nested": None, "long": 1, "yes": None},
    ]
    frame = parse_boundaries(collection(*map(feature, rows)), "plots.geojson").frame
    assert frame["whole"].tolist() == [7, None]
    assert isinstance(frame["whole"][0], int)
    assert frame["mixed"].tolist() == ["1", "x"]
    assert frame["nested"][0] == '{"a": [1]}'
    assert frame["long"].tolist() == [str(2**70), "1"]
    assert frame["yes"].tolist() == [True, None]
    assert frame["geometry_"][0] == "g"


def test_a_row_may_state_its_own_system() -> None:
    own = {"type": "name", "properties": {"name": "EPSG:32636"}}
    frame = parse_boundaries(
        collection(feature(), feature(crs=own), feature(crs={"type": "link"})), "plots.geojson"
    ).frame
    assert frame[GEOMETRY_CRS].fillna("").tolist() == ["", "EPSG:32636", ""]
    assert frame[GEOMETRY_PROBLEM][2].startswith("remote_crs: ")


def test_the_senders_system_fills_in_and_never_contradicts() -> None:
    plain = collection(feature())
    assert parse_boundaries(plain, "a.json", crs="EPSG:32636").frame.crs.to_epsg() == 32636
    stated = collection(
        feature(), crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    )
    assert parse_boundaries(stated, "a.json", crs="EPSG:4326").frame.crs.to_epsg() == 4326
    for data, name in ((stated, "a.json"), (geopackage(), "a.gpkg"), (zipped_shapefile(), "a.zip")):
        with pytest.raises(BoundaryFileRefused, match="leave one of the two out") as caught:
            parse_boundaries(data, name, crs="EPSG:32636")
        assert caught.value.fault == "crs_contradiction"
    with pytest.raises(BoundaryFileRefused, match="What was given with it names an unknown"):
        parse_boundaries(plain, "a.json", crs="my own")


@pytest.mark.parametrize(
    ("inside", "kind"),
    [
        ("<Point><coordinates>34, 0 ,1</coordinates></Point>", "Point"),
        ("<LineString><coordinates>34,0 34,1 34,0,</coordinates></LineString>", "LineString"),
        (
            "<gx:Track><gx:coord>34 0 1</gx:coord><gx:coord>34 1 1</gx:coord></gx:Track>",
            "LineString",
        ),
        ("<MultiGeometry><Point><coordinates>1,1</coordinates></Point></MultiGeometry>", "Point"),
        (
            f"<MultiGeometry>{'<Point><coordinates>1,1</coordinates></Point>' * 2}</MultiGeometry>",
            "MultiPoint",
        ),
        ("<Point><coordinates>34;0</coordinates></Point>", "bad_coordinates"),
        ("<Polygon/>", "bad_coordinates"),
        ("<Model/>", "no_geometry"),
    ],
)
def test_kml_in_the_wild(inside: str, kind: str) -> None:
    frame = parse_boundaries(kml(f"<Placemark>{inside}</Placemark>{placemark()}"), "a.kml").frame
    told = frame[GEOMETRY_PROBLEM][0] if GEOMETRY_PROBLEM in frame else None
    assert (told or frame.geometry[0].geom_type).startswith(kind)
    assert frame.geometry[1].geom_type == "Polygon"


def test_kml_data_are_typed_by_their_schema() -> None:
    schema = '<Schema id="s"><SimpleField name="area" type="float"/></Schema>'
    data = '<ExtendedData><SchemaData><SimpleData name="area">0.2</SimpleData></SchemaData>'
    data += '<Data name="farmer_id"><value>07</value></Data></ExtendedData>'
    frame = parse_boundaries(kml(schema + placemark(data)), "a.kml").frame
    assert frame[["name", "area", "farmer_id"]].to_numpy().tolist() == [["a", 0.2, "07"]]


def test_a_geopackage_that_was_open_in_qgis_is_read() -> None:
    """Its header says that a log lies beside it, which was not sent along."""
    data = geopackage()
    logged = data[:18] + b"\x02\x02" + data[20:]
    assert len(parse_boundaries(logged, "a.gpkg").frame) == 3


@pytest.mark.parametrize(
    ("cpg", "encoding"),
    [(b"UTF-8", "utf-8"), (b"1252", "cp1252"), (b"UTF-8", "cp1252"), (b"", "cp1252")],
)
def test_letters_of_a_shapefile_survive_what_its_cpg_says(cpg: bytes, encoding: str) -> None:
    dbf = shapefile()[".dbf"].replace(b"KE-0", "né".encode(encoding).ljust(4))
    dbf = dbf[:29] + b"\0" + dbf[30:]
    found = parse_boundaries(zipped_shapefile({".dbf": dbf, ".cpg": cpg}), "a.zip")
    assert found.frame["plot_id"][0].strip() == "né"
    assert bool(found.notes) == (cpg == b"UTF-8" and encoding != "utf-8")


def test_two_maps_in_a_zip_are_asked_back() -> None:
    with pytest.raises(BoundaryFileRefused, match=r"holds 2 maps \(a.geojson, b.kml\)") as caught:
        parse_boundaries(zipped({"a.geojson": b"{}", "b.kml": b"<kml/>"}), "plots.zip")
    assert caught.value.fault == "two_layers"


def test_a_shapefile_and_another_map_in_a_zip_are_asked_back() -> None:
    parts = {f"plots{part}": data for part, data in shapefile().items()}
    both = zipped({**parts, "old/plots.gpkg": geopackage()})
    with pytest.raises(
        BoundaryFileRefused, match=r"holds 2 maps \(plots.shp, old/plots.gpkg\)"
    ) as caught:
        parse_boundaries(both, "plots.zip")
    assert caught.value.fault == "two_layers"


@pytest.mark.parametrize("table", ["farmers.csv", "farmers.xlsx"])
@pytest.mark.parametrize(
    "parts",
    [
        {f"plots{part}": data for part, data in shapefile().items()},
        {"plots.gpkg": geopackage()},
    ],
    ids=["shapefile", "GeoPackage"],
)
def test_a_table_beside_the_map_is_left_aside_and_said(parts: dict[str, bytes], table: str) -> None:
    alone = parse_boundaries(zipped(parts), "plots.zip")
    found = parse_boundaries(zipped({**parts, table: b"farmer_id,phone\n"}), "plots.zip")
    assert len(found.frame) == len(alone.frame) > 0
    assert not alone.notes
    assert [note.endswith(f"; {table} beside it was not read.") for note in found.notes] == [True]


def test_lines_of_json_are_judged_one_by_one() -> None:
    lines = [json.dumps(feature({"plot_id": "a"})), "broken", ""]
    frame = parse_boundaries("\n".join(lines).encode(), "plots.geojsonl").frame
    assert frame.geometry.isna().tolist() == [False, True]
    assert frame[GEOMETRY_PROBLEM][1].startswith("damaged: ")


NUMBERS = st.floats(-180, 180, width=32) | st.just(float("nan")) | st.integers(-5, 5)
POSITIONS = st.lists(NUMBERS, min_size=1, max_size=4) | st.just([34.0, 0.0])
RINGS = st.lists(POSITIONS, max_size=5) | st.just(SQUARE)
POLYGONS = st.lists(RINGS, max_size=3)
GEOMETRIES = st.one_of(
    st.builds(lambda c: {"type": "Polygon", "coordinates": c}, POLYGONS),
    st.builds(lambda c: {"type": "MultiPolygon", "coordinates": c}, st.lists(POLYGONS, max_size=3)),
    st.sampled_from([None, {}, 7, {"type": "Polygon", "coordinates": 3}]),
    st.just({"type": "MultiPolygon", "coordinates": [[SQUARE], [SQUARE, SQUARE]]}),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(GEOMETRIES, min_size=1, max_size=4))
def test_together_they_are_drawn_as_one_by_one(geometries: list[object]) -> None:
    for together, alone in zip(draw_all(geometries), map(draw, geometries), strict=True):
        assert (together.problem, together.remark) == (alone.problem, alone.remark)
        assert shapely.to_wkb(together.shape) == shapely.to_wkb(alone.shape)
