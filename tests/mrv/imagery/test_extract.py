"""Observing plots: index first and mean second, by exact shares of pixels, one look per pass."""

from collections.abc import Callable
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from mrv.errors import OffsetsMixed, SceneUnreadable
from mrv.imagery.extract import observe
from mrv.imagery.offsets import OffsetRule
from mrv.imagery.rules import ImageryRules

from .conftest import LEFT, Sky

Plots = Callable[..., gpd.GeoDataFrame]
DAY = "2021-02-01T08:00:00"
BANDS = {"blue": 300, "red": 500, "nir": 3000, "swir16": 2000}


def only(table: pd.DataFrame) -> pd.Series:
    assert len(table) == 1
    return table.iloc[0]


def test_a_uniform_plot_has_the_index_of_its_pixels(
    sky: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    sky.add("s", DAY, BANDS)
    seen = observe(sky.scenes, plots_at(p=shapely.box(53, 41, 118, 99)), sky.open, rules=rules)
    row = only(seen.table)
    assert row["ndvi"] == pytest.approx(2500 / 3500)
    assert row["ndvi_sd"] == pytest.approx(0.0, abs=1e-9)
    assert row["ndmi"] == pytest.approx(1000 / 5000)
    assert row["clear_fraction"] == pytest.approx(1.0)
    assert row["outside_fraction"] == pytest.approx(0.0, abs=1e-6)


def test_the_index_comes_first_and_the_mean_second(
    sky: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    """The mean of NDVI over a dark and a bright pixel is not the NDVI of their mean bands."""
    red, nir = np.full((40, 40), 1000), np.full((40, 40), 1000)
    red[4, 4], nir[4, 4] = 100, 300  # NDVI 0.5
    red[4, 5], nir[4, 5] = 3000, 3000  # NDVI 0
    sky.add("s", DAY, {"red": red, "nir": nir})
    seen = observe(sky.scenes, plots_at(p=shapely.box(40, 40, 60, 50)), sky.open, rules=rules)
    row = only(seen.table)
    assert row["ndvi"] == pytest.approx(0.25, abs=1e-4)
    assert row["ndvi"] != pytest.approx((3300 - 3100) / (3300 + 3100), abs=0.1)


def test_pixels_count_by_the_share_that_lies_in_the_plot(
    sky: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    red = np.full((40, 40), 1000)
    red[:, 5] = 3000  # NDVI 0.5 left of column 5, 0 in it
    sky.add("s", DAY, {"red": red, "nir": 3000})
    seen = observe(sky.scenes, plots_at(p=shapely.box(40, 40, 52.5, 50)), sky.open, rules=rules)
    row = only(seen.table)
    assert row["ndvi"] == pytest.approx((1.0 * 0.5 + 0.25 * 0.0) / 1.25, abs=1e-4)
    assert row["n_eff"] == pytest.approx(1.25**2 / (1 + 0.25**2), abs=1e-3)


def test_twenty_metre_bands_are_looked_up_by_parent_pixel(
    sky: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    swir = np.full((20, 20), 3000)
    swir[2, 3] = 1000  # parent of 10 m rows 4-5, columns 6-7
    sky.add("s", DAY, {"red": 500, "nir": 3000, "swir16": swir})
    plots = plots_at(
        inside=shapely.box(60, 40, 80, 60),
        left_of_it=shapely.box(40, 40, 60, 60),
        half=shapely.box(50, 40, 70, 60),
    )
    table = observe(sky.scenes, plots, sky.open, rules=rules).table.set_index("plot_id")
    assert table.loc["inside", "ndmi"] == pytest.approx(0.5, abs=1e-3)
    assert table.loc["left_of_it", "ndmi"] == pytest.approx(0.0, abs=1e-3)
    assert table.loc["half", "ndmi"] == pytest.approx(0.25, abs=1e-3)


def test_scale_and_offset_are_applied_exactly_once(
    sky: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    """The golden reflectances of methodology 5.1, stored with and without the offset."""
    golden = {"blue": 430, "red": 720, "nir": 2340, "swir16": 2110}
    carries = OffsetRule(1e-4, -0.1, "raster offset", "stated", 5.0)
    sky.add("old", "2021-02-01T08:00:00", golden)
    shifted = {band: value + 1000 for band, value in golden.items()}
    sky.add("new", "2021-02-06T08:00:00", shifted, offset=carries)
    plots = plots_at(p=shapely.box(50, 50, 150, 150))
    table = observe(sky.scenes, plots, sky.open, rules=rules).table
    assert table["ndvi"].to_numpy() == pytest.approx(np.full(2, 0.529412), abs=1e-6)
    assert table["ndmi"].to_numpy() == pytest.approx(np.full(2, 0.051685), abs=1e-6)
    assert table["evi"].to_numpy() == pytest.approx(np.full(2, 0.301451), abs=1e-6)


def test_no_data_is_not_dark_ground(sky: Sky, rules: ImageryRules, plots_at: Plots) -> None:
    """DN 0 with an offset of -0.1 would be the darkest pixel of all."""
    red = np.full((40, 40), 1500)
    red[:, :10] = 0
    carries = OffsetRule(1e-4, -0.1, "raster offset", "stated", 5.0)
    sky.add("s", DAY, {"red": red, "nir": 4000}, offset=carries)
    seen = observe(sky.scenes, plots_at(p=shapely.box(50, 50, 150, 100)), sky.open, rules=rules)
    row = only(seen.table)
    assert row["clear_fraction"] == pytest.approx(0.5, abs=1e-3)  # no data is in the denominator
    assert row["nodata_fraction"] == pytest.approx(0.5, abs=1e-3)
    assert row["ndvi"] == pytest.approx((0.3 - 0.05) / 0.35)


def test_no_clear_pixel_is_no_value_and_not_zero(
    sky: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    sky.add("cloudy", DAY, BANDS, scl=9)
    row = only(
        observe(sky.scenes, plots_at(p=shapely.box(50, 50, 90, 90)), sky.open, rules=rules).table
    )
    assert row["clear_fraction"] == 0.0
    assert np.isnan(row["ndvi"])
    assert np.isnan(row["n_eff"])


def test_a_cloud_beside_the_plot_is_kept_away_by_the_buffer(
    sky: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    scl = np.full((20, 20), 4)
    scl[:, 12:] = 9  # cloud from 240 m on
    sky.add("s", DAY, BANDS, scl=scl)
    plots = plots_at(p=shapely.box(100, 100, 200, 200))
    assert only(observe(sky.scenes, plots, sky.open, rules=rules).table)["clear_fraction"] == 1.0
    careful = replace(rules, cloud_buffer_m=100.0)
    near = only(observe(sky.scenes, plots, sky.open, rules=careful).table)
    # 20 m pixels whose centre is within 100 m of a cloudy centre (x >= 250): those from x = 150 on
    assert near["clear_fraction"] == pytest.approx(0.4, abs=1e-3)


def test_holes_slivers_and_plots_smaller_than_a_pixel_keep_their_area(
    sky: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    ring = shapely.Point(200, 200).buffer(40) - shapely.Point(200, 200).buffer(15)
    shapes = {
        "tiny": shapely.box(103, 104, 106, 107),
        "sliver": shapely.box(20, 305, 280, 307),
        "ring": ring,
        "two_parts": shapely.MultiPolygon(
            [shapely.box(10, 10, 35, 40), shapely.box(60, 10, 85, 40)]
        ),
    }
    sky.add("s", DAY, BANDS)
    seen = observe(sky.scenes, plots_at(**shapes), sky.open, rules=rules)
    areas = seen.plots.set_index("plot_id")["n_pixels"] * 100
    for name, shape in shapes.items():
        assert areas[name] == pytest.approx(shape.area, rel=1e-4), name
    assert (seen.table["outside_fraction"] < 1e-4).all()
    assert (seen.table["clear_fraction"] > 0.9999).all()
    flags = seen.plots.set_index("plot_id")["flags"]
    assert flags.to_dict() == {"tiny": "sub_pixel", "sliver": "", "ring": "", "two_parts": ""}


def test_a_plot_over_the_edge_is_flagged_and_its_missing_part_is_not_clear(
    sky: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    sky.add("s", DAY, BANDS)
    plots = plots_at(half=shapely.box(-20, 50, 20, 80), far=shapely.box(5000, 0, 5050, 50))
    seen = observe(sky.scenes, plots, sky.open, rules=rules)
    row = only(seen.table)
    assert row["outside_fraction"] == pytest.approx(0.5, abs=1e-3)
    assert row["clear_fraction"] == pytest.approx(0.5, abs=1e-3)
    assert seen.plots["flags"].tolist() == ["outside_grid", "no_scene"]


def test_two_tiles_of_one_pass_are_one_look(sky: Sky, rules: ImageryRules, plots_at: Plots) -> None:
    """Overlapping tiles hold the same pass some seconds apart; the smallest name is taken."""
    sky.add("east", "2021-02-01T08:00:12", BANDS, left=LEFT + 200, tile="36MZE")
    sky.add("west", "2021-02-01T08:00:00", BANDS, tile="36MYE")
    sky.add("east2", "2021-02-06T08:00:12", BANDS, left=LEFT + 200, tile="36MZE")
    plots = plots_at(
        both=shapely.box(250, 50, 300, 100),
        only_east=shapely.box(450, 50, 500, 100),
        over_the_edge_of_west=shapely.box(380, 50, 420, 100),
    )
    seen = observe(sky.scenes, plots, sky.open, rules=rules)
    looks = seen.table.groupby("plot_id")["scene_id"].apply(list).to_dict()
    assert looks == {
        "both": ["west"],
        "only_east": ["east", "east2"],
        "over_the_edge_of_west": ["east", "east2"],
    }


def test_a_utm_border_gives_one_grid_per_plot(
    sky: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    """The same ground seen in two zones: one tile is chosen, areas agree between them."""
    zone_36 = plots_at(p=shapely.box(100, 100, 200, 180))
    in_35 = zone_36.to_crs(epsg=32735).geometry.iloc[0].bounds
    sky.add("zone36", "2021-02-01T08:00:00", BANDS, tile="36MYE")
    sky.add(
        "zone35",
        "2021-02-01T08:00:20",
        {"red": 900, "nir": 3000},
        left=np.floor(in_35[0] / 10) * 10 - 100,
        epsg=32735,
        tile="35MRV",
    )
    # The other zone's grid hangs from the same top; move it to where the plot is.
    top = np.ceil(in_35[3] / 10) * 10 + 100
    sky.grids["zone35"] = {
        band: replace(grid, top=top) for band, grid in sky.grids["zone35"].items()
    }
    seen = observe(sky.scenes, zone_36, sky.open, rules=rules)
    row = only(seen.table)
    assert row["mgrs_tile"] == "35MRV"  # the smallest name of those that cover it
    assert row["ndvi"] == pytest.approx(2100 / 3900)
    assert seen.plots["n_pixels"].iloc[0] == pytest.approx(80.0, rel=0.02)


def test_two_passes_on_one_day_are_two_looks(
    sky: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    sky.add("a", "2021-02-01T07:50:00", BANDS)
    sky.add("b", "2021-02-01T09:30:00", BANDS)
    table = observe(
        sky.scenes, plots_at(p=shapely.box(50, 50, 90, 90)), sky.open, rules=rules
    ).table
    assert table["scene_id"].tolist() == ["a", "b"]


def test_of_one_pass_given_twice_the_fuller_counts(
    sky: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    """A pass cut in two, or processed twice: one look, from the scene that shows more."""
    holed = np.full((40, 40), 500)
    holed[:, :8] = 0
    sky.add("first", "2021-02-01T08:00:00", {"red": holed, "nir": 3000})
    sky.add("second", "2021-02-01T08:00:00", {"red": 600, "nir": 3000})
    table = observe(
        sky.scenes, plots_at(p=shapely.box(50, 50, 90, 90)), sky.open, rules=rules
    ).table
    assert table["scene_id"].tolist() == ["second"]


def test_overlapping_plots_are_each_seen_whole(
    sky: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    sky.add("s", DAY, BANDS)
    plots = plots_at(a=shapely.box(50, 50, 90, 90), b=shapely.box(70, 50, 110, 90))
    table = observe(sky.scenes, plots, sky.open, rules=rules).table
    assert table["clear_fraction"].to_numpy() == pytest.approx([1.0, 1.0])


def test_an_index_missing_in_one_scene_is_missing_in_all(
    sky: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    sky.add("full", "2021-02-01T08:00:00", BANDS)
    sky.add("poor", "2021-02-06T08:00:00", {"red": 500, "nir": 3000})
    seen = observe(sky.scenes, plots_at(p=shapely.box(50, 50, 90, 90)), sky.open, rules=rules)
    assert seen.indices == ("ndvi", "kndvi", "nirv")
    assert seen.missing_indices["ndmi"] == ("swir16",)
    assert "ndmi (no swir16)" in seen.missing_sentence()


def test_the_order_of_scenes_and_plots_does_not_change_a_number(
    sky: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    rng = np.random.default_rng(7)
    for day in range(1, 7):
        noise = {band: rng.integers(100, 4000, (40, 40)) for band in ("red", "nir")}
        scl = rng.choice([4, 5, 8], (20, 20), p=[0.6, 0.3, 0.1])
        sky.add(f"s{day}", f"2021-02-{day:02d}T08:00:00", noise, scl=scl)
    shapes = {f"p{k}": shapely.Point(60 + 50 * k, 150).buffer(30 + k) for k in range(5)}
    plots = plots_at(**shapes)
    one = observe(sky.scenes, plots, sky.open, rules=rules).table
    other = observe(sky.scenes[::-1], plots.iloc[::-1], sky.open, rules=rules).table
    other = other.sort_values(["plot_id", "acquired_at"], ignore_index=True)
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_no_scene_at_all_is_an_empty_table(rules: ImageryRules, plots_at: Plots, sky: Sky) -> None:
    seen = observe([], plots_at(p=shapely.box(0, 0, 10, 10)), sky.open, rules=rules)
    assert seen.table.empty
    assert "clear_fraction" in seen.table.columns
    assert seen.plots["flags"].tolist() == ["no_scene"]


def test_a_scene_whose_grids_do_not_fit_is_refused(
    sky: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    sky.add("s", DAY, BANDS)
    shifted = replace(sky.grids["s"]["swir16"], left=LEFT + 5)
    sky.grids["s"]["swir16"] = shifted
    with pytest.raises(SceneUnreadable, match="the grid of swir16 does not fit"):
        observe(sky.scenes, plots_at(p=shapely.box(50, 50, 90, 90)), sky.open, rules=rules)


def test_a_scene_without_classification_is_refused(
    sky: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    scene = sky.add("s", DAY, BANDS)
    blind = replace(scene, assets={b: h for b, h in scene.assets.items() if b != "scl"})
    with pytest.raises(SceneUnreadable, match="no scene classification"):
        observe([blind], plots_at(p=shapely.box(50, 50, 90, 90)), sky.open, rules=rules)


def test_a_contradictory_stack_is_refused_before_anything_is_read(
    sky: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    broken = OffsetRule(1e-4, float("nan"), "", "unsettled", contradiction="it says two things")
    sky.add("s", DAY, BANDS, offset=broken)
    with pytest.raises(OffsetsMixed, match="it says two things"):
        observe(sky.scenes, plots_at(p=shapely.box(50, 50, 90, 90)), sky.open, rules=rules)


@settings(deadline=None, max_examples=25)
@given(
    x=st.floats(0, 250),
    y=st.floats(0, 250),
    width=st.floats(1, 120),
    height=st.floats(1, 120),
    cut=st.floats(0.1, 0.9),
)
def test_a_plot_is_the_sum_of_its_parts(
    x: float, y: float, width: float, height: float, cut: float
) -> None:
    """Wherever a plot is cut in two, weights and weighted values of the parts add up."""
    sky, rng = Sky(), np.random.default_rng(3)
    red, nir = rng.integers(200, 3000, (40, 40)), rng.integers(200, 5000, (40, 40))
    sky.add("s", DAY, {"red": red, "nir": nir})
    middle = x + width * cut
    shapes = [
        shapely.box(x, y, x + width, y + height),
        shapely.box(x, y, middle, y + height),
        shapely.box(middle, y, x + width, y + height),
    ]
    placed = [
        shapely.affinity.affine_transform(s, (1, 0, 0, -1, LEFT, 9_990_000.0)) for s in shapes
    ]
    plots = gpd.GeoDataFrame({"plot_id": ["whole", "a", "b"]}, geometry=placed, crs=32736)
    rules = ImageryRules(0.0, 0.5, 2, 0.8, 0.0, 0.06)
    seen = observe(sky.scenes, plots.to_crs(epsg=4326), sky.open, rules=rules, indices=["ndvi"])
    pixels = seen.plots.set_index("plot_id")["n_pixels"]
    mean = seen.table.set_index("plot_id")["ndvi"]
    assert pixels["a"] + pixels["b"] == pytest.approx(pixels["whole"], abs=1e-3)
    parts = pixels["a"] * mean["a"] + pixels["b"] * mean["b"]
    assert parts == pytest.approx(pixels["whole"] * mean["whole"], abs=1e-2)
