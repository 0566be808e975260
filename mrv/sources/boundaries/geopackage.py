"""GeoPackage: the one layer of plots out of a stranger's SQLite database, by SQLite alone.

Read without GDAL: its layers may be views and its tables may call functions that open files. Here
only plain tables are read, and SQLite is told to allow nothing but reading columns. The database
stays in memory, so that no journal and no attached file comes into it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from pyproj import CRS

from mrv.errors import BoundaryFileRefused
from mrv.sources.boundaries.features import MAX_COLUMNS, Features, cap_features
from mrv.sources.boundaries.reference_systems import understand_crs, understand_wkt
from mrv.sources.boundaries.well_known_binary import draw

_APPLICATION_IDS = (b"GPKG", b"GP10", b"GP11")  # bytes 68-71 of the SQLite header
_LONGEST_CELL = 50_000_000  # [byte]
_ENVELOPE_BYTES = (0, 32, 48, 48, 64)  # GeoPackage 1.3, clause 2.1.3.1.1
_HEADER_BYTES = 8
_NO_LOG = b"\x01\x01"  # bytes 18 and 19
_OWN_KEYS = {"fid", "ogc_fid"}  # numbers that GDAL gives rows; they name nothing
_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ}
_ROWS_AT_ONCE = 5_000


def read(data: bytes, name: str) -> Features:
    """Read the layer of plots of a GeoPackage.

    Raises:
        BoundaryFileRefused: If it is damaged or has not exactly one layer with shapes.
    """
    if data[68:72] not in _APPLICATION_IDS:
        raise _damaged(name, "it does not say that it is one")
    try:
        with _opened(data) as database:
            return _layer(database, name)
    except (sqlite3.Error, UnicodeError, OverflowError) as error:
        raise _damaged(name, str(error)) from error


def _layer(database: sqlite3.Connection, name: str) -> Features:
    layers = database.execute(
        "SELECT c.table_name, g.column_name, g.srs_id FROM gpkg_contents c JOIN "
        "gpkg_geometry_columns g ON lower(g.table_name) = lower(c.table_name) "
        "WHERE c.data_type = 'features'"
    ).fetchmany(100)
    if len(layers) != 1:
        told = ", ".join(str(layer[0])[:40] for layer in layers[:5]) or "none"
        raise BoundaryFileRefused(
            "two_layers" if layers else "no_geometry",
            f"{name} must be a GeoPackage with one layer of plots; it has {len(layers)} ({told}).",
            file=name,
        )
    table, geometry, srs_id = map(str, layers[0])
    kinds = database.execute(
        "SELECT type, sql FROM sqlite_schema WHERE lower(name) = lower(?)", (table,)
    ).fetchall()
    plain = len(kinds) == 1 and kinds[0][0] == "table"
    if not plain or "virtual" in str(kinds[0][1])[:20].lower():
        raise BoundaryFileRefused(
            "not_a_table",
            f"The layer {table[:40]} of {name} is not a plain table; export it as a new "
            "GeoPackage.",
            file=name,
        )
    rows = database.execute(f"SELECT * FROM {_quoted(table)}")  # noqa: S608  # quoted
    names = [str(column[0]) for column in rows.description]
    place = next((i for i, own in enumerate(names) if own.lower() == geometry.lower()), None)
    if place is None or len(names) > MAX_COLUMNS:
        raise _damaged(name, f"its layer has {len(names)} columns and no column {geometry[:40]}")
    columns = _columns(rows, len(names), name)
    shapes, problems = _shapes(columns.pop(place))
    names.pop(place)
    return Features(
        columns={
            own: cells
            for own, cells in zip(names, columns, strict=True)
            if own.lower() not in _OWN_KEYS
        },
        shapes=shapes,
        problems=problems,
        crs=_crs(database, srs_id, name),
    )


def _columns(rows: sqlite3.Cursor, count: int, name: str) -> list[list[Any]]:
    columns: list[list[Any]] = [[] for _ in range(count)]
    while some := rows.fetchmany(_ROWS_AT_ONCE):
        for column, cells in zip(columns, zip(*some, strict=True), strict=True):
            column.extend(cells)
        cap_features(len(columns[0]), name)
    return columns


def _shapes(blobs: list[Any]) -> tuple[Any, list[str | None]]:
    """Draw geometries from the blobs of GeoPackage: a short header, then well-known binary."""
    binaries: list[bytes | None] = []
    for blob in blobs:
        if not isinstance(blob, bytes) or len(blob) < _HEADER_BYTES or blob[:2] != b"GP":
            binaries.append(None if blob is None else b"")
            continue
        envelope = (blob[3] >> 1) & 0b111
        size = _ENVELOPE_BYTES[envelope] if envelope < len(_ENVELOPE_BYTES) else len(blob)
        binaries.append(blob[_HEADER_BYTES + size :])
    return draw(binaries)


def _crs(database: sqlite3.Connection, srs_id: str, name: str) -> CRS | None:
    found = database.execute(
        "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys "
        "WHERE srs_id = ?",
        (int(srs_id),),
    ).fetchone()
    if found is None or int(srs_id) in (0, -1):  # 0 and -1 are the two undefined ones
        return None
    try:
        return understand_crs(f"{found[0]}:{found[1]}", name)
    except BoundaryFileRefused:
        return understand_wkt(str(found[2]), name)


@contextmanager
def _opened(data: bytes) -> Iterator[sqlite3.Connection]:
    if data[18:20] != _NO_LOG:  # QGIS writes a log beside it; without it, what stands here counts
        data = data[:18] + _NO_LOG + data[20:]
    with closing(sqlite3.connect(":memory:")) as database:
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, max(len(data), _LONGEST_CELL))
        database.deserialize(data)
        for pragma in ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON"):
            database.execute(f"PRAGMA {pragma}")
        database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        database.set_authorizer(_only_reading)
        database.text_factory = _text
        yield database


def _only_reading(action: int, _first: object, second: object, *_more: object) -> int:
    called = action == sqlite3.SQLITE_FUNCTION and second == "lower"
    return sqlite3.SQLITE_OK if action in _READING or called else sqlite3.SQLITE_DENY


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _quoted(table: str) -> str:
    return '"' + table.replace('"', '""') + '"'


def _damaged(name: str, why: str) -> BoundaryFileRefused:
    return BoundaryFileRefused(
        "damaged",
        f"{name} cannot be read as a GeoPackage ({why[:120]}); export it again.",
        file=name,
    )
