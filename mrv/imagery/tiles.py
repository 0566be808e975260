"""Tiles: which plots belong to which, and the coverage plan of each.

Where plots touch a grid is kept beside the plans, so that they are projected once and another
question about kept pixels projects nothing.
"""

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from mrv.imagery.coverage import Footing, Placed, place
from mrv.imagery.frames import Frame
from mrv.imagery.grids import Grid
from mrv.imagery.keeping import Keeper
from mrv.imagery.passes import home_tiles
from mrv.imagery.plan import VERSION, build_plan, ensure_plan, plan_key


@dataclass(frozen=True, slots=True)
class TilePlan:
    """The plan of one tile, and whose plots they are.

    Attributes:
        key: Where the plan is kept.
        plots: Of each plot of the plan, its row in the caller's table.
        area_pixels: Area of each [pixels of the finest grid].
        outside_fraction: Share of it outside the grid [1].
    """

    key: str
    plots: NDArray[np.int32]
    area_pixels: NDArray[np.float64]
    outside_fraction: NDArray[np.float64]


class Tiles:
    """The plots of one extraction on the grids of its tiles."""

    def __init__(self, plots: gpd.GeoDataFrame, reach_m: float, keeper: Keeper) -> None:
        self._plots = plots
        self._polygons = np.asarray(shapely.to_wkb(plots.geometry.to_numpy()), dtype=np.object_)
        self._reach_m = reach_m
        self._keeper = keeper
        self._footings: dict[Grid, Footing] = {}
        self._placed: dict[Grid, Placed] = {}

    def plans(self, tiles: Collection[tuple[str, Frame]]) -> dict[tuple[str, Frame], TilePlan]:
        """Plan each tile that is home to a plot; kept plans are not built again.

        Args:
            tiles: Name of each tile and how the bands of its scenes lie; a tile may have several
                frames.
        """
        distinct = list(dict.fromkeys(tiles))
        grids = list(dict.fromkeys((tile, frame.base) for tile, frame in distinct))
        home = home_tiles([(tile, self._footing(grid)) for tile, grid in grids], len(self._plots))
        found = {(tile, frame): self._plan(home == tile, frame) for tile, frame in distinct}
        return {key: plan for key, plan in found.items() if plan is not None}

    def _footing(self, grid: Grid) -> Footing:
        if grid not in self._footings:
            place = self._place_of(grid)
            kept = Footing.from_bytes(self._keeper.get(place))
            if kept is None:
                kept = self._place(grid).footing()
                self._keeper.put(place, kept.to_bytes())
            self._footings[grid] = kept
        return self._footings[grid]

    def _place_of(self, grid: Grid) -> str:
        digest = hashlib.sha256(json.dumps([VERSION, asdict(grid)], sort_keys=True).encode())
        digest.update(np.array([len(wkb) for wkb in self._polygons], "<i8").tobytes())
        digest.update(b"".join(self._polygons))
        name = digest.hexdigest()
        return f"plans/{name[:2]}/{name}-footing"

    def _place(self, grid: Grid) -> Placed:
        if grid not in self._placed:
            self._placed[grid] = place(self._plots, grid)
        return self._placed[grid]

    def _plan(self, at_home: NDArray[np.bool_], frame: Frame) -> TilePlan | None:
        footing = self._footing(frame.base)
        rows = np.flatnonzero(at_home[footing.plots])
        if not len(rows):
            return None
        # Sorted by their own bytes, so that the order of the caller's table changes nothing.
        rows = rows[np.argsort(self._polygons[footing.plots[rows]], kind="stable")]
        footing = footing.subset(rows)
        key = plan_key(self._polygons[footing.plots].tolist(), frame, self._reach_m)
        plan = ensure_plan(
            key,
            self._keeper,
            lambda: build_plan(self._place(frame.base).subset(rows), frame, self._reach_m),
        )
        area = plan.totals + footing.outside_pixels
        return TilePlan(
            key,
            footing.plots.astype(np.int32),
            area,
            np.divide(footing.outside_pixels, area, out=np.ones_like(area), where=area > 0),
        )
