"""What share of each pixel lies in each plot: exact, once per grid.

Coverage fractions come from exactextract; here they become flat arrays, plot after plot, so that
all plots of a scene are averaged by one sweep. Sub-pixel plots, slivers, holes and multipolygons
keep their exact area. Hectares never come from pixels: UTM stretches areas, so credit areas are
geodesic (`mrv.plots.screen`).
"""

from dataclasses import dataclass

import exactextract
import geopandas as gpd
import numpy as np
import shapely
from exactextract.raster import NumPyRasterSource
from numpy.typing import NDArray
from pyproj import Transformer

from mrv.imagery.grids import Grid, Window

_BLOCK_PIXELS = 2048  # plots nearer than this are read in one window; bounds the memory of a window
_VERTEX_SPACING_DEGREES = 0.0009  # about 100 m, so that long edges stay true in another projection


@dataclass(frozen=True, slots=True)
class CoverageBlock:
    """The pixels of neighbouring plots.

    Attributes:
        window: Smallest window that holds them.
        plots: Row of each plot in the table the coverage was made from.
        starts: Where the run of each plot begins in the arrays that follow.
        rows: Of each pixel, in the grid.
        cols: Of each pixel, in the grid.
        weights: Share of the pixel inside the plot [1].
    """

    window: Window
    plots: NDArray[np.intp]
    starts: NDArray[np.intp]
    rows: NDArray[np.intp]
    cols: NDArray[np.intp]
    weights: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Coverage:
    """All plots that touch a grid.

    Attributes:
        grid: The grid.
        blocks: Their pixels, in groups of neighbours.
        area_pixels: Area of each plot of the table in pixels of this grid; 0 where it was not
            looked at because it lies elsewhere.
        outside_fraction: Share of each plot's area outside the grid; 1 where all of it is.
    """

    grid: Grid
    blocks: tuple[CoverageBlock, ...]
    area_pixels: NDArray[np.float64]
    outside_fraction: NDArray[np.float64]


def cover(plots: gpd.GeoDataFrame, grid: Grid) -> Coverage:
    """Compute the coverage of a grid by plots.

    Args:
        plots: With `plot_id` and valid polygons in EPSG:4326.
        grid: Of the finest band.
    """
    area_pixels = np.zeros(len(plots))
    covered = np.zeros(len(plots))
    near, shapes = _near(plots, grid)
    area_pixels[near] = shapely.area(shapes) / grid.pixel_m**2
    runs = _runs(near, shapes, grid)
    for plot, _, weights in runs:
        covered[plot] = weights.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        outside = np.where(area_pixels > 0, 1.0 - covered / area_pixels, 1.0)
    return Coverage(
        grid=grid,
        blocks=_blocks(runs, grid),
        area_pixels=area_pixels,
        outside_fraction=np.clip(outside, 0.0, 1.0),
    )


def _near(plots: gpd.GeoDataFrame, grid: Grid) -> tuple[NDArray[np.intp], NDArray[np.object_]]:
    """Rows and projected shapes of the plots that may touch the grid; others are not projected."""
    to_degrees = Transformer.from_crs(grid.epsg, 4326, always_xy=True)
    box = shapely.box(*to_degrees.transform_bounds(*grid.bounds))
    near = np.flatnonzero(shapely.intersects(box, plots.geometry.to_numpy()))
    dense = shapely.segmentize(plots.geometry.to_numpy()[near], _VERTEX_SPACING_DEGREES)
    projected = gpd.GeoSeries(dense, crs=4326).to_crs(epsg=grid.epsg)
    return near, np.asarray(projected.to_numpy(), dtype=np.object_)


_Run = tuple[int, NDArray[np.int64], NDArray[np.float64]]


def _runs(near: NDArray[np.intp], shapes: NDArray[np.object_], grid: Grid) -> list[_Run]:
    if not near.size:
        return []
    west, south, east, north = grid.bounds
    blank = np.broadcast_to(np.uint8(0), (grid.height, grid.width))  # costs nothing, is never read
    # A column named `id` would come back as the row number: ours is called `plot`.
    features = gpd.GeoDataFrame({"plot": near}, geometry=shapes, crs=f"EPSG:{grid.epsg}")
    found = exactextract.exact_extract(
        NumPyRasterSource(blank, west, south, east, north),
        features,
        ["cell_id", "coverage"],
        output="pandas",
        include_cols=["plot"],
    )
    return [
        (int(plot), np.asarray(cells, np.int64), np.asarray(weights, np.float64))
        for plot, cells, weights in zip(
            found["plot"], found["cell_id"], found["coverage"], strict=True
        )
        if len(cells)
    ]


def _blocks(runs: list[_Run], grid: Grid) -> tuple[CoverageBlock, ...]:
    groups: dict[tuple[int, int], list[_Run]] = {}
    for run in runs:
        row, col = divmod(int(run[1][0]), grid.width)
        groups.setdefault((row // _BLOCK_PIXELS, col // _BLOCK_PIXELS), []).append(run)
    return tuple(_block(groups[key], grid) for key in sorted(groups))


def _block(runs: list[_Run], grid: Grid) -> CoverageBlock:
    lengths = np.array([len(cells) for _, cells, _ in runs])
    rows, cols = np.divmod(np.concatenate([cells for _, cells, _ in runs]), grid.width)
    top, left = int(rows.min()), int(cols.min())
    return CoverageBlock(
        window=Window(top, left, int(rows.max()) - top + 1, int(cols.max()) - left + 1),
        plots=np.array([plot for plot, _, _ in runs], dtype=np.intp),
        starts=np.concatenate(([0], np.cumsum(lengths)[:-1])).astype(np.intp),
        rows=rows.astype(np.intp),
        cols=cols.astype(np.intp),
        weights=np.concatenate([weights for _, _, weights in runs]),
    )
