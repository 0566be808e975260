"""Files as bytes, and the columns of a table under our names.

What the bytes of a CSV file mean is `mrv.field.csv_text`; boundaries are `boundaries`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import pandas as pd

from mrv.errors import TableInvalid

MAX_BYTES = 50 << 20
_Frame = TypeVar("_Frame", bound=pd.DataFrame)


def read_bytes(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """Read a whole file.

    Raises:
        TableInvalid: If it is not there, is no file, or is larger than `max_bytes`.
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


def rename_columns(frame: _Frame, columns: Mapping[str, str], name: str) -> _Frame:
    """Rename their columns to ours; columns that are not mapped stay.

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
    theirs_to_ours = {theirs: ours for ours, theirs in columns.items()}
    return frame.drop(columns=shadowed).rename(columns=theirs_to_ours)
