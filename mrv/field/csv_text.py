"""Bytes of a CSV file, as crews and spreadsheets write them, to a table of text.

Tolerated: a byte order mark, UTF-16 or Windows encoding, any line ends, comment lines at the top,
and semicolons, tabs or bars between cells. What the cells mean is `inventory.py`.
"""

import csv
import io

import pandas as pd

from mrv.errors import TableInvalid

ROW = "row"
SURPLUS = "surplus_cells"
_DELIMITERS = ",;\t|"
_CELL_LIMIT = 1 << 20


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
            or has a quote that never ends.
    """
    text = _decode(raw).replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    skipped = 0
    while skipped < len(lines) and (not lines[skipped].strip() or lines[skipped].startswith("#")):
        skipped += 1
    if skipped == len(lines):
        raise TableInvalid("The file is empty; it needs a header line and at least one row.")
    body = "\n".join(lines[skipped:])
    reader = csv.reader(io.StringIO(body), delimiter=_delimiter(lines[skipped]), strict=True)
    numbers, rows = [], []
    try:
        csv.field_size_limit(_CELL_LIMIT)
        header = [name.strip() for name in next(reader)]
        for cells in reader:
            if any(cell.strip() for cell in cells):
                numbers.append(reader.line_num + skipped)
                rows.append([cell.strip() for cell in cells])
    except csv.Error as error:
        raise TableInvalid(
            f"The file cannot be read near line {reader.line_num + skipped}: {error}; look for a "
            "quote mark that is opened and not closed."
        ) from error
    return _table(header, rows, numbers)


def _table(header: list[str], rows: list[list[str]], numbers: list[int]) -> pd.DataFrame:
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise TableInvalid(
            f"The header names {', '.join(map(repr, twice))} more than once; give every column a "
            "name of its own.",
            columns=twice,
        )
    width = len(header)
    cells = [row[:width] + [""] * (width - len(row)) for row in rows]
    index = pd.Index(numbers, name=ROW, dtype="int64")
    table = pd.DataFrame(cells, columns=header, index=index, dtype=str)
    # Columns without a name are somebody's margin notes.
    table = table[[name for name in header if name]]
    surplus = [" ".join(c for c in row[width:] if c) for row in rows]
    if any(surplus):
        table[SURPLUS] = surplus
    return table


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


def _delimiter(header: str) -> str:
    return max(_DELIMITERS, key=header.count)
