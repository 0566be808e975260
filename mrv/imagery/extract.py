"""Per-plot observations: scenes and plot boundaries in, one row per plot and pass out.

For plot p, pixel i and scene t, with coverage w and clear mask m,

    mean = sum(w m x) / sum(w m)    clear = sum(w m) / area    n_eff = sum(w m)^2 / sum((w m)^2)

The index is computed first and averaged second. 20 m bands are read at their own size and looked up
by parent pixel, never resampled. A plot is looked at in one tile only, so that two tiles of one
pass never count as two dates. Masks are `cloud_mask.py`, shares of pixels `coverage.py`, seasons
`composites.py`; opening rasters is handed in.

Source: performance reference 2.7.
"""

import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrv.imagery.coverage import Coverage, CoverageBlock, cover
from mrv.imagery.grids import Grid, OpenedScene
from mrv.imagery.indices import INDICES, missing_bands
from mrv.imagery.offsets import check_stack, first_percentile
from mrv.imagery.passes import OUTSIDE_TOLERANCE, one_row_per_pass, one_tile_per_plot
from mrv.imagery.pixels import OFFSET_WITNESSES, Layout, PlotPixels, gather
from mrv.imagery.rules import ImageryRules
from mrv.imagery.scenes import Scene

Progress = Callable[[int, int], None]
_THREADS = 2  # decoding releases the interpreter lock; rows come out in scene order regardless


@dataclass(frozen=True, slots=True)
class Observations:
    """What the scenes say of the plots.

    Attributes:
        table: One row per plot and pass: plot_id, scene_id, acquired_at, mgrs_tile, clear_fraction,
            nodata_fraction, outside_fraction [1], n_eff [pixels], and per index its mean and
            `<index>_sd`, NaN where no pixel was clear.
        scenes: One row per scene read: scene_id, collection, acquired_at, mgrs_tile, offset,
            baseline, blue_p01, red_p01 [reflectance], judged_pixels, plots.
        plots: One row per plot: plot_id, mgrs_tile, outside_fraction, n_pixels, flags (`;` joined:
            no_scene, outside_grid, sub_pixel).
        missing_indices: Index that cannot be had -> bands missing for it. An index is left out of
            all scenes when one scene lacks a band, so that a series never changes its meaning.
    """

    table: pd.DataFrame
    scenes: pd.DataFrame
    plots: pd.DataFrame
    missing_indices: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def indices(self) -> tuple[str, ...]:
        """Names of the indices that were computed."""
        return tuple(name for name in INDICES if name in self.table.columns)

    def missing_sentence(self) -> str:
        """Say which indices cannot be had and why; empty where all can."""
        if not self.missing_indices:
            return ""
        told = "; ".join(
            f"{name} (no {' and no '.join(bands)})" for name, bands in self.missing_indices.items()
        )
        return f"These indices cannot be had from the scenes: {told}."


def observe(
    scenes: Sequence[Scene],
    plots: gpd.GeoDataFrame,
    open_scene: Callable[[Scene], AbstractContextManager[OpenedScene]],
    *,
    rules: ImageryRules,
    indices: Collection[str] = tuple(INDICES),
    progress: Progress | None = None,
) -> Observations:
    """Average spectral indices over plots, scene by scene.

    Args:
        scenes: Of one collection; any order, the result does not depend on it.
        plots: With `plot_id` and valid polygons in EPSG:4326 (`mrv.plots.screen`).
        open_scene: Opens a scene for reading, `mrv.sources.rasters.open_scene`.
        rules: Cloud buffer and limits.
        indices: Names out of `INDICES`.
        progress: Called with scenes done and scenes to do.

    Raises:
        OffsetsMixed: If the offsets of the stack are contradictory.
        SceneUnreadable: If a scene is damaged or its bands do not share a grid.
    """
    check_stack(scenes)
    ordered = sorted(scenes, key=lambda scene: (scene.acquired_at, scene.id))
    shared = set.intersection(*(set(scene.assets) for scene in ordered)) if ordered else set()
    missing = missing_bands(indices, shared) if ordered else {}
    task = _Extraction(
        plots=plots.reset_index(drop=True),
        open_scene=open_scene,
        rules=rules,
        indices=tuple(name for name in INDICES if name in indices and name not in missing),
    )
    readings: list[_Reading] = []
    with ThreadPoolExecutor(_THREADS) as pool:
        for reading in pool.map(task.read, ordered):
            readings.append(reading)
            if progress is not None:
                progress(len(readings), len(ordered))
    table, plot_report = _assembled(task, readings)
    scene_rows = pd.DataFrame([reading.scene for reading in readings], columns=_SCENE_COLUMNS)
    return Observations(table, scene_rows, plot_report, missing)


_SCENE_COLUMNS = [
    "scene_id",
    "collection",
    "acquired_at",
    "mgrs_tile",
    "offset",
    "baseline",
    "blue_p01",
    "red_p01",
    "judged_pixels",
    "plots",
]


@dataclass(frozen=True, slots=True)
class _Reading:
    scene: dict[str, Any]
    rows: pd.DataFrame


class _Extraction:
    """One call of `observe`: what all scenes have in common, and the coverages made so far."""

    def __init__(
        self,
        plots: gpd.GeoDataFrame,
        open_scene: Callable[[Scene], AbstractContextManager[OpenedScene]],
        rules: ImageryRules,
        indices: tuple[str, ...],
    ) -> None:
        self.plots = plots
        self.open_scene = open_scene
        self.rules = rules
        self.indices = indices
        self.bands = tuple(dict.fromkeys(band for name in indices for band in INDICES[name].bands))
        self._coverages: dict[Grid, Coverage] = {}
        self._lock = threading.Lock()

    def coverage(self, grid: Grid) -> Coverage:
        with self._lock:
            if grid not in self._coverages:
                self._coverages[grid] = cover(self.plots, grid)
            return self._coverages[grid]

    def read(self, scene: Scene) -> _Reading:
        with self.open_scene(scene) as opened:
            layout = Layout.of(scene, opened, (*self.bands, *OFFSET_WITNESSES))
            coverage = self.coverage(layout.base)
            pixels = [
                gather(scene, opened, layout, block, self.bands, self.rules.cloud_buffer_m)
                for block in coverage.blocks
            ]
        rows = [self._rows(part, coverage) for part in pixels]
        levels = {band: _level(pixels, band) for band in OFFSET_WITNESSES}
        frame = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()
        if len(frame):
            frame.insert(1, "scene_id", scene.id)
            frame.insert(2, "acquired_at", pd.Timestamp(scene.acquired_at))
            frame.insert(3, "mgrs_tile", scene.mgrs_tile or layout.base.label)
        described = (scene.id, scene.collection, pd.Timestamp(scene.acquired_at), scene.mgrs_tile)
        measured = (
            *(scene.offset.offset, scene.offset.baseline, levels["blue"][0], levels["red"][0]),
            *(max(levels["blue"][1], levels["red"][1]), len(frame)),
        )
        return _Reading(dict(zip(_SCENE_COLUMNS, (*described, *measured), strict=True)), frame)

    def _rows(self, pixels: PlotPixels, coverage: Coverage) -> pd.DataFrame:
        block = pixels.block
        area = coverage.area_pixels[block.plots]
        weights = block.weights * pixels.clear
        clear = _sums(weights, block)
        unseen = _sums(block.weights * ~pixels.has_data, block)
        columns: dict[str, Any] = {
            "plot_id": self.plots["plot_id"].to_numpy()[block.plots],
            "clear_fraction": np.clip(clear / area, 0.0, 1.0),
            "nodata_fraction": np.clip(unseen / area, 0.0, 1.0),
            "outside_fraction": coverage.outside_fraction[block.plots],
            "n_eff": _ratio(clear**2, _sums(weights**2, block)),
            "n_pixels": area,
        }
        clipped = {band: np.maximum(pixels.reflectance[band], 0.0) for band in self.bands}
        for name in self.indices:
            columns[name], columns[f"{name}_sd"] = _mean_and_sd(
                INDICES[name].of(clipped), weights, block
            )
        return pd.DataFrame(columns)


def _mean_and_sd(
    values: NDArray[np.float64], weights: NDArray[np.float64], block: CoverageBlock
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weighted mean and spatial sd per plot, in two sweeps against cancellation."""
    usable = np.isfinite(values)
    weight = np.where(usable, weights, 0.0)
    value = np.where(usable, values, 0.0)
    total = _sums(weight, block)
    mean = _ratio(_sums(weight * value, block), total)
    runs = np.diff(np.append(block.starts, len(weights)))
    deviation = value - np.repeat(np.nan_to_num(mean), runs)
    return mean, np.sqrt(_ratio(_sums(weight * deviation**2, block), total))


def _sums(values: NDArray[Any], block: CoverageBlock) -> NDArray[np.float64]:
    """Add up per plot."""
    return np.add.reduceat(values, block.starts, dtype=np.float64)


def _ratio(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide; NaN, not zero and not infinity, where there is nothing to divide by."""
    return np.divide(a, b, out=np.full_like(a, np.nan), where=b > 0)


def _level(pixels: Sequence[PlotPixels], band: str) -> tuple[float, int]:
    """First percentile of a band over the clear vegetated pixels of all plots of a scene."""
    parts = [part for part in pixels if band in part.reflectance]
    if not parts:
        return float("nan"), 0
    values = np.concatenate([part.reflectance[band] for part in parts])
    vegetated = np.concatenate([part.vegetated[band] for part in parts])
    return first_percentile(values, vegetated)


def _assembled(
    task: _Extraction, readings: Sequence[_Reading]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put the rows of all scenes together: one tile per plot, one row per plot and pass."""
    frames = [reading.rows for reading in readings if len(reading.rows)]
    columns = [
        *("plot_id", "scene_id", "acquired_at", "mgrs_tile", "clear_fraction"),
        *("nodata_fraction", "outside_fraction", "n_eff"),
        *(column for name in task.indices for column in (name, f"{name}_sd")),
    ]
    plot_ids = pd.DataFrame({"plot_id": task.plots["plot_id"]})
    if not frames:
        report = plot_ids.assign(mgrs_tile="", outside_fraction=1.0, n_pixels=0.0, flags="no_scene")
        return pd.DataFrame(columns=columns), report
    table = one_row_per_pass(one_tile_per_plot(pd.concat(frames, ignore_index=True)))
    order = pd.Series(range(len(plot_ids)), index=plot_ids["plot_id"])
    table = table.assign(_order=table["plot_id"].map(order)).sort_values(
        ["_order", "acquired_at", "scene_id"], ignore_index=True
    )
    report = plot_ids.merge(
        table.drop_duplicates("plot_id")[["plot_id", "mgrs_tile", "outside_fraction", "n_pixels"]],
        how="left",
        on="plot_id",
    ).fillna({"mgrs_tile": "", "outside_fraction": 1.0, "n_pixels": 0.0})
    report["flags"] = [
        _flags(outside, pixels)
        for outside, pixels in zip(report["outside_fraction"], report["n_pixels"], strict=True)
    ]
    return table[columns], report


def _flags(outside_fraction: float, n_pixels: float) -> str:
    flags = {
        "no_scene": n_pixels == 0,
        "outside_grid": n_pixels > 0 and outside_fraction > OUTSIDE_TOLERANCE,
        "sub_pixel": 0 < n_pixels < 1,
    }
    return ";".join(name for name, raised in flags.items() if raised)
