"""Laws of extraction: parts add up, nothing about the work changes a bit, exactextract agrees."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import exactextract
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from exactextract.raster import NumPyRasterSource
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mrv.imagery import plan as plan_module
from mrv.imagery import sums as sums_module
from mrv.imagery.cloud_mask import SEEN, clear_mask, states_around
from mrv.imagery.coverage import place
from mrv.imagery.extract import observe
from mrv.imagery.frames import Frame
from mrv.imagery.gather import Opening, gather
from mrv.imagery.grids import BandLayout, Grid
from mrv.imagery.keeping import MemoryKeeper
from mrv.imagery.offsets import OffsetRule
from mrv.imagery.plan import build_plan
from mrv.imagery.recipes import Recipe
from mrv.imagery.rules import ImageryRules
from mrv.imagery.scenes import SCL, Scene
from mrv.imagery.sums import SceneSums, summarise
from mrv.imagery.touched import Neighbourhood

GRID = Grid(32736, 700_000.0, 9_990_000.0, 10.0, 120, 100)
RULES = ImageryRules(60.0, 0.5, 2, 0.8, 0.0, 0.06)
INDICES = ["ndvi", "ndmi", "kndvi"]


@dataclass(frozen=True)
class Ground:
    """A scene in memory: bands from one upper left corner, in blocks of any size."""

    scene: Scene
    bands: dict[str, NDArray[Any]]
    grid: Grid
    block: int

    def layout(self, band: str) -> BandLayout:
        height, width = self.bands[band].shape
        grid = replace(
            self.grid,
            pixel_m=self.grid.pixel_m * self.grid.width / width,
            width=width,
            height=height,
        )
        return BandLayout(grid, self.block, self.block, self.bands[band].dtype.name)

    def blocks(self, band: str, numbers: Sequence[int]) -> Iterator[tuple[int, NDArray[Any]]]:
        for number in numbers:
            part = self.layout(band).window(number)
            yield (
                number,
                self.bands[band][
                    part.row : part.row + part.height, part.col : part.col + part.width
                ],
            )

    def part(self, first: int, last: int) -> "Ground":
        """Give columns of the finest grid, even numbers, as a scene of its own."""
        bands = {
            band: array[:, first // 2 : last // 2] if array.shape[1] < 120 else array[:, first:last]
            for band, array in self.bands.items()
        }
        grid = replace(self.grid, left=self.grid.left + 10 * first, width=last - first)
        return replace(self, bands=bands, grid=grid)


def ground(seed: int, day: int = 0, block: int = 32) -> Ground:
    """Noise, clouds of every class, and pixels without data in one band only."""
    rng = np.random.default_rng([seed, day])
    coarse = rng.choice([4, 5, 6, 8, 9, 3, 10, 11, 0], (10, 12), p=[0.5, 0.2, *[0.3 / 7] * 7])
    scl = coarse.repeat(5, 0).repeat(5, 1).astype(np.uint8)
    red = rng.integers(1, 3000, (100, 120)).astype(np.uint16)
    red[rng.random(red.shape) < 0.03] = 0
    bands = {
        "red": red,
        "nir": rng.integers(1, 5000, (100, 120)).astype(np.uint16),
        "swir16": rng.integers(1, 4000, (50, 60)).astype(np.uint16),
        SCL: scl,
    }
    name = f"s{day:02d}"
    scene = Scene(
        name, "sentinel-2-l2a", datetime(2021, 1, 1, 8, tzinfo=UTC) + timedelta(days=5 * day),
        "36MYE", "", 32736, (0, 0, 0, 0), None, {band: band for band in bands},
        hashlib.sha256(f"{seed} {name}".encode()).hexdigest(),
        OffsetRule(1e-4, -0.01, "raster offset", "stated", 2.14),
    )  # fmt: skip
    return Ground(scene, bands, GRID, block)


@dataclass(frozen=True)
class Archive:
    """Opens grounds by scene."""

    grounds: dict[str, Ground]

    @contextmanager
    def __call__(self, scene: Scene) -> Iterator[Ground]:
        yield self.grounds[scene.id]

    @property
    def scenes(self) -> list[Scene]:
        return [ground.scene for ground in self.grounds.values()]


def archive(seed: int, days: int = 6, block: int = 32) -> Archive:
    grounds = [ground(seed, day, block) for day in range(days)]
    return Archive({ground.scene.id: ground for ground in grounds})


def fields(seed: int, count: int = 25) -> gpd.GeoDataFrame:
    """Overlapping ellipses of every size, and one with a hole."""
    rng = np.random.default_rng(seed)
    x, y = GRID.left + rng.uniform(90, 1110, count), GRID.top - rng.uniform(90, 910, count)
    shapes = [
        shapely.affinity.scale(shapely.Point(*at).buffer(r), 1, s)
        for *at, r, s in zip(
            x, y, rng.uniform(1, 80, count), rng.uniform(0.3, 1, count), strict=True
        )
    ]
    shapes[0] = shapely.Point(x[0], y[0]).buffer(70) - shapely.Point(x[0], y[0]).buffer(30)
    names = [f"p{k:02d}" for k in range(count)]
    return gpd.GeoDataFrame({"plot_id": names}, geometry=shapes, crs=32736).to_crs(epsg=4326)


def sums_of(ground: Ground, plots: gpd.GeoDataFrame) -> tuple[SceneSums, NDArray[np.intp]]:
    recipe = Recipe.of(INDICES, 0.0, keeps_pixels=False)
    layouts = {band: ground.layout(band) for band in ground.bands}
    frame = Frame.of(ground.scene, layouts)
    placed = place(plots, frame.base)
    plan = build_plan(placed, frame, recipe.reach_m)
    with Opening(ground.scene, Archive({ground.scene.id: ground})) as opening:
        gathered = gather(opening, plan, recipe.bands, None)
    return summarise(plan, gathered, ground.scene, recipe), placed.plots


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1000), st.integers(1, 59), st.sampled_from([16, 32, 120]))
def test_sums_over_a_partition_of_the_grid_add_up(seed: int, cut: int, block: int) -> None:
    whole, plots = ground(seed, block=block), fields(seed)
    full, at = sums_of(whole, plots)
    assert at.tolist() == list(range(len(plots)))
    names = ("clear", "clear_squares", "unseen")
    added = {name: np.zeros((len(plots), 3)) for name in INDICES}
    added["mask"] = np.zeros((len(plots), 3))
    for first, last in ((0, 2 * cut), (2 * cut, 120)):
        part, at = sums_of(whole.part(first, last), plots)
        added["mask"][at] += np.column_stack([getattr(part, name) for name in names])
        for name in INDICES:
            added[name][at] += moments(part, name)
    mask = np.column_stack([getattr(full, name) for name in names])
    assert added["mask"] == pytest.approx(mask, abs=2e-6)
    for name in INDICES:
        assert added[name] == pytest.approx(moments(full, name), abs=2e-6)


def moments(sums: SceneSums, name: str) -> NDArray[np.float64]:
    """Sums of weight, weight x value, weight x value^2; of each plot."""
    mean = np.nan_to_num(sums.mean(name))
    weights = sums.weights[name]
    return np.column_stack([weights, weights * mean, sums.squares[name] + weights * mean**2])


@pytest.fixture(scope="module")
def expected() -> tuple[Archive, gpd.GeoDataFrame, pd.DataFrame]:
    found, plots = archive(3), fields(3)
    return found, plots, table(found, plots)


def table(found: Archive, plots: gpd.GeoDataFrame, **options: Any) -> pd.DataFrame:  # noqa: ANN401  # of observe
    scenes = options.pop("scenes", found.scenes)
    return observe(scenes, plots, found, rules=RULES, indices=INDICES, **options).table


Expected = tuple[Archive, gpd.GeoDataFrame, pd.DataFrame]


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("kept", [False, True])
def test_threads_and_kept_pixels_do_not_change_a_bit(
    expected: Expected, threads: int, *, kept: bool
) -> None:
    found, plots, wanted = expected
    keeper = MemoryKeeper() if kept else None
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(2):
            again = table(found, plots, executor=pool, keeper=keeper)
            pd.testing.assert_frame_equal(again, wanted, check_exact=True)


@settings(deadline=None, max_examples=15)
@given(data=st.data())
def test_chunks_and_orders_do_not_change_a_bit(expected: Expected, data: st.DataObject) -> None:
    found, plots, wanted = expected
    scenes = data.draw(st.permutations(found.scenes))
    order = data.draw(st.permutations(range(len(plots))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan_module, "_CHUNK_PLOTS", data.draw(st.integers(1, 30)))
        patch.setattr(sums_module, "_PIECE_PIXELS", data.draw(st.sampled_from([1, 500, 10**6])))
        again = table(found, plots.iloc[order], scenes=scenes)
    again = again.sort_values(["plot_id", "acquired_at"], ignore_index=True)
    pd.testing.assert_frame_equal(again, wanted, check_exact=True)


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 1000), block=st.sampled_from([8, 32, 50, 200]))
def test_means_are_those_of_exactextract(seed: int, block: int) -> None:
    """Masked index per pixel in one go, averaged by exactextract; blank where it is blank."""
    found, plots = archive(seed, days=2, block=block), fields(seed)
    ours = table(found, plots)
    projected = plots.to_crs(epsg=32736)
    for scene in found.scenes:
        bands = found.grounds[scene.id].bands
        near = {
            band: array if array.shape[1] == 120 else array.repeat(2, 0).repeat(2, 1)
            for band, array in bands.items()
        }
        clear = clear_mask(bands[SCL], 20.0, RULES.cloud_buffer_m).repeat(2, 0).repeat(2, 1)
        for band in ("red", "nir", "swir16"):
            clear = clear & (near[band] != 0)
        red, nir, swir = (
            np.maximum(near[band] * scene.offset.scale + scene.offset.offset, 0.0)
            for band in ("red", "nir", "swir16")
        )
        mine = ours[ours["scene_id"] == scene.id].set_index("plot_id")
        for name, first, second in (("ndvi", nir, red), ("ndmi", nir, swir)):
            with np.errstate(invalid="ignore"):
                index = np.where(clear, (first - second) / (first + second), np.nan)
            theirs = exactextract.exact_extract(
                NumPyRasterSource(index, *GRID.bounds, srs_wkt=projected.crs.to_wkt()),
                projected,
                ["mean"],
                output="pandas",
                include_cols=["plot_id"],
            ).set_index("plot_id")["mean"]
            pairs = mine[name].align(theirs.astype(float), join="inner")
            assert len(pairs[0]) == len(plots)
            assert (pairs[0].isna() == pairs[1].isna()).all()
            assert np.nanmax((pairs[0] - pairs[1]).abs(), initial=0.0) < 1e-6


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.floats(0, 190), st.integers(1, 40))
def test_clouds_are_widened_around_plots_as_over_the_whole_scene(
    seed: int, buffer_m: float, pixels: int
) -> None:
    rng = np.random.default_rng(seed)
    scl = rng.choice([4, 5, 9, 0], (150, 140), p=[0.6, 0.37, 0.02, 0.01]).astype(np.uint8)
    rows = rng.integers(0, 150, pixels).astype(np.int32)
    cols = rng.integers(0, 140, pixels).astype(np.int32)
    layout = BandLayout(Grid(32736, 0.0, 0.0, 20.0, 140, 150), 64, 64, "uint8")
    around, places = Neighbourhood.of(layout, rows, cols, 200.0)
    values = np.concatenate(
        [scl[row : row + h, col : col + w].ravel() for row, col, h, w in around.boxes]
    )
    assert np.array_equal(values[places], scl[rows, cols])
    states = states_around(values, around.boxes, around.starts, 20.0, buffer_m)
    seen = states[places] & SEEN != 0
    assert np.array_equal(seen, clear_mask(scl, 20.0, buffer_m)[rows, cols])
