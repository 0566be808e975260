"""What all benchmarks of extraction stand on: one tile, its plots, and our way of asking for NDVI.

The plan of coverage is made before the clock starts, as are the label rasters and coverage caches
of peers: it is made once for a grid and serves all dates. What it takes is told on its own.
"""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from unittest.mock import patch

import geopandas as gpd
import numpy as np
import rasterio
import rasterio.windows
import shapely
from numpy.typing import NDArray

from mrv.imagery.coverage import place
from mrv.imagery.extract import Observations, observe
from mrv.imagery.grids import Grid
from mrv.imagery.indices import INDICES, Index
from mrv.imagery.keeping import Keeper, MemoryKeeper
from mrv.imagery.rules import ImageryRules
from mrv.imagery.scenes import Scene
from mrv.methodologies import load_methodology
from mrv.sources.rasters import open_scene
from tests.benchmarks.farms import make_plots
from tests.benchmarks.ratios import QUICK
from tests.benchmarks.tiles import (
    CLOUDLESS,
    EIGHT_DATES,
    ONE_TILE,
    Tile,
    drawn,
    on_days,
)

RULES = ImageryRules.of(load_methodology("agroforestry_removals", 1))
NO_BUFFER = replace(RULES, cloud_buffer_m=0.0)  # peers mask by class alone
TILE = replace(ONE_TILE, size=2_745) if QUICK else ONE_TILE
LOOKS = EIGHT_DATES[:3] if QUICK else EIGHT_DATES
DATES = 8
FEW, MANY = (150, 450) if QUICK else (1_000, 5_000)
READ = ("scl", "red", "nir")


@dataclass(frozen=True)
class Ground:
    """Plots and scenes of one tile.

    Attributes:
        tile: Where.
        plots: In EPSG:4326.
        projected: The same in the tile's zone, as they are laid on the grid.
        scenes: In order of time.
    """

    tile: Tile
    plots: gpd.GeoDataFrame
    projected: gpd.GeoDataFrame
    scenes: list[Scene]

    def __str__(self) -> str:
        """Say how large it is."""
        dates = f", {len(self.scenes)} dates" if len(self.scenes) > 1 else ""
        return f"{len(self.plots):,} plots{dates}"

    def on(self, scenes: Sequence[Scene]) -> "Ground":
        """Give the same with fewer scenes."""
        return replace(self, scenes=list(scenes))


def scenes_on(home: Path, dates: int) -> list[Scene]:
    """Give the tile's scenes, drawn where they are not yet; few looks stand for many dates."""
    return on_days(drawn(home, TILE, LOOKS), TILE, dates)


@cache
def ground(home: Path, count: int) -> Ground:
    """Give the tile with so many plots on all its dates, drawing scenes where they are not yet."""
    plots = make_plots(count, [TILE])
    placed = place(plots, Grid(TILE.epsg, TILE.left, TILE.top, 10.0, TILE.size, TILE.size))
    projected = plots.set_geometry(gpd.GeoSeries(placed.shapes, crs=TILE.epsg))
    return Ground(TILE, plots, projected, scenes_on(home, DATES))


def cloudless(home: Path, on: Ground) -> Ground:
    """Give the same with scenes on which a mask changes nothing, for peers that have none."""
    return on.on(on_days(drawn(home, TILE, [CLOUDLESS]), TILE, len(on.scenes)))


def observed(
    on: Ground,
    keeper: Keeper | None = None,
    *,
    rules: ImageryRules = NO_BUFFER,
    indices: Sequence[str] = ("ndvi",),
    threads: int = 1,
) -> Observations:
    """Ask `observe`, in so many threads."""
    with ThreadPoolExecutor(threads) as executor:
        return observe(
            on.scenes,
            on.plots,
            open_scene,
            rules=rules,
            indices=indices,
            keeper=keeper,
            executor=executor,
        )


@contextmanager
def band_means() -> Iterator[None]:
    """Let `observe` average a single band too, as `red`, for peers that know no index."""
    red = Index("red", ("red",), np.positive, (-1.0, 2.0), "a band for comparisons")
    with ExitStack() as stack:
        for module in [*sys.modules.values()]:
            if getattr(module, "INDICES", None) is INDICES:
                stack.enter_context(patch.object(module, "INDICES", {**INDICES, "red": red}))
        yield


class OnlyPlans:
    """Keeps what was made once for a grid and forgets all that comes of scenes."""

    def __init__(self, on: Ground) -> None:
        made = MemoryKeeper()
        observed(on.on(on.scenes[:1]), made)
        self._plans = {
            key: data
            for key, data in made.entries.items()
            if key.startswith(("plans/", "layouts/"))
        }
        if not self._plans:
            raise RuntimeError(f"no plan among {sorted({k.split('/')[0] for k in made.entries})}")

    def get(self, key: str) -> bytes | None:
        """Give a plan."""
        return self._plans.get(key)

    def put(self, key: str, data: bytes) -> None:
        """Forget it."""


def series(seen: Observations, on: Ground, column: str = "ndvi") -> NDArray[np.float64]:
    """Lay observations out as dates by plots, NaN where nothing was seen."""
    by_scene = seen.table.pivot(index="scene_id", columns="plot_id", values=column)
    laid = by_scene.reindex(index=[scene.id for scene in on.scenes], columns=on.plots["plot_id"])
    return laid.to_numpy(np.float64)


def apart(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> tuple[int, float]:
    """Say how many values are blank in one only, and how far apart the others are at most."""
    blank = int((np.isnan(ours) != np.isnan(theirs)).sum())
    with np.errstate(invalid="ignore"):
        return blank, float(np.nanmax(np.abs(ours - theirs), initial=0.0))


def agreement(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> str:
    """Say how near two results are, in words."""
    blank, difference = apart(ours, theirs)
    return f"{blank} of {ours.size:,} means blank in one only, the others within {difference:.0e}"


def touched(on: Ground, factor: int) -> list[tuple[int, int]]:
    """Name the blocks of a band that hold a part of a plot."""
    return touched_blocks(on.tile, on.projected.geometry.to_numpy(), factor)


def touched_blocks(tile: Tile, shapes: NDArray[np.object_], factor: int) -> list[tuple[int, int]]:
    """Name the blocks, row and column, that hold a part of a shape.

    Args:
        tile: Where.
        shapes: In the tile's zone.
        factor: Pixels of 10 m side by side in one of the band's.
    """
    side_m = 10.0 * factor * tile.block
    count = -(-tile.size // (factor * tile.block))
    tree = shapely.STRtree(shapes)
    rows, cols = np.divmod(np.arange(count * count), count)
    left, top = tile.left + cols * side_m, tile.top - rows * side_m
    boxes = shapely.box(left, top - side_m, left + side_m, top)
    return [
        (int(rows[box]), int(cols[box]))
        for box in np.unique(tree.query(boxes, predicate="intersects")[0])
    ]


def decode(on: Ground, bands: Sequence[str] = READ) -> int:
    """Decode every touched block once with rasterio, and nothing else; gives its bytes."""
    decoded = 0
    with rasterio.Env(GDAL_CACHEMAX=32, GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"):
        blocks = {band: _windows(on, band) for band in bands}
        for scene in on.scenes:
            for band in bands:
                with rasterio.open(scene.assets[band]) as file:
                    whole = np.empty((on.tile.block, on.tile.block), file.dtypes[0])
                    for window in blocks[band]:
                        fits = window.width == window.height == on.tile.block
                        decoded += file.read(1, window=window, out=whole if fits else None).nbytes
    return decoded


def _windows(on: Ground, band: str) -> list[rasterio.windows.Window]:
    factor = 2 if band == "scl" else 1
    side, block = -(-on.tile.size // factor), on.tile.block
    return [
        rasterio.windows.Window(
            col * block, row * block, min(block, side - col * block), min(block, side - row * block)
        )
        for row, col in touched(on, factor)
    ]
