"""Scenes carry an honest signal: trees green the dry season, clouds hide it, offsets do not."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from mrv.simulation.archetypes import ARCHETYPES
from mrv.simulation.calendar import Acquisition, acquisitions, processing_baseline
from mrv.simulation.landscape import Landscape, simulate_landscape
from mrv.simulation.reflectance import BANDS
from mrv.simulation.scenes import Scene, leaf_share, render_scene
from mrv.simulation.spec import TreeKind

DRY = Acquisition(datetime(2024, 1, 20, 8, tzinfo=UTC), "sentinel-2a", 1, "dry", 0.0)
LONG_RAINS = replace(DRY, at=datetime(2024, 5, 30, 8, tzinfo=UTC), season="wet")


def reflectance(scene: Scene, band: str) -> NDArray[np.float64]:
    return scene.digital_numbers[band] * 1e-4 + scene.offset


def ndvi(scene: Scene) -> NDArray[np.float64]:
    red, nir = reflectance(scene, "red"), reflectance(scene, "nir")
    return (nir - red) / (nir + red)


def by_plot(landscape: Landscape, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    field = landscape.ground.field
    inside = field >= 0
    n = len(landscape.plots)
    count = np.bincount(field[inside], minlength=n)
    return np.bincount(field[inside], weights=pixels[inside], minlength=n) / count


def test_the_same_look_gives_the_same_pixels(growing: Landscape) -> None:
    look = growing.acquisitions[0]
    one, two = render_scene(growing, look), render_scene(growing, look)
    for band in BANDS:
        assert np.array_equal(one.digital_numbers[band], two.digital_numbers[band])
    assert np.array_equal(one.scl, two.scl)


def test_dry_season_ndvi_rises_with_biomass(growing: Landscape) -> None:
    stock = np.array([p.agb_t[1] / p.area_ha for p in growing.truth.plots])
    green = by_plot(growing, ndvi(render_scene(growing, DRY)))
    assert np.corrcoef(np.log1p(stock), green)[0, 1] > 0.7


def test_crops_blur_the_wet_season(growing: Landscape) -> None:
    stock = np.array([p.agb_t[1] / p.area_ha for p in growing.truth.plots])
    dry = by_plot(growing, ndvi(render_scene(growing, DRY)))
    wet = by_plot(growing, ndvi(render_scene(growing, LONG_RAINS)))
    assert wet.mean() > dry.mean() + 0.1
    assert np.corrcoef(stock, wet)[0, 1] < np.corrcoef(stock, dry)[0, 1]


def test_growth_is_seen_and_standing_still_is_not(growing: Landscape, still: Landscape) -> None:
    before = replace(DRY, at=datetime(2021, 1, 20, 8, tzinfo=UTC), epoch=0)
    change = {
        name: by_plot(place, ndvi(render_scene(place, DRY)))
        - by_plot(place, ndvi(render_scene(place, before)))
        for name, place in (("growing", growing), ("still", still))
    }
    enrolled = (growing.plots["role"] == "enrolled").to_numpy()
    assert change["growing"][enrolled].mean() > 0.03
    assert abs(change["still"][enrolled].mean()) < 0.03


def test_bands_and_grids_are_those_of_sentinel_2(growing: Landscape) -> None:
    scene = render_scene(growing, DRY)
    size = growing.spec.side_m // 10
    for name, numbers in scene.digital_numbers.items():
        edge = size * 10 // BANDS[name].gsd_m
        assert numbers.shape == (edge, edge)
        assert numbers.dtype == np.uint16
        assert numbers.min() >= 1  # 0 is no data
    assert scene.scl.shape == (size // 2, size // 2)
    assert len(scene.digital_numbers) == 10


@pytest.mark.parametrize("fraction", [0.1, 0.4])
def test_clouds_cover_what_they_should_and_are_masked(growing: Landscape, fraction: float) -> None:
    clear = render_scene(growing, DRY)
    cloudy = render_scene(growing, replace(DRY, cloud_fraction=fraction))
    masked = np.isin(cloudy.scl, [8, 9])
    assert masked.mean() == pytest.approx(fraction, abs=0.08)
    assert (cloudy.scl == 3).any()
    brighter = reflectance(cloudy, "swir16") - reflectance(clear, "swir16")
    blue = reflectance(cloudy, "blue")[::2, ::2]
    assert blue[cloudy.scl == 9].min() > 0.3
    assert abs(np.median(brighter[~masked])) < 0.02


def test_offsets_change_numbers_and_not_reflectance(growing: Landscape) -> None:
    shifted = Landscape(
        replace(growing.spec, collection="sentinel-2-c1-l2a"),
        growing.seed,
        growing.grid,
        growing.plots,
        growing.trees,
        growing.inventory,
    )
    plain, raw = render_scene(growing, DRY), render_scene(shifted, DRY)
    assert (plain.offset, raw.offset) == (0.0, -0.1)
    for band in BANDS:
        assert reflectance(raw, band) == pytest.approx(reflectance(plain, band), abs=1.1e-4)
        assert (
            np.median(raw.digital_numbers[band].astype(int) - plain.digital_numbers[band]) == 1000
        )


@pytest.mark.parametrize(
    ("collection", "day", "baseline"),
    [
        ("sentinel-2-l2a", date(2021, 2, 1), "02.14"),
        ("sentinel-2-l2a", date(2022, 1, 24), "03.01"),
        ("sentinel-2-l2a", date(2022, 1, 25), "04.00"),
        ("sentinel-2-c1-l2a", date(2021, 2, 1), "05.00"),
    ],
)
def test_processing_baselines(collection: str, day: date, baseline: str) -> None:
    spec = replace(ARCHETYPES["growing"], collection=collection)
    assert processing_baseline(spec, day) == baseline


def test_looks_lie_in_the_windows_next_to_the_epochs() -> None:
    spec = ARCHETYPES["acorn-lao"]  # its dry window runs over the new year
    looks = acquisitions(spec, seed=1)
    dry = [look.at.date() for look in looks if look.season == "dry"]
    assert all(d >= date(2020, 11, 10) for d in dry)
    assert len([d for d in dry if d <= date(2021, 1, 31)]) == spec.weather.dry_scenes
    assert len([d for d in dry if d >= date(2023, 11, 10)]) == spec.weather.dry_scenes
    assert [look.at for look in looks] == sorted(look.at for look in looks)


@pytest.mark.parametrize(("day", "share"), [(50, 0.15), (340, 0.15), (200, 1.0), (110, 0.3625)])
def test_leaves_fall_over_the_new_year(day: int, share: float) -> None:
    walnut = TreeKind(
        "Juglans regia", share=1, increment_cm_y=1, crown_m=6, height_20_m=10, leafless=(305, 105)
    )
    assert leaf_share(walnut, day) == pytest.approx(share)


@pytest.mark.parametrize(
    ("archetype", "tile"), [("kisumu-women", "36MYE"), ("burkina-shea", "30PUT")]
)
def test_mgrs_tiles(archetype: str, tile: str) -> None:
    """Kisumu lies in 36MYE; Houet's 11.25 N 4.35 W: zone 30, band P, columns J-R, even rows."""
    from mrv.simulation.geography import grid_around, mgrs_tile

    spec = ARCHETYPES[archetype]
    grid = grid_around(spec.centre, spec.side_m)
    assert mgrs_tile(grid, spec.centre[1]) == tile


def test_rendering_does_not_depend_on_other_landscapes() -> None:
    spec = ARCHETYPES["growing"]
    first = render_scene(simulate_landscape(spec, 3), DRY)
    simulate_landscape(spec, 4)
    second = render_scene(simulate_landscape(spec, 3), DRY)
    assert np.array_equal(first.digital_numbers["nir"], second.digital_numbers["nir"])
