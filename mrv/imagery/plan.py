"""The coverage plan: once per tile, which pixels of which blocks belong to which plot, by how much.

Entries (plot, pixel, share) lie in runs, one per block and plot, sorted by block. Every scene of
the tile is then summed run by run and the runs are added up in this order, so that threads and
workers cannot change a bit. A plan is kept under the digest of all it depends on, and travels to
workers by that key.
"""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mrv.imagery.compiled import compiled
from mrv.imagery.coverage import Placed, cover
from mrv.imagery.frames import Frame
from mrv.imagery.grids import BandLayout
from mrv.imagery.keeping import Keeper
from mrv.imagery.packing import pack, unpack
from mrv.imagery.scenes import SCL
from mrv.imagery.touched import Neighbourhood, Touched, layout_from_json, layout_to_json

VERSION = 2  # of plan and sums; a change of either must raise it
MASK_REACH_M = 200.0  # classification kept around plots, so that other buffers can be tried [m] [P]
_CHUNK_PLOTS = 5000  # covered at once; bounds the memory of the build [plots]
_PLANS_AT_HAND = 4  # plans a worker holds; work is ordered by tile


@dataclass(frozen=True, slots=True)
class Plan:
    """Where the pixels of plots are in the blocks of a tile's scenes.

    Attributes:
        frame: How the bands lie.
        base: The pixels of the finest band, which the entries point to.
        bands: The wanted pixels of each band; bands that lie alike share them.
        parents: For each band, base pixel -> place among the band's pixels.
        around: The classification around plots.
        classes: Base pixel -> place in `around`.
        pixels: Of each entry, its place among the base pixels.
        shares: Of each entry, the share of the pixel inside the plot [1].
        run_starts: Where each run of entries begins, and after the last one their number.
        run_plots: Whose run it is.
        block_runs: Where the runs of each block of `base` begin, and after the last their number.
        totals: Covered area of each plot [pixels], added up as every scene is.
    """

    frame: Frame
    base: Touched
    bands: Mapping[str, Touched]
    parents: Mapping[str, NDArray[np.int32]]
    around: Neighbourhood
    classes: NDArray[np.int32]
    pixels: NDArray[np.int32]
    shares: NDArray[np.float32]
    run_starts: NDArray[np.int64]
    run_plots: NDArray[np.int32]
    block_runs: NDArray[np.int64]
    totals: NDArray[np.float64]


def plan_key(polygons: Sequence[bytes], frame: Frame, reach_m: float) -> str:
    """Name a plan by all that it depends on.

    Args:
        polygons: Of the plots as WKB, in EPSG:4326 and in the plan's order.
        frame: How the bands lie.
        reach_m: How far around plots the classification is kept [m].
    """
    layouts = [[band, layout_to_json(layout)] for band, layout in frame.layouts]
    digest = hashlib.sha256(json.dumps([VERSION, reach_m, layouts], sort_keys=True).encode())
    digest.update(np.array([len(wkb) for wkb in polygons], "<i8").tobytes())
    digest.update(b"".join(polygons))
    return digest.hexdigest()


def build_plan(placed: Placed, frame: Frame, reach_m: float) -> Plan:
    """Cover the grid by plots and sort what was found.

    Args:
        placed: The plots on the frame's finest grid.
        frame: How the bands lie.
        reach_m: How far around plots the classification is kept [m].
    """
    parts = [
        (first, cover(placed.shapes[first : first + _CHUNK_PLOTS], placed.grid))
        for first in range(0, max(len(placed.shapes), 1), _CHUNK_PLOTS)
    ]
    rows = np.concatenate([part.rows for _, part in parts])
    cols = np.concatenate([part.cols for _, part in parts])
    plots = np.concatenate([part.plots + np.int32(first) for first, part in parts])
    shares = np.concatenate([part.shares.astype(np.float32) for _, part in parts])
    del parts
    base, pixels, order = Touched.of(_base_layout(frame), rows, cols)
    del rows, cols
    pixels, plots, shares = pixels[order], plots[order], shares[order]
    starts, run_plots, block_runs = _runs(plots, pixels, base.starts)
    rows, cols = base.rows_and_cols()
    lists = {base.layout: (base, np.arange(len(rows), dtype=np.int32))}
    for band in frame.bands():
        layout = frame.layout(band)
        if layout not in lists:
            factor = frame.factor(layout)
            lists[layout] = Touched.of(layout, rows // factor, cols // factor)[:2]
    scl = frame.layout(SCL)
    factor = frame.factor(scl)
    around, classes = Neighbourhood.of(scl, rows // factor, cols // factor, reach_m)
    built = Plan(
        frame=frame,
        base=base,
        bands={band: lists[frame.layout(band)][0] for band in frame.bands()},
        parents={band: lists[frame.layout(band)][1] for band in frame.bands()},
        around=around,
        classes=classes,
        pixels=pixels,
        shares=shares,
        run_starts=starts,
        run_plots=run_plots,
        block_runs=block_runs,
        totals=_totals(shares, starts, run_plots, len(placed.shapes)),
    )
    for array in _arrays(built).values():
        array.setflags(write=False)  # as read back, so that functions are compiled for one of both
    return built


def plan_to_bytes(plan: Plan) -> bytes:
    """Write a plan as bytes."""
    head = {
        "layouts": [[band, layout_to_json(layout)] for band, layout in plan.frame.layouts],
        "lists": {
            name: [layout_to_json(touched.layout), touched.digests]
            for name, touched in _lists(plan).items()
        },
        "around": plan.around.digests,
    }
    return pack(head, _arrays(plan))


def plan_from_bytes(data: bytes | None) -> Plan | None:
    """Read a plan back; None where there is none or it is damaged."""
    packed = unpack(data)
    if packed is None:
        return None
    head, arrays = packed.head, packed.arrays
    frame = Frame(tuple((band, layout_from_json(layout)) for band, layout in head["layouts"]))
    lists = {
        name: Touched(
            layout_from_json(layout),
            arrays[f"{name}/blocks"],
            arrays[f"{name}/starts"],
            arrays[f"{name}/offsets"],
            tuple(digests),
        )
        for name, (layout, digests) in head["lists"].items()
    }
    names = {touched.layout: name for name, touched in lists.items()}
    of_band = {band: names[frame.layout(band)] for band in frame.bands()}
    around = Neighbourhood(
        frame.layout(SCL), arrays["boxes"], arrays["box_starts"], tuple(head["around"])
    )
    return Plan(
        frame=frame,
        base=lists["base"],
        bands={band: lists[name] for band, name in of_band.items()},
        parents={band: arrays[f"{name}/parents"] for band, name in of_band.items()},
        around=around,
        classes=arrays["classes"],
        pixels=arrays["pixels"],
        shares=arrays["shares"],
        run_starts=arrays["run_starts"],
        run_plots=arrays["run_plots"],
        block_runs=arrays["block_runs"],
        totals=arrays["totals"],
    )


_at_hand: "OrderedDict[str, Plan]" = OrderedDict()
_lock = threading.Lock()


def find_plan(key: str, keeper: Keeper) -> Plan | None:
    """Give a plan that was kept, from memory where it was just used; None where it is not there."""
    with _lock:
        plan = _at_hand.get(key)
        if plan is None:
            plan = plan_from_bytes(keeper.get(_place(key)))
            if plan is None:
                return None
        _remember(key, plan)
        return plan


def ensure_plan(key: str, keeper: Keeper, build: Callable[[], Plan]) -> Plan:
    """Give a plan that was kept; otherwise build it and keep it, for workers and later runs."""
    plan = plan_from_bytes(keeper.get(_place(key)))
    if plan is None:
        plan = build()
        keeper.put(_place(key), plan_to_bytes(plan))
    with _lock:
        _remember(key, plan)
    return plan


def _remember(key: str, plan: Plan) -> None:
    _at_hand[key] = plan
    _at_hand.move_to_end(key)
    while len(_at_hand) > _PLANS_AT_HAND:
        _at_hand.popitem(last=False)


def _place(key: str) -> str:
    return f"plans/{key[:2]}/{key}"


def _base_layout(frame: Frame) -> BandLayout:
    """Give the layout of the finest band, of a reflectance band where several are as fine."""
    finest = [
        (band == SCL, band, layout) for band, layout in frame.layouts if layout.grid == frame.base
    ]
    return min(finest, key=lambda found: found[:2])[2]


def _lists(plan: Plan) -> dict[str, Touched]:
    """Name the lists of pixels: the base pixels, and those of bands that lie otherwise."""
    others = {id(touched): touched for touched in plan.bands.values() if touched is not plan.base}
    return {"base": plan.base} | {f"{n}": touched for n, touched in enumerate(others.values())}


def _arrays(plan: Plan) -> dict[str, NDArray[Any]]:
    places = {id(plan.bands[band]): plan.parents[band] for band in plan.bands}
    arrays: dict[str, NDArray[Any]] = {
        name: getattr(plan, name)
        for name in ("classes", "pixels", "shares", "run_starts", "run_plots", "block_runs")
    } | {"totals": plan.totals, "boxes": plan.around.boxes, "box_starts": plan.around.starts}
    for name, touched in _lists(plan).items():
        arrays[f"{name}/blocks"], arrays[f"{name}/starts"] = touched.blocks, touched.starts
        arrays[f"{name}/offsets"] = touched.offsets
        if id(touched) in places:
            arrays[f"{name}/parents"] = places[id(touched)]
    return arrays


def _runs(
    plots: NDArray[np.int32], pixels: NDArray[np.int32], block_starts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """Find where plot or block changes."""
    block = np.searchsorted(block_starts, pixels, side="right") - 1
    change = np.ones(len(plots), np.bool_)
    change[1:] = (plots[1:] != plots[:-1]) | (block[1:] != block[:-1])
    first = np.flatnonzero(change)
    block_runs = np.searchsorted(block[first], np.arange(len(block_starts)))
    return np.append(first, len(plots)).astype(np.int64), plots[first], block_runs.astype(np.int64)


@compiled
def _totals(
    shares: NDArray[np.float32],
    run_starts: NDArray[np.int64],
    run_plots: NDArray[np.int32],
    plots: int,
) -> NDArray[np.float64]:
    totals = np.zeros(plots, np.float64)
    for run in range(len(run_plots)):
        total = 0.0
        for entry in range(run_starts[run], run_starts[run + 1]):
            total += shares[entry]
        totals[run_plots[run]] += total
    return totals
