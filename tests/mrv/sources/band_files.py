"""Scenes and files of bands made for a test, without any STAC item."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio import Affine
from rasterio.io import MemoryFile

from mrv.imagery.offsets import OffsetRule
from mrv.imagery.scenes import Scene

PLACE = {"crs": "EPSG:32631", "transform": Affine(10, 0, 501360, 0, -10, 5629680), "nodata": 0}
TILED = {"tiled": True, "blockxsize": 64, "blockysize": 32, "compress": "deflate", "predictor": 2}
IMAGE = np.random.default_rng(1).integers(1, 4000, (100, 150), dtype=np.uint16)


def tiff(array: NDArray[Any] = IMAGE, **profile: Any) -> bytes:  # noqa: ANN401  # rasterio's own options
    """Give the bytes of a GeoTIFF."""
    height, width = array.shape
    chosen = {**PLACE, **TILED, "count": 1, "dtype": array.dtype, **profile}
    with MemoryFile() as memory:
        with memory.open(driver="GTiff", width=width, height=height, **chosen) as file:
            file.write(array, 1)
        return bytes(memory.read())


def scene_of(**assets: str) -> Scene:
    """Give a scene with these files."""
    return Scene(
        id="S2A_31UDS_20250101_0_L2A",
        collection="sentinel-2-l2a",
        acquired_at=datetime(2025, 1, 1, tzinfo=UTC),
        mgrs_tile="31UDS",
        pass_key="",
        epsg=32631,
        bbox=(3.0, 50.0, 4.0, 51.0),
        cloud_percent=None,
        assets=assets,
        item_sha256="0" * 64,
        offset=OffsetRule(scale=1e-4, offset=0.0, source="test", reason="As a test has it."),
    )
