"""Bands that GDAL opens: JPEG 2000, and TIFFs that are not plain tiled ones."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.windows import Window

from mrv.sources.bands import BandFacts, BandFault
from mrv.sources.ranges import RangedFile, ReadableRanges

OPTIONS = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_CACHEMAX": 32,  # MB; blocks are read once
}


class GdalBand:
    """A file opened by GDAL; of a far file GDAL sees only what we read for it."""

    def __init__(self, name: str, stack: ExitStack, far: RangedFile | None = None) -> None:
        """Open a file; only as GeoTIFF or JPEG 2000, because other drivers follow addresses.

        Raises:
            BandFault: If it cannot be opened.
        """
        driver = "JP2OpenJPEG" if urlsplit(name).path.endswith(".jp2") else "GTiff"
        opener = None if far is None else lambda *_, **__: ReadableRanges(far)
        try:
            stack.enter_context(rasterio.Env(**OPTIONS))
            self._file: Any = stack.enter_context(
                rasterio.open(name, driver=driver, sharing=False, opener=opener)
            )
        except RasterioError as error:
            raise BandFault(f"it cannot be opened as {driver}") from error
        file = self._file
        pixel, skew, left, skew_too, height, top = tuple(file.transform)[:6]
        rows, columns = file.block_shapes[0]
        self.facts = BandFacts(
            projection=str(file.crs),
            epsg=file.crs.to_epsg() if file.crs else None,
            transform=(pixel, skew, left, skew_too, height, top),
            dtype=str(file.dtypes[0]),
            nodata=file.nodata,
            width=file.width,
            height=file.height,
            block_height=int(rows),
            block_width=int(columns),
        )

    def blocks(self, numbers: Sequence[int]) -> Iterator[tuple[int, NDArray[Any]]]:
        """Decode blocks in the order asked, each valid until the next is taken.

        Raises:
            BandFault: If the file is damaged.
        """
        facts = self.facts
        across = -(-facts.width // facts.block_width)
        room = np.empty(facts.block_height * facts.block_width, facts.dtype)
        for number in numbers:
            down, right = divmod(number, across)
            row, col = down * facts.block_height, right * facts.block_width
            height = min(facts.block_height, facts.height - row)
            width = min(facts.block_width, facts.width - col)
            block = room[: height * width].reshape(height, width)
            try:
                self._file.read(1, window=Window(col, row, width, height), out=block)
            except RasterioError as error:
                raise BandFault("it is damaged") from error
            yield number, block
