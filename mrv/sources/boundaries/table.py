"""Boundaries in a table of text: which column holds them, and where on Earth its numbers lie.

A boundary is the text of one cell (`cells.py`) or has a row for every corner (`corners.py`). Which
column holds what else is `mrv.plots.mapping`.
"""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from mrv.errors import BoundaryFileRefused
from mrv.sources.boundaries.cells import Row, kind_of, read_cell
from mrv.sources.boundaries.corners import corner_columns, rows_of_corners
from mrv.sources.boundaries.features import (
    GEOMETRY,
    GEOMETRY_CRS,
    GEOMETRY_NOTE,
    GEOMETRY_PROBLEM,
    cap_features,
    cap_systems,
)
from mrv.sources.boundaries.names import column_names, ends_of
from mrv.sources.boundaries.row_crs import WGS84_CODE, crs_code

GPS_ACCURACY = "gps_accuracy_m"  # the worst fix of a walked boundary [m]
_LOOKED_AT = 200  # cells of a column that say what it holds
_MOSTLY = 0.5
_MOST_DEGREES = 180.0
_TOLD = 60
_BY_DEFAULT = (
    "The table does not state its coordinate system; its coordinates were read as degrees of "
    "WGS 84."
)


def boundaries_of(table: pd.DataFrame, name: str) -> gpd.GeoDataFrame:
    """Find the boundaries in a table of text.

    Args:
        table: Text cells, blank ones as "".
        name: Of the file, for messages.

    Returns:
        One row per boundary with the attributes as they are and `geometry`; where needed
        `geometry_problem`, `geometry_note`, `geometry_crs` and `gps_accuracy_m`. Its `crs` is what
        all rows agree on; degrees that say nothing else are taken as WGS 84, with
        `attrs["crs_by_default"]` and a sentence in `attrs["notes"]`.

    Raises:
        BoundaryFileRefused: If no column holds boundaries or corners, or there are more of them,
            or of coordinate systems, than are read.
    """
    if not len(table):
        raise BoundaryFileRefused(
            "empty", f"{name} has a header and no row; it should have one per plot.", file=name
        )
    if column := boundary_column(table):
        cap_features(len(table), name)
        rows = [read_cell(text) for text in table[column]]
        attributes = table.drop(columns=column)
    elif corners := corner_columns(table):
        attributes, rows = rows_of_corners(table, corners, name)
    else:
        raise BoundaryFileRefused("no_geometry", _no_boundary(table, name), file=name)
    _state_crs(rows, attributes, name)
    return _laid_out(rows, attributes.reset_index(drop=True))


def boundary_column(table: pd.DataFrame) -> str:
    """Name the column that holds boundaries as text; "" where none does.

    Areas come before points; of two columns the one with a telling name, then the one with more in
    it, then the first. A telling name alone counts where no other column tells the corners.
    """
    telling = set(column_names()["boundary"])
    ranked = []
    for place, column in enumerate(table.columns):
        cells = [text for text in table[column].iloc[: _LOOKED_AT * 10] if text][:_LOOKED_AT]
        kinds = [kind_of(text) for text in cells]
        named = bool(cells) and not telling.isdisjoint(ends_of(str(column)))
        areas, shapes = kinds.count("area"), len(kinds) - kinds.count("")
        if areas > _MOSTLY * len(cells):
            ranked.append((0, not named, -areas, place, str(column)))
        elif shapes > _MOSTLY * len(cells):
            ranked.append((1, not named, -shapes, place, str(column)))
        elif named:
            ranked.append((3, False, -shapes, place, str(column)))
    if corner_columns(table):
        ranked.append((2, False, 0, 0, ""))
    return min(ranked)[-1] if ranked else ""


def holds_boundaries(table: pd.DataFrame) -> bool:
    """Say whether a table holds areas as text, and not only points."""
    column = boundary_column(table)
    return bool(column) and any(kind_of(text) == "area" for text in table[column][:_LOOKED_AT])


def _state_crs(rows: Sequence[Row], attributes: pd.DataFrame, name: str) -> None:
    """Add what a column such as `epsg` states, where it agrees with the shape's own text."""
    names = column_names()["crs"]
    column = next((c for c in attributes if ends_of(str(c)) & set(names)), None)
    texts = [""] * len(rows) if column is None else list(attributes[column])
    stated = {text for text in (*texts, *(row.crs for row in rows)) if text}
    cap_systems(len(stated), name)
    codes = {text: crs_code(text) for text in stated}
    for row, text in zip(rows, texts, strict=True):
        said = dict.fromkeys(told for told in (row.crs, text) if told)
        known = {codes[told] for told in said}
        row.crs = next((code for code in map(codes.get, said) if code), "")
        if row.problem is None and None in known:
            told = next(told for told in said if codes[told] is None)
            row.problem = (
                f"unknown_crs: its row states the coordinate system '{told[:_TOLD]}', which is not "
                "known; write its EPSG code"
            )
        elif row.problem is None and len(known) > 1:
            row.problem = (
                f"crs_contradiction: it is in {row.crs}, and its row says '{text[:_TOLD]}'"
            )
        row.shape = row.shape if row.problem is None else None


def _laid_out(rows: Sequence[Row], attributes: pd.DataFrame) -> gpd.GeoDataFrame:
    ours = {GEOMETRY, GEOMETRY_PROBLEM, GEOMETRY_NOTE, GEOMETRY_CRS, GPS_ACCURACY}
    frame = attributes.rename(columns={c: f"{c}_" for c in attributes.columns if c in ours})
    shapes = np.empty(len(rows), dtype=object)
    shapes[:] = [row.shape for row in rows]
    silent = np.array([row.shape is not None and not row.crs for row in rows])
    by_default = bool(silent.any()) and _are_degrees(shapes[silent])
    stated = {row.crs for row in rows if row.crs and row.shape is not None}
    stated |= {WGS84_CODE} if by_default else set()
    agreed = len(stated) == 1 and (by_default or not silent.any())
    if stated and not agreed:
        fallback = WGS84_CODE if by_default else None
        frame[GEOMETRY_CRS] = pd.Series([row.crs or fallback for row in rows], dtype=object)
    problems = [row.problem for row in rows]
    remarks = [";".join(row.remarks) or None for row in rows]
    for column, texts in ((GEOMETRY_PROBLEM, problems), (GEOMETRY_NOTE, remarks)):
        if any(texts):
            frame[column] = pd.Series(texts, dtype=object)
    accuracies_m = [row.accuracy_m for row in rows]
    if np.isfinite(accuracies_m).any():
        frame[GPS_ACCURACY] = accuracies_m
    result = gpd.GeoDataFrame(frame, geometry=shapes, crs=stated.pop() if agreed else None)
    if by_default:
        result.attrs = {"crs_by_default": True, "notes": (_BY_DEFAULT,)}
    return result


def _are_degrees(shapes: NDArray[np.object_]) -> bool:
    places = shapely.get_coordinates(shapes)
    places = places[np.isfinite(places).all(axis=1)]
    # Exchanged axes are degrees too, and screening tells of them.
    return bool((np.abs(places) <= _MOST_DEGREES).all())


def _no_boundary(table: pd.DataFrame, name: str) -> str:
    if {"_submission_time", "SubmissionDate", "_uuid"} & set(table.columns):
        return (
            f"{name} holds submissions without a boundary; repeat groups are in tables of their "
            "own, so export XLSX from KoboToolbox, or the zip of all tables from ODK Central."
        )
    shown = ", ".join(map(str, table.columns[:20]))
    return (
        f"{name} has no column with boundaries; add one named wkt with POLYGON((...)) in it, or "
        f"columns plot_id, longitude and latitude with a row for every corner. It has {shown}."
    )
