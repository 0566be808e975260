"""A plot's index over time as a small chart: clear looks as points, clouded ones along the foot.

Only drawing is computed here; the chart stands above a table of the same numbers.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from registry_api.services.lineage_views import ObservationRow

INDICES_SHOWN = 4
WIDTH, HEIGHT = 420.0, 190.0  # a phone's width, so that its words stay readable
LEFT, RIGHT, TOP, FOOT = 34.0, 410.0, 10.0, 148.0
_MOST_YEARS = 8  # beyond, every second year and so on has its name


@dataclass(frozen=True, slots=True)
class Point:
    """One clear look."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on an axis and what stands there."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Looks:
    """The chart of one index.

    Attributes:
        index: Its name.
        points: Clear looks, in order of time.
        clouded: Where the others stand along the foot.
        levels: On the axis of values.
        years: On the axis of time.
        first: Day of the first look.
        last: Day of the last.
    """

    index: str
    points: tuple[Point, ...]
    clouded: tuple[float, ...]
    levels: tuple[Mark, ...]
    years: tuple[Mark, ...]
    first: date
    last: date

    @property
    def path(self) -> str:
        """Give the line through the clear looks, for the `d` of a path."""
        return "".join(
            f"{'L' if n else 'M'}{point.x:.1f},{point.y:.1f}" for n, point in enumerate(self.points)
        )


def indices_of(observations: Sequence[ObservationRow]) -> list[str]:
    """Name the indices to show: those that most scenes give."""
    seen = Counter(
        name
        for look in observations
        for name in look.indices
        if not name.endswith("_fraction")  # shares of area beside the indices
    )
    return [name for name, _ in seen.most_common(INDICES_SHOWN)]


def looks(
    observations: Sequence[ObservationRow], index: str | None, clear_fraction_min: float
) -> Looks | None:
    """Lay out an index over time; nothing where no look is clear.

    Args:
        observations: In any order.
        index: Its name; None where there is none.
        clear_fraction_min: Share of the area from which a look counts [1].
    """
    if index is None:
        return None
    values = {
        look.acquired_at: value
        for look in observations
        if look.clear_fraction >= clear_fraction_min
        and (value := look.indices.get(index)) is not None
    }
    if not values:
        return None
    times = sorted(look.acquired_at for look in observations)
    low, high = min(0.0, *values.values()), max(1.0, *values.values())

    def x(time: datetime) -> float:
        span = (times[-1] - times[0]).total_seconds() or 1.0
        return round(LEFT + (RIGHT - LEFT) * (time - times[0]).total_seconds() / span, 1)

    def y(value: float) -> float:
        return round(FOOT - (FOOT - TOP) * (value - low) / (high - low), 1)

    return Looks(
        index=index,
        points=tuple(Point(x(time), y(values[time])) for time in sorted(values)),
        clouded=tuple(x(time) for time in times if time not in values),
        levels=tuple(Mark(y(level), f"{level:.1f}") for level in (low, (low + high) / 2, high)),
        years=tuple(Mark(x(begin), str(begin.year)) for begin in _years(times[0], times[-1])),
        first=times[0].date(),
        last=times[-1].date(),
    )


def _years(first: datetime, last: datetime) -> Iterator[datetime]:
    step = 1 + (last.year - first.year) // _MOST_YEARS
    for year in range(first.year + 1, last.year + 1, step):
        yield first.replace(year=year, month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
