"""How others average a masked NDVI over plots, each as well as it can be written with their tool.

All take the same scenes and polygons and give dates by plots. Where a tool wants a whole array it
gets one; what a tool can keep between dates (a label raster, a cache of coverage) is made before.
Those that burn plots into pixels by their centre do not give the same answer; their distance is
told beside their time. exactextract's ways are in `exact.py`.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import extractrs
import numpy as np
import odc.stac
import pystac
import rasterio
import rasterio.features
import rasterio.mask
import rasterio.transform
import rasterio.windows
import rasterstats
import rioxarray  # noqa: F401  # gives xarray `.rio`
import shapely
import xarray
import xvec  # noqa: F401  # gives xarray `.xvec`
from numpy.typing import NDArray

from mrv.imagery.scenes import Scene
from tests.benchmarks import exact
from tests.benchmarks.ground import Ground
from tests.benchmarks.tiles import Tile, item

Floats = NDArray[np.float64]


def rasterstats_whole(on: Ground) -> Floats:
    """Ask rasterstats about an array of the whole tile."""
    affine = rasterio.transform.from_origin(on.tile.left, on.tile.top, 10, 10)
    shapes = list(on.projected.geometry)
    return np.array(
        [
            _numbers(
                rasterstats.zonal_stats(
                    shapes, exact.whole_ndvi(scene), affine=affine, nodata=-9999, stats=["mean"]
                )
            )
            for scene in on.scenes
        ]
    )


def rasterstats_band(on: Ground) -> Floats:
    """Ask rasterstats about one band's file, without mask or index."""
    shapes = list(on.projected.geometry)
    return np.array(
        [
            _numbers(rasterstats.zonal_stats(shapes, scene.assets["red"], stats=["mean"]))
            for scene in on.scenes
        ]
    )


def _numbers(found: Sequence[dict[str, Any]]) -> list[float]:
    means = (one["mean"] for one in found)
    return [float("nan") if m is None or m is np.ma.masked else float(m) for m in means]


def xvec_exact(on: Ground) -> Floats:
    """Ask xvec's zonal_stats with exactextract behind it."""
    x = on.tile.left + 5 + 10 * np.arange(on.tile.size)
    y = on.tile.top - 5 - 10 * np.arange(on.tile.size)
    found = []
    for scene in on.scenes:
        array = xarray.DataArray(exact.whole_ndvi(scene), dims=("y", "x"), coords={"x": x, "y": y})
        means = array.rio.write_crs(on.tile.epsg).xvec.zonal_stats(
            on.projected.geometry, "x", "y", stats="mean", method="exactextract"
        )
        found.append(np.asarray(means.values, float).reshape(-1)[: len(on.plots)])
    return np.array(found)


def extractrs_cached(on: Ground) -> Callable[[], Floats]:
    """Make a cache of exact coverage; each date then applies it to a whole array."""
    kept = extractrs.build_cache(
        list(shapely.to_wkb(on.projected.geometry.to_numpy())),
        list(range(len(on.plots))),
        *on.tile.bounds,
        10.0,
        10.0,
    )

    def means() -> Floats:
        return np.array(
            [
                extractrs.apply_stat(kept, exact.whole_ndvi(scene).astype(float), np.nan, "mean")
                for scene in on.scenes
            ]
        )

    return means


def labelled(on: Ground) -> Callable[[], Floats]:
    """Burn plots into a label raster; each date gathers what is labelled (geocube's rule)."""
    labels = _labels(on).ravel()
    cells = np.flatnonzero(labels)
    plot = labels[cells] - 1
    parents = cells // on.tile.size // 2 * -(-on.tile.size // 2) + cells % on.tile.size // 2

    def means() -> Floats:
        found = []
        for scene in on.scenes:
            red, nir = (exact.whole_band(scene, band).ravel()[cells] for band in ("red", "nir"))
            index = exact.ndvi(red, nir, exact.whole_band(scene, "scl").ravel()[parents])
            found.append(_mean_by(plot, index, len(on.plots)))
        return np.array(found)

    return means


def odc_labelled(on: Ground) -> Callable[[], Floats]:
    """Load with odc-stac onto the 10 m grid, then average by a label raster."""
    labels = _labels(on).ravel()
    items = [pystac.Item.from_dict(_described(on.tile, scene)) for scene in on.scenes]
    bands = {"*": {"data_type": "uint16", "nodata": 0}, "scl": {"data_type": "uint8", "nodata": 0}}
    west, south, east, north = on.tile.bounds

    def means() -> Floats:
        found = []
        for one in items:
            loaded = odc.stac.load(
                [one],
                bands=["red", "nir", "scl"],
                crs=f"EPSG:{on.tile.epsg}",
                resolution=10,
                x=(west, east),
                y=(south, north),
                stac_cfg={"*": {"assets": bands}},
                resampling="nearest",
            )
            red, nir, scl = (loaded[band].to_numpy()[0].ravel() for band in ("red", "nir", "scl"))
            index = exact.ndvi(red, nir, scl.astype(np.uint8))
            found.append(_mean_by(labels, index, len(on.plots) + 1)[1:])
        return np.array(found)

    return means


def rasterio_mask(on: Ground) -> Floats:
    """Clip every plot with rasterio.mask."""
    found = np.full((len(on.scenes), len(on.plots)), np.nan)
    for row, scene in enumerate(on.scenes):
        with (
            rasterio.open(scene.assets["red"]) as red_file,
            rasterio.open(scene.assets["nir"]) as nir_file,
            rasterio.open(scene.assets["scl"]) as scl_file,
        ):
            for col, shape in enumerate(on.projected.geometry):
                red, placed = rasterio.mask.mask(red_file, [shape], crop=True, filled=False)
                nir, _ = rasterio.mask.mask(nir_file, [shape], crop=True, filled=False)
                top = round((on.tile.top - placed.f) / 10) + np.arange(red.shape[1])
                left = round((placed.c - on.tile.left) / 10) + np.arange(red.shape[2])
                window = rasterio.windows.Window(
                    left[0] // 2,
                    top[0] // 2,
                    left[-1] // 2 - left[0] // 2 + 1,
                    top[-1] // 2 - top[0] // 2 + 1,
                )
                scl = scl_file.read(1, window=window)
                near = scl[top // 2 - top[0] // 2][:, left // 2 - left[0] // 2]
                index = exact.ndvi(red[0].data, nir[0].data, near)[~red[0].mask]
                if np.isfinite(index).any():
                    found[row, col] = np.nanmean(index)
    return found


def _labels(on: Ground) -> NDArray[np.int32]:
    shapes = ((shape, n + 1) for n, shape in enumerate(on.projected.geometry))
    burnt: NDArray[np.int32] = rasterio.features.rasterize(
        shapes,
        out_shape=(on.tile.size, on.tile.size),
        transform=rasterio.transform.from_origin(on.tile.left, on.tile.top, 10, 10),
        dtype="int32",
    )
    return burnt


def _mean_by(group: NDArray[np.int32], values: NDArray[np.float32], groups: int) -> Floats:
    seen = np.isfinite(values)
    total = np.bincount(group, np.where(seen, values, 0), groups)
    with np.errstate(invalid="ignore", divide="ignore"):
        return total / np.bincount(group, seen, groups)


def _described(tile: Tile, scene: Scene) -> dict[str, Any]:
    """Say the grid in the item too, so that odc-stac opens no file to learn it."""
    described = item(tile, Path(scene.assets["scl"]).parent, scene.acquired_at)
    described["stac_extensions"] = [
        "https://stac-extensions.github.io/projection/v1.1.0/schema.json"
    ]
    described["properties"]["proj:epsg"] = tile.epsg
    for band, asset in described["assets"].items():
        factor = 2 if band == "scl" else 1
        side = -(-tile.size // factor)
        step = 10.0 * factor
        asset["proj:shape"] = [side, side]
        asset["proj:transform"] = [step, 0, tile.left, 0, -step, tile.top]
        asset["roles"] = ["data"]
    return described
