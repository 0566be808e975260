"""Well-formed polygons of GeoJSON into shapes, many at once.

Nearly all features of nearly all files are closed rings of finite numbers; drawn together they
cost a tenth of what they cost one by one. Whatever is not so is left to `geojson_shapes`, which
knows what to say of it.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from mrv.sources.boundaries.features import MAX_SHAPE_VERTICES

_AREAS = {"Polygon", "MultiPolygon"}
_LISTS, _NUMBERS = {list}, {int, float}
_FEWEST = 4  # corners of a ring, the first one counted twice


def draw_together(geometries: Sequence[Any]) -> NDArray[np.object_] | None:
    """Draw polygons and multipolygons of closed, finite rings.

    Args:
        geometries: GeoJSON geometry objects, or anything else.

    Returns:
        Their shapes; None if a single one of them is not so.
    """
    kinds = [one.get("type") if isinstance(one, dict) else None for one in geometries]
    if not {kind if isinstance(kind, str) else "" for kind in kinds} <= _AREAS:
        return None
    many = np.array([kind == "MultiPolygon" for kind in kinds])
    drawings = [
        one.get("coordinates") if multi else [one.get("coordinates")]
        for one, multi in zip(geometries, many, strict=True)
    ]
    levels = _levels(drawings)
    if levels is None:
        return None
    polygons, rings, positions = levels
    numbers = list(chain.from_iterable(positions))
    width = len(positions[0])
    lengths = np.fromiter(map(len, rings), np.int64)
    if set(map(len, positions)) not in ({2}, {3}) or not set(map(type, numbers)) <= _NUMBERS:
        return None
    try:
        corners = np.array(numbers, dtype=np.float64).reshape(-1, width)
    except OverflowError:
        return None
    ends = np.cumsum(lengths)
    closed = (corners[ends - lengths] == corners[ends - 1]).all()
    sound = closed and lengths.min() >= _FEWEST and lengths.max() <= MAX_SHAPE_VERTICES
    if not sound or not np.isfinite(corners).all():
        return None
    drawn_rings: Any = shapely.linearrings(
        corners, indices=np.repeat(np.arange(len(rings)), lengths)
    )
    owners = np.repeat(np.arange(len(polygons)), list(map(len, polygons)))
    drawn: Any = shapely.polygons(drawn_rings, indices=owners)
    return _gathered(drawn, np.fromiter(map(len, drawings), np.int64), many)


def _levels(drawings: list[Any]) -> tuple[list[Any], list[Any], list[Any]] | None:
    """Take lists of lists apart; None where something else than a filled list stands in one."""
    levels = [drawings]
    for _ in range(3):
        if not _filled(levels[-1]):
            return None
        levels.append(list(chain.from_iterable(levels[-1])))
    polygons, rings, positions = levels[1:]
    return (polygons, rings, positions) if _filled(positions) else None


def _filled(lists: list[Any]) -> bool:
    return set(map(type, lists)) == _LISTS and all(lists)


def _gathered(
    polygons: NDArray[np.object_], counts: NDArray[np.int64], many: NDArray[np.bool_]
) -> NDArray[np.object_]:
    """Put the polygons of each multipolygon together; a polygon is itself."""
    owner = np.repeat(np.arange(len(counts)), counts)
    shapes = np.empty(len(counts), dtype=object)
    single = ~many[owner]
    shapes[owner[single]] = polygons[single]
    if many.any():
        place = np.cumsum(many) - 1
        shapes[many] = shapely.multipolygons(polygons[~single], indices=place[owner[~single]])
    return shapes
