"""Charts of a programme, drawn on the server: where bars and lines stand on a canvas of fixed size.

Only drawing is computed here; every chart stands beside a table of the same numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry_api.services.buffer import Balance
from registry_api.services.holdings import State
from registry_api.services.programme import Sureness, Vintage

WIDTH, HEIGHT = 1000.0, 240.0
_THINNEST = 3.0  # so that the fewest credits are seen
# How states are told apart in a chart: by colour and pattern, in this order.
SHARES: Mapping[str, tuple[State, ...]] = {
    "active": ("active", "offered", "held"),
    "retired": ("retired",),
    "buffer": ("buffer",),
    "cancelled": ("cancelled",),
}


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a bar, in units of a line WIDTH long."""

    share: str
    quantity_t: int
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Interval:
    """One issuance's interval around what it stated, on a line WIDTH long with that in the middle.

    Attributes:
        low, high: Ends of the 90 % interval.
    """

    row: Sureness
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line of steps.

    Attributes:
        path: For the `d` of a path on a canvas of WIDTH by HEIGHT.
        highest: What the top of the canvas stands for.
    """

    path: str
    highest: int


def shares_of(vintage: Vintage) -> dict[str, int]:
    """Add up a vintage's credits by the shares of a chart [t CO2e]."""
    return {
        share: sum(vintage.states.get(state, 0) for state in states)
        for share, states in SHARES.items()
    }


def stacked(vintages: Sequence[Vintage]) -> list[tuple[Vintage, list[Segment]]]:
    """Place the parts of each vintage's bar; the longest bar fills the line."""
    most = max((vintage.issued_t for vintage in vintages), default=0) or 1
    bars = []
    for vintage in vintages:
        at, segments = 0.0, []
        for share, quantity_t in shares_of(vintage).items():
            if quantity_t:
                width = max(quantity_t / most * WIDTH, _THINNEST)
                segments.append(Segment(share, quantity_t, round(at, 1), round(width, 1)))
                at += width
        bars.append((vintage, segments))
    return bars


def intervals(rows: Sequence[Sureness]) -> list[Interval]:
    """Place each issuance's interval; the widest fills the line."""
    widest = max((row.u90 for row in rows), default=0) or 1
    drawn = []
    for row in rows:
        half = row.u90 / widest * WIDTH / 2
        drawn.append(Interval(row, round(WIDTH / 2 - half, 1), round(WIDTH / 2 + half, 1)))
    return drawn


def steps(balances: Sequence[Balance]) -> Line | None:
    """Draw a balance over the ledger's entries that changed it; None where there is nothing."""
    if not balances:
        return None
    highest = max(1, *(each.balance_t for each in balances))
    stride = WIDTH / len(balances)
    parts = [f"M0,{HEIGHT:g}"]
    for number, each in enumerate(balances):
        y = round(HEIGHT * (1 - each.balance_t / highest), 1)
        parts.append(f"L{number * stride:.1f},{y:g}L{(number + 1) * stride:.1f},{y:g}")
    return Line("".join([*parts, f"L{WIDTH:g},{HEIGHT:g}Z"]), highest)
