"""Files as bytes, and the columns of a table under our names.

What the bytes of a CSV file mean is `mrv.field.csv_text`; boundaries are `boundaries`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import pandas as pd

from mrv.errors import TableInvalid
from mrv.plots.mapping import apply_columns

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
    return apply_columns(frame, columns, name=name, mapped_by="project.toml")
