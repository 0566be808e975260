"""Boundaries in the tables of a form's export: one of submissions, one for every repeated group.

The tables come as the CSV files of a zip (ODK Central, Briefcase, Ona) or as the sheets of a
workbook (KoboToolbox). The one that holds boundaries is taken, with the answers above it.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath

import geopandas as gpd
import pandas as pd

from mrv.errors import BoundaryFileRefused, TableInvalid
from mrv.field.csv_text import parse_csv
from mrv.field.odk import gather, is_repeat, unfold
from mrv.plots.mapping import names
from mrv.sources.boundaries.corners import corner_columns
from mrv.sources.boundaries.names import column_names
from mrv.sources.boundaries.table import boundaries_of, boundary_column, holds_boundaries


def read(members: Mapping[str, bytes], name: str) -> gpd.GeoDataFrame:
    """Read boundaries from the CSV files of a zip.

    Args:
        members: Path in the zip -> the file.
        name: Of the zip, for messages.

    Returns:
        As `table.boundaries_of`: one row per boundary, all attributes as text.

    Raises:
        BoundaryFileRefused: If a table cannot be read, or none or two of them hold boundaries.
    """
    return boundaries_in(csv_tables(members, name), name)


def csv_tables(members: Mapping[str, bytes], name: str) -> dict[str, pd.DataFrame]:
    """Read the CSV files of a zip as tables; those without any row are left out.

    Raises:
        BoundaryFileRefused: If one of them is no table.
    """
    tables = {}
    for path, data in members.items():
        try:
            table = parse_csv(data)
        except TableInvalid as error:
            if error.facts.get("fault") == "empty":
                continue
            raise refused(error, f"{PurePosixPath(path).name} in {name}") from error
        tables[str(PurePosixPath(path).with_suffix(""))] = table
    return tables


def boundaries_in(tables: Mapping[str, pd.DataFrame], name: str) -> gpd.GeoDataFrame:
    """Take the boundaries from the one table that holds them, with the answers above them.

    Raises:
        BoundaryFileRefused: If none or two hold boundaries, or a table above is missing.
    """
    flat = {key: unfold(table) for key, table in tables.items()}
    holding = [key for key, table in flat.items() if len(table) and holds_boundaries(table)]
    holding = holding or [
        key for key, table in flat.items() if boundary_column(table) or corner_columns(table)
    ]
    if len(holding) > 1:
        raise BoundaryFileRefused(
            "two_layers",
            f"{name} holds boundaries in {len(holding)} tables ({', '.join(holding[:5])}); send "
            "each as a file of its own.",
            file=name,
        )
    if not holding:
        # A table of submissions says best why there is none.
        first = max(tables.values(), key=lambda table: "_uuid" in table.columns, default=None)
        if first is None:
            raise BoundaryFileRefused("empty", f"{name} holds no table with rows.", file=name)
        return boundaries_of(first, name)
    leaf = tables[holding[0]]
    if not is_repeat(leaf) and not _is_export(leaf):
        return boundaries_of(flat[holding[0]], name)
    try:
        gathered = gather(tables, holding[0])
    except TableInvalid as error:
        raise refused(error, name) from error
    frame = boundaries_of(gathered.table, name)
    notes = (*gathered.notes, *_childless(gathered.childless))
    frame.attrs["notes"] = (*frame.attrs.get("notes", ()), *notes)
    return frame


def refused(error: TableInvalid, name: str) -> BoundaryFileRefused:
    """Say of which file a table's fault is."""
    told = error.message if name in error.message else f"{name}: {error.message}"
    fault = str(error.facts.get("fault", "damaged"))
    return BoundaryFileRefused(fault, told, file=name)


def make_ready() -> None:
    """Load what is loaded late, while files may still be opened."""
    names()
    column_names()


def _is_export(table: pd.DataFrame) -> bool:
    return bool({"KEY", "_uuid", "_index"} & set(table.columns))


def _childless(rows: pd.DataFrame) -> tuple[str, ...]:
    if not len(rows):
        return ()
    held = "1 submission holds" if len(rows) == 1 else f"{len(rows)} submissions hold"
    return (f"{held} no plot.",)
