"""Sentinel-2 L2A scenes of a landscape, as arrays: reflectance, clouds, scene classification.

A pixel mixes soil, crop, leaves and branches, each as far as it covers; canopies close band by
band, so that visible light saturates before the red edge and the shortwave infrared. Files and
catalogs are written by `mrv.sources.simulated`, items described by `stac_items.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from mrv.simulation.calendar import Acquisition
from mrv.simulation.ground import Ground, Map, smooth_noise
from mrv.simulation.landscape import Landscape
from mrv.simulation.randomness import stream
from mrv.simulation.reflectance import BANDS, Band
from mrv.simulation.spec import LandscapeSpec, TreeKind
from mrv.simulation.trees import alive, dbh_cm

SCALE = 1e-4
_CROWN_LEAF_AREA = 2.4  # leaf area under a full crown [m2/m2]
_CROWN_POWER = 0.8  # of the diameter, for the width of the crown
_LEAFLESS_LEFT = 0.15
_SCL_SHADOW, _SCL_VEGETATION, _SCL_BARE, _SCL_CLOUD, _SCL_THICK_CLOUD = 3, 4, 5, 8, 9
_PIXEL_M2 = 100.0


@dataclass(frozen=True, slots=True)
class Sky:
    """What lies between satellite and ground, on the 20 m grid [row, column].

    Attributes:
        opacity: Share of the light that comes from cloud [1].
        shadow: Share of the sun that a cloud takes away [1].
    """

    opacity: Map
    shadow: Map


@dataclass(frozen=True, slots=True)
class Scene:
    """One rendered scene.

    Attributes:
        acquisition: When and under which sky.
        digital_numbers: uint16 array per band name, 10 or 20 m [row, column]; 0 is no data.
        scl: Scene classification, uint8, 20 m.
        offset: What must be added to digital number x 0.0001 to have reflectance.
    """

    acquisition: Acquisition
    digital_numbers: Mapping[str, NDArray[np.uint16]]
    scl: NDArray[np.uint8]
    offset: float


@dataclass(frozen=True, slots=True)
class Cover:
    """How much of what covers each pixel.

    Attributes:
        leaf_area: Of trees [m2/m2].
        wood_area: Crowns, leaves or not [m2/m2].
        crop: Green cover of what is not a tree [1].
        soil: Brightness of the soil, about 1.
    """

    leaf_area: Map
    wood_area: Map
    crop: Map
    soil: Map

    def coarser(self) -> "Cover":
        """Average pairs of pixels: from 10 m to 20 m."""
        return Cover(*(_halve(m) for m in (self.leaf_area, self.wood_area, self.crop, self.soil)))


def pixel_offset(spec: LandscapeSpec) -> float:
    """Give the offset that the pixels of a collection still carry.

    Earth Search's `sentinel-2-l2a` holds pixels already shifted, whatever the baseline; Collection
    1 holds them as ESA made them, +1000 at every date.

    Source:
        methodology.md 5.1.
    """
    return -0.1 if spec.collection == "sentinel-2-c1-l2a" else 0.0


def render_scene(landscape: Landscape, look: Acquisition) -> Scene:
    """Render one scene; the same landscape and look give the same pixels."""
    rng = stream(landscape.seed, f"scene {look.at.isoformat()}")
    spec, ground = landscape.spec, landscape.ground
    cover = _cover(landscape, ground, look, rng)
    covers = {10: cover, 20: cover.coarser()}
    sky = _sky(rng, ground.field.shape[0] // 2, look.cloud_fraction)
    skies = {20: sky, 10: Sky(_double(sky.opacity), _double(sky.shadow))}
    gain = 1 + rng.normal(0, 0.025)
    offset = pixel_offset(spec)
    numbers: dict[str, NDArray[np.uint16]] = {}
    clear: dict[str, Map] = {}
    for band in BANDS.values():
        surface = surface_reflectance(band, covers[band.gsd_m]) * np.float32(
            gain + rng.normal(0, 0.008)
        )
        clear[band.name] = surface
        seen = _through(surface, band, skies[band.gsd_m])
        noise = rng.standard_normal(seen.shape, dtype=np.float32)
        seen = seen * (1 + np.float32(0.02) * noise) + np.float32(0.0015) * noise
        numbers[band.name] = _digital(seen, offset)
    return Scene(look, numbers, _classify(clear, sky), offset)


def _cover(
    landscape: Landscape, ground: Ground, look: Acquisition, rng: np.random.Generator
) -> Cover:
    crown, leaves = crowns_m2(landscape, look)
    shape = ground.field.shape
    leaf = _on_pixels(leaves, ground.tree_pixel, shape)
    wood = _on_pixels(crown, ground.tree_pixel, shape)
    return Cover(
        leaf_area=leaf + ground.woods,
        wood_area=wood,
        crop=crop_green(landscape, ground, look, rng),
        soil=ground.soil,
    )


def crowns_m2(
    landscape: Landscape, look: Acquisition
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the area of every tree's crown and of its leaves on a day [m2]; 0 if it is not there."""
    spec, trees, day = landscape.spec, landscape.trees, look.at.date()
    width = np.array([k.crown_m for k in spec.kinds])[trees.kind]
    width = width * (dbh_cm(trees, day) / 20) ** _CROWN_POWER
    pruned = stream(landscape.seed, "pruning").lognormal(0, 0.12, len(landscape.plots))
    lately = stream(landscape.seed, f"pruning {look.epoch}").lognormal(0, 0.06, len(pruned))
    crown = np.pi / 4 * width**2 * alive(trees, day) * (pruned * lately)[trees.plot]
    of_year = day.timetuple().tm_yday
    leaves = np.array([leaf_share(kind, of_year) for kind in spec.kinds])[trees.kind]
    return crown, crown * leaves * _CROWN_LEAF_AREA


def leaf_share(kind: TreeKind, day_of_year: int) -> float:
    """Give the share of its leaves that a species carries on a day of the year [1]."""
    if kind.leafless is None:
        return 1.0
    first, last = kind.leafless
    length = (last - first) % 365
    into = (day_of_year - first) % 365
    if into > length:
        edge = min(into - length, 365 - into)
        return 1.0 if edge > 20 else _LEAFLESS_LEFT + (1 - _LEAFLESS_LEFT) * edge / 20  # noqa: PLR2004 (leaves come and go in three weeks)
    return _LEAFLESS_LEFT


def _on_pixels(
    area_m2: NDArray[np.float64], pixel: NDArray[np.int64], shape: tuple[int, ...]
) -> Map:
    flat = np.bincount(pixel, weights=area_m2, minlength=shape[0] * shape[1]) / _PIXEL_M2
    # crowns and the sensor's point spread reach over the pixel's edge
    return np.asarray(gaussian_filter(flat.reshape(shape).astype(np.float32), 0.6), np.float32)


def crop_green(
    landscape: Landscape, ground: Ground, look: Acquisition, rng: np.random.Generator
) -> Map:
    """Give the green cover of crops, weeds and understorey [1], in the shape of the ground."""
    doy = look.at.date().timetuple().tm_yday
    seasons = [s.crop for s in landscape.spec.strata]
    green = np.zeros(ground.field.shape, dtype=np.float32)
    for index, crop in enumerate(seasons):
        here = ground.crop == index
        flush = np.zeros(int(here.sum()), dtype=np.float32)
        for peak, width, height in crop.peaks:
            away = (doy - peak - ground.delay_days[here] + 182.5) % 365 - 182.5
            flush += np.float32(height) * np.exp(-0.5 * (away / np.float32(width)) ** 2)
        green[here] = flush + crop.resting_green
    n = len(landscape.plots)
    season = stream(landscape.seed, f"weeds {look.epoch} {look.season}").lognormal(0, 0.22, n)
    today = rng.lognormal(0, 0.08, n)
    weeds = np.append(season * today, 1.0).astype(np.float32)[ground.field]
    return np.asarray(np.clip(green * ground.vigour * weeds, 0, 0.95))


def surface_reflectance(band: Band, cover: Cover) -> Map:
    """Mix what covers each pixel into its reflectance [1]."""
    leaf = -np.expm1(-np.float32(band.extinction) * cover.leaf_area)
    wood = -np.expm1(np.float32(-0.25) * cover.wood_area) * (1 - leaf)
    under = np.float32(band.soil) * cover.soil * (1 - cover.crop) + np.float32(band.crop) * (
        cover.crop
    )
    shaded = under * (1 - np.float32(0.25) * leaf)
    return np.asarray(
        shaded * (1 - leaf - wood) + np.float32(band.leaf) * leaf + np.float32(band.wood) * wood
    )


def _sky(rng: np.random.Generator, size: int, fraction: float) -> Sky:
    """Draw clouds that cover a share of the scene, and the shadows they throw."""
    if fraction < 0.005:  # noqa: PLR2004 (a clear day)
        nothing = np.zeros((size, size), dtype=np.float32)
        return Sky(nothing, nothing)
    field = smooth_noise(rng, size, 18) + 0.35 * smooth_noise(rng, size, 5)
    edge = np.quantile(field, 1 - fraction)
    opacity = np.clip(0.5 + (field - edge) / np.float32(0.4), 0, 1).astype(np.float32)
    fall = rng.integers(8, 18, 2) * np.array([-1, 1])
    shadow = np.roll(opacity, tuple(fall), axis=(0, 1)) * np.float32(0.6)
    return Sky(opacity, shadow)


def _through(surface: Map, band: Band, sky: Sky) -> Map:
    return np.asarray(
        surface * (1 - sky.shadow) * (1 - sky.opacity) + np.float32(band.cloud) * sky.opacity
    )


def _classify(clear: Mapping[str, Map], sky: Sky) -> NDArray[np.uint8]:
    """Classify as Sen2Cor would: it misses the thin rims of clouds, as the real one does."""
    red, nir = _halve(clear["red"]), _halve(clear["nir"])
    green = (nir - red) / (nir + red) > 0.35  # noqa: PLR2004 (vegetation against bare ground)
    scl = np.where(green, _SCL_VEGETATION, _SCL_BARE).astype(np.uint8)
    scl[sky.shadow > 0.2] = _SCL_SHADOW  # noqa: PLR2004
    scl[sky.opacity > 0.3] = _SCL_CLOUD  # noqa: PLR2004
    scl[sky.opacity > 0.75] = _SCL_THICK_CLOUD  # noqa: PLR2004
    return scl


def _digital(reflectance: Map, offset: float) -> NDArray[np.uint16]:
    numbers = np.rint((reflectance - np.float32(offset)) / np.float32(SCALE))
    return np.asarray(np.clip(numbers, 1, 65535), dtype=np.uint16)


def _halve(fine: Map) -> Map:
    rows, columns = fine.shape
    return np.asarray(fine.reshape(rows // 2, 2, columns // 2, 2).mean(axis=(1, 3)))


def _double(coarse: Map) -> Map:
    return np.repeat(np.repeat(coarse, 2, axis=0), 2, axis=1)
