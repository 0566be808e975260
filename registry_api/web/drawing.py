"""A plot as a small picture in the page itself: what was sent, what it became, where to look.

Drawn on the server, so that it is there without scripts and on paper. Close up the Earth is taken
as flat: degrees of longitude are shortened by the cosine of the middle latitude, which over a few
kilometres is exact to a pixel.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

METRES_PER_DEGREE = 111_320.0  # of latitude, and of longitude on the equator [P: for pictures]
WIDTH, HEIGHT, MARGIN = 360.0, 240.0, 26.0  # [CSS pixel]
_CLOSEST = 0.4  # points nearer than this to the one before are not drawn [CSS pixel]
_FULL_TURN, _POLE = 360.0, 90.0  # [degree]; beyond the date line longitudes go on
_SMALLEST_M = 1.0  # a single point still gets a frame of this size

Position = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Outline:
    """One shape as SVG.

    Attributes:
        role: `sent`, `kept`, `proposed` or `before`: decides how it is stroked.
        path: For the `d` of a path.
        point: Where it is no area: a place to mark, in pixels.
    """

    role: str
    path: str
    point: Position | None


@dataclass(frozen=True, slots=True)
class Place:
    """A numbered place, in pixels."""

    number: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture of one plot.

    Attributes:
        bar_px, bar_m: Length of the scale bar [CSS pixel], and on the ground [m].
    """

    outlines: tuple[Outline, ...]
    places: tuple[Place, ...]
    bar_px: float
    bar_m: float


def draw(
    shapes: Sequence[tuple[str, Mapping[str, Any] | None]],
    places: Iterable[tuple[int, float, float]] = (),
) -> Drawing | None:
    """Draw shapes over each other, and the places to look at.

    Args:
        shapes: Role and GeoJSON geometry [degree, WGS 84], the lowest first; None is skipped.
        places: Number, longitude and latitude of each place.

    Returns:
        None where there is nothing that could be placed.
    """
    there = [(role, geometry) for role, geometry in shapes if geometry]
    corners = [point for _, geometry in there for ring in _rings(geometry) for point in ring]
    if not corners:
        return None
    west, east = min(x for x, _ in corners), max(x for x, _ in corners)
    south, north = min(y for _, y in corners), max(y for _, y in corners)
    shrink = max(math.cos(math.radians((south + north) / 2)), 1e-3)
    across_m = (east - west) * METRES_PER_DEGREE * shrink
    up_m = (north - south) * METRES_PER_DEGREE
    scale = min(  # [CSS pixel / m]
        (WIDTH - 2 * MARGIN) / max(across_m, _SMALLEST_M),
        (HEIGHT - 2 * MARGIN) / max(up_m, _SMALLEST_M),
    )

    def pixel(lon: float, lat: float) -> Position:
        x = WIDTH / 2 + (lon - (west + east) / 2) * METRES_PER_DEGREE * shrink * scale
        y = HEIGHT / 2 - (lat - (south + north) / 2) * METRES_PER_DEGREE * scale
        return round(x, 1), round(y, 1)

    marked = tuple(Place(number, *pixel(lon, lat)) for number, lon, lat in places)
    bar_m = _round_length((WIDTH / 3) / scale)
    return Drawing(
        tuple(_outline(role, geometry, pixel) for role, geometry in there),
        tuple(each for each in marked if 0 <= each.x <= WIDTH and 0 <= each.y <= HEIGHT),
        round(bar_m * scale, 1),
        bar_m,
    )


def _outline(
    role: str, geometry: Mapping[str, Any], pixel: Callable[[float, float], Position]
) -> Outline:
    parts: list[str] = []
    last: Position | None = None
    for ring in _rings(geometry):
        kept: list[Position] = []
        for lon, lat in ring:
            point = pixel(lon, lat)
            last = point
            if not kept or math.dist(point, kept[-1]) >= _CLOSEST:
                kept.append(point)
        if len(kept) > 1:
            parts.append("M" + "L".join(f"{x:g},{y:g}" for x, y in kept) + "Z")
    return Outline(role, "".join(parts), None if parts else last)


def _rings(geometry: Mapping[str, Any]) -> Iterator[list[Position]]:
    """Walk the rings of any geometry; whatever is no finite position is passed over."""
    for part in geometry.get("geometries") or ():
        yield from _rings(part)
    yield from _lines(geometry.get("coordinates") or ())


def _lines(coordinates: Sequence[Any]) -> Iterator[list[Position]]:
    """Find the runs of positions in nested coordinates, however deep they lie."""
    if _is_position(coordinates):
        coordinates = [coordinates]
    run = [(float(each[0]), float(each[1])) for each in coordinates if _is_position(each)]
    if run:
        yield run
        return
    for part in coordinates:
        if isinstance(part, list | tuple):
            yield from _lines(part)


def _is_position(candidate: object) -> bool:
    """Say whether this is a longitude and a latitude; NaN and infinity are not."""
    if not isinstance(candidate, list | tuple) or len(candidate) < 2:  # noqa: PLR2004  # lon, lat
        return False
    lon, lat = candidate[:2]
    return (
        isinstance(lon, int | float)
        and isinstance(lat, int | float)
        and -_FULL_TURN <= lon <= _FULL_TURN
        and -_POLE <= lat <= _POLE
    )


def _round_length(metres: float) -> float:
    """Choose the longest of 1, 2, 5, 10, ... that is not above."""
    power = 10.0 ** math.floor(math.log10(max(metres, 1e-3)))
    return next(step * power for step in (5, 2, 1) if step * power <= metres * (1 + 1e-9))
