"""Where the bars of a waterfall stand: from kilograms to positions on a line.

Only drawing is computed here; the quantities are those of the evidence, to the kilogram.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mrv.evidence.documents import WaterfallLine

WIDTH = 1000.0
_TOTALS = frozenset({"gross", "net_benefit", "issuable"})


@dataclass(frozen=True, slots=True)
class Bar:
    """One step of the waterfall.

    Attributes:
        total: Stands on zero; a deduction hangs where the step before it ended.
        left, width: Of the bar, in units of a line WIDTH long.
        reached: Where the running total stands after this step, on the same line.
        low, high: 90 % interval around the running total, on the same line; None where unknown.
        low_kg, high_kg: The same in kilograms.
    """

    line: WaterfallLine
    total: bool
    left: float
    width: float
    reached: float
    low: float | None = None
    high: float | None = None
    low_kg: int | None = None
    high_kg: int | None = None


@dataclass(frozen=True, slots=True)
class Drawing:
    """All bars, and where zero is."""

    bars: tuple[Bar, ...]
    zero: float


def draw(lines: Iterable[WaterfallLine], u90: float) -> Drawing:
    """Place each line's bar; the interval of `u90` is drawn around removals net of baseline.

    Args:
        lines: In the order of the evidence; deductions are negative.
        u90: Relative half-width of the 90 % interval of net change [1].
    """
    steps: list[tuple[WaterfallLine, int, int]] = []  # line, running total before, after [kg]
    running = 0
    for line in lines:
        before = 0 if line.key in _TOTALS else running
        running = before + line.quantity_kg
        steps.append((line, before, running))
    net = next((after for line, _, after in steps if line.key == "baseline"), None)
    half = abs(net) * u90 if net is not None else 0.0
    reach = [0.0, *(float(edge) for _, *edges in steps for edge in edges)]
    if net is not None:
        reach += [net - half, net + half]
    low, span = min(reach), (max(reach) - min(reach)) or 1.0

    def place(kg: float) -> float:
        return round((kg - low) / span * WIDTH, 1)

    bars = []
    for line, before, after in steps:
        left, right = sorted((place(before), place(after)))
        bar = Bar(line, line.key in _TOTALS, left, round(right - left, 1), place(after))
        if line.key == "baseline":
            low_kg, high_kg = round(after - half), round(after + half)
            bar = replace(
                bar, low=place(low_kg), high=place(high_kg), low_kg=low_kg, high_kg=high_kg
            )
        bars.append(bar)
    return Drawing(tuple(bars), place(0))
