"""Pixel grids and the windows read from them: where a pixel lies, and nothing about its value.

Opening a raster is `mrv.sources.rasters`; what share of a pixel a plot covers is `coverage.py`.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from mrv.imagery.scenes import Scene


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of pixels: first row and column, and how many of each."""

    row: int
    col: int
    height: int
    width: int

    def grown(self, pixels: int, grid: "Grid", multiple: int = 1) -> "Window":
        """Grow on all sides, clip to the grid, and start and end on a multiple of pixels."""
        top = max(0, self.row - pixels) // multiple * multiple
        left = max(0, self.col - pixels) // multiple * multiple
        bottom = min(grid.height, -(-(self.row + self.height + pixels) // multiple) * multiple)
        right = min(grid.width, -(-(self.col + self.width + pixels) // multiple) * multiple)
        return Window(top, left, bottom - top, right - left)

    def coarsened(self, factor: int) -> "Window":
        """Give the same rectangle in pixels `factor` times as wide; it must start on one."""
        return Window(
            self.row // factor,
            self.col // factor,
            -(-self.height // factor),
            -(-self.width // factor),
        )


@dataclass(frozen=True, slots=True)
class Grid:
    """A north-up grid of square pixels.

    Attributes:
        epsg: Code of its projected coordinate system.
        left: Easting of the upper left corner [m].
        top: Northing of the upper left corner [m].
        pixel_m: Side of a pixel [m].
        width: Number of columns.
        height: Number of rows.
    """

    epsg: int
    left: float
    top: float
    pixel_m: float
    width: int
    height: int

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Give west, south, east and north [m]."""
        return (
            self.left,
            self.top - self.height * self.pixel_m,
            self.left + self.width * self.pixel_m,
            self.top,
        )

    @property
    def label(self) -> str:
        """Name the grid where its tile has no name."""
        return f"{self.epsg}/{self.left:g}/{self.top:g}"

    def factor_to(self, coarser: "Grid") -> int | None:
        """Say how many of these pixels lie side by side in one of `coarser`; None if they do not.

        The grids must share their corner and system, and `coarser` must reach as far.
        """
        factor = round(coarser.pixel_m / self.pixel_m)
        same = (
            self.epsg == coarser.epsg
            and factor >= 1
            and abs(factor * self.pixel_m - coarser.pixel_m) < 1e-6  # noqa: PLR2004  # micrometre
            and abs(self.left - coarser.left) < self.pixel_m / 100
            and abs(self.top - coarser.top) < self.pixel_m / 100
            and coarser.width * factor >= self.width
            and coarser.height * factor >= self.height
        )
        return factor if same else None


class OpenedScene(Protocol):
    """A scene whose bands can be read; raw digital numbers, no scale and no offset applied."""

    def grid(self, band: str) -> Grid:
        """Give the grid of a band.

        Raises:
            SceneUnreadable: If the file is damaged or is not what its item says.
        """
        ...

    def read(self, band: str, window: Window) -> NDArray[np.integer[Any]]:
        """Read a window of a band as digital numbers; 0 is no data.

        Raises:
            SceneUnreadable: If the file is damaged.
        """
        ...


class SceneOpener(Protocol):
    """Whatever opens scenes: `mrv.sources.rasters.open_scene`, or arrays in memory."""

    def __call__(self, scene: "Scene") -> AbstractContextManager[OpenedScene]:
        """Open one scene for reading and close it at the end of the block."""
        ...
