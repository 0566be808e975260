"""Radar over plots: power is averaged by shares of pixels; an item says what its numbers are."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from mrv.errors import CatalogUnreadable
from mrv.imagery.grids import BandLayout, Grid
from mrv.imagery.radar import COLUMNS, RadarScene, observe_radar, radar_from_item

from .conftest import EPSG, LEFT, TOP

Plots = Callable[..., gpd.GeoDataFrame]
GRID = Grid(EPSG, LEFT, TOP, 20.0, 20, 20)


@dataclass
class Opened:
    """Two bands in memory, in blocks of eight pixels."""

    pixels: dict[str, NDArray[Any]]
    missing: float | None = -32768.0

    def layout(self, band: str) -> BandLayout:
        return BandLayout(GRID, 8, 8, self.pixels[band].dtype.name)

    def nodata(self, _band: str) -> float | None:
        return self.missing

    def blocks(self, band: str, numbers: Sequence[int]) -> Iterator[tuple[int, NDArray[Any]]]:
        for number in numbers:
            w = self.layout(band).window(number)
            yield number, self.pixels[band][w.row : w.row + w.height, w.col : w.col + w.width]


def a_scene(**changes: object) -> RadarScene:
    scene = RadarScene(
        id="S1",
        collection="sentinel-1-rtc",
        acquired_at=datetime(2021, 1, 5, 15, tzinfo=UTC),
        orbit="87 ascending",
        epsg=EPSG,
        assets={"vv": "vv", "vh": "vh"},
        item_sha256="0" * 64,
        scale=1.0,
        offset=0.0,
        decibels=False,
    )
    return replace(scene, **changes)  # type: ignore[arg-type]


def seen(opened: Opened, plots: gpd.GeoDataFrame, **changes: object) -> Any:  # noqa: ANN401
    @contextmanager
    def opener(_scene: RadarScene) -> Iterator[Opened]:
        yield opened

    return observe_radar([a_scene(**changes)], plots, opener, least_fraction=0.5)


def bands(vv: object, vh: object) -> dict[str, NDArray[Any]]:
    made = {"vv": np.zeros((20, 20), np.float32), "vh": np.zeros((20, 20), np.float32)}
    made["vv"][:], made["vh"][:] = vv, vh
    return made


def test_power_is_averaged_by_shares_and_told_in_decibels(plots_at: Plots) -> None:
    """A quarter of the plot at 0.4, the rest at 0.1: the mean is 0.175, not a mean of decibels."""
    vh = np.full((20, 20), 0.1)
    vh[5, 5] = 0.4
    plots = plots_at(a=shapely.box(110, 110, 130, 130))  # a quarter of each of four pixels
    table = seen(Opened(bands(0.2, vh)), plots)
    assert tuple(table.columns) == COLUMNS
    (row,) = table.to_dict("records")
    assert row["vh_db"] == pytest.approx(10 * np.log10((0.4 + 3 * 0.1) / 4), abs=2e-3)
    assert row["vv_db"] == pytest.approx(10 * np.log10(0.2), abs=1e-5)
    assert (row["plot_id"], row["orbit"], row["scene_id"]) == ("a", "87 ascending", "S1")


def test_decibels_are_turned_into_power_before_they_are_averaged(plots_at: Plots) -> None:
    """Whole numbers of a ten-thousandth of a decibel, as archives of decibels keep them."""
    vh = np.full((20, 20), -200_000)
    vh[5, 5] = -100_000
    pixels = {band: np.asarray(vh, np.int32) for band in ("vv", "vh")}
    plots = plots_at(a=shapely.box(110, 110, 130, 130))
    (row,) = seen(Opened(pixels, 0.0), plots, scale=1e-4, decibels=True).to_dict("records")
    assert row["vh_db"] == pytest.approx(10 * np.log10((0.1 + 3 * 0.01) / 4), abs=5e-3)


def test_pixels_without_numbers_count_for_nothing_and_a_plot_mostly_without_for_none(
    plots_at: Plots,
) -> None:
    vv = np.full((20, 20), 0.2)
    vv[:, 10:] = -32768.0
    vh = np.full((20, 20), 0.1)
    vh[0:3, 0:3] = np.nan
    plots = plots_at(
        half=shapely.box(150, 100, 240, 180),  # up to 200 m there are numbers
        less=shapely.box(162, 100, 262, 180),
        none=shapely.box(5, 5, 50, 50),
        over=shapely.box(40, -100, 80, 60),  # most of it lies north of the grid
    )
    table = seen(Opened(bands(vv, vh)), plots)
    assert table["plot_id"].tolist() == ["half"]
    assert table["vv_db"].iloc[0] == pytest.approx(10 * np.log10(0.2), abs=1e-5)


ITEM: dict[str, Any] = {
    "id": "S1A_IW_GRDH_1SDV_20210105_rtc",
    "collection": "sentinel-1-rtc",
    "properties": {
        "datetime": "2021-01-05T15:55:41Z",
        "proj:code": "EPSG:32737",
        "sat:orbit_state": "ascending",
        "sat:relative_orbit": 87,
    },
    "assets": {"vh": {"href": "vh.tif"}, "vv": {"href": "vv.tif"}},
}


def test_an_item_says_its_orbit_and_that_its_numbers_are_power() -> None:
    scene = radar_from_item(ITEM)
    assert (scene.orbit, scene.epsg, scene.decibels) == ("87 ascending", 32737, False)
    assert scene.acquired_at == datetime(2021, 1, 5, 15, 55, 41, tzinfo=UTC)


@pytest.mark.parametrize("place", ["bands", "raster:bands"])
def test_an_item_may_say_that_they_are_decibels(place: str) -> None:
    kind = {"unit": "dB", "raster:scale" if place == "bands" else "scale": 1e-4}
    assets = {band: {"href": band, place: [kind]} for band in ("vv", "vh")}
    scene = radar_from_item(ITEM | {"assets": assets})
    assert (scene.decibels, scene.scale, scene.offset) == (True, 1e-4, 0.0)
    power = scene.power(np.array([-100_000, 0]), 0.0)
    assert power[0] == pytest.approx(0.1)
    assert np.isnan(power[1])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"properties": {"datetime": "2021-01-05T15:55:41Z"}}, "plain GRD has not"),
        ({"assets": {"vv": {"href": "vv"}}}, "both vv and vh"),
        ({"properties": ITEM["properties"] | {"datetime": "soon"}}, "no proper datetime"),
        (
            {"assets": {"vv": {"href": "vv", "unit": "dB"}, "vh": {"href": "vh"}}},
            "other units or scales",
        ),
    ],
)
def test_what_is_no_usable_scene_is_said(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(CatalogUnreadable, match=said):
        radar_from_item(ITEM | changes)
