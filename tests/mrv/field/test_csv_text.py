"""Files as crews and spreadsheets write them."""

import pytest

from mrv.errors import TableInvalid
from mrv.field.csv_text import parse_csv

_TABLE = "plot_id,dbh_cm\nP1,14.2\nP2,8\n"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(_TABLE.encode(), id="plain"),
        pytest.param(_TABLE.encode("utf-8-sig"), id="byte order mark"),
        pytest.param(_TABLE.encode("utf-16"), id="UTF-16"),
        pytest.param(_TABLE.replace("\n", "\r\n").encode(), id="Windows line ends"),
        pytest.param(_TABLE.replace("\n", "\r").encode(), id="old Mac line ends"),
        pytest.param(_TABLE.replace(",", ";").encode(), id="semicolons"),
        pytest.param(_TABLE.replace(",", "\t").encode(), id="tabs"),
        pytest.param(_TABLE.replace(",", " , ").encode(), id="blanks around cells"),
        pytest.param((_TABLE + ",\n\n , \n").encode(), id="empty rows"),
        pytest.param(_TABLE.replace("\n", ",\n").encode(), id="a column without a name"),
    ],
)
def test_tolerated(raw: bytes) -> None:
    table = parse_csv(raw)
    assert table.to_numpy().tolist() == [["P1", "14.2"], ["P2", "8"]]
    assert list(table.columns) == ["plot_id", "dbh_cm"]
    assert table.index.tolist() == [2, 3]


def test_lines_are_those_of_the_file() -> None:
    """Comments, blank lines and a cell of two lines do not shift them."""
    table = parse_csv(b'# a crew\n\nplot_id,note\nP1,"two\nlines"\n\nP2,one\n')
    assert table.index.tolist() == [5, 7]


def test_accents_of_an_old_spreadsheet() -> None:
    table = parse_csv("plot_id,village\nP1,Kénédougou\n".encode("cp1252"))
    assert table["village"].tolist() == ["Kénédougou"]


def test_surplus_cells_are_kept_apart() -> None:
    table = parse_csv(b"a,b\n1,2\n3,4,5,6\n")
    assert table["surplus_cells"].tolist() == ["", "5 6"]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"PK\x03\x04spreadsheet", "spreadsheet"),
        (b"\x89PNG\x00\x00", "not text"),
        (b"a,b,a\n1,2,3\n", "more than once"),
        (b'a,b\n1,"2\n3,4\n', "quote"),
    ],
)
def test_refused_with_a_sentence(raw: bytes, said: str) -> None:
    with pytest.raises(TableInvalid, match=said) as told:
        parse_csv(raw)
    assert told.value.message.endswith(".")
