"""What is fetched and what is not: the cube, kept sums, and entries that went bad."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from mrv.imagery.cube import keep_pixels, kept_pixels
from mrv.imagery.extract import observe
from mrv.imagery.keeping import MemoryKeeper
from mrv.imagery.packing import pack, unpack
from mrv.imagery.progress import Extent
from mrv.imagery.rules import ImageryRules

from .conftest import Sky

Plots = Callable[..., gpd.GeoDataFrame]
SHAPES = {  # blocks are 16 pixels of 10 m, or of 20 m
    "upper_left": shapely.box(20, 20, 60, 50),
    "upper_right": shapely.box(330, 20, 380, 60),
    "lower": shapely.Point(120, 350).buffer(25),
}


@pytest.fixture
def seen(sky: Sky) -> Sky:
    """Three scenes of noise with some cloud."""
    rng = np.random.default_rng(11)
    for day in (1, 6, 11):
        noise = {band: rng.integers(200, 4000, (40, 40)) for band in ("red", "nir")}
        noise["swir16"] = rng.integers(200, 4000, (20, 20))
        scl = rng.choice([4, 5, 9, 0], (20, 20), p=[0.6, 0.3, 0.05, 0.05])
        sky.add(f"s{day}", f"2021-02-{day:02d}T08:00:00", noise, scl=scl)
    return sky


class Cube(MemoryKeeper):
    """Keeps pixels and forgets what was made of them."""

    def put(self, key: str, data: bytes) -> None:
        if not key.startswith("sums/"):
            super().put(key, data)


def table(sky: Sky, plots: gpd.GeoDataFrame, rules: ImageryRules, **options: Any) -> pd.DataFrame:  # noqa: ANN401  # of observe
    sky.opened.clear()
    sky.fetched.clear()
    return observe(sky.scenes, plots, sky.open, rules=rules, **options).table


def test_each_block_is_fetched_once_and_only_where_plots_are(
    seen: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    table(seen, plots_at(**SHAPES), rules, indices=["ndvi"])
    assert len(set(seen.fetched)) == len(seen.fetched)
    red = {number for name, band, number in seen.fetched if (name, band) == ("s1", "red")}
    assert red == {0, 2, 6}  # of 9
    assert sorted(seen.opened) == ["s1", "s1", "s11", "s6"]  # the first is asked how it lies


def test_a_second_run_opens_nothing(seen: Sky, rules: ImageryRules, plots_at: Plots) -> None:
    keeper, plots = MemoryKeeper(), plots_at(**SHAPES)
    first = table(seen, plots, rules, keeper=keeper)
    again = table(seen, plots, rules, keeper=keeper)
    assert seen.opened == []
    pd.testing.assert_frame_equal(first, again, check_exact=True)


def test_the_cube_gives_the_same_bits_as_the_files_and_opens_nothing(
    seen: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    keeper, plots = Cube(), plots_at(**SHAPES)
    first = table(seen, plots, rules)
    table(seen, plots, rules, keeper=keeper)
    again = table(seen, plots, rules, keeper=keeper)
    assert seen.opened == []
    pd.testing.assert_frame_equal(first, again, check_exact=True)


def test_another_mask_opens_nothing(seen: Sky, rules: ImageryRules, plots_at: Plots) -> None:
    keeper, plots = MemoryKeeper(), plots_at(**SHAPES)
    wide = replace(rules, cloud_buffer_m=60.0)
    expected = table(seen, plots, wide)
    near = table(seen, plots, rules, keeper=keeper)
    far = table(seen, plots, wide, keeper=keeper)
    assert seen.opened == []
    assert (far["clear_fraction"] < near["clear_fraction"]).any()
    pd.testing.assert_frame_equal(far, expected, check_exact=True)


def test_another_index_fetches_only_its_missing_band(
    seen: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    keeper, plots = MemoryKeeper(), plots_at(**SHAPES)
    table(seen, plots, rules, keeper=keeper, indices=["ndvi"])
    both = table(seen, plots, rules, keeper=keeper, indices=["ndvi", "ndmi"])
    assert {band for _, band, _ in seen.fetched} == {"swir16"}
    pd.testing.assert_frame_equal(
        both, table(seen, plots, rules, indices=["ndvi", "ndmi"]), check_exact=True
    )


def test_one_changed_plot_fetches_only_its_blocks(
    seen: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    keeper = MemoryKeeper()
    table(seen, plots_at(**SHAPES), rules, keeper=keeper, indices=["ndvi"])
    moved = plots_at(**{**SHAPES, "lower": shapely.Point(125, 345).buffer(25)})
    again = table(seen, moved, rules, keeper=keeper, indices=["ndvi"])
    blocks = {(band, number) for _, band, number in seen.fetched if band != "scl"}
    assert blocks == {("red", 6), ("nir", 6)}
    expected = table(seen, moved, rules, indices=["ndvi"])
    pd.testing.assert_frame_equal(again, expected, check_exact=True)


def test_a_plot_that_joins_far_from_the_others_fetches_only_its_blocks(
    seen: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    keeper = MemoryKeeper()
    few = {name: SHAPES[name] for name in ("upper_left", "lower")}
    table(seen, plots_at(**few), rules, keeper=keeper, indices=["ndvi"])
    table(seen, plots_at(**SHAPES), rules, keeper=keeper, indices=["ndvi"])
    assert {number for _, band, number in seen.fetched if band == "red"} == {2}


def test_a_month_that_is_new_is_all_that_is_read(
    seen: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    keeper, plots = MemoryKeeper(), plots_at(**SHAPES)
    table(seen, plots, rules, keeper=keeper)
    bands = dict.fromkeys(("red", "nir", "swir16"), 1000)
    seen.add("march", "2021-03-01T08:00:00", bands)
    table(seen, plots, rules, keeper=keeper)
    assert seen.opened == ["march"]


@pytest.mark.parametrize("kind", ["plans", "layouts", "pixels", "sums"])
@pytest.mark.parametrize("fault", ["cut", "changed", "empty"])
def test_what_is_damaged_is_made_again(
    seen: Sky, rules: ImageryRules, plots_at: Plots, kind: str, fault: str
) -> None:
    keeper, plots = MemoryKeeper(), plots_at(**SHAPES)
    expected = table(seen, plots, rules, keeper=keeper, indices=["ndvi"])
    whole = dict(keeper.entries)
    damaged = [key for key in whole if key.startswith(f"{kind}/")]
    for key in list(keeper.entries):
        if key in damaged:
            data = whole[key]
            middle = len(data) // 2
            keeper.entries[key] = {
                "cut": data[:middle],
                "changed": data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :],
                "empty": b"",
            }[fault]
        elif key.startswith("sums/"):
            del keeper.entries[key]
    again = table(seen, plots, rules, keeper=keeper, indices=["ndvi"])
    pd.testing.assert_frame_equal(again, expected, check_exact=True)
    assert damaged
    assert {key: keeper.entries[key] for key in damaged} == {key: whole[key] for key in damaged}


def test_scenes_under_cloud_cost_their_classification_only(
    sky: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    scl = np.full((20, 20), 9)
    scl[:4, 16:] = 4  # clear over the plot at the upper right only
    sky.add("s", "2021-02-01T08:00:00", {"red": 500, "nir": 3000}, scl=scl)
    found = table(sky, plots_at(**SHAPES), rules, indices=["ndvi"]).set_index("plot_id")
    assert {number for _, band, number in sky.fetched if band == "nir"} == {2}
    assert found["ndvi"].notna().to_dict() == {
        "upper_left": False, "upper_right": True, "lower": False
    }  # fmt: skip


def test_what_a_plot_is_told_does_not_depend_on_its_neighbours(
    sky: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    """A cloudy plot's band is empty; its block is fetched only if a neighbour is clear."""
    red = np.full((40, 40), 500)
    red[:8] = 0
    scl = np.full((20, 20), 9)
    scl[4:] = 4
    sky.add("s", "2021-02-01T08:00:00", {"red": red, "nir": 3000}, scl=scl)
    cloudy, clear = shapely.box(20, 20, 60, 50), shapely.box(20, 100, 60, 150)
    alone = table(sky, plots_at(cloudy=cloudy), rules).iloc[0]
    beside = table(sky, plots_at(cloudy=cloudy, clear=clear), rules).iloc[0]
    assert beside["plot_id"] == "cloudy"
    pd.testing.assert_series_equal(alone, beside, check_exact=True)
    assert alone["nodata_fraction"] == 0.0


def test_a_scene_that_lies_otherwise_than_its_tile_is_planned_anew(
    seen: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    """An archive that cut its files anew in between: the same answer, nothing refused."""
    plots = plots_at(**SHAPES)
    expected = table(seen, plots, rules)
    grids = seen.grids["s6"]
    seen.grids["s6"] = {
        band: replace(grid, left=grid.left - 40, width=grid.width + 40 // int(grid.pixel_m))
        for band, grid in grids.items()
    }
    for band, array in seen.pixels["s6"].items():
        margin = seen.grids["s6"][band].width - array.shape[1]
        seen.pixels["s6"][band] = np.pad(array, ((0, 0), (margin, 0)), mode="edge")
    found = table(seen, plots, rules)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-7)


def test_progress_tells_scenes_blocks_and_bytes(
    seen: Sky, rules: ImageryRules, plots_at: Plots
) -> None:
    told: list[Extent] = []
    table(seen, plots_at(**SHAPES), rules, progress=told.append, keeper=MemoryKeeper())
    assert [extent.scenes_done for extent in told] == [1, 2, 3]
    assert {extent.scenes for extent in told} == {3}
    assert told[-1].blocks == len(seen.fetched)
    assert told[-1].bytes > 0


@given(
    nps.arrays(st.sampled_from([np.uint8, np.uint16, np.int16, np.int32]), st.integers(1, 300)),
    st.integers(0, 300),
)
def test_pixels_come_back_as_they_were(values: np.ndarray, cut: int) -> None:
    keeper, scene = MemoryKeeper(), Sky().add("s", "2021-02-01T08:00:00", {"red": 1})
    cut = min(cut, len(values))
    keep_pixels(keeper, scene, "red", {"a": values[:cut], "b": values[cut:]})
    kept = kept_pixels(keeper, scene, "red").records()
    assert kept["a"].dtype == values.dtype
    assert np.array_equal(np.concatenate([kept["a"], kept["b"]]), values)


@given(st.data())
def test_bytes_that_changed_are_not_believed(data: st.DataObject) -> None:
    whole = pack({"a": [1, "b"]}, {"x": np.arange(5), "y": np.zeros((2, 3), np.float32)})
    back = unpack(whole)
    assert back is not None
    assert back.head == {"a": [1, "b"]}
    assert np.array_equal(back.arrays["x"], np.arange(5))
    assert back.arrays["y"].shape == (2, 3)
    at = data.draw(st.integers(0, len(whole) - 1))
    assert unpack(whole[:at]) is None
    assert (
        unpack(whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :])
        is None
    )
