"""Pixel grids and how bands lie on them in blocks: where a pixel lies, nothing about its value.

Opening a raster is `mrv.sources.rasters`; what share of a pixel a plot covers is `coverage.py`.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

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

    def grown(self, pixels: int, grid: "Grid") -> "Window":
        """Grow on all sides, and clip to the grid."""
        top, left = max(0, self.row - pixels), max(0, self.col - pixels)
        bottom = min(grid.height, self.row + self.height + pixels)
        right = min(grid.width, self.col + self.width + pixels)
        return Window(top, left, bottom - top, right - left)


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


@dataclass(frozen=True, slots=True)
class BandLayout:
    """How a band lies in its file: in blocks, which are what can be fetched and decoded.

    Blocks are numbered row by row from the upper left; those at the right and lower edge are cut
    to the grid.

    Attributes:
        grid: Grid of the band.
        block_height: Rows of a block.
        block_width: Columns of a block.
        dtype: NumPy's name of the digital numbers' type, such as uint16.
    """

    grid: Grid
    block_height: int
    block_width: int
    dtype: str

    @property
    def blocks_across(self) -> int:
        """Blocks side by side."""
        return -(-self.grid.width // self.block_width)

    @property
    def blocks_down(self) -> int:
        """Blocks one below the other."""
        return -(-self.grid.height // self.block_height)

    def window(self, number: int) -> Window:
        """Give the pixels of a block, cut to the grid."""
        down, across = divmod(number, self.blocks_across)
        row, col = down * self.block_height, across * self.block_width
        return Window(
            row,
            col,
            min(self.block_height, self.grid.height - row),
            min(self.block_width, self.grid.width - col),
        )

    def blocks_under(self, window: Window) -> list[int]:
        """Number the blocks that a rectangle of pixels lies on."""
        last_down = (window.row + window.height - 1) // self.block_height
        last_across = (window.col + window.width - 1) // self.block_width
        return [
            down * self.blocks_across + across
            for down in range(window.row // self.block_height, last_down + 1)
            for across in range(window.col // self.block_width, last_across + 1)
        ]


def copy_shared(block: NDArray[Any], window: Window, part: NDArray[Any], box: Window) -> None:
    """Copy what two rectangles of pixels share from the first to the second."""
    top, left = max(window.row, box.row), max(window.col, box.col)
    bottom = min(window.row + window.height, box.row + box.height)
    right = min(window.col + window.width, box.col + box.width)
    part[top - box.row : bottom - box.row, left - box.col : right - box.col] = block[
        top - window.row : bottom - window.row, left - window.col : right - window.col
    ]


class OpenedScene(Protocol):
    """A scene whose bands can be read; raw digital numbers, no scale and no offset applied."""

    def layout(self, band: str) -> BandLayout:
        """Say how a band lies in its file.

        Raises:
            SceneUnreadable: If the file is damaged or is not what its item says.
        """
        ...

    def blocks(self, band: str, numbers: Sequence[int]) -> Iterator[tuple[int, NDArray[Any]]]:
        """Decode blocks of a band: number and digital numbers, in the order asked; 0 is no data.

        Each array is cut to the grid and is valid only until the next one is taken, because
        readers may reuse their buffer.

        Raises:
            SceneUnreadable: If the file is damaged.
        """
        ...


class SceneOpener(Protocol):
    """Whatever opens scenes: `mrv.sources.rasters.open_scene`, or arrays in memory.

    It can be pickled where the work is done by other processes.
    """

    def __call__(self, scene: "Scene") -> AbstractContextManager[OpenedScene]:
        """Open one scene for reading and close it at the end of the block."""
        ...
