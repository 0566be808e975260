"""`make bench`: what costs time, as ratios against a peer in the same run; nothing passes or fails.

Each module here sets one part against somebody else's way of doing the same, and says how near the
two results are. Processor time of the process, save for answers over HTTP, which are wall time.
"""

import tempfile
import time
from pathlib import Path

from pipelines.commands.show import console, notes
from tests.benchmarks import extraction, pages, trees
from tests.benchmarks.ratios import Comparison, table, take_turns

Row = tuple[Comparison, list[tuple[float, float]]]


def main() -> None:
    """Take all comparisons and print one table."""
    begin = time.monotonic()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="parkland-bench-") as scratch:
        notes.print("A landscape, its scenes and its trees …")
        rows += map(_taken, extraction.comparisons(Path(scratch)))
        rows += map(_taken, trees.comparisons())
        with pages.comparisons(Path(scratch)) as answers:
            rows += map(_taken, answers)
    console.print(table(rows))
    for comparison, _taken_by_both in rows:
        if comparison.agreement:
            console.print(f"{comparison.what}: {comparison.agreement}.")
    console.print(f"{time.monotonic() - begin:.0f} s in all.")


def _taken(comparison: Comparison) -> Row:
    notes.print(f"{comparison.what} …")
    return comparison, take_turns(comparison)


if __name__ == "__main__":
    main()
