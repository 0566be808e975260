"""Chips show what the estimate saw: the same pixels, the same mask, the same boundary."""

from collections.abc import Callable
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely

from mrv.imagery.chips import Chip, cut_chips
from mrv.imagery.extract import observe
from mrv.imagery.offsets import OffsetRule
from mrv.imagery.rules import ImageryRules

from .conftest import Sky

Plots = Callable[..., gpd.GeoDataFrame]
GREEN = {"red": 400, "green": 700, "blue": 300, "nir": 3000}


def share_inside(chip: Chip) -> float:
    """Area of the boundary under pixels that are seen, over the whole [1]."""
    shape = shapely.Polygon(chip.outline[0], chip.outline[1:])
    rows, cols = np.nonzero(chip.seen)
    pixels = shapely.box(cols, rows, cols + 1, rows + 1)
    return float(shapely.area(shapely.intersection(pixels, shape)).sum() / shape.area)


@pytest.mark.parametrize("buffer_m", [0.0, 20.0, 60.0])
def test_the_mask_is_the_one_that_the_estimate_used(
    sky: Sky, rules: ImageryRules, plots_at: Plots, buffer_m: float
) -> None:
    scl = np.random.default_rng(5).choice([4, 5, 6, 9, 3], (20, 20), p=[0.5, 0.3, 0.1, 0.05, 0.05])
    scene = sky.add("noisy", "2021-02-01T08:00:00", GREEN, scl=scl.astype(np.uint8))
    plots = plots_at(one=shapely.box(101, 102, 187, 165), two=shapely.Point(255, 240).buffer(48))
    rules = replace(rules, cloud_buffer_m=buffer_m)
    seen = observe([scene], plots, sky.open, rules=rules, indices=("ndvi",)).table
    for chip in cut_chips(scene, plots, sky.open, buffer_m):
        (row,) = seen.loc[seen["plot_id"] == chip.plot_id, "clear_fraction"]
        assert share_inside(chip) == pytest.approx(row, abs=2e-3), chip.plot_id


def test_colour_is_reflectance_on_one_stretch(sky: Sky, plots_at: Plots) -> None:
    """0.25 is white, 0 is black, and the offset is applied: the same ground looks the same."""
    plots = plots_at(a=shapely.box(150, 150, 250, 250))
    bright = {"red": 2500, "green": 625, "blue": 1}
    before = sky.add("before", "2021-02-01T08:00:00", bright)
    shifted = {band: value + 1000 for band, value in bright.items()}
    rule = OffsetRule(1e-4, -0.1, "baseline", "stated", 4.0)
    after = sky.add("after", "2022-02-01T08:00:00", shifted, offset=rule)
    (one,), (two,) = (cut_chips(scene, plots, sky.open, 0.0) for scene in (before, after))
    np.testing.assert_array_equal(one.colour, two.colour)
    red, green, blue = one.colour[5, 5]
    assert red == 255
    assert green == round(255 * 0.25 ** (1 / 1.6))
    assert blue < 8


def test_surroundings_are_shown_and_cut_at_the_scene_s_edge(sky: Sky, plots_at: Plots) -> None:
    scene = sky.add("all", "2021-02-01T08:00:00", GREEN)
    plots = plots_at(inner=shapely.box(152, 152, 248, 238), corner=shapely.box(-28, 12, 18, 28))
    inner, corner = cut_chips(scene, plots, sky.open, 0.0)
    assert inner.colour.shape == (9 + 12, 10 + 12, 3)
    np.testing.assert_allclose(np.min(inner.outline[0], axis=0), (6.2, 6.2), atol=0.01)
    np.testing.assert_allclose(np.max(inner.outline[0], axis=0), (15.8, 14.8), atol=0.01)
    assert corner.colour.shape == (9, 8, 3), "what lies west and north of the scene is not there"
    assert min(x for x, _ in corner.outline[0]) == pytest.approx(-2.8, abs=0.01)


def test_no_data_is_black_and_not_seen(sky: Sky, plots_at: Plots) -> None:
    red = np.full((40, 40), 900)
    red[:, 20:] = 0
    scene = sky.add("half", "2021-02-01T08:00:00", GREEN | {"red": red})
    (chip,) = cut_chips(scene, plots_at(a=shapely.box(150, 150, 250, 250)), sky.open, 0.0)
    black = (chip.colour == 0).all(axis=-1)
    np.testing.assert_array_equal(black, ~chip.seen)
    assert black[:, 11:].all()
    assert not black[:, :11].any()


def test_a_block_that_two_plots_share_is_read_once(sky: Sky, plots_at: Plots) -> None:
    scene = sky.add("all", "2021-02-01T08:00:00", GREEN)
    plots = plots_at(a=shapely.box(20, 20, 60, 60), b=shapely.box(70, 70, 90, 90))
    assert len(cut_chips(scene, plots, sky.open, 20.0)) == 2
    assert len(sky.fetched) == len(set(sky.fetched))
    assert {number for _, band, number in sky.fetched if band == "red"} == {0}


def test_plots_elsewhere_and_scenes_without_colours_give_none(sky: Sky, plots_at: Plots) -> None:
    scene = sky.add("all", "2021-02-01T08:00:00", GREEN)
    bare = sky.add("bare", "2021-02-06T08:00:00", {"red": 400, "nir": 3000})
    far = plots_at(a=shapely.box(5000, 20, 5060, 60))
    assert cut_chips(scene, far, sky.open, 20.0) == []
    assert cut_chips(bare, plots_at(a=shapely.box(20, 20, 60, 60)), sky.open, 20.0) == []
    assert sky.opened == ["all"]


def test_a_large_plot_is_drawn_by_every_second_pixel(sky: Sky, plots_at: Plots) -> None:
    side = 900
    scene = sky.add("wide", "2021-02-01T08:00:00", GREEN)
    for band in (*GREEN, "scl"):
        step = 2 if band == "scl" else 1
        grid = sky.grids["wide"][band]
        sky.grids["wide"][band] = replace(grid, width=side // step, height=side // step)
        value = 4 if band == "scl" else GREEN[band]
        sky.pixels["wide"][band] = np.full(
            (side // step, side // step), value, sky.pixels["wide"][band].dtype
        )
    sky.block = 512
    (chip,) = cut_chips(scene, plots_at(a=shapely.box(100, 100, 8000, 7000)), sky.open, 20.0)
    assert max(chip.seen.shape) <= 400
    assert chip.pixel_m == 30.0
    assert share_inside(chip) == pytest.approx(1.0)
