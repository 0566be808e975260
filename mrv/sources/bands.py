"""One band's file, whoever reads it: what it says of itself, and whether a scene can use it.

Nothing is opened here. `gdal_bands.py` reads whatever GDAL can open, `cog_bands.py` plain tiled
GeoTIFFs without GDAL's opening, here or far away.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isclose, isfinite
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mrv.imagery.grids import BandLayout, Grid

MAX_PIXELS = 30_000**2  # a Sentinel-2 band has 10,980 x 10,980
MAX_BLOCK_PIXELS = 2**27  # a whole Sentinel-2 band of 10 m in one block, and no more [P]


class BandFault(Exception):
    """Why a file cannot be used, as the middle of a sentence that begins with "it" or "its"."""


@dataclass(frozen=True, slots=True)
class BandFacts:
    """What a file says of itself.

    Attributes:
        projection: As the file names it.
        epsg: Its code, None where it has none.
        transform: Pixel width, skew, left, skew, pixel height (negative if north is up), top [m].
        dtype: NumPy's name of its numbers' type.
        nodata: Which number marks missing pixels, None where the file does not say.
        width: Columns.
        height: Rows.
        block_height: Rows of a block.
        block_width: Columns of a block.
    """

    projection: str
    epsg: int | None
    transform: tuple[float, float, float, float, float, float]
    dtype: str
    nodata: float | None
    width: int
    height: int
    block_height: int
    block_width: int

    def layout(self, epsg: int, *, radar: bool = False) -> BandLayout:
        """Give the band's layout, if it is one of Sentinel-2 on the item's projection, or of radar.

        Args:
            epsg: Of the item.
            radar: Whether it may hold any real numbers, with any mark for missing ones.

        Raises:
            BandFault: If it is not.
        """
        pixel, skew, left, skew_too, height, top = self.transform
        faults = {
            f"its projection is {self.projection}, the item says EPSG:{epsg}": self.epsg != epsg,
            "its pixels are not north-up squares": not (
                skew == skew_too == 0
                and pixel > 0
                and isclose(pixel, -height)
                and isfinite(left + top)
            ),
            f"it holds {self.dtype}, not {'real' if radar else 'digital'} numbers": (
                np.dtype(self.dtype).kind not in ("iuf" if radar else "iu")
            ),
            f"it marks missing pixels with {self.nodata}, Sentinel-2 with 0": (
                not radar and self.nodata not in (None, 0)
            ),
            f"{self.width} x {self.height} pixels are more than a scene has": (
                self.width * self.height > MAX_PIXELS
            ),
            f"one of its blocks has {self.block_width} x {self.block_height} pixels": (
                self.block_width * self.block_height > MAX_BLOCK_PIXELS
            ),
        }
        for fault, found in faults.items():
            if found:
                raise BandFault(fault)
        grid = Grid(epsg, left, top, pixel, self.width, self.height)
        return BandLayout(grid, self.block_height, self.block_width, self.dtype)


class BandFile(Protocol):
    """An opened file of one band."""

    @property
    def facts(self) -> BandFacts:
        """What the file says of itself."""
        ...

    def blocks(self, numbers: Sequence[int]) -> Iterator[tuple[int, NDArray[Any]]]:
        """Decode blocks in the order asked, cut to the grid, each valid until the next is taken.

        Raises:
            BandFault: If the file is damaged.
        """
        ...
