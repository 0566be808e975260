"""Invented smallholder plots: in villages, 0.2 to 10 ha, 1.5 ha on average, 6 to 13 corners."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from tests.benchmarks.tiles import Tile

PER_VILLAGE = 150
_MARGIN_M = 3_000.0  # villages keep so far from a tile's edge
_PITCH_M = 190.0  # between the middles of neighbouring plots
_MEDIAN_HA, _LEAST_HA, _MOST_HA = 1.1, 0.2, 10.0


def make_plots(count: int, tiles: Sequence[Tile], seed: int = 7) -> gpd.GeoDataFrame:
    """Invent plots, village after village over the tiles in turn.

    The first plots are the same however many there are.

    Args:
        count: How many.
        tiles: Where; all in one zone.
        seed: Another one, other plots.

    Returns:
        plot_id, village and geometry in EPSG:4326.
    """
    villages = -(-count // PER_VILLAGE)
    rings = [
        _village(tiles[n % len(tiles)], np.random.default_rng((seed, n))) for n in range(villages)
    ]
    shapes = shapely.make_valid(np.concatenate(rings)[:count])
    table = pd.DataFrame(
        {
            "plot_id": [f"P{n:06d}" for n in range(count)],
            "village": [f"V{n // PER_VILLAGE:04d}" for n in range(count)],
        }
    )
    return gpd.GeoDataFrame(table, geometry=shapes, crs=tiles[0].epsg).to_crs(epsg=4326)


def _village(tile: Tile, rng: np.random.Generator) -> NDArray[np.object_]:
    west, south, east, north = tile.bounds
    side = int(np.ceil(np.sqrt(2.2 * PER_VILLAGE)))
    reach = _PITCH_M * side / 2
    margin = min(_MARGIN_M + reach, (east - west) / 2.5)
    middle = rng.uniform((west + margin, south + margin), (east - margin, north - margin))
    slot = rng.permutation(side * side)[:PER_VILLAGE]
    place = np.stack([slot % side, slot // side], axis=1) - side / 2
    places = middle + place * _PITCH_M + rng.uniform(-25, 25, (PER_VILLAGE, 2))
    area_ha = rng.lognormal(np.log(_MEDIAN_HA), 0.8, PER_VILLAGE).clip(_LEAST_HA, _MOST_HA)
    return np.array(
        [_plot(place, area, rng) for place, area in zip(places, 1e4 * area_ha, strict=True)],
        dtype=object,
    )


def _plot(place: NDArray[np.float64], area_m2: float, rng: np.random.Generator) -> shapely.Polygon:
    corners = int(rng.integers(6, 14))
    angle = (np.arange(corners) + rng.uniform(-0.35, 0.35, corners)) * 2 * np.pi / corners
    reach = rng.uniform(0.75, 1.25, corners)
    x, y = reach * np.cos(angle), reach * np.sin(angle) * rng.uniform(0.55, 1.0)
    turn = rng.uniform(0, np.pi)
    x, y = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    drawn = 0.5 * abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))))
    scale = np.sqrt(area_m2 / drawn)
    return shapely.Polygon(np.column_stack([place[0] + scale * x, place[1] + scale * y]))
