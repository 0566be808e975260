"""Real Sentinel-1 of northern Tanzania: what we read is what exactextract reads from the files."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource

from mrv.imagery.radar import observe_radar
from mrv.sources.rasters import open_radar
from mrv.sources.stac import SceneQuery, search_radar, search_scenes

BOX = (36.8474, -3.6601, 36.8532, -3.6542)


def test_backscatter_of_plots_is_that_of_exactextract(real_data: Callable[[str], Path]) -> None:
    catalog = str(real_data("s2_tanzania") / "catalog.json")
    query = SceneQuery("sentinel-1-grd", BOX, date(2019, 1, 1), date(2021, 12, 31))
    scenes = search_radar(catalog, query)
    assert len(scenes) > 50
    assert {scene.orbit for scene in scenes} <= {"ascending", "descending"}
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(36.849, 36.8515, 6), rng.uniform(-3.6585, -3.6558, 6)
    shapes = shapely.buffer(shapely.points(lon, lat), 0.0004)
    plots = gpd.GeoDataFrame({"plot_id": [f"P{i}" for i in range(6)]}, geometry=shapes, crs=4326)
    table = observe_radar(scenes, plots, open_radar, least_fraction=0.5)
    assert len(table) == len(scenes) * len(plots)
    assert table["vh_db"].between(-30, -5).all()
    assert (table["vv_db"] > table["vh_db"]).mean() > 0.99
    for scene in scenes[::12]:
        mine = table[table["scene_id"] == scene.id].set_index("plot_id")
        for band in ("vv", "vh"):
            with rasterio.open(scene.assets[band]) as file:
                power = 10.0 ** (file.read(1) * 1e-4 / 10.0)
                west, south, east, north = file.bounds
                source = NumPyRasterSource(
                    power, west, south, east, north, srs_wkt=file.crs.to_wkt()
                )
                projected = plots.to_crs(file.crs)
            means = exact_extract(
                source, projected, "mean", include_cols="plot_id", output="pandas"
            )
            theirs = means.set_index("plot_id")["mean"]
            ours = 10.0 ** (mine[f"{band}_db"] / 10.0)
            assert ours.to_numpy() == pytest.approx(theirs[ours.index].to_numpy(), rel=1e-5)


def test_radar_is_no_scene_of_sentinel_2_and_the_other_way_round(
    real_data: Callable[[str], Path],
) -> None:
    catalog = str(real_data("s2_tanzania") / "catalog.json")
    whole = (date(2019, 1, 1), date(2021, 12, 31))
    optical = search_scenes(catalog, SceneQuery("sentinel-2-l2a", BOX, *whole))
    radar = search_radar(catalog, SceneQuery("sentinel-1-grd", BOX, *whole))
    assert not {scene.id for scene in optical} & {scene.id for scene in radar}
