"""Boundaries and trees in spreadsheets: what cells become, which sheet counts, what is refused."""

import io
import zipfile
from datetime import date, datetime

import openpyxl
import pytest
import shapely

from mrv.errors import BoundaryFileRefused, TableInvalid
from mrv.sources.boundaries import parse_boundaries
from mrv.sources.inventories import read_trees
from mrv.sources.workbooks import read_sheets

SQUARE = "POLYGON((34.1 0.5,34.2 0.5,34.2 0.6,34.1 0.6,34.1 0.5))"
CONTENT = (
    '<?xml version="1.0" encoding="UTF-8"?><office:document-content '
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2">'
    '<office:body><office:spreadsheet><table:table table:name="Plots">{}</table:table>'
    "</office:spreadsheet></office:body></office:document-content>"
)

MANIFEST = (
    '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest '
    'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
)


def xlsx(**sheets: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def ods(rows: list[list[str]]) -> bytes:
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    lines = ("".join(map(cell.format, row)) for row in rows)
    body = "".join(f"<table:table-row>{line}</table:table-row>" for line in lines)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", CONTENT.format(body))
        archive.writestr("META-INF/manifest.xml", MANIFEST)
    return file.getvalue()


def test_cells_become_the_text_that_people_see() -> None:
    header = ["plot", "day", "at", "whole", "part", "yes", "none", "number as text"]
    row = [" A ", date(2024, 3, 5), datetime(2024, 3, 5, 10, 30), 7.0, 0.1, True, None, "007"]  # noqa: DTZ001  # cells have no zone
    (table,) = read_sheets(xlsx(Plots=[header, row]), "plots.xlsx").values()
    assert table.to_numpy().tolist() == [
        ["A", "2024-03-05", "2024-03-05T10:30:00", "7", "0.1", "true", "", "007"]
    ]
    assert table.index.tolist() == [2]
    assert table.index.name == "row"


def test_titles_above_and_empty_rows_do_not_count() -> None:
    rows = [["Plots of the north"], [], ["plot_id", "wkt"], ["A", SQUARE], [], ["B", SQUARE]]
    (table,) = read_sheets(xlsx(Plots=rows), "plots.xlsx").values()
    assert table["plot_id"].tolist() == ["A", "B"]
    assert table.index.tolist() == [4, 6]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (xlsx(Plots=[["plot_id", "wkt"], ["A", SQUARE]]), "plots.xlsx"),
        (xlsx(Notes=[["read me"]], Plots=[["plot_id", "wkt"], ["A", SQUARE]]), "plots.xlsx"),
        (ods([["plot_id", "wkt"], ["A", SQUARE]]), "plots.ods"),
        (
            xlsx(
                Corners=[
                    ["plot_id", "vertex", "latitude", "longitude"],
                    *[
                        ["A", n, lat, lon]
                        for n, (lon, lat) in enumerate(
                            ((34.1, 0.5), (34.2, 0.5), (34.2, 0.6), (34.1, 0.6))
                        )
                    ],
                ]
            ),
            "corners.xlsx",
        ),
    ],
    ids=["a sheet", "the sheet that holds them", "ODS", "corners"],
)
def test_the_sheet_with_boundaries_is_read(data: bytes, name: str) -> None:
    frame = parse_boundaries(data, name).frame
    assert frame["plot_id"].tolist() == ["A"]
    assert shapely.equals(frame.geometry[0], shapely.from_wkt(SQUARE))
    assert frame.crs == "EPSG:4326"


def far_apart() -> bytes:
    """Two cells in the corners of a sheet, 17 thousand million cells apart."""
    book = openpyxl.Workbook()
    book.active["A1"] = "plot_id"
    book.active["XFD1048576"] = "far"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "fault", "said"),
    [
        (
            xlsx(A=[["plot_id", "wkt"], ["A", SQUARE]], B=[["id", "g"], ["B", SQUARE]]),
            "two_layers",
            "2 tables",
        ),
        (
            xlsx(A=[["plot_id", "village"], ["A", "Nyalenda"]]),
            "no_geometry",
            "no column with bound",
        ),
        (xlsx(A=[]), "empty", "no table"),
        (xlsx(A=[["plot_id", "plot_id"], ["A", SQUARE]]), "damaged", "more than once"),
        (far_apart(), "too_large", "far from the table"),
    ],
    ids=["two", "none", "empty", "twice", "far apart"],
)
def test_refused_in_a_sentence(data: bytes, fault: str, said: str) -> None:
    with pytest.raises(BoundaryFileRefused, match=said) as refused:
        parse_boundaries(data, "plots.xlsx")
    assert refused.value.fault == fault


@pytest.mark.parametrize("cut", [30, 400, -200, -1])
def test_a_damaged_workbook_is_told(cut: int) -> None:
    whole = xlsx(Plots=[["plot_id", "wkt"], ["A", SQUARE]])
    with pytest.raises(TableInvalid, match=r"plots\.xlsx"):
        read_sheets(whole[:cut], "plots.xlsx")


def test_what_only_claims_to_be_an_old_workbook_is_told() -> None:
    with pytest.raises(TableInvalid, match="cannot be read as a spreadsheet"):
        read_sheets(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096), "plots.xls")


def test_trees_in_a_spreadsheet_and_the_names_that_a_project_maps() -> None:
    rows: list[list[object]] = [
        ["Parcelle", "Arbre", "DHP", "measured_on"],
        ["P1", 7, 31.4, date(2024, 3, 5)],
    ]
    mapping = {"plot_id": "Parcelle", "tree_id": "Arbre", "dbh_cm": "DHP"}
    table = read_trees(xlsx(Arbres=rows, Notes=[["a", "b"], ["c", "d"]]), "trees.xlsx", mapping)
    assert table.to_dict("records") == [
        {"plot_id": "P1", "tree_id": "7", "dbh_cm": "31.4", "measured_on": "2024-03-05"}
    ]
    assert table.index.tolist() == [2]


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"plot_id,dbh_cm\nA,1\n", "trees.zip", "trees.zip"),
        (
            xlsx(A=[["dbh_cm", "b"], ["1", "2"]], B=[["dbh_cm", "b"], ["1", "2"]]),
            "t.xlsx",
            "2 of its",
        ),
        (xlsx(A=[["a", "b"], ["1", "2"]], B=[["c", "b"], ["1", "2"]]), "t.xlsx", "None of its"),
        (b"", "trees.csv", "empty"),
    ],
)
def test_trees_that_cannot_be_read(data: bytes, name: str, said: str) -> None:
    with pytest.raises(TableInvalid, match=said) as refused:
        read_trees(data, name, {})
    assert refused.value.facts["file"] == name
