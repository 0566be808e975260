"""Formats: the extension says which one reader takes a file, and its first bytes must agree.

Nothing guesses: a file that only claims to be a map would else reach a reader that opens what it
points to.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING

import pyarrow as pa

from mrv.errors import BoundaryFileRefused
from mrv.sources.boundaries.archives import check_office_file
from mrv.sources.boundaries.features import (
    BoundaryFile,
    Features,
    of_frame,
    to_frame,
    to_table,
    with_crs,
)
from mrv.sources.boundaries.reference_systems import understand_crs
from mrv.sources.limited import MAX_BYTES, out_of_memory, shown_name

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes:
        name: For people.
        looks: What `_looks` must say of the first bytes; any of them.
        module: Of this package, with `read(data, name)`.
        office: Whether it is a spreadsheet that is a zip.
    """

    name: str
    looks: tuple[str, ...]
    module: str
    office: bool = False


_GEOJSON = Format("GeoJSON", ("JSON", "UTF-16 text"), "geojson")
_CSV = Format("CSV", ("text", "JSON", "XML", "UTF-16 text"), "delimited")
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        **dict.fromkeys((".geojson", ".json"), _GEOJSON),
        **dict.fromkeys((".geojsonl", ".geojsons", ".ndjson", ".jsonl"), _GEOJSON),
        ".kml": Format("KML", ("XML", "UTF-16 text"), "kml"),
        ".kmz": Format("KMZ", ("a zip",), "zipped"),
        ".gpkg": Format("GeoPackage", ("SQLite",), "geopackage"),
        ".zip": Format("zip", ("a zip",), "zipped"),
        **dict.fromkeys(
            (".parquet", ".geoparquet"), Format("GeoParquet", ("Parquet",), "geoparquet")
        ),
        **dict.fromkeys((".csv", ".tsv", ".txt"), _CSV),
        ".xlsx": Format("XLSX", ("a zip",), "spreadsheets", office=True),
        ".ods": Format("ODS", ("a zip",), "spreadsheets", office=True),
        ".xls": Format("XLS", ("an old Office file",), "spreadsheets"),
    }
)
_BEGINNINGS = (
    (b"PK\x03\x04", "a zip"),
    (b"PK\x05\x06", "a zip"),
    (b"SQLite format 3\0", "SQLite"),
    (b"PAR1", "Parquet"),
    (b"\x1f\x8b", "gzip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file"),
    (b"\x00\x00\x27\x0a", "one part of a shapefile"),
    (b"%PDF", "PDF"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
)
_PARTS = {".shp", ".shx", ".dbf", ".prj", ".cpg"}


def parse_boundaries(data: bytes, name: str, *, crs: str = "") -> BoundaryFile:
    """Read a boundary file in this process; for files of strangers see `read_boundaries`.

    Args:
        data: The file.
        name: Its name; the extension says the format.
        crs: Coordinate system such as "EPSG:32636", for a file that states none.

    Raises:
        BoundaryFileRefused: If the format is not known or the file as a whole cannot be taken in.
    """
    return to_frame(table_of(data, name, crs))


def table_of(data: bytes, name: str, crs: str = "") -> pa.Table:
    """Read a boundary file into the Arrow table in which it travels.

    Raises:
        BoundaryFileRefused: As `parse_boundaries`.
    """
    shown = shown_name(name)
    if len(data) > MAX_BYTES:
        raise BoundaryFileRefused(
            "too_large",
            f"{shown} has {len(data) / 1e6:,.0f} MB, and at most {MAX_BYTES / 1e6:,.0f} MB are "
            "read; split it.",
            file=shown,
        )
    try:
        found, file_format = read_one(data, name)
    except MemoryError as error:
        told = out_of_memory(shown)
        raise BoundaryFileRefused(told.fault, told.message, file=shown) from error
    except RecursionError as error:
        raise BoundaryFileRefused(
            "too_deep", f"{shown} is nested deeper than any map is; export it again.", file=shown
        ) from error
    features = found if isinstance(found, Features) else of_frame(found)
    if crs:
        features = with_crs(features, understand_crs(crs, "What was given with it"), shown)
    return to_table(features, file_format, shown)


def read_one(data: bytes, name: str) -> tuple["Features | gpd.GeoDataFrame", str]:
    """Read a file with the one reader of its format.

    Returns:
        What was found, and the name of the format.

    Raises:
        BoundaryFileRefused: As `parse_boundaries`.
    """
    shown = shown_name(name)
    own = _format(data, name, shown)
    if own.office:
        check_office_file(data, shown)
    found = importlib.import_module(f"{__package__}.{own.module}").read(data, shown)
    if isinstance(found, tuple):  # what was in a zip
        found, within = found
        return found, "KMZ" if own.name == "KMZ" else within
    return found, own.name


def _format(data: bytes, name: str, shown: str) -> Format:
    extension = PurePosixPath(name).suffix.lower()
    if extension in _PARTS:
        raise BoundaryFileRefused(
            "missing_part",
            f"{shown} is one part of a shapefile; zip the .shp, .shx, .dbf and .prj together and "
            "send the zip.",
            file=shown,
        )
    if extension not in FORMATS:
        raise BoundaryFileRefused(
            "unknown_format",
            f"{shown} is in no known boundary format; bring {', '.join(sorted(FORMATS))}.",
            file=shown,
        )
    own = FORMATS[extension]
    looks = _looks(data)
    if looks == "nothing":
        raise BoundaryFileRefused("empty", f"{shown} is empty; send it again.", file=shown)
    if looks not in own.looks:
        raise BoundaryFileRefused(
            "driver_mismatch",
            f"{shown} is called {own.name} and is in truth {looks}; send it under its own name or "
            "export it again.",
            file=shown,
        )
    return own


def _looks(data: bytes) -> str:
    for beginning, kind in _BEGINNINGS:
        if data.startswith(beginning):
            return kind
    start = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not start:
        return "nothing"
    if start.startswith((b"<!doctype html", b"<html")):
        return "HTML"
    if start[:1] == b"<":
        return "XML"
    if start[:1] in b"{[\x1e":
        return "JSON"
    return "binary" if b"\0" in start else "text"
