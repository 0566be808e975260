"""Honest files to begin with, and the zips, databases and tables that attacks are made of."""

import io
import json
import sqlite3
import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import closing
from functools import cache
from pathlib import Path
from types import MappingProxyType

import geopandas as gpd
import shapely

from mrv.sources.boundaries.write import to_geoparquet, to_gpkg

SQUARE = [[34.0, 0.0], [34.001, 0.0], [34.001, 0.001], [34.0, 0.001], [34.0, 0.0]]


def feature(
    properties: object = None, coordinates: object = None, **more: object
) -> dict[str, object]:
    geometry = {"type": "Polygon", "coordinates": [SQUARE] if coordinates is None else coordinates}
    return {"type": "Feature", "properties": properties or {}, "geometry": geometry, **more}


def collection(*features: object, **more: object) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features, **more}).encode()


def frame(count: int = 3) -> gpd.GeoDataFrame:
    shapes = [shapely.box(34 + i / 100, 0, 34 + i / 100 + 0.001, 0.001) for i in range(count)]
    return gpd.GeoDataFrame(
        {"plot_id": [f"KE-{i}" for i in range(count)]}, geometry=shapes, crs=4326
    )


def zipped(files: Mapping[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", packing) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return body.getvalue()


@cache
def geopackage() -> bytes:
    return to_gpkg(frame(), "plots")


@cache
def geoparquet() -> bytes:
    return to_geoparquet(frame())


@cache
def shapefile() -> Mapping[str, bytes]:
    """Give the parts of a shapefile by extension."""
    with tempfile.TemporaryDirectory() as folder:
        frame().to_file(Path(folder) / "plots.shp", engine="pyogrio")
        return MappingProxyType({p.suffix: p.read_bytes() for p in Path(folder).iterdir()})


def zipped_shapefile(changes: Mapping[str, bytes | None] = MappingProxyType({})) -> bytes:
    """Zip a shapefile with parts changed, or left out where None."""
    parts = {**shapefile(), **changes}
    return zipped({f"plots{part}": data for part, data in parts.items() if data is not None})


def altered_geopackage(*statements: str) -> bytes:
    """Change a GeoPackage by SQL, as somebody who wants to harm would."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "plots.gpkg"
        place.write_bytes(geopackage())
        with closing(sqlite3.connect(place, isolation_level=None)) as database:
            database.execute("PRAGMA writable_schema = ON")
            for trigger in database.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
            ).fetchall():
                database.execute(f'DROP TRIGGER "{trigger[0]}"')  # they call functions of GDAL
            for statement in statements:
                database.execute(statement)
        return place.read_bytes()


def kml(inside: str, before: str = "") -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}<kml xmlns="http://www.opengis.net/kml/2.2">'
        f"<Document>{inside}</Document></kml>"
    ).encode()


def placemark(inside: str = "") -> str:
    corners = " ".join(f"{x},{y}" for x, y in SQUARE)
    return (
        f"<Placemark><name>a</name>{inside}<Polygon><outerBoundaryIs><LinearRing><coordinates>"
        f"{corners}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
    )
