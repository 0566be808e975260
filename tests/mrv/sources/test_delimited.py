"""Boundaries in delimited text: every dialect the same, every trap a reason."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from mrv.errors import BoundaryFileRefused
from mrv.sources.boundaries import delimited, parse_boundaries, table
from mrv.sources.boundaries.table import GPS_ACCURACY

FORMATS = "field_boundaries/kenya_busia_formats"
EIGHT_DECIMALS = 0.51e-8  # [degree], half a unit of what the CSV files were rounded to: 0.6 mm

SQUARE = "POLYGON((34.1 0.5,34.2 0.5,34.2 0.6,34.1 0.6,34.1 0.5))"
SHAPE = shapely.from_wkt(SQUARE)
PLAIN = f'plot_id,wkt\nA,"{SQUARE}"\n'
WALK = (
    "0.5 34.1 1140.0 4.0; 0.5 34.2 1141.0 9.5; 0.6 34.2 1140.0 0.0; 0.6 34.1 1139.0 5.0; "
    "0.5 34.1 1140.0 4.0"
)
ORIGIN = [(34.1, 0.5), (34.2, 0.5), (34.2, 0.6), (34.1, 0.6)]


def read(text: str | bytes) -> gpd.GeoDataFrame:
    return delimited.read(text.encode() if isinstance(text, str) else text, "plots.csv")


def corners(rows: list[tuple[object, ...]], header: str = "plot_id,vertex,lon,lat") -> str:
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)])


SQUARE_ROWS: list[tuple[object, ...]] = [
    ("A", number, lon, lat) for number, (lon, lat) in enumerate(ORIGIN)
]


# -- the same plots in every dialect -------------------------------------------------------------


@pytest.mark.parametrize("name", ["plots_wkt.csv", "plots_vertices.csv"])
def test_real_fields_are_those_of_their_geojson(
    name: str, real_data: Callable[[str], Path]
) -> None:
    """Corner by corner, within what the rounding of the file takes away."""
    document = json.loads(real_data(f"{FORMATS}/plots.geojson").read_text())
    frame = parse_boundaries(real_data(f"{FORMATS}/{name}").read_bytes(), name).frame
    assert frame.crs == "EPSG:4326"
    assert len(frame) == len(document["features"]) == 40
    for feature, plot_id, shape in zip(
        document["features"], frame["plot_id"], frame.geometry, strict=True
    ):
        assert feature["properties"]["plot_id"] == plot_id
        (ring,) = feature["geometry"]["coordinates"]
        assert shapely.get_coordinates(shape) == pytest.approx(np.array(ring), abs=EIGHT_DECIMALS)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(PLAIN.encode(), id="plain"),
        pytest.param(PLAIN.encode("utf-8-sig"), id="byte order mark"),
        pytest.param(PLAIN.encode("utf-16"), id="UTF-16"),
        pytest.param(PLAIN.replace("\n", "\r").encode(), id="old Mac line ends"),
        pytest.param(PLAIN.replace("plot_id,wkt\nA,", "plot_id;wkt\nA;").encode(), id="semicolon"),
        pytest.param(PLAIN.replace("plot_id,wkt\nA,", "plot_id\twkt\nA\t").encode(), id="tab"),
        pytest.param(b"sep=;\nplot_id;wkt\nA;" + SQUARE.encode(), id="Excel's first line"),
        pytest.param(b"\n# crew 3\nplot_id;wkt\nA;" + SQUARE.encode(), id="a comment above"),
        pytest.param(PLAIN.replace("wkt", "the_geom").encode(), id="another name"),
        pytest.param(PLAIN.replace("wkt", "limite").encode(), id="a French name"),
        pytest.param(PLAIN.replace("wkt", "x17").encode(), id="a name that says nothing"),
        pytest.param(PLAIN.replace("POLYGON", "SRID=4326;POLYGON").encode(), id="EWKT"),
        pytest.param(PLAIN.replace("POLYGON", "srid = 4326 ; polygon").encode(), id="small"),
        pytest.param(f"plot_id,g\nA,{shapely.to_wkb(SHAPE, hex=True)}\n".encode(), id="WKB"),
        pytest.param(
            f"plot_id|g\nA|{shapely.to_geojson(SHAPE)}\n".replace('"', '""')
            .replace("|{", '|"{')
            .replace("}\n", '}"\n')
            .encode(),
            id="GeoJSON",
        ),
        pytest.param(f"plot_id,shape\nA,{WALK}\n".encode(), id="ODK geoshape"),
        pytest.param(f"plot_id,shape\nA,{WALK};\n".encode(), id="ODK, a semicolon at the end"),
        pytest.param(f'plot_id,shape\nA,"{WALK}"\n'.replace("; ", ";\n").encode(), id="ODK, lines"),
        pytest.param(
            f'plot_id,shape\nA,"{WALK}"\n'.replace(".", ",").encode(), id="ODK, decimal commas"
        ),
        pytest.param(b"plot_id,shape\nA,0.5 34.1;0.5 34.2;0.6 34.2;0.6 34.1;0.5 34.1\n", id="two"),
        pytest.param(corners(SQUARE_ROWS).encode(), id="corners"),
        pytest.param(corners([*SQUARE_ROWS, ("A", 4, 34.1, 0.5)]).encode(), id="closed corners"),
        pytest.param(
            corners([*SQUARE_ROWS, ("A", 0, 34.1, 0.5)]).encode(), id="closed by its first"
        ),
        pytest.param(corners(SQUARE_ROWS[::-1]).encode(), id="corners in no order"),
        pytest.param(
            corners(
                [(lat, lon, plot, number) for plot, number, lon, lat in SQUARE_ROWS],
                "Latitude,Longitude,Plot ID,Point",
            ).encode(),
            id="latitude first",
        ),
        pytest.param(
            corners([(p, lon, lat) for p, _n, lon, lat in SQUARE_ROWS], "plot_id,X,Y").encode(),
            id="corners without numbers",
        ),
        pytest.param(
            corners(SQUARE_ROWS).replace(",", ";").replace(".", ",").encode(), id="decimal commas"
        ),
        pytest.param(
            corners(SQUARE_ROWS, "parcelle,sommet,gps/_pt_longitude,gps/_pt_latitude").encode(),
            id="names of a form",
        ),
    ],
)
def test_one_square_in_every_dialect(raw: bytes) -> None:
    frame = read(raw)
    assert len(frame) == 1
    assert frame.crs == "EPSG:4326"
    assert frame.iloc[0][frame.columns[0]] == "A"
    assert "geometry_problem" not in frame
    assert shapely.equals_exact(shapely.force_2d(frame.geometry[0]), SHAPE, normalize=True)


# -- where on Earth ------------------------------------------------------------------------------

METRES = "POLYGON((600000 50000,600100 50000,600100 50100,600000 50000))"


@pytest.mark.parametrize(
    ("header", "row", "crs"),
    [
        ("id,wkt", f'A,"SRID=32636;{METRES}"', "EPSG:32636"),
        ("id,epsg,wkt", f'A,32636,"{METRES}"', "EPSG:32636"),
        ("id,CRS,wkt", f'A,EPSG:32636,"{METRES}"', "EPSG:32636"),
        ("id,crs,wkt", f'A,WGS 84 / UTM zone 36N,"{METRES}"', "EPSG:32636"),
        ("id,srid,wkt", f'A,32636.0,"SRID=32636;{METRES}"', "EPSG:32636"),
        ("id,crs,wkt", f'A,urn:ogc:def:crs:EPSG::21096,"{METRES}"', "EPSG:21096"),
        ("id,crs,wkt", f'A,WGS84,"{SQUARE}"', "EPSG:4326"),
    ],
)
def test_a_row_states_its_coordinate_system(header: str, row: str, crs: str) -> None:
    frame = read(f"{header}\n{row}\n")
    assert frame.crs == crs
    assert "geometry_crs" not in frame
    assert frame.attrs == {}


def test_metres_without_a_system_are_not_guessed() -> None:
    assert read(f'id,wkt\nA,"{METRES}"\n').crs is None


def test_degrees_without_a_system_are_wgs_84_and_that_is_told() -> None:
    frame = read(PLAIN)
    assert frame.attrs["crs_by_default"]
    assert "degrees of WGS 84" in frame.attrs["notes"][0]


def test_rows_in_different_systems_keep_their_own() -> None:
    frame = read(f'id,wkt\nA,"SRID=32636;{METRES}"\nB,"SRID=32637;{METRES}"\nC,"{METRES}"\n')
    assert frame.crs is None
    assert frame["geometry_crs"].tolist() == ["EPSG:32636", "EPSG:32637", None]
    frame = read(f'id,epsg,wkt\nA,32636,"{METRES}"\nC,,"{SQUARE}"\n')
    assert frame.crs is None
    assert frame["geometry_crs"].tolist() == ["EPSG:32636", "EPSG:4326"]
    assert "degrees of WGS 84" in frame.attrs["notes"][0]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (f'A,99999,"{METRES}"', "unknown_crs"),
        (f'A,+init=epsg:4326,"{METRES}"', "unknown_crs"),
        (f'A,/etc/passwd,"{METRES}"', "unknown_crs"),
        (f'A,UTM 61N,"{METRES}"', "unknown_crs"),
        (f'A,32637,"SRID=32636;{METRES}"', "crs_contradiction"),
        (f'A,32636,"{WALK}"', "crs_contradiction"),
    ],
)
def test_a_system_that_cannot_be_is_the_problem_of_its_row(row: str, problem: str) -> None:
    frame = read(f'id,crs,wkt\n{row}\nB,,"{SQUARE}"\n')
    assert frame.geometry[0] is None
    assert frame["geometry_problem"][0].startswith(f"{problem}: ")
    assert shapely.equals(frame.geometry[1], SHAPE)


# -- shapes that are not right -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("", "no_geometry"),
        ("POLYGON((34 0,35 0", "bad_coordinates"),
        ("POLYGON((34 0,35 0,35 x,34 0))", "bad_coordinates"),
        ("POLYGON", "bad_coordinates"),
        ("to be mapped", "bad_coordinates"),
        ("=HYPERLINK(0)", "bad_coordinates"),
        ("0.5 34.1;0.5 34.2;;0.6", "bad_coordinates"),
        ("0.5 nan;0.5 34.2;0.6 34.2", "bad_coordinates"),
        ("CURVEPOLYGON(CIRCULARSTRING(0 0,1 1,2 0,0 0))", "curved"),
        ("GEOMETRYCOLLECTION(" * 5000 + "POINT(0 0)" + ")" * 5000, "too_deep"),
        ('{"type": "Polygon", "coordinates": [[[0, 0], ["a", 1]]]}', "bad_coordinates"),
        ("{" * 9000, "bad_coordinates"),
        ("00000000030000000100FFFFFF", "bad_coordinates"),
        ("-", "bad_coordinates"),
    ],
)
def test_a_cell_that_is_no_boundary_costs_its_row_and_says_why(cell: str, problem: str) -> None:
    quoted = cell.replace('"', '""')
    frame = read(f'id,wkt\nA,"{quoted}"\nB,"{SQUARE}"\nC,"{SQUARE}"\n')
    assert frame.geometry[0] is None
    assert frame["geometry_problem"][0].startswith(f"{problem}: ")
    assert len(frame["geometry_problem"][0]) < 300
    assert shapely.equals(frame.geometry[1], SHAPE)
    assert frame["geometry_problem"].isna().tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("cell", "wkt", "note"),
    [
        ("POLYGON((0 0,1 0,1 1,0 1))", "POLYGON((0 0,1 0,1 1,0 1,0 0))", "unclosed_ring"),
        ("0 0;0 1;1 1;1 0", "POLYGON((0 0,1 0,1 1,0 1,0 0))", "unclosed_ring"),
        ("0 0;0 1", "LINESTRING(0 0,1 0)", None),
        ("0 0;0 1;0 0", "LINESTRING(0 0,1 0,0 0)", None),
        ("5.5 6.5 0 0", "POINT(6.5 5.5)", None),
        ("POINT(6.5 5.5)", "POINT(6.5 5.5)", None),
        ("POLYGON EMPTY", "POLYGON EMPTY", None),
        ("POLYGON((0 0,1 1,0 1,1 0,0 0))", "POLYGON((0 0,1 1,0 1,1 0,0 0))", None),
        ("POLYGON Z((0 0 9,1 0 9,1 1 9,0 0 9))", "POLYGON Z((0 0 9,1 0 9,1 1 9,0 0 9))", None),
        ("MULTIPOLYGON(((0 0,1 0,1 1,0 0)))", "MULTIPOLYGON(((0 0,1 0,1 1,0 0)))", None),
    ],
)
def test_what_can_be_understood_is_left_to_screening(cell: str, wkt: str, note: str | None) -> None:
    frame = read(f'id,wkt\nA,"{cell}"\n')
    assert shapely.equals_identical(frame.geometry[0], shapely.from_wkt(wkt))
    assert (frame["geometry_note"][0] if note else frame.get("geometry_note")) == note


def test_coordinates_without_an_end_stay_for_screening_to_refuse() -> None:
    frame = read('id,wkt\nA,"POLYGON((0 0,1e400 0,1 nan,0 0))"\n')
    assert not np.isfinite(shapely.get_coordinates(frame.geometry[0])).all()


def test_the_worst_fix_of_a_walk_is_told() -> None:
    """A corner that was set by hand has accuracy 0, and says nothing."""
    assert read(f"plot_id,shape\nA,{WALK}\n")[GPS_ACCURACY].tolist() == [9.5]
    by_hand = "0 0 0 0;0 1 0 0;1 1 0 0;0 0 0 0"
    assert GPS_ACCURACY not in read(f"plot_id,shape\nA,{by_hand}\n")


def test_a_point_beside_a_walk_is_not_the_boundary() -> None:
    frame = read(f"id,gps,_gps_latitude,_gps_longitude,walk\nA,0.5 34.1 9.0 4.0,0.5,34.1,{WALK}\n")
    assert frame.geometry[0].geom_type == "Polygon"
    assert "gps" in frame.columns


# -- corners -------------------------------------------------------------------------------------


def test_plots_keep_the_order_of_the_file_and_their_first_attributes() -> None:
    rows = [("B", 0, 0, 0, "x"), ("A", 0, 5, 5, "y"), ("B", 1, 1, 0, "z"), ("A", 1, 6, 5, "y")]
    rows += [("B", 2, 1, 1, "x"), ("A", 2, 6, 6, "y")]
    frame = read(corners(rows, "plot_id,vertex,lon,lat,village"))
    assert frame["plot_id"].tolist() == ["B", "A"]
    assert frame["village"].tolist() == ["x", "y"]
    assert shapely.area(frame.geometry.to_numpy()).tolist() == [0.5, 0.5]
    assert list(frame.columns) == ["plot_id", "village", "geometry"]


@pytest.mark.parametrize(
    ("rows", "note"),
    [
        ([("A", 0, 0, 0), ("A", 1, 1, 0), ("A", 3, 1, 1), ("A", 4, 0, 1)], "vertex_gap"),
        ([("A", 1, 0, 0), ("A", 2, 1, 0), ("A", 2, 1, 0), ("A", 3, 1, 1)], "vertex_repeated"),
        ([("A", 10, 0, 0), ("A", 20, 1, 0), ("A", 30, 1, 1)], None),
    ],
)
def test_numbers_of_corners_that_are_odd_are_noted(
    rows: list[tuple[object, ...]], note: str | None
) -> None:
    frame = read(corners(rows))
    assert frame.geometry[0].geom_type == "Polygon"
    assert (frame["geometry_note"][0] if note else frame.get("geometry_note")) == note


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (
            [("A", 1, 0, 0), ("A", 2, 1, 0), ("A", 2, 9, 9), ("A", 3, 1, 1)],
            "vertex_order: its corner 2",
        ),
        ([("A", 1, 0, 0), ("A", "?", 1, 0), ("A", 3, 1, 1)], "vertex_order: its corner in row 3"),
        (
            [("A", 1, 0, 0), ("A", 2, "east", 0), ("A", 3, 1, 1)],
            "bad_coordinates: its corner in row 3",
        ),
        ([("A", 1, 0, 0), ("A", 2, 1, ""), ("A", 3, 1, 1)], "bad_coordinates: its corner in row 3"),
        ([("A", 1, 0, 0), ("A", 2, "inf", 0), ("A", 3, 1, 1)], "bad_coordinates"),
    ],
)
def test_corners_that_cannot_be_put_in_order_cost_their_plot(
    rows: list[tuple[object, ...]], problem: str
) -> None:
    frame = read(corners([*rows, *(("B", *row[1:]) for row in SQUARE_ROWS)]))
    assert frame["plot_id"].tolist() == ["A", "B"]
    assert frame.geometry[0] is None
    assert frame["geometry_problem"][0].startswith(problem)
    assert shapely.equals(frame.geometry[1], SHAPE)


def test_a_plot_that_is_told_twice_is_there_twice() -> None:
    moved = [("A", number, lon + 1, lat) for _plot, number, lon, lat in SQUARE_ROWS]  # type: ignore[operator]
    frame = read(corners([*SQUARE_ROWS, *moved]))
    assert frame["plot_id"].tolist() == ["A", "A"]
    unnumbered = [
        (plot, lon, lat) for plot, _number, lon, lat in [*SQUARE_ROWS, ("B", 0, 9, 9), *moved]
    ]
    frame = read(corners(unnumbered, "plot_id,lon,lat"))
    assert frame["plot_id"].tolist() == ["A", "B", "A"]


def test_parts_and_holes() -> None:
    hole = [(34.13, 0.53), (34.13, 0.55), (34.15, 0.55)]
    rings: list[tuple[object, ...]] = [("A", 0, 0, n, *p) for n, p in enumerate(ORIGIN)]
    rings += [("A", 0, 1, n, *p) for n, p in enumerate(hole)]
    rings += [("A", 1, 0, n, lon + 1, lat) for n, (lon, lat) in enumerate(ORIGIN)]
    frame = read(corners(rings, "plot_id,part,ring,vertex,lon,lat"))
    expected = shapely.union(
        shapely.Polygon(ORIGIN, [hole]),
        shapely.transform(SHAPE, lambda places: np.add(places, (1, 0))),
    )
    assert shapely.equals(frame.geometry[0], expected)


def test_one_row_for_each_plot_is_a_point() -> None:
    frame = read("plot_id,latitude,longitude\nA,0.5,34.1\nB,0.6,34.2\n")
    assert frame.geometry.geom_type.tolist() == ["Point", "Point"]
    assert shapely.get_coordinates(frame.geometry[0]).tolist() == [[34.1, 0.5]]


def test_corners_of_one_plot_need_no_name() -> None:
    frame = read("n,lat,lon\n1,0.5,34.1\n2,0.5,34.2\n3,0.6,34.2\n4,0.6,34.1\n")
    assert shapely.equals(frame.geometry[0], SHAPE)


# -- whole files ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "fault", "said"),
    [
        (b"", "empty", "empty"),
        (b"plot_id,wkt\n", "empty", "no row"),
        (b"plot_id,village\nA,Nyalenda\n", "no_geometry", "add one named wkt"),
        (b"plot_id,latitude\nA,0.5\n", "no_geometry", "plot_id, latitude"),
        (b'plot_id,wkt\nA,"POLYGON((', "damaged", "quote"),
        (b"a,a,wkt\n1,2,POINT(0 0)\n", "damaged", "more than once"),
        (b"\x00\x01\x02\x03", "damaged", "not text"),
        (",".join(f"c{n}" for n in range(1_000_000)).encode(), "too_many_columns", "columns"),
        (b"a" * (17 << 20) + b"\nx", "damaged", "line 1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_without_boundaries_is_refused_in_a_sentence(
    raw: bytes, fault: str, said: str
) -> None:
    with pytest.raises(BoundaryFileRefused, match=said) as refused:
        read(raw)
    assert refused.value.fault == fault
    assert len(refused.value.message) < 1500


def test_a_walk_of_fifty_thousand_corners_fits_a_cell() -> None:
    angles = np.linspace(0, 2 * np.pi, 50_000, endpoint=False)
    walk = ";".join(f"{np.sin(a):.9f} {np.cos(a):.9f} 1140.0 4.0" for a in angles)
    frame = read(f"plot_id,walk\nA,{walk}\n")
    assert shapely.get_num_coordinates(frame.geometry[0]) == 50_001


def test_formulas_stay_text() -> None:
    frame = read(f'plot_id,note,wkt\nA,=cmd|x!A1,"{SQUARE}"\n')
    assert frame["note"].tolist() == ["=cmd|x!A1"]


@pytest.mark.parametrize(("systems", "most"), [(50_000, 0), (3, 3)])
def test_systems_are_looked_up_once_each_and_not_without_end(
    systems: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(table, "crs_code", lambda text: asked.append(text) or f"EPSG:{text}")
    rows = "".join(f'a{n},{32601 + n % systems},"POINT (34 0)"\n' for n in range(50_000))
    with suppress(BoundaryFileRefused):
        delimited.read(f"plot_id,epsg,wkt\n{rows}".encode(), "plots.csv")
    assert len(asked) == most
