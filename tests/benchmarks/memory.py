"""Peak memory of an extraction, each in a process of its own."""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mrv.sources.kept import FolderKeeper
from tests.benchmarks.ground import MANY, ground, observed, scenes_on
from tests.benchmarks.ratios import QUICK, Figure, Target
from tests.benchmarks.records import ROOT

_SHORT, _LONG = (3, 23) if QUICK else (8, 40)  # dates


def comparisons(home: Path) -> Iterator[Figure]:
    """Take it with few dates and with many."""
    ground(home, MANY)
    peak_mb = {dates: _peak_mb(home, dates) for dates in (_SHORT, _LONG)}
    yield Figure(
        f"peak memory, {MANY:,} plots, {_SHORT} dates, two threads",
        "MB",
        lambda: peak_mb[_SHORT],
        Target(11, 450),
        "the interpreter and its libraries included",
    )
    yield Figure(
        f"growth from {_SHORT} to {_LONG} dates, {MANY:,} plots",
        "MB a date",
        lambda: (peak_mb[_LONG] - peak_mb[_SHORT]) / (_LONG - _SHORT),
        Target(11, 1.0),
        "the table of results, which grows by a row per plot and date, included",
    )


def _peak_mb(home: Path, dates: int) -> float:
    command = [sys.executable, "-m", "tests.benchmarks.memory", str(home), str(dates)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    return float(done.stdout)


def own_peak_mb() -> float:
    """Give the most memory that this process has held [MB].

    Not `getrusage`: Linux counts in what the process that started it held before it was this one.
    """
    told = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    if told is None:
        raise RuntimeError("The kernel does not tell what a process holds at its peak.")
    return int(told[1]) / 1024


def main() -> None:
    """Extract, in this process, and print its peak memory [MB]."""
    asked = argparse.ArgumentParser()
    asked.add_argument("home", type=Path)
    asked.add_argument("dates", type=int)
    options = asked.parse_args()
    on = ground(options.home, MANY).on(scenes_on(options.home, options.dates))
    with tempfile.TemporaryDirectory(prefix="parkland-bench-") as folder:
        observed(on, FolderKeeper(Path(folder)), threads=2)
    print(own_peak_mb())  # noqa: T201


if __name__ == "__main__":
    main()
