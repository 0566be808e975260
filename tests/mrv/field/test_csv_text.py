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


def test_what_stands_in_quotes_does_not_tell_the_delimiter() -> None:
    """KoboToolbox puts questions into the header, and questions have commas and lines."""
    raw = b'"Which plot, please?\nOne, two, or three";"dbh, cm"\n"P1";"14,2"\n'
    table = parse_csv(raw)
    assert table.to_numpy().tolist() == [["P1", "14,2"]]
    assert table.index.tolist() == [3]


def test_the_first_line_that_excel_understands_is_no_header() -> None:
    table = parse_csv(b"sep=|\nplot_id|note\nP1|a;b;c\n")
    assert table.to_numpy().tolist() == [["P1", "a;b;c"]]
    assert table.index.tolist() == [3]


def test_a_cell_may_hold_a_long_walk() -> None:
    assert len(parse_csv(b"plot_id,walk\nP1," + b"0" * 4_000_000)["walk"].iloc[0]) == 4_000_000


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b",".join(b"c%d" % n for n in range(3000)), id="many columns"),
        pytest.param(b"," * 1_000_000 + b"\n", id="a million columns without a name"),
        pytest.param(b"a,b\n" + b"1,2" * 500_000 + b"\n", id="a row of half a million cells"),
    ],
)
def test_a_table_that_is_too_wide_is_refused_at_once(raw: bytes) -> None:
    with pytest.raises(TableInvalid, match="columns"):
        parse_csv(raw)


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
