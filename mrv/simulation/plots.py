"""Villages and the plots around them: irregular, apart from each other, of real-looking sizes.

What stands on the plots is drawn in `trees.py`.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Geod

from mrv.errors import InputRejected
from mrv.simulation.geography import Grid
from mrv.simulation.randomness import stream
from mrv.simulation.spec import LandscapeSpec

AREA_RANGE_HA = (0.12, 9.0)
_SECOND_PLOT = 0.1  # share of plots whose farmer has another one
_GAP_M = 6.0
_MARGIN_M = 120.0
_TRIES = 400
COLUMNS = (
    "plot_id", "farmer_id", "village", "stratum", "role", "practice", "planted_on", "enrolled_on",
)  # fmt: skip


def draw_plots(spec: LandscapeSpec, seed: int, grid: Grid) -> gpd.GeoDataFrame:
    """Draw villages and plots.

    Returns:
        The columns of the plots table in EPSG:4326, coordinates rounded to 1e-6 degree, with
        `area_ha` (geodesic, of the rounded boundary) and `age_y` of the planting at first epoch.
    """
    rng = stream(seed, "plots")
    homes = _villages(spec, rng, grid)
    n = spec.plots
    village = rng.permutation(np.arange(n) % spec.villages)
    areas = np.clip(rng.lognormal(np.log(spec.median_area_ha), spec.area_sd_ln, n), *AREA_RANGE_HA)
    order = np.argsort(-areas)  # large plots first, while there is room
    shapes = _place(order, homes[village], areas, rng, grid)
    role, stratum = _roles(spec, rng)
    ages = {s.name: s.age_y for s in spec.strata}
    crops = {s.name: s.crop.name for s in spec.strata}
    practices = {s.name: s.practice for s in spec.strata}
    age = np.array([rng.uniform(*ages[name]) for name in stratum])
    start = pd.Timestamp(spec.epochs[0])
    enrolled = role == "enrolled"
    planted_on = [
        (start - pd.Timedelta(days=round(a * 365.25))).date() if e else None
        for a, e in zip(age, enrolled, strict=True)
    ]
    farmers = rng.permutation(
        np.where(rng.random(n) < _SECOND_PLOT, rng.integers(0, n, n), np.arange(n))
    )
    frame = pd.DataFrame(
        {
            "plot_id": [f"{spec.prefix}-{i + 1:04d}" for i in range(n)],
            "farmer_id": [f"F-{i + 1:04d}" for i in farmers],
            "village": [f"{spec.prefix}-V{v + 1:02d}" for v in village],
            "stratum": stratum,
            "role": role,
            "practice": [
                practices[s] if e else f"{crops[s]}, not planted with trees"
                for s, e in zip(stratum, enrolled, strict=True)
            ],
            "planted_on": planted_on,
            "enrolled_on": [spec.epochs[0]] * n,
        }
    )
    geometry = [_rounded_lonlat(shape, grid) for shape in shapes]
    geod = Geod(ellps="WGS84")
    frame["area_ha"] = [abs(geod.geometry_area_perimeter(shape)[0]) / 1e4 for shape in geometry]
    frame["age_y"] = np.where(enrolled, age, np.nan)
    return gpd.GeoDataFrame(frame, geometry=geometry, crs="EPSG:4326")


def _villages(spec: LandscapeSpec, rng: np.random.Generator, grid: Grid) -> NDArray[np.float64]:
    """Spread the villages: of many random places, always the one farthest from the others."""
    inner = 10 * grid.size - 6 * _MARGIN_M
    candidates = rng.uniform(0, inner, (40 * spec.villages, 2))
    chosen = [candidates[0]]
    gaps = np.full(len(candidates), np.inf)
    for _ in range(spec.villages - 1):
        gaps = np.minimum(gaps, np.linalg.norm(candidates - chosen[-1], axis=1))
        # not the very farthest, or all villages would sit on the rim
        chosen.append(candidates[np.argsort(gaps)[int(0.9 * len(gaps))]])
    offset = np.array([grid.left_m + 3 * _MARGIN_M, grid.top_m - 10 * grid.size + 3 * _MARGIN_M])
    return np.asarray(np.array(chosen) + offset)


def _place(
    order: NDArray[np.int64],
    homes: NDArray[np.float64],
    areas_ha: NDArray[np.float64],
    rng: np.random.Generator,
    grid: Grid,
) -> list[shapely.Polygon]:
    shapes = np.empty(len(order), dtype=object)
    boxes = np.full((len(order), 4), np.nan)  # west, south, east, north of what is placed
    low = np.array([grid.left_m + _MARGIN_M, grid.top_m - 10 * grid.size + _MARGIN_M])
    high = np.array([grid.left_m + 10 * grid.size - _MARGIN_M, grid.top_m - _MARGIN_M])
    for i in map(int, order):
        outline = _outline(areas_ha[i], rng)
        for attempt in range(_TRIES):
            spread = 220.0 * 1.012**attempt  # farther from home where the village is full
            shift = np.clip(homes[i] + rng.normal(0, spread, 2), low, high)
            shape = shapely.Polygon(outline + shift)
            grown = shape.buffer(_GAP_M, quad_segs=1)
            inside = (np.array(shape.bounds[:2]) > low).all() and (
                np.array(shape.bounds[2:]) < high
            ).all()
            west, south, east, north = grown.bounds
            near = (boxes[:, 0] < east) & (boxes[:, 2] > west)
            near &= (boxes[:, 1] < north) & (boxes[:, 3] > south)
            if inside and not shapely.intersects(grown, shapes[near]).any():
                break
        else:
            raise InputRejected(
                f"Plot {i + 1} of {areas_ha[i]:.2f} ha finds no room; give the landscape a longer "
                "side or fewer plots.",
                plot=i + 1,
            )
        shapes[i], boxes[i] = shape, shape.bounds
    return list(shapes)


def _outline(area_ha: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw a quadrilateral or a five- or six-cornered field around the origin [m]."""
    corners = int(rng.choice([4, 5, 6], p=[0.7, 0.2, 0.1]))
    aspect = rng.uniform(1.0, 2.2)
    angle = 2 * np.pi * np.arange(corners) / corners + np.pi / 4 + rng.uniform(-0.25, 0.25, corners)
    ring = np.column_stack([np.cos(angle) * aspect, np.sin(angle)]) * rng.uniform(
        0.88, 1.12, (corners, 1)
    )
    turn = rng.uniform(0, np.pi)
    ring = ring @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return np.asarray(ring * np.sqrt(1e4 * area_ha / shapely.Polygon(ring).area))


def _rounded_lonlat(shape: shapely.Polygon, grid: Grid) -> shapely.Polygon:
    x, y = np.asarray(shape.exterior.coords).T
    lon, lat = grid.to_lonlat(x, y)
    ring = shapely.Polygon(np.column_stack([lon, lat]).round(6))
    return shapely.orient_polygons(ring)


def _roles(
    spec: LandscapeSpec, rng: np.random.Generator
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Choose the controls at random; share both roles out over the strata."""
    control = np.zeros(spec.plots, dtype=bool)
    control[rng.choice(spec.plots, spec.controls, replace=False)] = True
    stratum = np.empty(spec.plots, dtype=object)
    for members in (np.flatnonzero(~control), np.flatnonzero(control)):
        bounds = np.round(np.cumsum([s.share for s in spec.strata]) * len(members)).astype(int)
        parts = np.split(rng.permutation(members), bounds[:-1])
        for part, s in zip(parts, spec.strata, strict=True):
            stratum[part] = s.name
    return np.where(control, "control", "enrolled").astype(object), stratum
