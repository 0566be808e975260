"""Well-known binary into shapes: good ones at once, and each broken one with its reason."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

NO_GEOMETRY = "no_geometry: it has no geometry"
_BROKEN = "bad_coordinates: its shape is damaged"


def draw(
    binaries: Sequence[bytes | None] | NDArray[np.object_],
) -> tuple[NDArray[np.object_], list[str | None]]:
    """Draw shapes.

    Args:
        binaries: WKB, EWKB or ISO WKB; None where there is no geometry.

    Returns:
        Shapes, None where there is none to be had, and why ("code: sentence").
    """
    raw = np.empty(len(binaries), dtype=object)
    raw[:] = list(binaries)
    with np.errstate(invalid="ignore"):  # a corner that is no number is found by screening
        try:
            shapes = shapely.from_wkb(raw)
        except (shapely.errors.ShapelyError, TypeError, ValueError):
            shapes = np.empty(len(raw), dtype=object)
            shapes[:] = [_one(binary) for binary in raw]
    problems = [
        None if shape is not None else NO_GEOMETRY if binary is None else _BROKEN
        for shape, binary in zip(shapes, raw, strict=True)
    ]
    return shapes, problems


def _one(binary: bytes | None) -> shapely.Geometry | None:
    try:
        return None if binary is None else shapely.from_wkb(binary)
    except (shapely.errors.ShapelyError, TypeError, ValueError):
        return None
