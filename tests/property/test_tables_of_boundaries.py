"""Whatever a table holds, reading it gives a row or a reason, and no error but ours."""

import csv
import io
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mrv.errors import MrvError
from mrv.field.csv_text import parse_csv
from mrv.sources.boundaries import delimited, field_exports, spreadsheets
from mrv.sources.boundaries.cells import read_cell
from mrv.sources.boundaries.row_crs import crs_code
from mrv.sources.tree_tables import parse_trees

NUMBERS = st.one_of(
    st.floats().map(repr), st.integers().map(str), st.sampled_from(["", "-", "1,5", "nan", "1e400"])
)
CORNERS = st.lists(st.lists(NUMBERS, max_size=5).map(" ".join), max_size=8).map("; ".join)
WORDS = st.sampled_from(
    [
        "POLYGON",
        "MULTI",
        "EMPTY",
        "Z",
        "((",
        "(",
        ")",
        "))",
        ",",
        "1,0",
        "SRID=1;",
        "34.1",
        "{",
        '"type"',
        ":",
        '"Polygon"',
        "[",
        "]",
        "}",
        "01",
        "010300",
        ";",
        " ",
        "0 0",
        "1 0,",
        "1 1",
    ]
)
ODD_TEXT = st.one_of(st.text(max_size=60), CORNERS, st.lists(WORDS, max_size=25).map("".join))
RINGS = st.integers(3, 9).flatmap(
    lambda corners: st.lists(
        st.tuples(st.floats(-180, 180), st.floats(-90, 90)),
        min_size=corners,
        max_size=corners,
        unique=True,
    )
)
HEADERS = st.lists(
    st.sampled_from(
        [
            "plot_id",
            "wkt",
            "epsg",
            "lat",
            "lon",
            "vertex",
            "part",
            "ring",
            "KEY",
            "_uuid",
            "PARENT_KEY",
            "_index",
        ]
    )
    | st.sampled_from(["_parent_index", "plot[1]/wkt", "geometry", "gps_accuracy_m", "today"])
    | st.text(max_size=6),
    min_size=1,
    max_size=7,
)


def as_csv(rows: list[list[str]], delimiter: str = ",") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


def outcome(read: Callable[[], pd.DataFrame]) -> pd.DataFrame | str:
    """Give what was read, or the sentence of our error; any other error goes on its way."""
    try:
        return read()
    except MrvError as error:
        return error.message


@given(ODD_TEXT)
@example("POLYGON((0 0,1 0")
@example("{" * 20_000)
@example("[" * 20_000)
@example('{"type":"Polygon","coordinates":' + "[" * 9_000)
@example("GEOMETRYCOLLECTION(" * 20_000)
@example("SRID=0;POINT(0 0)")
@example("01" + "0" * 30)
def test_a_cell_gives_a_shape_or_a_reason(text: str) -> None:
    row = read_cell(text)
    assert (row.shape is None) == (row.problem is not None)
    assert row.problem is None or (": " in row.problem and len(row.problem) < 400)


@given(st.text(max_size=40) | st.sampled_from(["EPSG:", "urn:ogc:def:crs:EPSG::4326", "UTM 36S"]))
def test_a_coordinate_system_is_a_code_or_nothing(text: str) -> None:
    code = crs_code(text)
    assert code is None or code.count(":") == 1


@given(RINGS, st.sampled_from(["wkt", "ewkt", "wkb", "geojson", "odk", "corners", "backwards"]))
@settings(max_examples=100)
def test_a_ring_comes_back_however_it_is_written(
    corners: list[tuple[float, float]], written: str
) -> None:
    ring = shapely.Polygon(corners)
    cell = {
        "wkt": lambda: shapely.to_wkt(ring, rounding_precision=-1),
        "ewkt": lambda: "SRID=4326;" + shapely.to_wkt(ring, rounding_precision=-1),
        "wkb": lambda: shapely.to_wkb(ring, hex=True),
        "geojson": lambda: shapely.to_geojson(ring),
        "odk": lambda: ";".join(f"{lat!r} {lon!r} 0 4.5" for lon, lat in ring.exterior.coords),
    }
    if written in cell:
        data = as_csv([["plot_id", "boundary"], ["A", cell[written]()]])
    else:
        rows = [["A", str(n), repr(lat), repr(lon)] for n, (lon, lat) in enumerate(corners)]
        data = as_csv(
            [["id", "vertex", "lat", "lon"], *rows[:: -1 if written == "backwards" else 1]]
        )
    frame = delimited.read(data, "plots.csv")
    assert len(frame) == 1
    # WKT is written with as many digits as it takes, and read to the last bit but one.
    places = shapely.get_coordinates(frame.geometry.iloc[0])
    assert places == pytest.approx(shapely.get_coordinates(ring), abs=1e-12)


@given(HEADERS, st.data(), st.sampled_from(",;\t|"))
@settings(max_examples=150)
def test_a_table_gives_rows_with_a_shape_or_a_reason_or_one_sentence(
    header: list[str], data: st.DataObject, delimiter: str
) -> None:
    cell = ODD_TEXT | NUMBERS | st.sampled_from(["A", "B", "uuid:a", "32636"])
    rows = data.draw(st.lists(st.lists(cell, max_size=len(header) + 1), max_size=8))
    raw = as_csv([header, *rows], delimiter)
    frame = outcome(lambda: delimited.read(raw, "plots.csv"))
    if isinstance(frame, str):
        assert frame.endswith(".")
        return
    assert frame.columns.is_unique
    reasons = frame.get("geometry_problem", [None] * len(frame))
    for shape, reason in zip(frame.geometry, reasons, strict=True):
        assert (shape is None) == isinstance(reason, str)


@given(st.binary(max_size=300))
def test_bytes_are_a_table_or_a_sentence(raw: bytes) -> None:
    for read in (
        lambda: parse_csv(raw),
        lambda: delimited.read(raw, "plots.csv"),
        lambda: spreadsheets.read(raw, "plots.xlsx"),
        lambda: spreadsheets.read(b"PK\x03\x04" + raw, "plots.xlsx"),
        lambda: parse_trees(raw, "trees.zip", {}),
        lambda: field_exports.read({"a.csv": raw, "b.csv": raw}, "export.zip"),
    ):
        assert isinstance(outcome(read), str | pd.DataFrame)


@given(st.integers(0, 2**32), st.integers(1, 12))
@settings(max_examples=50)
def test_a_workbook_with_changed_bytes_is_read_or_refused(seed: int, changes: int) -> None:
    whole = bytearray(WORKBOOK)
    random = np.random.default_rng(seed)
    for place in random.integers(0, len(whole), changes):
        whole[place] = random.integers(0, 256)
    read = outcome(lambda: spreadsheets.read(bytes(whole), "plots.xlsx"))
    assert isinstance(read, str | pd.DataFrame)


def workbook() -> bytes:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["plot_id", "wkt", "day"])
    book.active.append(["A", "POLYGON((0 0,1 0,1 1,0 0))", 45000.5])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


WORKBOOK = workbook()
