"""Sheets of a spreadsheet file (XLSX, XLS, ODS) as tables of text.

Cells are read as they were last calculated; no formula runs. What is a zip is looked at before
anything unpacks it, and a sheet is measured before room is made for it.
"""

import io
import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import pandas as pd
import python_calamine

from mrv.errors import ArchiveRefused, TableInvalid
from mrv.field.csv_text import MAX_CELLS, text_table
from mrv.sources.archives import Archive, ArchiveLimits

_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_CELL_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Z]{1,3})(\d{1,7})["']""", re.IGNORECASE)
_LIMITS = ArchiveLimits(members=500, unpacked_bytes=400_000_000, send="the sheet of the plots")
_ZIP = b"PK\x03\x04"
_FEWEST_NAMES = 2  # a row above with a single cell is a title
_HEADER_WITHIN = 20  # rows

Cell = str | float | int | bool | date | datetime | time | timedelta


def read_sheets(data: bytes, name: str) -> dict[str, pd.DataFrame]:
    """Read every sheet that holds a table.

    Args:
        data: The file.
        name: Its name, for messages.

    Returns:
        Name of the sheet -> its rows as text, blank cells as "", as `parse_csv` gives them; the
        index is the row of the sheet. Dates are YYYY-MM-DD, whole numbers have no decimals.

    Raises:
        TableInvalid: If it is no spreadsheet, has a password, is too large, or a header names a
            column twice.
    """
    _measure(data, name)
    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = {
            sheet: workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
            for sheet in workbook.sheet_names
        }
    except python_calamine.PasswordError as error:
        raise TableInvalid(
            f"{name} has a password; save it without one.", file=name, fault="encrypted"
        ) from error
    except (python_calamine.CalamineError, ValueError, OverflowError, OSError) as error:
        raise _damaged(name) from error
    except BaseException as error:
        # What panics in Rust comes as an exception of its own that is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise _damaged(name) from error
    tables = {
        sheet: table
        for sheet, cells in sheets.items()
        if (table := _table(cells, name)) is not None
    }
    if not tables:
        raise TableInvalid(
            f"{name} holds no table; it needs a header and at least one row.",
            file=name,
            fault="empty",
        )
    return tables


def _table(cells: Sequence[Sequence[Cell]], name: str) -> pd.DataFrame | None:
    texts = [[_as_text(cell) for cell in row] for row in cells]
    filled = [sum(map(bool, row)) for row in texts]
    wide = min(_FEWEST_NAMES, max(filled, default=0))
    header = next(
        (at for at, many in enumerate(filled[:_HEADER_WITHIN]) if many and many >= wide), None
    )
    if header is None:
        return None
    rows = [(at + 1, texts[at]) for at in range(header + 1, len(texts)) if filled[at]]
    try:
        return text_table(texts[header], [row for _at, row in rows], [at for at, _row in rows])
    except TableInvalid as error:
        raise TableInvalid(f"{name}: {error.message}", **error.facts | {"file": name}) from error


def _as_text(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)  # noqa: PLR2004  # beyond, a float is no whole number
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell).strip()


def _measure(data: bytes, name: str) -> None:
    """Refuse an XLSX whose cells lie so far apart that the sheet between would not fit in memory.

    The reader makes room for the whole rectangle at once, and two cells can span 17 thousand
    million.
    """
    if not data.startswith(_ZIP):
        return
    try:
        archive = Archive(data, _LIMITS)
        extents = [_extent(archive.read(path)) for path in archive.paths if _SHEET.fullmatch(path)]
    except ArchiveRefused as refused:
        raise TableInvalid(
            f"{name}: {refused.message}", file=name, fault=refused.fault
        ) from refused
    for columns, rows in extents:
        if columns * rows > MAX_CELLS:
            raise TableInvalid(
                f"{name} has a sheet of {rows:,} rows and {columns:,} columns; delete what stands "
                "far from the table, or split it.",
                file=name,
                fault="too_large",
            )


def _extent(sheet: bytes) -> tuple[int, int]:
    """Give how many columns and rows a sheet reaches, from the places its cells say they have."""
    columns = rows = 0
    for letters, row in _CELL_PLACE.findall(sheet.replace(b"\0", b"")):
        column = 0
        for letter in letters.upper():
            column = column * 26 + letter - 64  # A is 1
        columns, rows = max(columns, column), max(rows, int(row))
    return columns, rows


def _damaged(name: str) -> TableInvalid:
    return TableInvalid(
        f"{name} cannot be read as a spreadsheet; open it, save it again and send that.",
        file=name,
        fault="damaged",
    )
