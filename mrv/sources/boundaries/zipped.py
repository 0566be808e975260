"""Zipped boundaries: what is in the archive decides which reader takes it."""

from collections import defaultdict
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from mrv.errors import BoundaryFileRefused
from mrv.sources.archives import shown
from mrv.sources.boundaries.archives import Members
from mrv.sources.boundaries.features import Features

if TYPE_CHECKING:
    import geopandas as gpd

_ALONE = {
    ".kml": ("KML", "kml"),
    ".geojson": ("GeoJSON", "geojson"),
    ".json": ("GeoJSON", "geojson"),
    ".gpkg": ("GeoPackage", "geopackage"),
    ".parquet": ("GeoParquet", "geoparquet"),
    ".xlsx": ("XLSX", "spreadsheets"),
}
_SHAPEFILE = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_READABLE = ", ".join(("shapefile", *_ALONE, ".csv"))


def readers_needed(data: bytes, name: str) -> list[str]:
    """Name the modules that may be asked to read what is in a zip.

    Raises:
        BoundaryFileRefused: If it cannot be opened safely.
    """
    members = Members(data, name)
    found = {path.suffix.lower() for path in members.paths}
    needed = [module for extension, (_, module) in _ALONE.items() if extension in found]
    needed += ["shapefile"] if found & set(_SHAPEFILE) else []
    return needed + (["field_exports"] if ".csv" in found else [])


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
    whole = {stem: parts for stem, parts in shapefiles.items() if ".shp" in parts}
    if len(whole) > 1:
        raise _several(name, [str(parts[".shp"]) for parts in whole.values()])
    if whole:
        (parts,) = whole.values()
        read_parts = {part: members.read(path) for part, path in parts.items()}
        from mrv.sources.boundaries import shapefile

        return shapefile.read(read_parts, name), "Shapefile"
    alone = members.ending_in(*_ALONE)
    main = [path for path in alone if str(path).lower() == "doc.kml"]  # as KMZ asks for
    if alone:
        return _one(members, main or alone, name)
    tables = members.ending_in(".csv")
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


def _one(
    members: Members, paths: list[PurePosixPath], name: str
) -> tuple["Features | gpd.GeoDataFrame", str]:
    if len(paths) > 1:
        raise _several(name, list(map(str, paths)))
    from mrv.sources.boundaries.formats import read_one

    return read_one(members.read(paths[0]), paths[0].name)


def _several(name: str, found: list[str]) -> BoundaryFileRefused:
    told = ", ".join(map(shown, found[:5]))
    return BoundaryFileRefused(
        "two_layers",
        f"{name} holds {len(found)} maps ({told}); send the one with the plots.",
        file=name,
    )
