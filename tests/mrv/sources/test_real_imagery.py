"""From real scenes and real parcels to per-plot tables, as `parkland run` goes."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from exactextract import exact_extract

from mrv.imagery.composites import clear_looks, season_features
from mrv.imagery.extract import Observations, observe
from mrv.imagery.offsets import offsets_sane
from mrv.imagery.rules import ImageryRules
from mrv.imagery.scenes import Scene
from mrv.methodologies import load_methodology
from mrv.plots.rules import PlotRules
from mrv.plots.screen import screen_plots
from mrv.project import Season
from mrv.sources.boundaries import parse_boundaries
from mrv.sources.rasters import open_scene
from mrv.sources.stac import SceneQuery, search_scenes

Find = Callable[[str], Path]
METHODOLOGY = load_methodology("agroforestry_removals", 1)
RULES = ImageryRules.of(METHODOLOGY)


def parcels(folder: Path, country: str) -> gpd.GeoDataFrame:
    path = folder / "plots/parcels_from_label_raster.geojson"
    raw = parse_boundaries(path.read_bytes(), path.name).frame
    return screen_plots(raw, country=country, rules=PlotRules.of(METHODOLOGY)).plots


@pytest.fixture(scope="module")
def flanders(real_data: Find) -> tuple[list[Scene], gpd.GeoDataFrame, Observations]:
    """Patch B over one year: arable fields with hedges and trees."""
    folder = real_data("s2_flanders")
    query = SceneQuery("sentinel-2-l2a", (4.0, 50.7, 4.1, 50.8), date(2018, 8, 1), date(2019, 8, 1))
    scenes = search_scenes(str(folder / "catalog.json"), query)
    plots = parcels(folder, "BE")
    return scenes, plots, observe(scenes, plots, open_scene, rules=RULES)


def test_flanders_gives_a_table_per_parcel(
    flanders: tuple[list[Scene], gpd.GeoDataFrame, Observations],
) -> None:
    scenes, plots, seen = flanders
    in_patch = plots["plot_id"].str.startswith("FL-B")
    assert len(seen.table) == len(scenes) * int(in_patch.sum())
    assert set(seen.plots.loc[~in_patch.to_numpy(), "flags"]) == {"no_scene"}
    assert seen.missing_indices == {}
    looks = seen.table[seen.table["clear_fraction"] > 0.5]
    assert looks["ndvi"].between(0.05, 1.0).all()
    assert seen.table.loc[seen.table["clear_fraction"] == 0, "ndvi"].isna().all()
    # Every field was bare once and green once in the year.
    by_plot = looks.groupby("plot_id")["ndvi"]
    assert (by_plot.max() - by_plot.min()).median() > 0.4


def test_flanders_agrees_with_exactextract_itself(
    flanders: tuple[list[Scene], gpd.GeoDataFrame, Observations],
) -> None:
    """On a wholly clear date: NDVI per pixel in one go, averaged by exactextract's own `mean`."""
    scenes, plots, seen = flanders
    clear = seen.table.groupby("scene_id")["clear_fraction"].min()
    scene = next(s for s in scenes if clear[s.id] > 0.999)
    with rasterio.open(scene.assets["red"]) as red, rasterio.open(scene.assets["nir"]) as nir:
        r, n = red.read(1).astype(float), nir.read(1).astype(float)
        bounds = red.bounds
    from exactextract.raster import NumPyRasterSource

    ndvi = NumPyRasterSource((n - r) / (n + r), *bounds)
    inside = plots[plots["plot_id"].str.startswith("FL-B")].to_crs(epsg=scene.epsg)
    expected = exact_extract(ndvi, inside, ["mean"], output="pandas", include_cols=["plot_id"])
    ours = seen.table[seen.table["scene_id"] == scene.id].set_index("plot_id")["ndvi"]
    assert ours.loc[expected["plot_id"]].to_numpy() == pytest.approx(
        expected["mean"].to_numpy(), abs=1e-6
    )


def test_flanders_has_seasons_and_sane_offsets(
    flanders: tuple[list[Scene], gpd.GeoDataFrame, Observations],
) -> None:
    _, _, seen = flanders
    verdict = offsets_sane(seen.scenes, RULES.offset_sanity_low, RULES.offset_sanity_high)
    assert verdict.passed, verdict.sentence
    summer = Season(first="05-01", last="07-31")
    winter = Season(first="11-01", last="02-28")
    features = season_features(
        seen.table, [date(2019, 6, 15)], winter, summer, ["ndvi", "ndmi"], rules=RULES
    )
    assert features["ndvi_dry"].notna().all()
    assert np.allclose(features["ndvi_amplitude"], features["ndvi_wet"] - features["ndvi_dry"])
    assert features.index.get_level_values("plot_id").nunique() == 16
    # The other 14 parcels lie outside the patch that was kept: not seen, and counted as such.
    verdict = clear_looks(features, seen.plots["plot_id"].tolist(), RULES)
    assert verdict.facts["plots"] == 30
    assert not verdict.passed


def test_tanzania_says_what_cannot_be_had_and_uses_the_rest(real_data: Find) -> None:
    """No red, no wide near infrared: five of fourteen indices, the others named with the reason."""
    folder = real_data("s2_tanzania")
    query = SceneQuery(
        "sentinel-2-l2a", (36.8, -3.7, 36.9, -3.6), date(2020, 1, 1), date(2020, 12, 31)
    )
    scenes = search_scenes(str(folder / "catalog.json"), query)
    plots = parcels(folder, "TZ")
    seen = observe(scenes, plots, open_scene, rules=RULES)
    assert seen.indices == ("ndrei_8a", "rendvi", "ndmi_8a", "nbr_8a", "cire_8a")
    assert seen.missing_indices["ndvi"] == ("nir", "red")
    assert "ndvi (no nir and no red)" in seen.missing_sentence()
    assert len(plots) == 6
    assert seen.table["ndmi_8a"].notna().sum() > 60
    days = seen.table.groupby(["plot_id", seen.table["acquired_at"].dt.date]).size()
    assert days.max() == 1  # one pass comes twice on some days
    verdict = offsets_sane(seen.scenes, RULES.offset_sanity_low, RULES.offset_sanity_high)
    assert not verdict.passed  # neither blue nor red to check it by
    assert "cannot be checked" in verdict.sentence
