"""Extraction against its limit: the decode of every block that holds a part of a plot, once.

Nobody can have the pixels for less than that. Also what only extraction itself can show: that its
answer is exact, and is the same bits however the work is divided.
"""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd

from mrv.imagery.extract import observe
from mrv.sources.kept import FolderKeeper
from mrv.sources.rasters import open_scene
from tests.benchmarks import exact
from tests.benchmarks.ground import (
    FEW,
    MANY,
    NO_BUFFER,
    RULES,
    Ground,
    OnlyPlans,
    apart,
    decode,
    ground,
    observed,
    series,
    touched,
)
from tests.benchmarks.ratios import QUICK, Comparison, Figure, Target, cpu_seconds, wall_seconds

LIMIT = "rasterio decodes the touched blocks"


def comparisons(home: Path) -> Iterator[Comparison | Figure]:
    """Compare at two densities of plots, then with what else belongs to the work."""
    for count in (MANY,) if QUICK else (FEW, MANY):
        on = ground(home, count)
        plans = OnlyPlans(on)
        yield _against_decode(f"NDVI means, {on}", on, plans, target=Target(1, 1.10))
    yield Comparison(
        what=f"NDVI means, {on}, two threads",
        peer="one thread",
        ours=lambda: wall_seconds(lambda: observed(on, plans, threads=2)),
        theirs=lambda: wall_seconds(lambda: observed(on, plans)),
        target=Target(2, 0.70),
        clock="wall",
    )
    yield Comparison(
        what=f"the same with clouds widened by {RULES.cloud_buffer_m:g} m, {on}",
        peer=LIMIT,
        ours=lambda: cpu_seconds(lambda: observed(on, plans, rules=RULES)),
        theirs=lambda: cpu_seconds(lambda: decode(on)),
    )
    yield Comparison(
        what=f"the same for the first time: plan made, pixels kept on disk, {on}",
        peer=LIMIT,
        ours=lambda: _first_time(on),
        theirs=lambda: cpu_seconds(lambda: decode(on)),
    )
    yield from _exactness(on)


def _against_decode(what: str, on: Ground, plans: OnlyPlans, target: Target) -> Comparison:
    blocks = len(touched(on, 1)), len(touched(on, 2))
    decoded_mb = decode(on) / 1e6
    return Comparison(
        what=what,
        peer=LIMIT,
        ours=lambda: cpu_seconds(lambda: observed(on, plans)),
        theirs=lambda: cpu_seconds(lambda: decode(on)),
        agreement=f"{blocks[0]} blocks of 10 m bands and {blocks[1]} of the classification hold "
        f"plots, {decoded_mb:,.0f} MB decoded",
        target=target,
    )


def _first_time(on: Ground) -> float:
    with tempfile.TemporaryDirectory(prefix="parkland-bench-") as folder:
        return cpu_seconds(lambda: observed(on, FolderKeeper(Path(folder))))


def _exactness(on: Ground) -> Iterator[Figure]:
    ours = series(observed(on), on)
    blank, difference = apart(ours, exact.all_dates(on))
    yield Figure(
        f"NDVI means apart from exactextract's, {on}",
        "NDVI at most",
        lambda: difference,
        Target(9, 1e-6),
        f"over {np.isfinite(ours).sum():,} means, as far as float32 NDVI tells",
    )
    yield Figure(f"means blank in one only, {on}", "of them", lambda: blank, Target(9, 0))
    yield Figure(
        "values that differ in any bit between 1, 2 and 4 threads, 2 processes, dates one by one "
        "and dates in reverse",
        "of them",
        lambda: _differing(on.on(on.scenes[:3])),
        Target(10, 0),
    )


def _differing(on: Ground) -> int:
    one = observed(on).table
    backwards = observed(on.on(on.scenes[::-1]), threads=2).table
    singly = pd.concat([observed(on.on([scene])).table for scene in on.scenes])
    singly = singly.merge(one[["plot_id", "scene_id"]].reset_index()).sort_values("index")
    others = [backwards, singly[one.columns], _in_processes(on)]
    others += [observed(on, threads=threads).table for threads in (2, 4)]
    return sum(_unequal(one, other) for other in others)


def _in_processes(on: Ground) -> pd.DataFrame:
    with (
        tempfile.TemporaryDirectory(prefix="parkland-bench-") as folder,
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor,
    ):
        return observe(
            on.scenes,
            on.plots,
            open_scene,
            rules=NO_BUFFER,
            indices=("ndvi",),
            keeper=FolderKeeper(Path(folder)),
            executor=executor,
        ).table


def _unequal(one: pd.DataFrame, other: pd.DataFrame) -> int:
    if one.shape != other.shape:
        return one.size
    return sum(int((_bits(one[column]) != _bits(other[column])).sum()) for column in one.columns)


def _bits(column: "pd.Series") -> np.ndarray:
    values = column.to_numpy()
    return values.view(np.int64) if values.dtype == np.float64 else values.astype(str)
