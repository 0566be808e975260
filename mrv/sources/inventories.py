"""Tree inventories in the files that crews bring: CSV, spreadsheets, and exports of forms.

What comes out is one table of text with a row per stem and visit; whether a row can be right is
`mrv.field.inventory`. What has to be unpacked is unpacked in a limited child process.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath

import pandas as pd

from mrv.errors import TableInvalid
from mrv.field.csv_text import ROW
from mrv.sources.limited import Limits, Refusal, read_limited
from mrv.sources.tree_tables import PACKED, parse_trees

_READER = "mrv.sources.tree_child"
# A sheet of one packed MB holds a quarter of a million cells, which take two seconds. [P]
_LIMITS = Limits(time_s_per_mb=6.0)


def read_trees(data: bytes, name: str, columns: Mapping[str, str]) -> pd.DataFrame:
    """Read a tree inventory.

    Args:
        data: The file.
        name: Its name; the extension says the format: a spreadsheet, a zip of CSV files, else CSV.
        columns: Our name -> theirs, where they differ.

    Returns:
        As `tree_tables.parse_trees`.

    Raises:
        TableInvalid: If it cannot be read, took too much to read, or no table or two of them hold
            diameters.
    """
    if PurePosixPath(name).suffix.lower() not in PACKED:
        return parse_trees(data, name, columns)
    found = read_limited(
        data, name, reader=_READER, limits=_LIMITS, asked={"columns": dict(columns)}
    )
    if isinstance(found, Refusal):
        raise TableInvalid(found.message, file=name, fault=found.fault)
    lines, *cells = found.columns
    texts = [pd.Series(column.to_pylist(), dtype=str) for column in cells]
    table = pd.concat(texts, axis="columns") if texts else pd.DataFrame()
    table.columns = pd.Index(found.column_names[1:])
    return table.set_index(pd.Index(lines.to_pylist(), name=ROW, dtype="int64"))
