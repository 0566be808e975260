"""Raster files: opens the bands of a scene and reads windows of raw digital numbers.

Nothing is scaled, masked or resampled here (`mrv.imagery` does that); what is checked is that a
file is what its item says. Only GeoTIFF and JPEG 2000 are opened: other drivers can point at
further files and addresses.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from math import isclose
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import rasterio
import rasterio.windows
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from mrv.errors import SceneUnreadable
from mrv.imagery.grids import BandLayout, Grid, Window
from mrv.imagery.scenes import Scene

_MAX_PIXELS = 30_000**2  # a Sentinel-2 band has 10,980 x 10,980
_GDAL_OPTIONS = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_CACHEMAX": 64,  # MB; windows are read once
    "GDAL_HTTP_TIMEOUT": 60,
    "GDAL_HTTP_CONNECTTIMEOUT": 10,
    "GDAL_HTTP_MAX_RETRY": 3,
    "GDAL_HTTP_RETRY_DELAY": 1,
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".tif,.tiff,.jp2",
}


class RasterScene:
    """The bands of one scene, each opened when it is first asked for."""

    def __init__(self, scene: Scene, stack: ExitStack) -> None:
        self._scene = scene
        self._stack = stack
        self._files: dict[str, Any] = {}

    def grid(self, band: str) -> Grid:
        """Give the grid of a band.

        Raises:
            SceneUnreadable: If the file is damaged, is not on the item's projection, or is not a
                band of digital numbers with 0 as no data.
        """
        file = self._file(band)
        pixel, skew, left, skew_too, height, top = tuple(file.transform)[:6]
        epsg = file.crs.to_epsg() if file.crs else None
        faults = {
            f"its projection is {file.crs}, the item says EPSG:{self._scene.epsg}": (
                epsg != self._scene.epsg
            ),
            "its pixels are not north-up squares": not (
                skew == skew_too == 0 and pixel > 0 and isclose(pixel, -height)
            ),
            f"it holds {file.dtypes[0]}, not digital numbers": (
                not np.issubdtype(np.dtype(file.dtypes[0]), np.integer)
            ),
            f"it marks missing pixels with {file.nodata}, Sentinel-2 with 0": (
                file.nodata not in (None, 0)
            ),
            f"{file.width} x {file.height} pixels are more than a scene has": (
                file.width * file.height > _MAX_PIXELS
            ),
        }
        for fault, found in faults.items():
            if found:
                raise self._unreadable(band, fault)
        return Grid(self._scene.epsg, left, top, pixel, file.width, file.height)

    def layout(self, band: str) -> BandLayout:
        """Say how a band lies in its file.

        Raises:
            SceneUnreadable: As `grid`.
        """
        grid = self.grid(band)
        file = self._file(band)
        height, width = file.block_shapes[0]
        return BandLayout(grid, int(height), int(width), str(file.dtypes[0]))

    def blocks(self, band: str, numbers: Sequence[int]) -> Iterator[tuple[int, NDArray[Any]]]:
        """Decode blocks of a band, each cut to the grid, in the order asked.

        Raises:
            SceneUnreadable: If the file is damaged.
        """
        layout = self.layout(band)
        for number in numbers:
            yield number, self.read(band, layout.window(number))

    def read(self, band: str, window: Window) -> NDArray[np.integer[Any]]:
        """Read a window of a band as digital numbers.

        Raises:
            SceneUnreadable: If the file is damaged.
        """
        part = rasterio.windows.Window(window.col, window.row, window.width, window.height)
        try:
            array: NDArray[np.integer[Any]] = self._file(band).read(1, window=part)
        except RasterioError as error:
            raise self._unreadable(band, "it is damaged") from error
        return array

    def _file(self, band: str) -> Any:  # noqa: ANN401  # rasterio ships no types
        if band not in self._files:
            href = self._scene.assets[band]
            if href.startswith("/vsi"):
                raise self._unreadable(band, "its address is not a plain file or web address")
            driver = "JP2OpenJPEG" if urlsplit(href).path.endswith(".jp2") else "GTiff"
            try:
                opened = rasterio.open(href, driver=driver, sharing=False)
            except RasterioError as error:
                raise self._unreadable(band, f"it cannot be opened as {driver}") from error
            self._files[band] = self._stack.enter_context(opened)
        return self._files[band]

    def _unreadable(self, band: str, fault: str) -> SceneUnreadable:
        return SceneUnreadable(
            f"Band {band} of scene {self._scene.id} cannot be used: {fault}; fetch the scene again "
            "or leave it out.",
            scene=self._scene.id,
            band=band,
        )


@contextmanager
def open_scene(scene: Scene) -> Iterator[RasterScene]:
    """Open a scene's files for reading and close them at the end of the block."""
    with rasterio.Env(**_GDAL_OPTIONS), ExitStack() as stack:
        yield RasterScene(scene, stack)
