"""Comparing two ways of doing the same, on a machine that others use too.

Both take turns, so that whatever slows the machine slows both; what is told is the ratio within a
turn, its median and its range. Seconds are shown for scale only and are never compared with stored
ones. Turns go on until the peer's own times agree or the time set aside for them is over.
"""

import gc
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal

QUICK = os.environ.get("BENCH") == "quick"  # small sizes and few turns: does it run at all?
Clock = Literal["CPU", "wall"]
_STEADY = 1.10  # the peer's slowest turn over its quickest, from which more turns tell nothing new


@dataclass(frozen=True)
class Target:
    """What was promised.

    Attributes:
        number: Row in the table of targets that performance work is judged by.
        at_most: Largest ratio of ours to theirs, or largest figure.
    """

    number: int
    at_most: float


@dataclass(frozen=True)
class Comparison:
    """Two ways of doing the same; whoever makes one has run both once already.

    Attributes:
        what: Is measured.
        peer: Who does it otherwise.
        ours: Does it our way once and gives what it took [s].
        theirs: Does it the other way once and gives what it took [s].
        agreement: How near the two results are.
        target: What was promised of the ratio.
        clock: What the seconds are: processor time of the process, or wall time.
        most_turns: Never take more.
        budget_s: After this no further turn is begun, save for the third [s].
    """

    what: str
    peer: str
    ours: Callable[[], float]
    theirs: Callable[[], float]
    agreement: str = ""
    target: Target | None = None
    clock: Clock = "CPU"
    most_turns: int = 15
    budget_s: float = 40.0


@dataclass(frozen=True)
class Figure:
    """One number that needs no peer, such as peak memory.

    Attributes:
        what: Is measured.
        unit: Of the number.
        measure: Gives it.
        target: What was promised of it.
        note: What else to know.
    """

    what: str
    unit: str
    measure: Callable[[], float]
    target: Target | None = None
    note: str = ""


@dataclass(frozen=True)
class Row:
    """What came out, as it is kept in the run's JSON.

    Attributes:
        part: Module that measured.
        what: Was measured.
        peer: Who did it otherwise; empty for a figure.
        unit: "x" for a ratio of times, else the figure's.
        value: Median of the ratios, ours over theirs, or the figure.
        low: Smallest ratio.
        high: Largest ratio.
        ours: Seconds of each turn [s].
        theirs: Of the other [s].
        clock: What the seconds are.
        agreement: How near the two results are.
        target: Number of the target, 0 where there is none.
        at_most: What was promised; None where nothing was.
    """

    part: str
    what: str
    peer: str
    unit: str
    value: float
    low: float
    high: float
    ours: tuple[float, ...] = ()
    theirs: tuple[float, ...] = ()
    clock: str = ""
    agreement: str = ""
    target: int = 0
    at_most: float | None = None

    @property
    def met(self) -> bool | None:
        """Say whether the promise was kept; None where there was none."""
        return None if self.at_most is None else self.value <= self.at_most


def cpu_seconds(work: Callable[[], object]) -> float:
    """Give the processor time of this process that something takes [s], all threads together."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def wall_seconds(work: Callable[[], object]) -> float:
    """Give the time that something takes [s]."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def take_turns(comparison: Comparison, turns: int | None = None) -> list[tuple[float, float]]:
    """Let both take turns, the second first every other time; gives our seconds and theirs.

    Args:
        comparison: What takes turns.
        turns: How many; as many as it needs where not said.
    """
    taken: list[tuple[float, float]] = []
    begin = time.perf_counter()
    while not _enough(comparison, taken, turns, time.perf_counter() - begin):
        gc.collect()
        if len(taken) % 2:
            theirs = comparison.theirs()
            taken.append((comparison.ours(), theirs))
        else:
            taken.append((comparison.ours(), comparison.theirs()))
    return taken


def _enough(
    comparison: Comparison,
    taken: Sequence[tuple[float, float]],
    turns: int | None,
    passed_s: float,
) -> bool:
    if turns is not None or QUICK:
        return len(taken) >= (turns or 3)
    if len(taken) >= comparison.most_turns:
        return True
    theirs = [peer for _, peer in taken]
    if len(taken) >= 5 and max(theirs) < _STEADY * min(theirs):
        return True
    return len(taken) >= 3 and passed_s > comparison.budget_s


def measured(part: str, item: Comparison | Figure) -> Row:
    """Measure something and say what came out."""
    if isinstance(item, Figure):
        value = item.measure()
        row = Row(part, item.what, "", item.unit, value, value, value, agreement=item.note)
    else:
        taken = take_turns(item)
        ratios = sorted(ours / theirs for ours, theirs in taken)
        row = Row(
            *(part, item.what, item.peer, "x", median(ratios), ratios[0], ratios[-1]),
            *(*zip(*taken, strict=True), item.clock, item.agreement),
        )
    if item.target is None:
        return row
    return replace(row, target=item.target.number, at_most=item.target.at_most)
