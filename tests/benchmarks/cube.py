"""Re-runs: another mask or index on the pixels that were kept, and the same question once more."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from mrv.sources.kept import FolderKeeper
from tests.benchmarks.ground import (
    MANY,
    NO_BUFFER,
    RULES,
    Ground,
    decode,
    ground,
    observed,
    scenes_on,
)
from tests.benchmarks.ratios import QUICK, Comparison, Figure, Target, cpu_seconds

_PEER = "rasterio decodes the touched blocks"
_DATES = 3 if QUICK else 24  # a season; what is done once per question weighs as it does in use


def comparisons(home: Path) -> Iterator[Comparison | Figure]:
    """Extract once, then ask again in three ways."""
    on = ground(home, MANY).on(scenes_on(home, _DATES))
    first = home / "cube" / "first"
    shutil.rmtree(first.parent, ignore_errors=True)
    observed(on, FolderKeeper(first), rules=NO_BUFFER)
    kept_mb = sum(file.stat().st_size for file in first.rglob("*") if file.is_file()) / 1e6
    yield Comparison(
        what=f"another mask on kept pixels, {on}",
        peer=_PEER,
        ours=lambda: _asked(on, first, rules=RULES),
        theirs=lambda: cpu_seconds(lambda: decode(on)),
        agreement=f"{kept_mb:.1f} MB kept of {decode(on) / 1e6:,.0f} MB decoded",
        target=Target(14, 0.05),
    )
    yield Comparison(
        what=f"another index of kept bands, {on}",
        peer=_PEER,
        ours=lambda: _asked(on, first, rules=NO_BUFFER, indices=("kndvi",)),
        theirs=lambda: cpu_seconds(lambda: decode(on)),
        target=Target(14, 0.05),
    )
    yield Comparison(
        what=f"the same question once more, {on}",
        peer=_PEER,
        ours=lambda: cpu_seconds(lambda: observed(on, FolderKeeper(first), rules=NO_BUFFER)),
        theirs=lambda: cpu_seconds(lambda: decode(on)),
    )
    shutil.rmtree(first.parent)


def _asked(on: Ground, first: Path, **question: object) -> float:
    """Ask with the pixels of the first time, but without answers kept since."""
    again = first.with_name("again")
    shutil.rmtree(again, ignore_errors=True)
    shutil.copytree(first, again)
    return cpu_seconds(lambda: observed(on, FolderKeeper(again), **question))
