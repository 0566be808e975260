"""How far a run has come: who is told, and how it is said where no bar can be drawn."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from mrv.imagery.progress import Extent

_EVERY_S = 30.0


@dataclass(frozen=True, slots=True)
class RunProgress:
    """Who is told how far a run has come.

    Attributes:
        steps: Called with steps done and steps in all.
        scenes: Called as scenes are read.
    """

    steps: Callable[[int, int], None]
    scenes: Callable[[Extent], None]


class Pace:
    """Says at most every half minute how far the reading of scenes is, and what time is left.

    Args:
        say: Takes a sentence.
        clock: Gives seconds.
    """

    def __init__(
        self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._say = say
        self._clock = clock
        self._begun = self._said = clock()

    def __call__(self, extent: Extent) -> None:
        """Hear how far it has come."""
        now = self._clock()
        if now - self._said < _EVERY_S:
            return
        self._said = now
        to_do = extent.scenes - extent.scenes_done
        left = (now - self._begun) / max(extent.scenes_done, 1) * to_do
        self._say(
            f"{extent.scenes_done:,} of {extent.scenes:,} scenes, {decoded(extent)}"
            + (f", about {_duration(left)} left" if to_do and extent.scenes_done else "")
        )


def decoded(extent: Extent) -> str:
    """Say what was fetched and decoded so far."""
    if not extent.blocks:
        return "all kept from before"
    return f"{extent.blocks:,} blocks, {_size(extent.bytes)} decoded"


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:  # noqa: PLR2004  # SI
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.1f} GB"


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return "a minute"
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.0f} h"  # noqa: PLR2004  # two hours
