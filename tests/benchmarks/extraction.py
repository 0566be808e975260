"""Index means of plots over scenes: `observe`, and exactextract asked scene by scene."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import exactextract
import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
from exactextract.raster import NumPyRasterSource
from numpy.typing import NDArray

from mrv.imagery.cloud_mask import clear_mask
from mrv.imagery.extract import observe
from mrv.imagery.indices import INDICES
from mrv.imagery.rules import ImageryRules
from mrv.imagery.scenes import SCL, Scene
from mrv.methodologies import load_methodology
from mrv.simulation.archetypes import find_archetype
from mrv.simulation.landscape import simulate_landscape
from mrv.sources.rasters import open_scene
from mrv.sources.simulated import write_landscape
from mrv.sources.stac import SceneQuery, search_scenes
from tests.benchmarks.ratios import Comparison, cpu_seconds

PLOTS, SCENES, SEED = 100, 6, 1
_RULES = ImageryRules.of(load_methodology("agroforestry_removals", 1))
_BANDS = sorted({band for index in INDICES.values() for band in index.bands})


def comparisons(scratch: Path) -> list[Comparison]:
    """Draw a landscape with its scenes and set both ways against each other."""
    spec = find_archetype("growing", PLOTS)
    spec = replace(spec, weather=replace(spec.weather, dry_scenes=SCENES // 2, wet_scenes=0))
    landscape = simulate_landscape(spec, SEED)
    written = write_landscape(landscape, scratch / "landscape")
    plots = gpd.GeoDataFrame(landscape.plots[["plot_id", "geometry"]], crs=4326)
    query = SceneQuery(
        "sentinel-2-l2a", tuple(plots.total_bounds), date(2000, 1, 1), date(2100, 1, 1), 100.0
    )
    scenes = search_scenes(str(written.catalog), query)[:SCENES]
    projected = plots.to_crs(epsg=scenes[0].epsg)
    size = f"{len(plots)} plots x {len(scenes)} scenes"

    def ours() -> pd.DataFrame:
        return observe(scenes, plots, open_scene, rules=_RULES).table

    return [
        Comparison(
            what=f"{len(INDICES)} masked index means, {size}",
            peer="exactextract on index rasters",
            ours=lambda: cpu_seconds(ours),
            theirs=lambda: cpu_seconds(lambda: _index_means(scenes, projected)),
            agreement=_agreement(ours(), _index_means(scenes, projected)),
        ),
        Comparison(
            what=f"as above, {size}",
            peer=f"exactextract on {len(_BANDS)} band files",
            ours=lambda: cpu_seconds(ours),
            theirs=lambda: cpu_seconds(lambda: _band_means(scenes, projected)),
            agreement="theirs does less, it gives band means without mask and index",
        ),
    ]


def _index_means(scenes: Sequence[Scene], plots: gpd.GeoDataFrame) -> pd.DataFrame:
    """As one would write it: read whole bands, mask, compute an index, ask for its mean."""
    found = []
    for scene in scenes:
        bands, bounds = _whole_bands(scene)
        means = {
            name: exactextract.exact_extract(
                NumPyRasterSource(index.of(bands), *bounds, srs_wkt=plots.crs.to_wkt()),
                plots,
                ["mean"],
                output="pandas",
            )["mean"]
            for name, index in INDICES.items()
        }
        found.append(pd.DataFrame(means).assign(plot_id=plots["plot_id"], scene_id=scene.id))
    return pd.concat(found, ignore_index=True)


def _whole_bands(scene: Scene) -> tuple[dict[str, NDArray[np.float64]], tuple[float, ...]]:
    """Read a scene's bands at 10 m as reflectance, NaN where the ground is not seen."""
    numbers: dict[str, NDArray[np.uint16]] = {}
    for band in (*_BANDS, SCL):
        with rasterio.open(scene.assets[band]) as file:
            numbers[band] = file.read(1)
            if band == "red":
                bounds = tuple(file.bounds)
    shape = numbers["red"].shape
    pixel_m = 10.0 * shape[0] / numbers[SCL].shape[0]
    clear = _on(shape, clear_mask(numbers[SCL], pixel_m, _RULES.cloud_buffer_m))
    for band in _BANDS:
        numbers[band] = _on(shape, numbers[band])
        clear = clear & (numbers[band] != 0)
    reflectance = {
        band: np.where(clear, numbers[band] * scene.offset.scale + scene.offset.offset, np.nan)
        for band in _BANDS
    }
    return {band: np.maximum(values, 0.0) for band, values in reflectance.items()}, bounds


def _on(shape: tuple[int, ...], array: NDArray) -> NDArray:
    step = shape[0] // array.shape[0]
    return array if step == 1 else array.repeat(step, axis=0).repeat(step, axis=1)


def _band_means(scenes: Sequence[Scene], plots: gpd.GeoDataFrame) -> list[pd.DataFrame]:
    ask: Callable[..., pd.DataFrame] = exactextract.exact_extract
    return [
        ask(scene.assets[band], plots, ["mean"], output="pandas")
        for scene in scenes
        for band in _BANDS
    ]


def _agreement(ours: pd.DataFrame, theirs: pd.DataFrame) -> str:
    by = ["plot_id", "scene_id"]
    both = ours.set_index(by).sort_index()[list(INDICES)].astype(float)
    other = theirs.set_index(by).sort_index()[list(INDICES)].astype(float).reindex(both.index)
    blank = int((both.isna() != other.isna()).to_numpy().sum())
    apart = float(np.nanmax(np.abs(both.to_numpy() - other.to_numpy())))
    return f"{blank} of {both.size:,} means are blank in one only, the others within {apart:.0e}"
