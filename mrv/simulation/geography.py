"""Where a landscape lies: its UTM zone, its pixel grid and its MGRS tile name."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

_ROWS = "ABCDEFGHJKLMNPQRSTUV"
_COLUMNS = ("ABCDEFGH", "JKLMNPQR", "STUVWXYZ")
_BANDS = "CDEFGHJKLMNPQRSTUVWX"


@dataclass(frozen=True, slots=True)
class Grid:
    """The 10 m pixel grid of a landscape; the 20 m grid has the same corner.

    Attributes:
        epsg: UTM zone.
        left_m: Easting of the left edge [m].
        top_m: Northing of the upper edge [m].
        size: Pixels of 10 m along one side, an even number.
    """

    epsg: int
    left_m: float
    top_m: float
    size: int

    def pixel(
        self, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give row and column of the 10 m pixel that holds each point."""
        row = np.clip((self.top_m - y) // 10, 0, self.size - 1).astype(np.int64)
        column = np.clip((x - self.left_m) // 10, 0, self.size - 1).astype(np.int64)
        return row, column

    def to_lonlat(
        self, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give longitude and latitude of points on the grid [degree]."""
        lon, lat = _transformer(self.epsg, 4326).transform(x, y)
        return np.asarray(lon), np.asarray(lat)


@lru_cache(maxsize=32)
def _transformer(source: int, target: int) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


def grid_around(centre: tuple[float, float], side_m: int) -> Grid:
    """Lay the pixel grid around a point, its corner on a multiple of 20 m."""
    lon, lat = centre
    epsg = (32600 if lat >= 0 else 32700) + int((lon + 180) // 6) + 1
    x, y = _transformer(4326, epsg).transform(lon, lat)
    half = side_m / 2
    return Grid(epsg, round((x - half) / 20) * 20, round((y + half) / 20) * 20, side_m // 20 * 2)


def mgrs_tile(grid: Grid, latitude: float) -> str:
    """Name the 100 km square that holds the grid's upper left corner, such as 36MYE.

    Source:
        Military Grid Reference System, lettering scheme AA for WGS 84.
    """
    zone = grid.epsg % 100
    column = _COLUMNS[(zone - 1) % 3][int(grid.left_m // 100_000) - 1]
    shift = 0 if zone % 2 else 5
    row = _ROWS[(int(grid.top_m // 100_000) + shift) % 20]
    return f"{zone:02d}{_BANDS[int((latitude + 80) // 8)]}{column}{row}"
