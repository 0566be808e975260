"""A plot's growth among its stratum's plots, as a small chart on one line.

Only drawing is computed here; the sentence above it says the same numbers.
"""

from dataclasses import dataclass

from registry_api.services.plot_growth import GrowthAmongOthers

WIDTH = 420.0  # a phone's width, so that its words stay readable
_LEFT, _RIGHT = 12.0, 408.0
_AIR = 0.06  # beyond the farthest mark, of the whole span


@dataclass(frozen=True, slots=True)
class GrowthLine:
    """Where things stand on a line WIDTH long.

    Attributes:
        zero, plot, mean, low, high: Nothing grown; the plot; its stratum and the interval's ends.
        tails, box, middle: Ends of nine tenths and of the middle half of the plots; their median.
        cap: What is plausible; None where no gate looked.
    """

    zero: float
    plot: float
    mean: float
    low: float
    high: float
    tails: tuple[float, float]
    box: tuple[float, float]
    middle: float
    cap: float | None


def growth_line(growth: GrowthAmongOthers | None) -> GrowthLine | None:
    """Lay a plot's growth out; nothing where there is none."""
    if growth is None:
        return None
    spread = growth.quantiles
    low, high = growth.mean - growth.half_width, growth.mean + growth.half_width
    marks = [0.0, growth.plot, low, high, spread.p05, spread.p95]
    marks += [] if growth.cap is None else [growth.cap]
    least, most = min(marks), max(marks)
    air = (most - least or 1.0) * _AIR
    least, most = least - air, most + air

    def x(value: float) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * (value - least) / (most - least), 1)

    return GrowthLine(
        zero=x(0.0),
        plot=x(growth.plot),
        mean=x(growth.mean),
        low=x(low),
        high=x(high),
        tails=(x(spread.p05), x(spread.p95)),
        box=(x(spread.p25), x(spread.p75)),
        middle=x(spread.p50),
        cap=None if growth.cap is None else x(growth.cap),
    )
