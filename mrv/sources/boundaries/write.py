"""Tables of shapes as files: what people mend in QGIS and a spreadsheet, and what stages keep."""

import io
import json
import math
import re
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio  # type: ignore[import-untyped]  # ships no types
import shapely

_DECIMALS = 7  # of a degree: a centimetre [P]
_FORMULA = re.compile(r"^[=+\-@\t\r]")  # what a spreadsheet would run
_WGS84 = 4326


def to_geojson(frame: gpd.GeoDataFrame) -> bytes:
    """Write RFC 7946 GeoJSON: WGS 84, outer rings counter-clockwise, seven decimals.

    Args:
        frame: Any table of shapes; a shape may be None.

    Raises:
        ValueError: If the table has shapes and no coordinate system.
    """
    placed = _in_degrees(frame)
    shapes = _rounded(placed.geometry.to_numpy())
    attributes = pd.DataFrame(placed.drop(columns=placed.geometry.name))
    names = [str(name) for name in attributes.columns]
    columns = [[_cell(cell) for cell in attributes[name]] for name in attributes.columns]
    texts = shapely.to_geojson(shapes)
    features = (
        '{"type":"Feature","geometry":'
        + ("null" if text is None else str(text))
        + ',"properties":'
        + json.dumps(dict(zip(names, cells, strict=True)), ensure_ascii=False, allow_nan=False)
        + "}"
        for text, *cells in zip(texts, *columns, strict=True)
    )
    body = ",\n".join(features)
    return f'{{"type":"FeatureCollection","features":[\n{body}\n]}}\n'.encode()


def to_geoparquet(frame: gpd.GeoDataFrame) -> bytes:
    """Write GeoParquet; the same table gives the same bytes."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False, compression="zstd")
    return buffer.getvalue()


def to_gpkg(frame: gpd.GeoDataFrame, layer: str) -> bytes:
    """Write a GeoPackage with one layer; in memory, because it may name farmers."""
    file = io.BytesIO()
    pyogrio.write_dataframe(frame, file, driver="GPKG", layer=layer)
    return file.getvalue()


def to_csv(frame: gpd.GeoDataFrame) -> bytes:
    """Write CSV with the shape as WKT in column `wkt`; no cell can run as a formula.

    A cell that a spreadsheet would take for a formula gets an apostrophe before it. The text starts
    with a byte order mark, by which spreadsheets know that it is UTF-8.
    """
    placed = _in_degrees(frame)
    table = pd.DataFrame(placed.drop(columns=placed.geometry.name)).astype(object)
    table = table.map(_harmless)
    table.columns = [_harmless(str(name)) for name in table.columns]
    table["wkt"] = shapely.to_wkt(
        placed.geometry.to_numpy(), rounding_precision=_DECIMALS, trim=True
    )
    return b"\xef\xbb\xbf" + table.to_csv(index=False).encode()


def _in_degrees(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    if frame.crs is None and not frame.geometry.isna().all():
        raise ValueError("shapes without a coordinate system cannot be placed on the map")
    return frame if frame.crs is None else frame.to_crs(epsg=_WGS84)


def _rounded(shapes: np.ndarray[Any, np.dtype[np.object_]]) -> Any:  # noqa: ANN401
    """Round coordinates as they are, without mending a shape, and wind rings as RFC 7946 asks."""
    rounded = shapely.transform(
        shapely.force_2d(shapes), lambda corners: np.round(corners, _DECIMALS)
    )
    return shapely.orient_polygons(rounded)


def _cell(cell: Any) -> Any:  # noqa: ANN401  # whatever a table holds
    if isinstance(cell, np.generic):
        cell = cell.item()
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return None
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    if isinstance(cell, bool | int | str):
        return cell
    return cell.isoformat() if hasattr(cell, "isoformat") else str(cell)


def _harmless(cell: Any) -> Any:  # noqa: ANN401
    if isinstance(cell, str) and _FORMULA.match(cell) and not _is_number(cell):
        return f"'{cell}"
    return cell


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
