"""Peers on all dates: exactextract in one call, where it computes each plot's coverage once."""

from collections.abc import Iterator
from pathlib import Path

from mrv.imagery.extract import Observations
from tests.benchmarks import exact
from tests.benchmarks.ground import (
    MANY,
    Ground,
    OnlyPlans,
    agreement,
    band_means,
    cloudless,
    ground,
    observed,
    series,
)
from tests.benchmarks.ratios import Comparison, Figure, Target, cpu_seconds


def comparisons(home: Path) -> Iterator[Comparison | Figure]:
    """Compare with exactextract's best use."""
    on = ground(home, MANY)
    plans = OnlyPlans(on)
    yield Comparison(
        what=f"NDVI means, {on}",
        peer="exactextract, lazy, one call",
        ours=lambda: cpu_seconds(lambda: observed(on, plans)),
        theirs=lambda: cpu_seconds(lambda: exact.all_dates(on)),
        agreement=agreement(series(observed(on, plans), on), exact.all_dates(on)),
        target=Target(4, 1 / 2.5),
        most_turns=5,
    )
    yield from _of_a_band(home, on)


def _of_a_band(home: Path, on: Ground) -> Iterator[Comparison]:
    """Means of one band, where exactextract needs neither mask nor index and we do more."""
    bright = cloudless(home, on)
    plans = OnlyPlans(bright)

    def ours() -> Observations:
        with band_means():
            return observed(bright, plans, indices=("red",))

    numbers = series(ours(), bright, "red") * 1e4
    yield Comparison(
        what=f"means of a band without clouds, {on}",
        peer="exactextract on files, one call",
        ours=lambda: cpu_seconds(ours),
        theirs=lambda: cpu_seconds(lambda: exact.band(bright)),
        agreement=agreement(numbers, exact.band(bright)) + " (digital numbers)",
        target=Target(4, 1 / 4),
        most_turns=5,
    )
