"""What scenes say of plots, as tables: one row per plot and pass, per scene, and per plot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrv.imagery.indices import INDICES
from mrv.imagery.passes import OUTSIDE_TOLERANCE, one_row_per_pass
from mrv.imagery.recipes import Recipe
from mrv.imagery.scenes import Scene
from mrv.imagery.sums import SceneSums
from mrv.imagery.tiles import TilePlan


@dataclass(frozen=True, slots=True)
class Observations:
    """What the scenes say of the plots.

    Attributes:
        table: One row per plot and pass: plot_id, scene_id, acquired_at, mgrs_tile, clear_fraction,
            nodata_fraction, outside_fraction [1], n_eff [pixels], and per index its mean and
            `<index>_sd`, NaN where no pixel was clear.
        scenes: One row per scene: scene_id, collection, acquired_at, mgrs_tile, offset,
            baseline, blue_p01, red_p01 [reflectance], judged_pixels, plots (that have it for a
            home tile; a scene without one is not read).
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


@dataclass(frozen=True, slots=True)
class Look:
    """One scene's columns; one value per plot of its plan.

    Attributes:
        scene: Position of the scene in the order of time.
        tile: Name of its tile.
        plots: Row of each plot in the caller's table.
        area_pixels: Area of each [pixels].
        columns: Name of a column of the table -> its values.
        levels: Band -> first percentile over clear vegetation [reflectance], and its pixels.
    """

    scene: int
    tile: str
    plots: NDArray[np.int32]
    area_pixels: NDArray[np.float64]
    columns: dict[str, NDArray[np.float64]]
    levels: Mapping[str, tuple[float, int]]


def look_of(scene: int, tile: str, plan: TilePlan, sums: SceneSums) -> Look:
    """Make shares and means of a scene's sums."""
    area = plan.area_pixels
    columns = {
        "clear_fraction": np.clip(_share(sums.clear, area), 0.0, 1.0),
        "nodata_fraction": np.clip(_share(sums.unseen, area), 0.0, 1.0),
        "outside_fraction": plan.outside_fraction,
        "n_eff": sums.effective_pixels,
    }
    for name in sums.weights:
        columns[name], columns[f"{name}_sd"] = sums.mean(name), sums.sd(name)
    return Look(scene, tile, plan.plots, area, columns, sums.levels)


def put_together(
    scenes: Sequence[Scene],
    plot_ids: NDArray[Any],
    looks: Sequence[Look],
    recipe: Recipe,
    missing: Mapping[str, tuple[str, ...]],
) -> Observations:
    """Put the looks of all scenes together: one row per plot and pass.

    Args:
        scenes: In the order of time and id.
        plot_ids: Of the caller's table.
        looks: Of the scenes that were read, in the same order; their columns are used up.
        recipe: Names the indices.
        missing: Index that cannot be had -> bands missing for it.
    """
    table, report = _table(scenes, plot_ids, looks, recipe)
    by_scene = {look.scene: look for look in looks}
    rows = [_scene_row(scene, by_scene.get(place)) for place, scene in enumerate(scenes)]
    return Observations(table, pd.DataFrame(rows, columns=_SCENE_COLUMNS), report, dict(missing))


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


def _scene_row(scene: Scene, look: Look | None) -> tuple[Any, ...]:
    levels = look.levels if look else {}
    blue, red = (levels.get(band, (float("nan"), 0)) for band in ("blue", "red"))
    return (
        *(scene.id, scene.collection, pd.Timestamp(scene.acquired_at), scene.mgrs_tile),
        *(scene.offset.offset, scene.offset.baseline, blue[0], red[0]),
        *(max(blue[1], red[1]), len(look.plots) if look else 0),
    )


def _table(
    scenes: Sequence[Scene], plot_ids: NDArray[Any], looks: Sequence[Look], recipe: Recipe
) -> tuple[pd.DataFrame, pd.DataFrame]:
    numbers = [
        *("clear_fraction", "nodata_fraction", "outside_fraction", "n_eff"),
        *(column for name in recipe.indices for column in (name, f"{name}_sd")),
    ]
    names = ["plot_id", "scene_id", "acquired_at", "mgrs_tile", *numbers]
    if not any(len(look.plots) for look in looks):
        report = pd.DataFrame({"plot_id": plot_ids})
        report = report.assign(mgrs_tile="", outside_fraction=1.0, n_pixels=0.0, flags="no_scene")
        return pd.DataFrame(columns=names), report
    lengths = [len(look.plots) for look in looks]
    plots = np.concatenate([look.plots for look in looks])
    which = np.repeat(np.arange(len(looks), dtype=np.int32), lengths)
    # Rows without area lie outside the grid by a hair: not seen.
    area = np.concatenate([look.area_pixels for look in looks])

    def column(name: str) -> NDArray[np.float64]:
        return np.concatenate([look.columns[name] for look in looks])

    of_look = [scenes[look.scene] for look in looks]
    times = np.array([scene.acquired_at.replace(tzinfo=None) for scene in of_look], "M8[us]")
    ids = np.argsort(np.argsort([scene.id for scene in of_look])).astype(np.int32)
    kept = one_row_per_pass(
        plots,
        times[which],
        ids[which],
        column("nodata_fraction") + column("outside_fraction"),
        column("clear_fraction"),
    )
    kept = kept[area[kept] > 0]
    plots, which, area = plots[kept], which[kept], area[kept]
    columns: dict[str, Any] = {
        "plot_id": pd.Series(plot_ids).array[plots],
        "scene_id": pd.array([scene.id for scene in of_look], dtype="str")[which],
        "acquired_at": pd.to_datetime([scene.acquired_at for scene in of_look])[which],
        "mgrs_tile": pd.array([look.tile for look in looks], dtype="str")[which],
    }
    for name in numbers:  # one after the other, each freed before the next: bounds the memory
        columns[name] = column(name)[kept]
        for look in looks:
            del look.columns[name]
    return pd.DataFrame(columns, copy=False), _report(plot_ids, plots, area, columns)


def _report(
    plot_ids: NDArray[Any],
    plots: NDArray[np.int32],
    area: NDArray[np.float64],
    columns: Mapping[str, Any],
) -> pd.DataFrame:
    """Say of every plot in which tile it was looked at and how much of it lies there."""
    seen, first = np.unique(plots, return_index=True)
    tiles = np.full(len(plot_ids), "", dtype=object)
    outside, pixels = np.ones(len(plot_ids)), np.zeros(len(plot_ids))
    tiles[seen] = columns["mgrs_tile"][first]
    outside[seen], pixels[seen] = columns["outside_fraction"][first], area[first]
    flags = np.where(pixels == 0, "no_scene", "").astype(object)
    flags[(pixels > 0) & (outside > OUTSIDE_TOLERANCE)] = "outside_grid"
    small = (pixels > 0) & (pixels < 1)
    flags[small] = [f"{flag};sub_pixel".lstrip(";") for flag in flags[small]]
    return pd.DataFrame(
        {
            "plot_id": plot_ids,
            "mgrs_tile": tiles,
            "outside_fraction": outside,
            "n_pixels": pixels,
            "flags": flags,
        }
    )


def _share(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(a, b, out=np.zeros_like(a), where=b > 0)
