"""Strips: how a number is spread over the plots of each group, on one scale, with a limit marked.

Only drawing is computed here; each strip stands in a table beside the counts it shows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 1000.0, 100.0
_BINS = 80
_LOWEST = 6.0  # so that a single plot is seen


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a strip, up from its foot: free plots, and above them those marked."""

    left: float
    free: float
    marked: float


@dataclass(frozen=True, slots=True)
class Strip:
    """One group: its columns, and how many plots it has."""

    name: str
    columns: tuple[Column, ...]
    plots: int
    marked: int


@dataclass(frozen=True, slots=True)
class Strips:
    """All groups on one scale.

    Attributes:
        strips: In order.
        bin_width: Of a column, of a line WIDTH long.
        limit: Where the limit stands on it; None where there is none.
        low: What the left end stands for.
        high: What the right end stands for.
    """

    strips: tuple[Strip, ...]
    bin_width: float
    limit: float | None
    low: float
    high: float


def strips(
    groups: Mapping[str, Sequence[tuple[float, bool]]], limit: float | None = None
) -> Strips | None:
    """Lay out groups of (value, marked); nothing where there is no value."""
    values = [value for group in groups.values() for value, _ in group]
    if not values:
        return None
    ends = [*values, 0.0] if limit is None else [*values, 0.0, limit * 1.05]
    low, high = min(ends), max(ends)
    span = (high - low) or 1.0
    counted = {name: _count(group, low, span) for name, group in groups.items()}
    most = max((sum(c) for bins in counted.values() for c in bins.values()), default=1)
    scale = (HEIGHT - _LOWEST) / most
    width = WIDTH / _BINS
    return Strips(
        strips=tuple(
            Strip(
                name=name,
                columns=tuple(
                    Column(
                        left=round(place * width, 1),
                        free=round(free * scale + (_LOWEST if free else 0.0), 1),
                        marked=round(marked * scale + (_LOWEST if marked and not free else 0.0), 1),
                    )
                    for place, (free, marked) in sorted(counted[name].items())
                ),
                plots=len(group),
                marked=sum(mark for _, mark in group),
            )
            for name, group in groups.items()
        ),
        bin_width=round(width * 0.86, 2),
        limit=None if limit is None else round((limit - low) / span * WIDTH, 1),
        low=low,
        high=high,
    )


def _count(
    group: Sequence[tuple[float, bool]], low: float, span: float
) -> dict[int, tuple[int, int]]:
    bins: dict[int, tuple[int, int]] = {}
    for value, marked in group:
        place = min(_BINS - 1, int((value - low) / span * _BINS))
        free, held = bins.get(place, (0, 0))
        bins[place] = (free + (not marked), held + marked)
    return bins
