"""The ground under the scenes: soil, fields, hedges and woods on the 10 m grid.

What lies between the plots is background that no credit depends on; what stands on the plots comes
from `trees.py`.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from mrv.simulation.geography import Grid
from mrv.simulation.randomness import stream
from mrv.simulation.spec import LandscapeSpec
from mrv.simulation.trees import Trees

Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Ground:
    """Maps on the 10 m grid, [row, column].

    Attributes:
        field: Row of the plots table, or -1 outside the plots.
        crop: Index of the stratum whose crop grows there.
        soil: Brightness of the soil, about 1.
        vigour: Greenness of crops, about 1.
        delay_days: How much later than usual a field is sown [day].
        woods: Leaf area of trees outside the plots [m2/m2].
        tree_pixel: Flat pixel index of each tree.
    """

    field: NDArray[np.int32]
    crop: NDArray[np.int8]
    soil: Map
    vigour: Map
    delay_days: Map
    woods: Map
    tree_pixel: NDArray[np.int64]


def paint_ground(
    spec: LandscapeSpec, seed: int, plots: gpd.GeoDataFrame, trees: Trees, grid: Grid
) -> Ground:
    """Draw the maps that all scenes of a landscape share."""
    rng = stream(seed, "ground")
    n = grid.size
    field = _rasterise(plots, grid)
    strata = {s.name: k for k, s in enumerate(spec.strata)}
    stratum = np.array([strata[name] for name in plots["stratum"]], dtype=np.int8)
    outside = field < 0
    patches = smooth_noise(rng, n, 12)
    soil = 1 + 0.10 * smooth_noise(rng, n, 40) + 0.05 * smooth_noise(rng, n, 4)
    vigour = np.where(outside, 1 + 0.2 * patches, rng.lognormal(0, 0.2, len(plots))[field])
    delay = np.where(outside, 8 * patches, rng.normal(0, 9, len(plots))[field])
    hedges = smooth_noise(rng, n, 6)
    woods = np.where(outside, np.clip(3 * (hedges - 0.9), 0, 4.5), 0)
    row, column = grid.pixel(trees.x, trees.y)
    return Ground(
        field=field,
        crop=np.where(outside, 0, stratum[field]).astype(np.int8),
        soil=soil.astype(np.float32),
        vigour=vigour.astype(np.float32),
        delay_days=delay.astype(np.float32),
        woods=woods.astype(np.float32),
        tree_pixel=row * n + column,
    )


def smooth_noise(rng: np.random.Generator, size: int, sigma_px: float) -> Map:
    """Draw a smooth random map of mean 0 and standard deviation 1."""
    rough = rng.standard_normal((size, size), dtype=np.float32)
    smooth = gaussian_filter(rough, sigma_px, mode="wrap")
    return np.asarray((smooth - smooth.mean()) / smooth.std(), dtype=np.float32)


def _rasterise(plots: gpd.GeoDataFrame, grid: Grid) -> NDArray[np.int32]:
    """Mark the pixels whose centre lies in a plot."""
    field = np.full((grid.size, grid.size), -1, dtype=np.int32)
    for i, shape in enumerate(plots.geometry.to_crs(grid.epsg)):
        left, bottom, right, top = shape.bounds
        (r0, r1), (c0, c1) = grid.pixel(np.array([left, right]), np.array([top, bottom]))
        rows, columns = np.arange(r0, r1 + 1), np.arange(c0, c1 + 1)
        x = grid.left_m + 10 * columns + 5
        y = grid.top_m - 10 * rows - 5
        inside = shapely.contains_xy(shape, *np.meshgrid(x, y))
        field[np.ix_(rows, columns)] = np.where(inside, i, field[np.ix_(rows, columns)])
    return field
