"""Zipped boundaries: what is in the archive decides which reader takes it."""

from collections import defaultdict
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from mrv.errors import BoundaryFileRefused
from mrv.sources.archives import shown
from mrv.sources.boundaries.archives import Members
from mrv.sources.boundaries.features import Features

if TYPE_CHECKING:
    import geopandas as gpd

_MAPS = {
    ".kml": ("KML", "kml"),
    ".geojson": ("GeoJSON", "geojson"),
    ".json": ("GeoJSON", "geojson"),
    ".gpkg": ("GeoPackage", "geopackage"),
    ".parquet": ("GeoParquet", "geoparquet"),
}
_WORKBOOK, _TABLE = ".xlsx", ".csv"
_SHAPEFILE = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_READABLE = ", ".join(("shapefile", *_MAPS, _WORKBOOK, _TABLE))


def readers_needed(data: bytes, name: str) -> list[str]:
    """Name the modules that may be asked to read what is in a zip.

    Raises:
        BoundaryFileRefused: If it cannot be opened safely.
    """
    members = Members(data, name)
    found = {path.suffix.lower() for path in members.paths}
    needed = [module for extension, (_, module) in _MAPS.items() if extension in found]
    needed += ["shapefile"] if found & set(_SHAPEFILE) else []
    needed += ["spreadsheets"] if _WORKBOOK in found else []
    return needed + (["field_exports"] if _TABLE in found else [])


def read(data: bytes, name: str) -> tuple["Features | gpd.GeoDataFrame", str]:
    """Read the plots in a zip.

    Returns:
        What was found, and the name of its format.

    Raises:
        BoundaryFileRefused: If it cannot be opened safely, or does not hold one map.
    """
    members = Members(data, name)
    shapefiles: dict[str, dict[str, PurePosixPath]] = defaultdict(dict)
    for path in members.ending_in(*_SHAPEFILE):
        shapefiles[str(path.with_suffix("")).lower()][path.suffix.lower()] = path
    whole = {parts[".shp"]: parts for parts in shapefiles.values() if ".shp" in parts}
    maps = members.ending_in(*_MAPS)
    maps = [path for path in maps if str(path).lower() == "doc.kml"] or maps  # as KMZ asks for
    workbooks, tables = members.ending_in(_WORKBOOK), members.ending_in(_TABLE)
    found = [*whole, *maps] or workbooks
    if len(found) > 1:
        raise _several(name, list(map(str, found)))
    if whole:
        from mrv.sources.boundaries import shapefile

        (parts,) = whole.values()
        read = shapefile.read({part: members.read(path) for part, path in parts.items()}, name)
        return _noting(read, found[0], [*workbooks, *tables]), "Shapefile"
    if found:
        from mrv.sources.boundaries.formats import read_one

        alone, file_format = read_one(members.read(found[0]), found[0].name)
        beside = [*(workbooks if maps else ()), *tables]
        return _noting(alone, found[0], beside), file_format
    if tables:
        from mrv.sources.boundaries import field_exports

        return field_exports.read({str(p): members.read(p) for p in tables}, name), "CSV"
    if shapefiles:
        raise BoundaryFileRefused(
            "missing_part",
            f"The shapefile in {name} lacks its .shp; put all its parts (.shp, .shx, .dbf, .prj) "
            "into the zip.",
            file=name,
        )
    held = ", ".join(shown(str(path)) for path in members.paths[:5]) or "nothing"
    raise BoundaryFileRefused(
        "no_boundaries",
        f"{name} holds no boundaries ({held}); zip one of: {_READABLE}.",
        file=name,
    )


def _noting(
    read: "Features | gpd.GeoDataFrame", taken: PurePosixPath, beside: list[PurePosixPath]
) -> "Features | gpd.GeoDataFrame":
    """Say which tables beside the map were left aside."""
    if not beside:
        return read
    told = ", ".join(shown(str(path)) for path in beside[:5])
    note = f"The plots are those of {shown(str(taken))}; {told} beside it was not read."
    if isinstance(read, Features):
        return replace(read, notes=(*read.notes, note))
    read.attrs["notes"] = (*read.attrs.get("notes", ()), note)
    return read


def _several(name: str, found: list[str]) -> BoundaryFileRefused:
    told = ", ".join(map(shown, found[:5]))
    return BoundaryFileRefused(
        "two_layers",
        f"{name} holds {len(found)} maps ({told}); send the one with the plots.",
        file=name,
    )
