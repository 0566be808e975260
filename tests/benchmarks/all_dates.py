"""Peers on all dates: exactextract in one call, where it computes each plot's coverage once."""

from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks import peers
from tests.benchmarks.ground import MANY, OnlyPlans, agreement, ground, observed, series
from tests.benchmarks.ratios import Comparison, Figure, Target, cpu_seconds


def comparisons(home: Path) -> Iterator[Comparison | Figure]:
    """Compare with exactextract's best use."""
    on = ground(home, MANY)
    plans = OnlyPlans(on)
    yield Comparison(
        what=f"NDVI means, {on}",
        peer="exactextract, lazy, one call",
        ours=lambda: cpu_seconds(lambda: observed(on, plans)),
        theirs=lambda: cpu_seconds(lambda: peers.exactextract_all_dates(on)),
        agreement=agreement(series(observed(on, plans), on), peers.exactextract_all_dates(on)),
        target=Target(4, 1 / 2.5),
        most_turns=5,
    )
