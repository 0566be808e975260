"""Boundaries told corner by corner: a row each with longitude, latitude, plot and often a number.

The order of the columns does not matter, their names do. Corners are put in the order of their
numbers; where these repeat or leave one out, that is told.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from mrv.plots.mapping import guess_columns
from mrv.sources.boundaries.cells import Row
from mrv.sources.boundaries.features import cap_features, cap_vertices
from mrv.sources.boundaries.names import column_names, ends_of
from mrv.sources.boundaries.rings import Broken

VERTEX_GAP = "vertex_gap"  # the numbers of the corners leave one out
VERTEX_REPEATED = "vertex_repeated"  # a corner is there twice, at the same place
_FEWEST_CORNERS = 3
_TOLD = 30

Floats = NDArray[np.float64]
Positions = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CornerColumns:
    """Which columns tell the corners; "" where a table has none such."""

    lon: str
    lat: str
    order: str
    part: str
    ring: str

    @property
    def told(self) -> tuple[str, ...]:
        """Name those that are there."""
        return tuple(filter(None, (self.lon, self.lat, self.order, self.part, self.ring)))


@dataclass(frozen=True, slots=True)
class _Corners:
    """The corners of a table, a row each: where they are, their number, and what they belong to."""

    table: pd.DataFrame
    columns: CornerColumns
    places: Floats
    numbers: Floats | None
    rings: NDArray[np.object_]  # (part, ring) as text


def corner_columns(table: pd.DataFrame) -> CornerColumns | None:
    """Find the columns of longitude and latitude, and what orders the corners; None without."""
    ends = {str(column): ends_of(str(column)) for column in table.columns}
    names = column_names()
    lon, lat = (
        next((c for name in names[what] for c in ends if name in ends[c]), "")
        for what in ("lon", "lat")
    )
    if not lon or not lat:
        return None
    rest = [column for column in ends if column not in {lon, lat}]
    order, part, ring = (
        next((c for c in rest if ends[c] & set(names[what])), "")
        for what in ("order", "part", "ring")
    )
    return CornerColumns(lon, lat, order, part, ring)


def rows_of_corners(
    table: pd.DataFrame, columns: CornerColumns, name: str
) -> tuple[pd.DataFrame, list[Row]]:
    """Put the rows of corners together, plot by plot, in the order in which plots begin.

    Returns:
        The attributes of each boundary, as its first corner has them, and what came of it. A table
        with one row per plot gives points.

    Raises:
        BoundaryFileRefused: If there are more corners or plots than are read.
    """
    cap_vertices(len(table), name)
    plot = _plot_column(table, columns)
    plots = pd.factorize(table[plot])[0] if plot else np.zeros(len(table), dtype=np.int64)
    cap_features(int(plots.max(initial=0)) + 1, name)
    keys = [table[c].to_numpy() for c in (columns.part, columns.ring) if c]
    corners = _Corners(
        table,
        columns,
        places=np.column_stack([_numbers(table[columns.lon]), _numbers(table[columns.lat])]),
        numbers=_numbers(table[columns.order]) if columns.order else None,
        rings=np.array(["\0".join(key) for key in zip(*keys, strict=True)] or [""] * len(table)),
    )
    by_plot = np.argsort(plots, kind="stable")
    found: list[tuple[int, Row]] = []
    for rows in np.split(by_plot, np.flatnonzero(np.diff(plots[by_plot])) + 1):
        for own in _tellings(rows, corners):
            try:
                found.append((int(own[0]), _boundary(own, corners)))
            except Broken as broken:
                found.append((int(own[0]), Row(problem=str(broken))))
    found.sort(key=lambda one: one[0])
    attributes = table.iloc[[first for first, _row in found]].drop(columns=list(columns.told))
    return attributes, [row for _first, row in found]


def _plot_column(table: pd.DataFrame, columns: CornerColumns) -> str:
    """Find the column that names the plot a corner belongs to; "" where all are of one plot."""
    rest = [str(column) for column in table.columns if column not in columns.told]
    guessed = guess_columns(rest, {})[0].theirs
    repeating = (column for column in rest if table[column].nunique() < len(table))
    return guessed or next(repeating, "" if columns.order or not rest else rest[0])


def _tellings(rows: Positions, corners: _Corners) -> Iterator[Positions]:
    """Split a plot's rows where its corners are told again from the first: another boundary."""
    if corners.numbers is None:
        yield from np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
        return
    numbers = corners.numbers[rows]
    first = np.nanmin(numbers, initial=np.inf)
    runs = np.split(rows, [at for at in np.flatnonzero(numbers == first).tolist() if at])
    whole = all(
        len(run) >= _FEWEST_CORNERS and (np.diff(corners.numbers[run]) > 0).all() for run in runs
    )
    yield from runs if whole and not corners.columns.ring and not corners.columns.part else [rows]


def _boundary(rows: Positions, corners: _Corners) -> Row:
    unread = rows[~np.isfinite(corners.places[rows]).all(axis=1)]
    if len(unread):
        at, columns = unread[0], corners.columns
        lon, lat = (str(corners.table[c].iloc[at])[:_TOLD] for c in (columns.lon, columns.lat))
        raise Broken(
            f"bad_coordinates: its corner in row {corners.table.index[at]} has longitude '{lon}' "
            f"and latitude '{lat}', and both must be numbers"
        )
    row = Row()
    if len(rows) == 1:
        row.shape = shapely.Point(corners.places[rows[0]])
        return row
    parts: dict[str, list[Floats]] = {}
    for key in dict.fromkeys(corners.rings[rows].tolist()):
        ring = _in_order(rows[corners.rings[rows] == key], corners, row.remarks)
        parts.setdefault(key.split("\0")[0] if corners.columns.part else "", []).append(ring)
    rings = [ring for part in parts.values() for ring in part]
    short = [ring for ring in rings if len(set(map(tuple, ring.tolist()))) < _FEWEST_CORNERS]
    if short and len(rings) > 1:
        raise Broken("bad_coordinates: one of its rings has fewer than three corners")
    polygons = [] if short else [shapely.Polygon(shell, holes) for shell, *holes in parts.values()]
    row.shape = (
        shapely.LineString(rings[0])
        if short
        else polygons[0]
        if len(polygons) == 1
        else shapely.MultiPolygon(polygons)
    )
    return row


def _in_order(rows: Positions, corners: _Corners, remarks: list[str]) -> Floats:
    """Bring the corners of one ring in the order of their numbers."""
    if corners.numbers is None:
        return corners.places[rows]
    numbers = corners.numbers[rows]
    if not np.isfinite(numbers).all():
        line = corners.table.index[rows[~np.isfinite(numbers)][0]]
        raise Broken(f"vertex_order: its corner in row {line} has no number to order it by")
    order = np.argsort(numbers, kind="stable")
    numbers, ring = numbers[order], corners.places[rows][order]
    same_number = np.diff(numbers) == 0
    moved = (np.diff(ring, axis=0) != 0).any(axis=1)
    if (same_number & moved).any():
        twice = numbers[1:][same_number & moved][0]
        raise Broken(f"vertex_order: its corner {twice:g} is there twice, at different places")
    if same_number.any():
        remarks.append(VERTEX_REPEATED)
        kept = np.concatenate([[True], ~same_number])
        numbers, ring = numbers[kept], ring[kept]
    if len(set(np.diff(numbers).tolist())) > 1:
        remarks.append(VERTEX_GAP)
    return ring


def _numbers(cells: pd.Series) -> Floats:
    """Read numbers with a point or a comma before the decimals; NaN where there is none."""
    values = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64)
    if np.isnan(values).any():
        texts = cells.str.replace(r"[ \u00a0]", "", regex=True)
        points = texts.where(~texts.str.fullmatch(r"[+-]?\d*,\d+"), texts.str.replace(",", "."))
        values = pd.to_numeric(points, errors="coerce").to_numpy(dtype=np.float64)
    return np.where(np.isfinite(values), values, np.nan)
