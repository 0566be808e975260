"""The one clock of what runs out: tests set it, everybody else asks it."""

from datetime import UTC, datetime


def now() -> datetime:
    """Give the time."""
    return datetime.now(UTC)
