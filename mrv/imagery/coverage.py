"""What share of each pixel lies in each plot: exact, once per grid.

Every edge adds its signed height to the pixels it crosses, split by the exact area to its right;
the running sum along a row is then the covered share of each pixel. Area is additive, so holes,
multipolygons, slivers and plots smaller than a pixel keep their exact area. Hectares never come
from pixels: UTM stretches areas, so credit areas are geodesic (`mrv.plots.screen`).

Source: signed-area accumulation as in font rasterisers (font-rs, FreeType) [V]; judged against
exactextract in `tests/property/test_extraction_coverage.py`.
"""

from dataclasses import dataclass
from math import ceil, floor
from typing import Any, Self

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from mrv.imagery.compiled import compiled
from mrv.imagery.grids import Grid
from mrv.imagery.packing import pack, unpack

_VERTEX_SPACING_DEGREES = 0.0009  # about 100 m, so that long edges stay true in another projection
_SHARE_MIN = 1e-9  # smaller shares are rounding [P]
_STRIP_PIXELS = 1 << 20  # pixels of a plot that are worked on at once; bounds the memory


@dataclass(frozen=True, slots=True)
class Footing:
    """Which plots touch a grid, and how much of each lies outside it.

    Attributes:
        plots: Row of each plot in the table they came from; plots elsewhere are left out.
        outside_fraction: Share of each plot's area outside the grid [1].
        outside_pixels: The same as an area [pixels].
    """

    plots: NDArray[np.intp]
    outside_fraction: NDArray[np.float64]
    outside_pixels: NDArray[np.float64]

    def subset(self, keep: NDArray[np.intp]) -> "Footing":
        """Give some of the plots, in the order asked."""
        return Footing(self.plots[keep], self.outside_fraction[keep], self.outside_pixels[keep])

    def to_bytes(self) -> bytes:
        """Write as bytes."""
        fractions = np.stack([self.outside_fraction, self.outside_pixels])
        return pack(None, {"plots": self.plots.astype(np.int64), "outside": fractions})

    @classmethod
    def from_bytes(cls, data: bytes | None) -> Self | None:
        """Read back; None where there is nothing or it is damaged."""
        packed = unpack(data)
        if packed is None:
            return None
        return cls(packed.arrays["plots"].astype(np.intp), *packed.arrays["outside"])


@dataclass(frozen=True, slots=True)
class Placed:
    """Plots on a grid.

    Attributes:
        grid: The grid.
        plots: Row of each plot in the table they came from; plots elsewhere are left out.
        shapes: Their polygons in the grid's projection, cut to the grid [m].
        outside_fraction: Share of each plot's area outside the grid [1].
        outside_pixels: The same as an area [pixels].
    """

    grid: Grid
    plots: NDArray[np.intp]
    shapes: NDArray[np.object_]
    outside_fraction: NDArray[np.float64]
    outside_pixels: NDArray[np.float64]

    def subset(self, keep: NDArray[np.intp]) -> "Placed":
        """Give some of the plots, in the order asked."""
        return Placed(
            self.grid,
            self.plots[keep],
            self.shapes[keep],
            self.outside_fraction[keep],
            self.outside_pixels[keep],
        )

    def footing(self) -> Footing:
        """Give what is known without their polygons."""
        return Footing(self.plots, self.outside_fraction, self.outside_pixels)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Pixels of plots: plot after plot, row after row; four arrays of one length.

    Attributes:
        plots: Which of the shapes.
        rows: Of each pixel, in the grid.
        cols: Of each pixel, in the grid.
        shares: Of each pixel, inside the plot [1].
    """

    plots: NDArray[np.int32]
    rows: NDArray[np.int32]
    cols: NDArray[np.int32]
    shares: NDArray[np.float64]


def place(plots: gpd.GeoDataFrame, grid: Grid) -> Placed:
    """Project the plots that touch a grid, and cut those that reach over its edge.

    Args:
        plots: With valid polygons in EPSG:4326.
        grid: Of the finest band.
    """
    shapes = plots.geometry.to_numpy()
    to_degrees = Transformer.from_crs(grid.epsg, 4326, always_xy=True)
    box = shapely.box(*to_degrees.transform_bounds(*grid.bounds))
    near = np.flatnonzero(shapely.intersects(box, shapes))
    dense = gpd.GeoSeries(_segmentized(shapes[near]), crs=4326)
    projected = np.asarray(dense.to_crs(epsg=grid.epsg).to_numpy(), dtype=np.object_)
    west, south, east, north = grid.bounds
    bounds = shapely.bounds(projected).reshape(-1, 4)
    over_the_edge = np.flatnonzero(
        (bounds[:, 0] < west) | (bounds[:, 1] < south) | (bounds[:, 2] > east)
        | (bounds[:, 3] > north)
    )  # fmt: skip
    area = shapely.area(projected)
    outside = np.zeros(len(near))
    inside = shapely.intersection(projected[over_the_edge], shapely.box(*grid.bounds))
    projected[over_the_edge] = [_polygons_of(shape) for shape in inside]
    outside[over_the_edge] = area[over_the_edge] - shapely.area(projected[over_the_edge])
    placed = Placed(
        grid, near, projected, np.clip(outside / area, 0.0, 1.0), outside / grid.pixel_m**2
    )
    return placed.subset(np.flatnonzero(~shapely.is_empty(projected)))


def cover(shapes: NDArray[np.object_], grid: Grid) -> Coverage:
    """Compute which share of which pixel lies in each shape.

    Args:
        shapes: Valid polygons and multipolygons in the grid's projection, none empty, none
            reaching over the grid's edge [m].
        grid: The grid.
    """
    if not len(shapes):
        empty = np.zeros(0, np.int32)
        return Coverage(empty, empty, empty, np.zeros(0))
    kind, points, offsets = shapely.to_ragged_array(shapely.orient_polygons(shapes))
    several = kind is shapely.GeometryType.MULTIPOLYGON
    rings = offsets[1][offsets[2]] if several else offsets[1]
    places = np.empty((len(points), 2))
    places[:, 0] = (points[:, 0] - grid.left) / grid.pixel_m
    places[:, 1] = (grid.top - points[:, 1]) / grid.pixel_m
    edges = offsets[0].astype(np.int64)
    shape = grid.height, grid.width
    found = _shares(places, edges, rings.astype(np.int64), *shape, _STRIP_PIXELS)
    return Coverage(*found)


def _segmentized(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Put vertices on long edges; most plots have none."""
    points, owners = shapely.get_coordinates(shapes, return_index=True)
    steps = np.hypot(*np.diff(points, axis=0).T) > _VERTEX_SPACING_DEGREES
    long = np.unique(owners[1:][steps & (owners[1:] == owners[:-1])])
    dense = shapes.copy()
    dense[long] = shapely.segmentize(shapes[long], _VERTEX_SPACING_DEGREES)
    return dense


def _polygons_of(shape: shapely.Geometry) -> shapely.Geometry:
    """Drop the points and lines where a plot only touches the edge of the grid."""
    if isinstance(shape, shapely.Polygon | shapely.MultiPolygon):
        return shape
    parts = [part for part in shapely.get_parts(shape) if isinstance(part, shapely.Polygon)]
    return shapely.MultiPolygon(parts)


@compiled
def _add_edge(
    total: NDArray[np.float64], xa: float, ya: float, xb: float, yb: float, top: int, left: int
) -> None:
    """Add an edge to a strip of rows: what the running sum along each row must step by.

    The share of pixel j to the right of a piece between x = low and x = high, times its height, is
    G(j + 1) - G(j) with G(t) the mean over the piece of max(0, t - x).
    """
    sign = 1.0
    if ya > yb:
        sign = -1.0
        xa, ya, xb, yb = xb, yb, xa, ya
    slope = (xb - xa) / (yb - ya)
    least, most = min(xa, xb), max(xa, xb)
    for row in range(max(floor(ya), top), min(ceil(yb), top + total.shape[0])):
        y0, y1 = max(ya, float(row)), min(yb, row + 1.0)
        height = (y1 - y0) * sign
        x0 = min(max(xa + (y0 - ya) * slope, least), most)
        x1 = min(max(xa + (y1 - ya) * slope, least), most)
        low, high = min(x0, x1), max(x0, x1)
        first, last = floor(low), floor(high)
        line = total[row - top]
        if first == last:
            right = 0.5 * (low + high) - first
            line[first - left] += height * (1.0 - right)
            line[first + 1 - left] += height * right
            continue
        before = share_before = 0.0
        for col in range(first, last + 2):
            if col + 1 >= high:
                here = col + 1 - 0.5 * (low + high)
            else:
                here = 0.5 * (col + 1 - low) ** 2 / (high - low)
            share = here - before
            line[col - left] += height * (share - share_before)
            before, share_before = here, share


@compiled
def _shares(
    places: NDArray[np.float64],
    edges: NDArray[np.int64],
    rings: NDArray[np.int64],
    height: int,
    width: int,
    strip_pixels: int,
) -> tuple[Any, Any, Any, Any]:
    """Cover all plots: points [pixels from the upper left], first points of rings, first rings."""
    count = len(rings) - 1
    boxes = np.empty((count, 4), np.int64)
    room = 0
    for plot in range(count):
        part = places[edges[rings[plot]] : edges[rings[plot + 1]]]
        # Projecting back and forth may leave a corner a hair outside the grid.
        boxes[plot, 0] = max(floor(part[:, 1].min()), 0)
        boxes[plot, 1] = max(floor(part[:, 0].min()), 0)
        boxes[plot, 2] = min(ceil(part[:, 1].max()), height)
        boxes[plot, 3] = min(ceil(part[:, 0].max()), width)
        room += (boxes[plot, 2] - boxes[plot, 0]) * (boxes[plot, 3] - boxes[plot, 1])
    plots, rows = np.empty(room, np.int32), np.empty(room, np.int32)
    cols, shares = np.empty(room, np.int32), np.empty(room, np.float64)
    found = 0
    for plot in range(count):
        top, left, bottom, right = boxes[plot]
        across = right - left
        strip = max(1, strip_pixels // max(1, across))
        for start in range(top, bottom, strip):
            total = np.zeros((min(strip, bottom - start), across + 2))
            for ring in range(rings[plot], rings[plot + 1]):
                for edge in range(edges[ring], edges[ring + 1] - 1):
                    xa, ya = places[edge, 0], places[edge, 1]
                    xb, yb = places[edge + 1, 0], places[edge + 1, 1]
                    if ya != yb:
                        xa, xb = min(max(xa, left), right), min(max(xb, left), right)
                        _add_edge(total, xa, ya, xb, yb, start, left)
            for row in range(total.shape[0]):
                share = 0.0
                for col in range(across):
                    share += total[row, col]
                    if abs(share) > _SHARE_MIN:
                        plots[found], rows[found] = plot, start + row
                        cols[found], shares[found] = left + col, min(abs(share), 1.0)
                        found += 1
    return plots[:found].copy(), rows[:found].copy(), cols[:found].copy(), shares[:found].copy()
