"""The one clock: tests set it, everybody else asks it."""

from datetime import UTC, date, datetime, timedelta

# The first place on earth where a day begins is 14 hours ahead of UTC (Kiribati, IANA
# Pacific/Kiritimati).
_FARTHEST_AHEAD = timedelta(hours=14)


def now() -> datetime:
    """Give the time."""
    return datetime.now(UTC)


def today() -> date:
    """Give the day in UTC."""
    return now().date()


def latest_today() -> date:
    """Give the latest day that anyone on earth may call today.

    A day that a person writes down is the day where they stand: in Hanoi it is tomorrow while it
    is still today in UTC, and is not in the future.
    """
    return (now() + _FARTHEST_AHEAD).date()
