"""Tree inventories as tables of text: CSV, spreadsheets, and the exports of forms.

`inventories` reads a stranger's file in a limited child process; here is what happens in it.
"""

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

import pandas as pd

from mrv.errors import ArchiveRefused, TableInvalid
from mrv.field.csv_text import ROW, parse_csv
from mrv.field.fields import BY_NAME
from mrv.field.odk import CENTRAL_KEY, gather, is_repeat, last_part, unfold
from mrv.sources.archives import Archive, ArchiveLimits
from mrv.sources.tables import rename_columns
from mrv.sources.workbooks import read_sheets

_WORKBOOKS = {".xlsx", ".ods", ".xls"}
PACKED = frozenset({".zip", *_WORKBOOKS})  # extensions of files that are more than text
_LIMITS = ArchiveLimits(members=500, unpacked_bytes=400_000_000, send="the tables of the trees")
_SPLIT_PLACE = {"lon": "longitude", "lat": "latitude"}  # how exports end the parts of a geopoint
_EXPORT = {CENTRAL_KEY, "_uuid"}


def parse_trees(data: bytes, name: str, columns: Mapping[str, str]) -> pd.DataFrame:
    """Read a tree inventory in this process; for files of strangers see `inventories`.

    Args:
        data: The file.
        name: Its name; the extension says the format: a spreadsheet, a zip of CSV files, else CSV.
        columns: Our name -> theirs, where they differ.

    Returns:
        Text cells under our names, as `parse_csv` gives them. In the export of a form each tree
        carries the answers about its visit, and a visit without trees is a row of its own.

    Raises:
        TableInvalid: If it cannot be read, or no table or two of them hold diameters.
    """
    try:
        return rename_columns(_trees(_tables(data, name), columns), columns, name)
    except TableInvalid as error:
        told = error.message if name in error.message else f"{name}: {error.message}"
        raise TableInvalid(told, **{**error.facts, "file": name}) from error


def _tables(data: bytes, name: str) -> dict[str, pd.DataFrame]:
    extension = PurePosixPath(name).suffix.lower()
    if extension not in PACKED:
        return {name: parse_csv(data)}
    if extension in _WORKBOOKS:
        return read_sheets(data, name)
    try:
        archive = Archive(data, _LIMITS)
        found = {
            path: _csv_of(archive.read(path))
            for path in archive.paths
            if path.lower().endswith(".csv")
        }
    except ArchiveRefused as refused:
        raise TableInvalid(refused.message) from refused
    if not found:
        raise TableInvalid("The zip holds no CSV file; export the tables of the form as CSV.")
    return {path: table for path, table in found.items() if table is not None}


def _csv_of(data: bytes) -> pd.DataFrame | None:
    """Read one table of an export; None where nothing at all is in it."""
    try:
        return parse_csv(data)
    except TableInvalid as error:
        if error.facts.get("fault") == "empty":
            return None
        raise


def _trees(tables: Mapping[str, pd.DataFrame], columns: Mapping[str, str]) -> pd.DataFrame:
    diameter = columns.get("dbh_cm", "dbh_cm")
    flat = {key: unfold(table) for key, table in tables.items()}
    holding = [
        key for key, table in flat.items() if any(last_part(c, [diameter]) for c in table.columns)
    ]
    if len(holding) > 1 or (not holding and len(tables) != 1):
        raise TableInvalid(
            f"{len(holding) or 'None'} of its tables ({', '.join(tables)}) "
            f"{'have' if holding else 'has'} a column {diameter}; bring the one with the trees."
        )
    leaf = (holding or list(tables))[0]
    table = tables[leaf]
    if not is_repeat(table) and not _EXPORT & set(table.columns):
        return flat[leaf]
    gathered = gather(tables, leaf)
    rows = pd.concat([gathered.table, gathered.childless]).fillna("")
    lines = pd.Index(rows.index, name=ROW)
    return _under_our_names(rows.reset_index(drop=True), set(columns.values())).set_index(lines)


def _under_our_names(table: pd.DataFrame, mapped: Iterable[str]) -> pd.DataFrame:
    """Name columns of groups, such as visit-plot_id, as we do; the innermost answer comes first."""
    ours: dict[str, pd.Series] = {}
    for name in BY_NAME:
        ends = [name, _SPLIT_PLACE.get(name, name)]
        fitting = [
            column
            for column in table.columns
            if column not in mapped
            and (last_part(column, [name]) or _is_part_of_place(column, ends[1], name))
        ]
        for column in sorted(fitting, key=lambda column: column != name):
            answers = table[column]
            ours[name] = ours[name].mask(ours[name] == "", answers) if name in ours else answers
    # ODK Central has a Status of its own, and capitals do not tell our columns apart.
    namesakes = [c for c in table.columns if c.lower() in ours and c not in ours]
    return table.drop(columns=namesakes).assign(**ours)


def _is_part_of_place(column: str, end: str, name: str) -> bool:
    return end != name and column.lower().replace("-", "_").endswith(f"_{end}")
