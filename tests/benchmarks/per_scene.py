"""Peers on one scene: the same masked NDVI means of the same plots."""

from collections.abc import Callable, Iterator
from pathlib import Path

from numpy.typing import NDArray

from tests.benchmarks import peers
from tests.benchmarks.ground import (
    FEW,
    MANY,
    Ground,
    OnlyPlans,
    agreement,
    ground,
    observed,
    series,
)
from tests.benchmarks.ratios import Comparison, Figure, Target, cpu_seconds

_SCENE = 1  # the clearest date, where there is most to add up


def comparisons(home: Path) -> Iterator[Comparison | Figure]:
    """Set all of them against `observe`, with few plots and with many."""
    for count in (FEW, MANY):
        whole = ground(home, count)
        on = whole.on(whole.scenes[_SCENE : _SCENE + 1])
        plans = OnlyPlans(whole)
        many = count == MANY
        ours = series(observed(on, plans), on)
        for name, means, target in _ways(on, many=many):
            yield Comparison(
                what=f"NDVI means, {on}, 1 scene",
                peer=name,
                ours=lambda on=on, plans=plans: cpu_seconds(lambda: observed(on, plans)),
                theirs=lambda means=means: cpu_seconds(means),
                agreement=agreement(ours, means()),
                target=target,
                most_turns=5,
                budget_s=30,
            )


def _ways(on: Ground, *, many: bool) -> Iterator[tuple[str, Callable[[], NDArray], Target | None]]:
    yield (
        "exactextract, lazy source",
        lambda: peers.exactextract_lazy(on),
        Target(3, 1 / 3.5) if many else None,
    )
    yield (
        "exactextract, whole array",
        lambda: peers.exactextract_whole(on),
        Target(5, 1 / 10 if many else 1 / 30),
    )
    yield (
        "exactextract, whole array, raster-sequential",
        lambda: peers.exactextract_whole(on, "raster-sequential"),
        None,
    )
    yield "extractrs, cached coverage", peers.extractrs_cached(on), Target(7, 1 / 6)
    yield "label raster, bincount", peers.labelled(on), None
    yield "odc-stac, label raster", peers.odc_labelled(on), None
    yield "xvec, exactextract", lambda: peers.xvec_exact(on), None
    yield "rasterstats, whole array", lambda: peers.rasterstats_whole(on), None
    yield "rasterio.mask, plot by plot", lambda: peers.rasterio_mask(on), None
