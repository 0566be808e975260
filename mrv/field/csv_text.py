"""Bytes of a CSV file, as crews and spreadsheets write them, to a table of text.

Tolerated: a byte order mark, UTF-16 or Windows encoding, any line ends, comment lines at the top,
and semicolons, tabs or bars between cells. What the cells mean is `inventory.py` for trees and
`mrv.sources.boundaries.cells` for boundaries.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence

import pandas as pd

from mrv.errors import TableInvalid

ROW = "row"
SURPLUS = "surplus_cells"
MAX_COLUMNS = 2_000  # of a header; a form of five hundred questions in three repeats has fewer [P]
MAX_CELLS = 20_000_000  # of a table; five million corners with all they need [P]
_DELIMITERS = ",;\t|"
_CELL_LIMIT = 16 << 20  # letters; a walked track of 50,000 points has three million
_HEADER_LIMIT = 1 << 20  # letters in which the header must end
_UNQUOTED_END = re.compile(r'(?:[^"\n]|"[^"]*")*')
_EXCEL_SAYS = re.compile(r"sep=(.)\s*", re.IGNORECASE)  # first line that Excel understands


def parse_csv(raw: bytes) -> pd.DataFrame:
    """Read a delimited text file without understanding it.

    Args:
        raw: The whole file.

    Returns:
        Text cells, stripped, blank ones as "". The index is named "row" and holds the line of the
        file on which each row ends, the header being on line 1 of a plain file. Where a row has
        more cells than the header, the rest stand in a column "surplus_cells".

    Raises:
        TableInvalid: If the file is empty, is a spreadsheet or not text, repeats a column's name,
            is too wide, or has a quote that never ends.
    """
    text = _decode(raw).replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    skipped = 0
    said = ""
    while skipped < len(lines) and (not lines[skipped].strip() or lines[skipped].startswith("#")):
        skipped += 1
    if skipped < len(lines) and (told := _EXCEL_SAYS.fullmatch(lines[skipped])):
        said = told[1]
        skipped += 1
    if skipped == len(lines):
        raise TableInvalid(
            "The file is empty; it needs a header line and at least one row.", fault="empty"
        )
    body = "\n".join(lines[skipped:])
    del lines, text
    reader = csv.reader(io.StringIO(body), delimiter=said or _delimiter(body), strict=True)
    numbers, rows = [], []
    cells_seen = 0
    try:
        csv.field_size_limit(_CELL_LIMIT)
        header = [name.strip() for name in next(reader)]
        _cap(len(header), 0)
        for cells in reader:
            row = [cell.strip() for cell in cells]
            if any(row):
                cells_seen += max(len(row), len(header))
                _cap(max(len(row), len(header)), cells_seen)
                numbers.append(reader.line_num + skipped)
                rows.append(row)
    except csv.Error as error:
        raise TableInvalid(
            f"The file cannot be read near line {reader.line_num + skipped}: {error}; look for a "
            "quote mark that is opened and not closed."
        ) from error
    return text_table(header, rows, numbers)


def text_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int]
) -> pd.DataFrame:
    """Lay rows of text out under their header.

    Args:
        header: Names of the columns; those without a name are left out.
        rows: Cells, as many as there are; a short row is filled up, a long one keeps its rest in
            "surplus_cells".
        numbers: Where each row stands in its file.

    Raises:
        TableInvalid: If a column's name is there twice.
    """
    twice = sorted(name for name, times in Counter(header).items() if name and times > 1)
    if twice:
        raise TableInvalid(
            f"The header names {', '.join(map(repr, twice[:10]))} more than once; give every "
            "column a name of its own.",
            columns=twice[:10],
        )
    width = len(header)
    cells = [
        row if len(row) == width else [*row[:width], *[""] * (width - len(row))] for row in rows
    ]
    index = pd.Index(list(numbers), name=ROW, dtype="int64")
    table = pd.DataFrame(cells, columns=list(header), index=index, dtype=str)
    # Columns without a name are somebody's margin notes.
    table = table[[name for name in header if name]]
    if any(len(row) > width and any(row[width:]) for row in rows):
        table[SURPLUS] = [" ".join(filter(None, row[width:])) for row in rows]
    return table


def _cap(columns: int, cells: int) -> None:
    if columns > MAX_COLUMNS or cells > MAX_CELLS:
        raise TableInvalid(
            f"The table has more than {MAX_COLUMNS} columns or {MAX_CELLS:,} cells; keep the "
            "columns that are needed, or split it.",
            fault="too_many_columns",
        )


def _decode(raw: bytes) -> str:
    if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise TableInvalid("The file is a spreadsheet, not text; save the sheet as CSV first.")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="replace")
    if b"\x00" in raw[:4096]:
        raise TableInvalid("The file is not text; save the table as CSV in UTF-8.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _delimiter(body: str) -> str:
    # What stands inside quotes, such as a question with a comma, says nothing.
    header = _UNQUOTED_END.match(body[:_HEADER_LIMIT])
    bare = re.sub(r'"[^"]*"', "", header[0] if header else "")
    return max(_DELIMITERS, key=bare.count)
