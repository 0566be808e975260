"""Text tables (CSV): bytes in, a frame of texts out, exactly as written.

Encodings, separators and line ends of spreadsheets around the world are met here; what a cell means
belongs to `mrv.field` and `mrv.plots`.
"""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from mrv.errors import TableInvalid

MAX_BYTES = 50 << 20
_SEPARATORS = ",;\t|"


def read_bytes(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """Read a whole file.

    Raises:
        TableInvalid: If it is not there or larger than `max_bytes`.
    """
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise TableInvalid(
                f"{path.name} has {size >> 20} MB, more than {max_bytes >> 20} MB; split it.",
                file=path.name,
            )
        return path.read_bytes()
    except OSError as error:
        raise TableInvalid(
            f"{path.name} cannot be read: {error.strerror or error}.", file=path.name
        ) from error


def parse_csv(data: bytes, name: str, columns: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Understand a CSV file as texts.

    Args:
        data: The file.
        name: Its name, for messages.
        columns: Our name -> theirs; named columns are renamed, others kept.

    Returns:
        One row per line, all cells as text without surrounding blanks, empty where blank. The index
        is the number of the line in the file, 2 for the first after the header, where no cell
        holds a line break; wholly blank lines are left out.

    Raises:
        TableInvalid: If it is no table, has a column twice, or lacks a column of the mapping.
    """
    text = _decode(data, name)
    header = text.split("\n", 1)[0]
    separator = max(_SEPARATORS, key=header.count)
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=separator, strict=True))
    except csv.Error as error:
        raise TableInvalid(f"{name} is not a proper CSV file: {error}.", file=name) from error
    if not rows or not any(cell.strip() for cell in rows[0]):
        raise TableInvalid(
            f"{name} has no header line; its first line must name the columns.", file=name
        )
    names = [cell.strip() for cell in rows[0]]
    twice = sorted({column for column in names if column and names.count(column) > 1})
    if twice:
        raise TableInvalid(
            f"{name} has the column {', '.join(twice)} more than once; rename one of them.",
            file=name,
            columns=twice,
        )
    lines = [line for line in range(1, len(rows)) if any(cell.strip() for cell in rows[line])]
    long = [line + 1 for line in lines if len(rows[line]) > len(names)]
    if long:
        raise TableInvalid(
            f"{name} has more cells than columns in line {long[0]}; put cells that contain "
            f"'{separator}' in quotes.",
            file=name,
            lines=long[:20],
        )
    cells = [
        [cell.strip() for cell in rows[line]] + [""] * (len(names) - len(rows[line]))
        for line in lines
    ]
    frame = pd.DataFrame(cells, columns=names, index=[line + 1 for line in lines], dtype=str)
    return rename(frame, columns or {}, name)


def rename(frame: pd.DataFrame, columns: Mapping[str, str], name: str) -> pd.DataFrame:
    """Rename their columns to ours.

    Args:
        frame: The table.
        columns: Our name -> theirs.
        name: Of the file, for messages.

    Raises:
        TableInvalid: If one of theirs is not there.
    """
    absent = sorted(theirs for theirs in columns.values() if theirs not in frame.columns)
    if absent:
        raise TableInvalid(
            f"{name} has no column {', '.join(absent)}, which project.toml maps; it has "
            f"{', '.join(map(str, frame.columns))}.",
            file=name,
            columns=absent,
        )
    # A column that already carries our name but is not the mapped one would be there twice.
    shadowed = [
        ours for ours, theirs in columns.items() if ours != theirs and ours in frame.columns
    ]
    return frame.drop(columns=shadowed).rename(
        columns={theirs: ours for ours, theirs in columns.items()}
    )


def _decode(data: bytes, name: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")  # what old spreadsheets write
    if "\0" in text:
        raise TableInvalid(f"{name} is not a text file; save it as CSV.", file=name)
    return text.replace("\r\n", "\n").replace("\r", "\n")
