"""Engines: the same windows of work on two threads of this process and on two workers of Dask.

The workers are processes of their own, as on a cluster, started with the commands of the README.
Each turn begins with the plan and without pixels or sums, and keeps what it reads in a folder.
"""

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pandas as pd

from mrv.imagery.extract import observe
from mrv.sources.kept import FolderKeeper
from mrv.sources.rasters import open_scene
from pipelines.executors import executor_at
from tests.benchmarks.ground import MANY, NO_BUFFER, TILE, Ground, ground
from tests.benchmarks.ratios import QUICK, Comparison, Target, wall_seconds
from tests.benchmarks.tiles import EIGHT_DATES, drawn, on_days
from tests.pipelines.dask_cluster import dask_cluster

_DATES = 6 if QUICK else 24
_EVERY_DAYS = 10  # three scenes a month, so a window takes a second or more
_WORKERS = 2


@contextmanager
def comparisons(home: Path) -> Iterator[list[Comparison]]:
    """Start two clusters: with the allocator settings of the README, and with Dask's own."""
    folders = drawn(home, TILE, EIGHT_DATES)
    on = replace(ground(home, MANY), scenes=on_days(folders, TILE, _DATES, _EVERY_DAYS))
    with ExitStack() as opened:
        scratch = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="parkland-bench-")))
        threads = opened.enter_context(ThreadPoolExecutor(_WORKERS))
        settings = {"as the README starts them": None, "with Dask's own allocator settings": {}}
        yield [
            _against_threads(on, scratch, threads, _cluster(opened, scratch, allocator), how)
            for how, allocator in settings.items()
        ]


def _cluster(opened: ExitStack, scratch: Path, allocator: dict[str, str] | None) -> Executor:
    folder = Path(tempfile.mkdtemp(dir=scratch))
    given = {} if allocator is None else {"allocator": allocator}
    cluster = opened.enter_context(dask_cluster(folder, _WORKERS, nanny=True, **given))
    return opened.enter_context(executor_at(cluster.address))


def _against_threads(
    on: Ground, scratch: Path, threads: Executor, dask: Executor, how: str
) -> Comparison:
    by_threads, by_dask = (_read(on, scratch, engine) for engine in (threads, dask))
    same = by_threads.equals(by_dask)
    return Comparison(
        what=f"{_WORKERS} Dask workers {how}, {on}",
        peer=f"{_WORKERS} threads",
        ours=lambda: wall_seconds(lambda: _read(on, scratch, dask)),
        theirs=lambda: wall_seconds(lambda: _read(on, scratch, threads)),
        agreement=f"tables are {'the same to the last bit' if same else 'DIFFERENT'}",
        target=Target(21, 1.15) if how.startswith("as") else None,
        clock="wall",
        most_turns=7,
    )


def _read(on: Ground, scratch: Path, engine: Executor) -> pd.DataFrame:
    kept, plans = scratch / "kept", scratch / "plans"
    shutil.rmtree(kept, ignore_errors=True)
    if plans.exists():
        shutil.copytree(plans, kept / "plans")
    seen = observe(
        on.scenes,
        on.plots,
        open_scene,
        rules=NO_BUFFER,
        indices=("ndvi",),
        keeper=FolderKeeper(kept),
        executor=engine,
    )
    if not plans.exists():
        shutil.copytree(kept / "plans", plans)
    return seen.table
