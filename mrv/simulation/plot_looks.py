"""Years of clear looks at every plot of a landscape, as numbers, without rendering scenes.

The same trees, crops and spectra as in `scenes.py`, on the pixels inside the plots alone, so that
five years of passes take seconds. Clouds hide plots village by village; a haze that no mask finds
is left in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrv.simulation.calendar import Acquisition
from mrv.simulation.disturbances import CHAR, WATER, Disturbance, Drought, left_on_ground, strike
from mrv.simulation.ground import Ground
from mrv.simulation.landscape import Landscape
from mrv.simulation.randomness import stream
from mrv.simulation.reflectance import BANDS
from mrv.simulation.scenes import Cover, crop_green, crowns_m2, surface_reflectance

_PIXEL_M2 = 100.0
_HAZE_SHARE, _HAZE = 0.02, 0.25  # looks with haze that no mask finds, and how thick it may be
_SEEN_OF_PLOT = 0.92  # share of a village's plots that a clear sky shows
_NAMES = {"ndvi": ("nir", "red"), "nbr": ("nir", "swir22"), "ndmi": ("nir", "swir16")}


@dataclass(frozen=True, slots=True, eq=False)
class PlotLooks:
    """What passes say of plots.

    Attributes:
        days: Of the passes [date].
        index: ndvi, nbr and ndmi [plot, date]; NaN where clouds hid the plot.
    """

    days: NDArray[np.datetime64]
    index: dict[str, NDArray[np.float64]]


def simulate_looks(
    landscape: Landscape,
    first: date,
    last: date,
    *,
    disturbances: Sequence[Disturbance] = (),
    droughts: Sequence[Drought] = (),
    every_days: int = 10,
) -> PlotLooks:
    """Look at every plot of a landscape on regular passes.

    Args:
        landscape: What is looked at; its trees die as the disturbances say.
        first: First pass.
        last: No pass after this day.
        disturbances: Blows to single plots.
        droughts: Seasons that are hard on all.
        every_days: Between two passes [day].
    """
    struck = replace(landscape, trees=strike(landscape.trees, disturbances, landscape.seed))
    inside = landscape.ground.field >= 0
    ground = _inside(landscape, inside)
    n = len(landscape.plots)
    pixels = np.bincount(ground.field, minlength=n)
    days = [first + timedelta(days=k) for k in range(0, (last - first).days + 1, every_days)]
    index = {name: np.full((n, len(days)), np.nan) for name in _NAMES}
    for column, day in enumerate(days):
        rng = stream(landscape.seed, f"look {day.isoformat()}")
        seen = _seen(struck, day, rng)
        spectra = _spectra(struck, ground, day, disturbances, droughts, rng)
        mean = {
            band: np.bincount(ground.field, weights=light, minlength=n) / pixels
            for band, light in spectra.items()
        }
        for name, (a, b) in _NAMES.items():
            value = (mean[a] - mean[b]) / (mean[a] + mean[b])
            index[name][:, column] = np.where(seen, value, np.nan)
    return PlotLooks(np.array(days, dtype="datetime64[D]"), index)


def _inside(landscape: Landscape, inside: NDArray[np.bool_]) -> Ground:
    """Take the pixels inside plots out of the maps, in one row."""
    ground = landscape.ground
    place = np.cumsum(inside.ravel()) - 1  # a map's pixel -> its place in the row
    # A tree on a pixel whose centre lies outside its plot is looked at on some pixel of the plot.
    lost = ~inside.ravel()[ground.tree_pixel]
    first_pixel = np.full(len(landscape.plots), -1)
    of_plot = ground.field[inside]
    first_pixel[of_plot[::-1]] = np.arange(len(of_plot))[::-1]
    tree_pixel = np.where(lost, first_pixel[landscape.trees.plot], place[ground.tree_pixel])
    return Ground(
        field=of_plot,
        crop=ground.crop[inside],
        soil=ground.soil[inside],
        vigour=ground.vigour[inside],
        delay_days=ground.delay_days[inside],
        woods=ground.woods[inside],
        tree_pixel=tree_pixel,
    )


def _spectra(
    landscape: Landscape,
    ground: Ground,
    day: date,
    disturbances: Sequence[Disturbance],
    droughts: Sequence[Drought],
    rng: np.random.Generator,
) -> dict[str, NDArray[np.float64]]:
    """Give the reflectance of every pixel inside the plots, band by band [1]."""
    n, size = len(landscape.plots), len(ground.field)
    at = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
    season = f"half {day.month <= 6}"  # noqa: PLR2004 (weeds differ between halves of a year)
    look = Acquisition(at, "sentinel-2a", day.year, season, 0.0)
    crown, leaves = crowns_m2(landscape, look)
    leaf_left, crop_left = np.ones(n), np.ones(n)
    for drought in droughts:
        uneven = stream(landscape.seed, f"drought {drought.first}").lognormal(
            0, drought.unevenness, n
        )
        if drought.first <= day <= drought.last:
            leaf_left *= np.clip(1 - drought.leaf_loss * uneven, 0, 1)
            crop_left *= np.clip(1 - drought.crop_loss * uneven, 0, 1)
    leaves = leaves * leaf_left[landscape.trees.plot]
    green = crop_green(landscape, ground, look, rng) * crop_left[ground.field]

    def on_pixels(area_m2: NDArray[np.float64]) -> NDArray[np.float32]:
        spread = np.bincount(ground.tree_pixel, weights=area_m2, minlength=size) / _PIXEL_M2
        return spread.astype(np.float32)

    cover = Cover(on_pixels(leaves), on_pixels(crown), green.astype(np.float32), ground.soil)
    char, water = (share[ground.field] for share in left_on_ground(disturbances, day, n))
    gain = 1 + rng.normal(0, 0.025)
    hazy = (rng.random(n) < _HAZE_SHARE) * rng.uniform(0, _HAZE, n)
    haze = hazy[ground.field]
    spectra = {}
    for name in CHAR:
        light = np.asarray(surface_reflectance(BANDS[name], cover), dtype=np.float64)
        light = light * (1 - char - water) + CHAR[name] * char + WATER[name] * water
        light *= gain + rng.normal(0, 0.008)
        spectra[name] = light * (1 - haze) + BANDS[name].cloud * haze
    return spectra


def _seen(landscape: Landscape, day: date, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Say which plots the clouds leave open: whole villages at a time."""
    sky, plots = landscape.spec.weather, landscape.plots
    dry = landscape.spec.seasons.dry
    month_day = day.strftime("%m-%d")
    inside = (
        dry.first <= month_day <= dry.last
        if dry.first <= dry.last
        else month_day >= dry.first or month_day <= dry.last
    )
    cloud = sky.dry_cloud if inside else sky.wet_cloud
    villages = pd.factorize(plots["village"], sort=True)[0]
    over_village = rng.random(landscape.spec.villages) > cloud
    return np.asarray(over_village[villages] & (rng.random(len(plots)) < _SEEN_OF_PLOT))
