"""Lists of corners into shapes: what shapely would refuse but a person understands is kept.

A ring that does not end where it began is closed, one with too few corners is kept as the line it
is; both are told by a code, and judged in `mrv.plots`. Shared by the readers that draw shapes
themselves.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
import shapely
from numpy.typing import NDArray

Corners = NDArray[np.float64]

UNCLOSED_RING = "unclosed_ring"
SHORT_RING = "short_ring"
NOT_FINITE = "not_finite"
EXTRA_NUMBERS = "extra_numbers"  # more than three in a position; the rest was left out
MIXED_DIMENSIONS = "mixed_dimensions"  # some corners have a height; heights were left out
_FEWEST = 4  # corners of a ring, the first one counted twice


class Broken(Exception):  # never leaves this package: it becomes the problem of a row
    """A shape that cannot be understood; its text is "code: sentence"."""


def corners_of(positions: Sequence[Sequence[float]], remarks: set[str]) -> Corners:
    """Lay positions of numbers out as an array.

    Args:
        positions: Each a sequence of numbers.
        remarks: Takes the codes of what had to be understood kindly.

    Returns:
        Shape [corner, 2 or 3].

    Raises:
        Broken: If a position has fewer than two numbers.
    """
    lengths = set(map(len, positions))
    if min(lengths, default=2) < 2:  # noqa: PLR2004  # x and y
        raise Broken("short_position: a corner has fewer than two numbers")
    if len(lengths) > 1 or max(lengths, default=2) > 3:  # noqa: PLR2004  # x, y and height
        remarks.add(EXTRA_NUMBERS if max(lengths) > 3 else MIXED_DIMENSIONS)  # noqa: PLR2004
        keep = min(*lengths, 3)
        positions = [position[:keep] for position in positions]
    try:
        corners = np.array(positions, dtype=np.float64)
    except OverflowError:  # a whole number of more than 308 digits
        corners = np.array([list(map(_bounded, position)) for position in positions])
    if not np.isfinite(corners).all():
        remarks.add(NOT_FINITE)
    return corners.reshape(len(positions), -1 if positions else 2)


def ring_of(corners: Corners, remarks: set[str]) -> Corners:
    """Close a ring and bring it to the four corners that a ring needs at least.

    Raises:
        Broken: If it has no corner.
    """
    if not len(corners):
        raise Broken("empty_ring: a ring has no corner")
    if not np.array_equal(corners[0], corners[-1], equal_nan=True):
        remarks.add(UNCLOSED_RING)
        corners = np.concatenate([corners, corners[:1]])
    if len(corners) < _FEWEST:
        remarks.add(SHORT_RING)
        corners = np.concatenate([corners, np.repeat(corners[-1:], _FEWEST - len(corners), axis=0)])
    return corners


def polygon_of(rings: Sequence[Corners], remarks: set[str]) -> shapely.Polygon:
    """Draw a polygon of its outer ring and its holes; without rings it is empty.

    Raises:
        Broken: If a ring has no corner.
    """
    if not rings:
        return shapely.Polygon()
    if len({ring.shape[1] for ring in rings}) > 1:
        remarks.add(MIXED_DIMENSIONS)
        rings = [ring[:, :2] for ring in rings]
    closed = [ring_of(ring, remarks) for ring in rings]
    drawn = [cast(shapely.LinearRing, shapely.linearrings(c, handle_nan="allow")) for c in closed]
    return shapely.Polygon(drawn[0], drawn[1:])


def line_of(corners: Corners) -> shapely.LineString:
    """Draw a line.

    Raises:
        Broken: If it has one corner.
    """
    if len(corners) == 1:
        raise Broken("short_line: a line has a single corner")
    if not len(corners):
        return shapely.LineString()
    return cast(shapely.LineString, shapely.linestrings(corners, handle_nan="allow"))


def point_of(corner: Corners) -> shapely.Point:
    """Draw a point."""
    return cast(shapely.Point, shapely.points(corner, handle_nan="allow"))


def _bounded(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf")
