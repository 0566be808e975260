"""exactextract's ways of averaging a masked NDVI over plots: the judge of ours, and a peer of it.

Each is as well written as the library allows; all give dates by plots. Further peers are in
`peers.py`, which needs more packages.
"""

from typing import Any

import exactextract
import geopandas as gpd
import numpy as np
import rasterio
import rasterio.windows
from exactextract.raster import NumPyRasterSource, RasterioRasterSource, RasterSource
from numpy.typing import NDArray

from mrv.imagery.cloud_mask import CLEAR
from mrv.imagery.scenes import Scene
from tests.benchmarks.ground import Ground
from tests.benchmarks.tiles import Tile

Floats = NDArray[np.float64]
_IS_CLEAR = np.isin(np.arange(256), CLEAR)


class _LazyNdvi(RasterSource):  # type: ignore[misc]
    """Masked NDVI of any window, computed when exactextract asks for it: no whole array."""

    def __init__(self, tile: Tile, scene: Scene, name: str) -> None:
        super().__init__()
        self.set_name(name)
        self._tile = tile
        self._files = {band: rasterio.open(scene.assets[band]) for band in ("red", "nir", "scl")}

    def res(self) -> tuple[float, float]:
        return 10.0, 10.0

    def extent(self) -> tuple[float, float, float, float]:
        return self._tile.bounds

    def nodata_value(self) -> float:
        return float("nan")

    def srs_wkt(self) -> None:
        return None

    def read_window(self, x0: int, y0: int, nx: int, ny: int) -> NDArray[np.float32]:
        left, top = x0 // 2, y0 // 2
        red, nir = (self._read(band, x0, y0, nx, ny) for band in ("red", "nir"))
        right, bottom = (x0 + nx - 1) // 2, (y0 + ny - 1) // 2
        scl = self._read("scl", left, top, right - left + 1, bottom - top + 1)
        near = scl.repeat(2, 0).repeat(2, 1)[y0 % 2 : y0 % 2 + ny, x0 % 2 : x0 % 2 + nx]
        return ndvi(red, nir, near)

    def _read(self, band: str, x: int, y: int, width: int, height: int) -> NDArray[Any]:
        window = rasterio.windows.Window(x, y, width, height)
        read: NDArray[Any] = self._files[band].read(1, window=window)
        return read


def lazy(on: Ground) -> Floats:
    """Scene by scene, from a source that reads, masks and computes what is asked for only."""
    return np.array(
        [_exact(_LazyNdvi(on.tile, scene, "ndvi"), on.projected)["mean"] for scene in on.scenes],
        float,
    )


def all_dates(on: Ground) -> Floats:
    """All dates in one call, so that it computes each plot's coverage once."""
    names = [f"d{n:02d}" for n in range(len(on.scenes))]
    sources = [
        _LazyNdvi(on.tile, scene, name) for name, scene in zip(names, on.scenes, strict=True)
    ]
    found = _exact(sources, on.projected)
    columns = ["mean"] if len(names) == 1 else [f"{name}_mean" for name in names]
    return found[columns].to_numpy(float).T


def whole_arrays(on: Ground, strategy: str = "feature-sequential") -> Floats:
    """Scene by scene from an array of the whole tile."""
    west, south, east, north = on.tile.bounds
    return np.array(
        [
            _exact(
                NumPyRasterSource(whole_ndvi(scene), west, south, east, north, nodata=np.nan),
                on.projected,
                strategy,
            )["mean"]
            for scene in on.scenes
        ],
        float,
    )


def band(on: Ground) -> Floats:
    """All dates of one band's file in one call, without mask or index."""
    sources = [
        RasterioRasterSource(rasterio.open(scene.assets["red"]), name=f"d{n:02d}")
        for n, scene in enumerate(on.scenes)
    ]
    return _exact(sources, on.projected).filter(like="mean").to_numpy(float).T


def _exact(source: Any, plots: gpd.GeoDataFrame, strategy: str = "feature-sequential") -> Any:  # noqa: ANN401
    return exactextract.exact_extract(
        source, plots[["geometry"]], ["mean"], strategy=strategy, output="pandas"
    )


def whole_ndvi(scene: Scene) -> NDArray[np.float32]:
    """Read three whole bands and compute a masked NDVI of the whole tile."""
    red, nir = (whole_band(scene, band) for band in ("red", "nir"))
    scl = whole_band(scene, "scl").repeat(2, 0).repeat(2, 1)[: red.shape[0], : red.shape[1]]
    return ndvi(red, nir, scl)


def whole_band(scene: Scene, band: str) -> NDArray[Any]:
    """Read all of a band."""
    with rasterio.open(scene.assets[band]) as file:
        read: NDArray[Any] = file.read(1)
    return read


def ndvi(red: NDArray[Any], nir: NDArray[Any], scl: NDArray[Any]) -> NDArray[np.float32]:
    """Compute NDVI, NaN where the ground is not seen."""
    seen = _IS_CLEAR[scl] & (red > 0) & (nir > 0)
    low, high = red.astype(np.float32), nir.astype(np.float32)
    with np.errstate(invalid="ignore", divide="ignore"):
        index: NDArray[np.float32] = (high - low) / (high + low)
    index[~seen] = np.nan
    return index
