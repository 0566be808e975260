"""Chips: a plot and its surroundings in one scene, in natural colour, with what the mask kept.

They are looked at and never computed with: a verifier sees at which clouds, shadows and neighbours
a number was taken. One stretch serves all scenes, so that dates can be compared by eye.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from math import ceil, floor
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from mrv.imagery.cloud_mask import clear_mask
from mrv.imagery.grids import BandLayout, Grid, OpenedScene, Window, copy_shared
from mrv.imagery.scenes import SCL, Scene

COLOURS = ("red", "green", "blue")
_MARGIN_M = 60.0  # of ground around the plot, so that neighbours are seen [P: for pictures]
_BRIGHTEST = 0.25  # reflectance drawn as white [P: for pictures]
_GAMMA = 1.6  # lifts dark canopies [P: for pictures]
_LARGEST_PX = 400  # side of a chip; a larger plot is drawn by every second pixel and so on

Ring = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Chip:
    """One plot in one scene.

    Attributes:
        plot_id: Which plot.
        scene_id: Which scene.
        acquired_at: When.
        pixel_m: Side of a pixel [m].
        colour: Red, green and blue, 0 to 255 [row, column, 3]; black without data.
        seen: Pixels that the mask keeps [row, column].
        outline: Rings of the boundary, in pixels right and down of the upper left corner.
    """

    plot_id: str
    scene_id: str
    acquired_at: datetime
    pixel_m: float
    colour: NDArray[np.uint8]
    seen: NDArray[np.bool_]
    outline: tuple[Ring, ...]


def cut_chips(
    scene: Scene,
    plots: gpd.GeoDataFrame,
    open_scene: Callable[[Scene], AbstractContextManager[OpenedScene]],
    cloud_buffer_m: float,
) -> list[Chip]:
    """Cut all plots out of a scene.

    Args:
        scene: With red, green, blue and the classification; without, there are no chips.
        plots: With `plot_id` and valid polygons in EPSG:4326.
        open_scene: Opens the scene.
        cloud_buffer_m: Widening of clouds and shadows [m].

    Returns:
        One chip per plot that lies in the scene, in the order of the plots.

    Raises:
        SceneUnreadable: If a file is damaged.
    """
    if not {*COLOURS, SCL} <= set(scene.assets):
        return []
    shapes = plots.geometry.to_crs(epsg=scene.epsg).to_numpy()
    with open_scene(scene) as opened:
        layout = opened.layout(COLOURS[0])
        near = [_window(shape.bounds, layout.grid) for shape in shapes]
        there = [number for number, window in enumerate(near) if window is not None]
        windows = [window for window in near if window is not None]
        if not windows:
            return []
        numbers = [_parts(opened, band, windows) for band in COLOURS]
        clear = _clear(opened, layout.grid, windows, cloud_buffer_m)
    chips = []
    for place, (plot, window) in enumerate(zip(there, windows, strict=True)):
        digital = np.stack([band[place] for band in numbers], axis=-1)
        has_data = np.asarray((digital > 0).all(axis=-1), np.bool_)
        step = ceil(max(window.height, window.width) / _LARGEST_PX)
        chips.append(
            Chip(
                plot_id=str(plots["plot_id"].iloc[plot]),
                scene_id=scene.id,
                acquired_at=scene.acquired_at,
                pixel_m=layout.grid.pixel_m * step,
                colour=_coloured(digital, has_data, scene)[::step, ::step],
                seen=(clear[place] & has_data)[::step, ::step],
                outline=_outline(shapes[plot], layout.grid, window, step),
            )
        )
    return chips


def _window(bounds: Sequence[float], grid: Grid) -> Window | None:
    """Give the pixels of a plot and its surroundings; None where the scene does not reach."""
    west, south, east, north = bounds
    first_col, last_col = (
        floor((west - _MARGIN_M - grid.left) / grid.pixel_m),
        ceil((east + _MARGIN_M - grid.left) / grid.pixel_m),
    )
    first_row, last_row = (
        floor((grid.top - north - _MARGIN_M) / grid.pixel_m),
        ceil((grid.top - south + _MARGIN_M) / grid.pixel_m),
    )
    row, col = max(0, first_row), max(0, first_col)
    height, width = min(grid.height, last_row) - row, min(grid.width, last_col) - col
    return Window(row, col, height, width) if height > 0 and width > 0 else None


def _parts(opened: OpenedScene, band: str, windows: Sequence[Window]) -> list[NDArray[Any]]:
    """Read some rectangles of a band, each of its blocks once."""
    layout: BandLayout = opened.layout(band)
    parts = [np.zeros((w.height, w.width), np.dtype(layout.dtype)) for w in windows]
    wanted: dict[int, list[int]] = {}
    for index, window in enumerate(windows):
        for number in layout.blocks_under(window):
            wanted.setdefault(number, []).append(index)
    for number, block in opened.blocks(band, sorted(wanted)):
        for index in wanted[number]:
            copy_shared(block, layout.window(number), parts[index], windows[index])
    return parts


def _clear(
    opened: OpenedScene, fine: Grid, windows: Sequence[Window], cloud_buffer_m: float
) -> list[NDArray[np.bool_]]:
    """Say of each pixel of some rectangles whether the estimate's mask keeps it."""
    grid = opened.layout(SCL).grid
    factor = fine.factor_to(grid) or 1
    reach = ceil(cloud_buffer_m / grid.pixel_m)
    coarse = [
        Window(
            window.row // factor,
            window.col // factor,
            -(-(window.row + window.height) // factor) - window.row // factor,
            -(-(window.col + window.width) // factor) - window.col // factor,
        ).grown(reach, grid)  # clouds outside the picture reach into it
        for window in windows
    ]
    masks = []
    for window, around, scl in zip(windows, coarse, _parts(opened, SCL, coarse), strict=True):
        clear = clear_mask(scl, grid.pixel_m, cloud_buffer_m)
        rows = np.arange(window.row, window.row + window.height) // factor - around.row
        cols = np.arange(window.col, window.col + window.width) // factor - around.col
        masks.append(clear[np.ix_(rows, cols)])
    return masks


def _coloured(
    digital: NDArray[Any], has_data: NDArray[np.bool_], scene: Scene
) -> NDArray[np.uint8]:
    reflectance = digital * scene.offset.scale + scene.offset.offset
    share = np.clip(reflectance / _BRIGHTEST, 0.0, 1.0) ** (1 / _GAMMA)
    return np.asarray(np.where(has_data[..., None], np.rint(255 * share), 0), np.uint8)


def _outline(shape: shapely.Geometry, grid: Grid, window: Window, step: int) -> tuple[Ring, ...]:
    left = grid.left + window.col * grid.pixel_m
    top = grid.top - window.row * grid.pixel_m
    side = grid.pixel_m * step
    parts = shapely.get_rings(shapely.get_parts(shape))
    return tuple(
        tuple((round((x - left) / side, 2), round((top - y) / side, 2)) for x, y in ring.coords)
        for ring in parts
    )
