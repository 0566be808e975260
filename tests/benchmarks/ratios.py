"""Comparing two ways of doing the same, on a machine that others use too.

Both take turns, so that whatever slows the machine slows both; what is told is the ratio within a
turn, its median and its range. Seconds are shown for scale only and are never compared with stored
ones.
"""

import gc
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median

from rich.table import Table

from pipelines.commands import show


@dataclass(frozen=True)
class Comparison:
    """Two ways of doing the same; whoever makes one has run both once already.

    Attributes:
        what: Is measured.
        peer: Who does it otherwise.
        ours: Does it our way once and gives what it took [s].
        theirs: Does it the other way once and gives what it took [s].
        agreement: How near the two results are.
    """

    what: str
    peer: str
    ours: Callable[[], float]
    theirs: Callable[[], float]
    agreement: str = ""


def cpu_seconds(work: Callable[[], object]) -> float:
    """Give the processor time of this process that something takes [s], all threads together."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def take_turns(comparison: Comparison, turns: int = 3) -> list[tuple[float, float]]:
    """Let both take turns, the second first every other time; gives our seconds and theirs."""
    taken = []
    for turn in range(turns):
        gc.collect()
        if turn % 2:
            theirs = comparison.theirs()
            taken.append((comparison.ours(), theirs))
        else:
            taken.append((comparison.ours(), comparison.theirs()))
    return taken


def table(rows: Iterable[tuple[Comparison, list[tuple[float, float]]]]) -> Table:
    """Lay comparisons out."""
    laid = []
    for comparison, taken in rows:
        ratios = sorted(ours / theirs for ours, theirs in taken)
        laid.append(
            (
                comparison.what,
                comparison.peer,
                *(_scaled(median(seconds)) for seconds in zip(*taken, strict=True)),
                f"{median(ratios):.2g}",
                f"{ratios[0]:.2g}-{ratios[-1]:.2g}",
            )
        )
    return show.table(
        "Our time over theirs, turn by turn in this run; below one is quicker",
        ("what", "theirs is", "ours", "theirs", "ratio", "range"),
        laid,
        text=2,
    )


def _scaled(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.1f} ms"
