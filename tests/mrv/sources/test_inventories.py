"""Trees in packed files: read in a limited child, and the same table as if read here."""

import io
import resource
import zipfile

import pandas as pd
import pytest

from mrv.errors import TableInvalid
from mrv.sources.inventories import read_trees
from mrv.sources.tree_tables import parse_trees
from tests.mrv.sources.test_spreadsheets import CONTENT, MANIFEST, ods, xlsx

TREES = [["plot_id", "row", "dbh_cm"], ["P1", "x", "3.5"], ["P2", "", "4"]]
MOST_TAKEN_KB = 300_000  # sixteen million cells of Python take ten times that


def zipped(**tables: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in tables.items():
            archive.writestr(f"{name}.csv", text)
    return file.getvalue()


def one_cell_repeated(rows: int, columns: int) -> bytes:
    """Give a sheet of a few hundred bytes that its reader makes a huge table of."""
    row = (
        f'<table:table-row table:number-rows-repeated="{rows}"><table:table-cell '
        f'table:number-columns-repeated="{columns}" office:value-type="string">'
        "<text:p>dbh_cm</text:p></table:table-cell></table:table-row>"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", CONTENT.format(row))
        archive.writestr("META-INF/manifest.xml", MANIFEST)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (xlsx(Trees=[list(row) for row in TREES]), "trees.xlsx"),
        (ods(TREES), "trees.ods"),
        (zipped(trees="plot_id,row,dbh_cm\nP1,x,3.5\nP2,,4\n", empty=""), "trees.zip"),
    ],
)
def test_the_child_gives_the_table_that_reading_here_gives(data: bytes, name: str) -> None:
    mapping = {"tree_id": "row"}
    there = read_trees(data, name, mapping)
    pd.testing.assert_frame_equal(there, parse_trees(data, name, mapping))
    assert there["tree_id"].tolist() == ["x", ""]
    assert there.index.tolist() == [2, 3]


def test_a_sheet_that_fills_the_memory_fills_a_childs() -> None:
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(TableInvalid, match=r"^trees\.ods .*\.$") as refused:
        read_trees(one_cell_repeated(1000, 16_000), "trees.ods", {})
    assert refused.value.facts["file"] == "trees.ods"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < MOST_TAKEN_KB
