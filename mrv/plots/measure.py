"""Areas and lengths of boundaries on the ellipsoid WGS 84, from shapes in degrees.

Areas that count are geodesic. Widths, gaps and shared ground are measured in metres scaled from
degrees at the place of each shape, which for a plot of 1 km is right to 0.02 % and much quicker.
"""

from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod

from mrv.plots.surroundings import Floats, Shapes

M2_PER_HA = 10_000.0
_GEOD = Geod(ellps="WGS84")
_E2 = _GEOD.es


def area_of(shape: shapely.Geometry) -> float:
    """Give the geodesic area of a boundary on WGS 84 [ha]."""
    oriented = shapely.orient_polygons(shape)
    return float(abs(_GEOD.geometry_area_perimeter(oriented)[0]) / M2_PER_HA)


def areas_of(shapes: Shapes) -> Floats:
    """Give the geodesic areas of boundaries [ha], the same as `area_of` one by one."""
    parts, of_part = shapely.get_parts(shapely.orient_polygons(shapes), return_index=True)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    coordinates, of = shapely.get_coordinates(rings, return_index=True)
    lon, lat = np.ascontiguousarray(coordinates.T)
    ends = np.searchsorted(of, np.arange(len(rings) + 1)).tolist()
    signed = [
        _GEOD.polygon_area_perimeter(lon[start:end], lat[start:end])[0] if end > start else 0.0
        for start, end in pairwise(ends)
    ]
    areas_m2 = np.zeros(len(shapes))
    np.add.at(areas_m2, of_part[of_ring], signed)  # a hole runs the other way and counts as less
    areas_ha: Floats = np.abs(areas_m2) / M2_PER_HA
    return areas_ha


def flat_areas_of(shapes: Shapes) -> Floats:
    """Give areas scaled from square degrees [ha]: right to 0.01 % for plots, and very quick."""
    across, along = metres_per_degree(middles(shapes)[1])
    areas_ha: Floats = shapely.area(shapes) * across * along / M2_PER_HA
    return areas_ha


def apart_m(one: Shapes, two: Shapes) -> Floats:
    """Give how far pairs of boundaries lie apart at their farthest [m], corner from line.

    The discrete Hausdorff distance of GEOS, in metres scaled from degrees; NaN where one is None.
    """
    across, along = metres_per_degree(middles(one)[1])
    lines = []
    for shapes in (one, two):
        drawn = shapely.boundary(shapely.force_2d(shapes))
        corners, of = shapely.get_coordinates(drawn, return_index=True)
        scale = np.column_stack([across, along])[of]
        lines.append(shapely.set_coordinates(drawn, corners * scale))
    distances: Floats = shapely.hausdorff_distance(*lines)
    return distances


def metres_per_degree(lat: Floats) -> tuple[Floats, Floats]:
    """Give the metres in one degree of longitude and of latitude at latitudes [degree].

    Radii of curvature of the ellipsoid in the prime vertical and in the meridian (Snyder 1987,
    Map Projections, equations 4-18 and 4-20).
    """
    flattening = 1.0 - _E2 * np.sin(np.radians(lat)) ** 2
    across: Floats = np.radians(_GEOD.a / np.sqrt(flattening) * np.cos(np.radians(lat)))
    along: Floats = np.radians(_GEOD.a * (1.0 - _E2) / flattening**1.5)
    return across, along


def in_metres(shapes: Shapes) -> Shapes:
    """Lay each shape out in metres around the middle of its own box; for lengths, not places."""
    middle_lon, middle_lat = middles(shapes)
    across, along = metres_per_degree(middle_lat)
    coordinates, of = shapely.get_coordinates(shapes, return_index=True)
    metres = np.column_stack(
        (
            (coordinates[:, 0] - middle_lon[of]) * across[of],
            (coordinates[:, 1] - middle_lat[of]) * along[of],
        )
    )
    laid: Shapes = shapely.set_coordinates(shapely.force_2d(shapes), metres)
    return laid


def middles(shapes: Shapes) -> tuple[Floats, Floats]:
    """Give the middle of each shape's box, longitude and latitude [degree]; NaN where empty."""
    boxes = shapely.bounds(shapes)
    with np.errstate(invalid="ignore", over="ignore"):  # corners at infinity have no middle: NaN
        return (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2


def widths_m(shapes: Shapes) -> Floats:
    """Give how wide each area is at its widest place [m]: the largest circle that fits in it."""
    laid = in_metres(shapes)
    tolerance = np.maximum(0.001, 0.005 * np.sqrt(shapely.area(laid)))
    radii: NDArray[np.float64] = shapely.length(
        shapely.maximum_inscribed_circle(laid, tolerance=tolerance)
    )
    return 2.0 * radii
