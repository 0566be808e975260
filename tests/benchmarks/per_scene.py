"""Peers on one scene: the same masked NDVI means of the same plots."""

from collections.abc import Callable, Iterator
from pathlib import Path

from numpy.typing import NDArray

from mrv.imagery.extract import Observations
from tests.benchmarks import exact, peers
from tests.benchmarks.ground import (
    FEW,
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

_SCENE = 1  # the clearest date, where there is most to add up


def comparisons(home: Path) -> Iterator[Comparison | Figure]:
    """Set all of them against `observe`, with few plots and with many."""
    yield _of_a_band(home)
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
        lambda: exact.lazy(on),
        Target(3, 1 / 3.5) if many else None,
    )
    yield (
        "exactextract, whole array",
        lambda: exact.whole_arrays(on),
        Target(5, 1 / 10 if many else 1 / 30),
    )
    yield (
        "exactextract, whole array, raster-sequential",
        lambda: exact.whole_arrays(on, "raster-sequential"),
        None,
    )
    yield "extractrs, cached coverage", peers.extractrs_cached(on), Target(7, 1 / 6)
    yield "label raster, bincount", peers.labelled(on), None
    yield "odc-stac, label raster", peers.odc_labelled(on), None
    yield "xvec, exactextract", lambda: peers.xvec_exact(on), None
    yield "rasterstats, whole array", lambda: peers.rasterstats_whole(on), None
    yield "rasterio.mask, plot by plot", lambda: peers.rasterio_mask(on), None


def _of_a_band(home: Path) -> Comparison:
    """Compare means of one band, where rasterstats needs neither mask nor index and we do more."""
    whole = cloudless(home, ground(home, FEW))
    on = whole.on(whole.scenes[:1])
    plans = OnlyPlans(on)

    def ours() -> Observations:
        with band_means():
            return observed(on, plans, indices=("red",))

    numbers = series(ours(), on, "red") * 1e4
    return Comparison(
        what=f"means of a band without clouds, {on}, 1 scene",
        peer="rasterstats on a file",
        ours=lambda: cpu_seconds(ours),
        theirs=lambda: cpu_seconds(lambda: peers.rasterstats_band(on)),
        agreement=agreement(numbers, peers.rasterstats_band(on)) + " (digital numbers)",
        target=Target(6, 1 / 60),
        most_turns=5,
        budget_s=30,
    )
