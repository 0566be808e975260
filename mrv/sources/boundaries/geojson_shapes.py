"""The geometry objects of GeoJSON (RFC 7946 section 3.1) into shapes, each judged on its own."""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import shapely

from mrv.sources.boundaries.features import MAX_SHAPE_VERTICES, too_many_corners
from mrv.sources.boundaries.plain_areas import draw_together
from mrv.sources.boundaries.rings import Broken, Corners, corners_of, line_of, point_of, polygon_of

_DEEPEST = 8  # collections within collections
_NUMBERS = {int, float}
_AT_ONCE = 500  # so that one odd shape costs only its neighbours the way that is quick


class Drawn(NamedTuple):
    """A shape, or why there is none ("code: sentence"), and codes of what was odd."""

    shape: shapely.Geometry | None
    problem: str | None
    remark: str | None


def draw_all(geometries: Sequence[Any]) -> list[Drawn]:
    """Draw geometry objects, the well-formed ones many at once."""
    drawn: list[Drawn] = []
    for first in range(0, len(geometries), _AT_ONCE):
        some = geometries[first : first + _AT_ONCE]
        together = draw_together(some)
        if together is None:
            drawn.extend(map(draw, some))
        else:
            drawn.extend(Drawn(shape, None, None) for shape in together)
    return drawn


def draw(geometry: Any) -> Drawn:  # noqa: ANN401  # anything may stand in a file
    """Draw a GeoJSON geometry object; None gives no geometry."""
    if geometry is None:
        return Drawn(None, "no_geometry: it has no geometry", None)
    if isinstance(geometry, str):  # why the feature around it cannot be understood
        return Drawn(None, geometry, None)
    remarks: set[str] = set()
    try:
        with np.errstate(invalid="ignore"):  # a corner that is no number gets its remark
            shape = _shape(geometry, remarks, 0)
    except Broken as broken:
        return Drawn(None, str(broken), None)
    except (shapely.errors.ShapelyError, ValueError, TypeError, OverflowError) as error:
        return Drawn(None, f"bad_coordinates: {' '.join(str(error).split())[:120]}", None)
    return Drawn(shape, None, ";".join(sorted(remarks)) or None)


def _shape(geometry: Any, remarks: set[str], depth: int) -> shapely.Geometry:  # noqa: ANN401
    if not isinstance(geometry, dict):
        raise Broken("not_geojson: its geometry is not a GeoJSON object")
    kind = geometry.get("type")
    if kind == "GeometryCollection":
        return _collection(geometry.get("geometries"), remarks, depth)
    draw_one = _KINDS.get(kind) if isinstance(kind, str) else None
    if draw_one is None:
        told = f"'{kind[:40]}'" if isinstance(kind, str) else "nothing"
        raise Broken(f"not_geojson: its geometry says it is {told}, which GeoJSON does not know")
    coordinates = geometry.get("coordinates")
    if not isinstance(coordinates, list):
        raise Broken(f"no_coordinates: its {kind} has no list of coordinates")
    return draw_one(coordinates, remarks)


def _collection(members: Any, remarks: set[str], depth: int) -> shapely.Geometry:  # noqa: ANN401
    if not isinstance(members, list):
        raise Broken("no_coordinates: its GeometryCollection has no list of geometries")
    if depth >= _DEEPEST:
        raise Broken(f"too_deep: collections lie in each other more than {_DEEPEST} deep")
    return shapely.GeometryCollection([_shape(one, remarks, depth + 1) for one in members])


def _corners(raw: Any, remarks: set[str]) -> Corners:  # noqa: ANN401
    """Read a list of positions; anything but numbers in it is told, never turned into one."""
    if not isinstance(raw, list):
        raise Broken("bad_coordinates: its coordinates are not nested as deep as its type says")
    if len(raw) > MAX_SHAPE_VERTICES:
        raise Broken(too_many_corners(len(raw)))
    if not set(map(type, raw)) <= {list}:
        raise Broken("bad_coordinates: its coordinates are not nested as deep as its type says")
    kinds = set(map(type, chain.from_iterable(raw)))
    if not kinds <= _NUMBERS:
        deeper = list in kinds
        raise Broken(
            "bad_coordinates: its coordinates are nested deeper than its type says"
            if deeper
            else "bad_coordinates: a corner has something else than numbers"
        )
    return corners_of(raw, remarks)


def _polygon(raw: Any, remarks: set[str]) -> shapely.Polygon:  # noqa: ANN401
    if not isinstance(raw, list):
        raise Broken("bad_coordinates: its coordinates are not nested as deep as its type says")
    return polygon_of([_corners(ring, remarks) for ring in raw], remarks)


def _point(raw: list[Any], remarks: set[str]) -> shapely.Geometry:
    if not raw:
        return shapely.Point()
    return point_of(_corners([raw], remarks)[0])


def _line(raw: list[Any], remarks: set[str]) -> shapely.Geometry:
    return line_of(_corners(raw, remarks))


def _points(raw: list[Any], remarks: set[str]) -> shapely.Geometry:
    return shapely.MultiPoint([point_of(corner) for corner in _corners(raw, remarks)])


def _lines(raw: list[Any], remarks: set[str]) -> shapely.Geometry:
    return shapely.MultiLineString([line_of(_corners(line, remarks)) for line in raw])


def _polygons(raw: list[Any], remarks: set[str]) -> shapely.Geometry:
    return shapely.MultiPolygon([_polygon(polygon, remarks) for polygon in raw])


_KINDS: Mapping[str, Callable[[list[Any], set[str]], shapely.Geometry]] = MappingProxyType(
    {
        "Polygon": _polygon,
        "MultiPolygon": _polygons,
        "Point": _point,
        "LineString": _line,
        "MultiPoint": _points,
        "MultiLineString": _lines,
    }
)
