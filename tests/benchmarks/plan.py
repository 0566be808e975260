"""Shares of pixels under plots: our own accumulation, exactextract's and extractrs'."""

from collections.abc import Iterator
from pathlib import Path

import exactextract
import extractrs
import numpy as np
import shapely
from exactextract.raster import NumPyRasterSource

from mrv.imagery.coverage import cover
from mrv.imagery.grids import Grid
from tests.benchmarks.ground import MANY, Ground, ground
from tests.benchmarks.ratios import Comparison, Figure, Target, cpu_seconds


def comparisons(home: Path) -> Iterator[Comparison | Figure]:
    """Cover the grid of a tile with plots in three ways."""
    on = ground(home, MANY)
    tile = on.tile
    grid = Grid(tile.epsg, tile.left, tile.top, 10.0, tile.size, tile.size)
    shapes = on.projected.geometry.to_numpy()
    wkb = list(shapely.to_wkb(shapes))
    found = cover(shapes, grid)
    theirs = _exactextract(on, grid)
    area = np.concatenate([np.asarray(shares) for shares in theirs["coverage"]]).sum()
    yield Comparison(
        what=f"coverage of a tile by {len(shapes):,} plots",
        peer="exactextract, cell_id and coverage",
        ours=lambda: cpu_seconds(lambda: cover(shapes, grid)),
        theirs=lambda: cpu_seconds(lambda: _exactextract(on, grid)),
        agreement=f"the covered area differs by {abs(found.shares.sum() / area - 1):.0e}",
        target=Target(8, 1 / 10),
    )
    yield Comparison(
        what=f"coverage of a tile by {len(shapes):,} plots",
        peer="extractrs, build_cache",
        ours=lambda: cpu_seconds(lambda: cover(shapes, grid)),
        theirs=lambda: cpu_seconds(
            lambda: extractrs.build_cache(wkb, list(range(len(wkb))), *tile.bounds, 10.0, 10.0)
        ),
    )


def _exactextract(on: Ground, grid: Grid):  # noqa: ANN202  # a table of its own
    blank = np.broadcast_to(np.uint8(0), (grid.height, grid.width))  # costs nothing
    return exactextract.exact_extract(
        NumPyRasterSource(blank, *grid.bounds),
        on.projected[["geometry"]],
        ["cell_id", "coverage"],
        output="pandas",
    )
