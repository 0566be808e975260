"""Boundary files: GeoJSON, GeoPackage and GeoParquet into one table of shapes.

A shape that cannot be understood becomes a row without geometry and with the reason, so that its
neighbours still go in; judging shapes is `mrv.plots.screen`. The reader is chosen by the extension
and nothing else: GDAL, left alone, would open a file that only claims to be a map and follow the
addresses in it. GeoJSON is therefore read without GDAL.
"""

import io
import json
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio  # type: ignore[import-untyped]  # ships no types
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from mrv.errors import TableInvalid

MAX_FEATURES = 200_000
GEOMETRY_PROBLEM = "geometry_problem"  # column that says why a row has no geometry

_SHAPE_ERRORS = (
    *(ValueError, TypeError, AttributeError, LookupError),
    shapely.errors.ShapelyError,
)  # what shapely raises on the broken GeoJSON of this world

_OGR_ERRORS = (
    *(pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError),
    *(ValueError, RuntimeError),
)

_GPKG_APPLICATION_IDS = (b"GPKG", b"GP10", b"GP11")  # bytes 68-71 of the SQLite header

# pyogrio brings a GDAL of its own, which reads local GeoPackages for us and needs no network.
_NO_NETWORK = {
    "GDAL_HTTP_PROXY": "http://127.0.0.1:9",
    "GDAL_HTTPS_PROXY": "http://127.0.0.1:9",
    "GDAL_HTTP_MAX_RETRY": "0",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
}


def parse_boundaries(data: bytes, name: str) -> gpd.GeoDataFrame:
    """Read a boundary file of any known format.

    Args:
        data: The file.
        name: Its name; the extension says the format.

    Returns:
        One row per feature with its attributes, `geometry`, and where a shape could not be
        understood no geometry and the reason in `geometry_problem`. Its coordinate system is the
        file's.

    Raises:
        TableInvalid: If the format is not known or the file as a whole cannot be read.
    """
    extension = Path(name).suffix.lower()
    if extension not in _READERS:
        raise TableInvalid(
            f"{name} is in no known boundary format; bring {', '.join(sorted(_READERS))}.",
            file=name,
        )
    frame = _READERS[extension](data, name)
    if len(frame) > MAX_FEATURES:
        raise TableInvalid(
            f"{name} has {len(frame)} features; at most {MAX_FEATURES} are read. Split it.",
            file=name,
        )
    if not len(frame):
        raise TableInvalid(f"{name} holds no feature; it should hold one per plot.", file=name)
    return frame


def to_geoparquet(plots: gpd.GeoDataFrame) -> bytes:
    """Write a table of plots as GeoParquet."""
    buffer = io.BytesIO()
    plots.to_parquet(buffer, index=False, compression="zstd")
    return buffer.getvalue()


def _geojson(data: bytes, name: str) -> gpd.GeoDataFrame:
    try:
        document = json.loads(data.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise TableInvalid(f"{name} is not proper GeoJSON: {error}.", file=name) from error
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or document.get("type") != "FeatureCollection":
        raise TableInvalid(
            f"{name} is not a GeoJSON FeatureCollection; export the plots as one.", file=name
        )
    rows = [_feature(feature) for feature in features]
    shapes = [row.pop("geometry") for row in rows]
    frame = pd.DataFrame(rows, index=range(len(rows)))
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=_legacy_crs(document, name))


def _feature(feature: Any) -> dict[str, Any]:  # noqa: ANN401  # anything may stand in a file
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        return {"geometry": None, GEOMETRY_PROBLEM: "it is not a GeoJSON feature"}
    properties = feature.get("properties")
    row = dict(properties) if isinstance(properties, dict) else {}
    row.pop("geometry", None)
    geometry = feature.get("geometry")
    if geometry is None:
        return {**row, "geometry": None, GEOMETRY_PROBLEM: "it has no geometry"}
    try:
        return {**row, "geometry": shapely.geometry.shape(geometry)}
    except _SHAPE_ERRORS as error:
        told = " ".join(str(error).split())[:120]
        return {**row, "geometry": None, GEOMETRY_PROBLEM: f"its coordinates are broken ({told})"}


def _legacy_crs(document: dict[str, Any], name: str) -> CRS:
    """Understand the `crs` member of GeoJSON before 2016; only names, never links, are followed."""
    member = document.get("crs")
    if member is None:
        return CRS.from_epsg(4326)
    stated = member.get("properties", {}).get("name") if isinstance(member, dict) else None
    if not isinstance(member, dict) or member.get("type") != "name" or not isinstance(stated, str):
        raise TableInvalid(
            f"{name} points elsewhere for its coordinate system (crs member); save it in WGS 84.",
            file=name,
        )
    try:
        return CRS.from_user_input(stated)
    except CRSError as error:
        raise TableInvalid(
            f"{name} names an unknown coordinate system '{stated[:80]}'; save it in WGS 84.",
            file=name,
        ) from error


def _geopackage(data: bytes, name: str) -> gpd.GeoDataFrame:
    if not data.startswith(b"SQLite format 3\0") or data[68:72] not in _GPKG_APPLICATION_IDS:
        raise TableInvalid(f"{name} is not a GeoPackage; export it again.", file=name)
    pyogrio.set_gdal_config_options(_NO_NETWORK)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # GDAL mutters before it gives up
        copy = Path(folder) / "plots.gpkg"  # the name GDAL sees is ours
        copy.write_bytes(data)
        try:
            layers = [str(layer) for layer, kind in pyogrio.list_layers(copy) if kind is not None]
            if len(layers) != 1:
                raise TableInvalid(
                    f"{name} must be a GeoPackage with one layer of plots; it has "
                    f"{len(layers)} ({', '.join(layers)}).",
                    file=name,
                )
            if pyogrio.read_info(copy, layer=layers[0])["driver"] != "GPKG":
                raise TableInvalid(f"{name} is not a GeoPackage; export it again.", file=name)
            return gpd.GeoDataFrame(pyogrio.read_dataframe(copy, layer=layers[0]))
        except _OGR_ERRORS as error:
            raise TableInvalid(
                f"{name} cannot be read as a GeoPackage; export it again.", file=name
            ) from error


def _geoparquet(data: bytes, name: str) -> gpd.GeoDataFrame:
    try:
        return gpd.read_parquet(io.BytesIO(data))
    except (ValueError, OSError, shapely.errors.ShapelyError) as error:
        raise TableInvalid(
            f"{name} cannot be read as GeoParquet: {str(error)[:160]}.", file=name
        ) from error


def _no_constant(constant: str) -> float:
    raise ValueError(f"{constant} is not a number")


_READERS: MappingProxyType[str, Callable[[bytes, str], gpd.GeoDataFrame]] = MappingProxyType(
    {".geojson": _geojson, ".json": _geojson, ".gpkg": _geopackage, ".parquet": _geoparquet}
)
