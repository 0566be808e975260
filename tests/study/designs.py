"""What the study varies: one thing at a time about a base, and what is asked of the estimates."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from mrv.simulation.archetypes import ARCHETYPES
from mrv.simulation.plot_landscapes import Signals
from mrv.simulation.spec import LandscapeSpec, without_growth

SLOW: Final = 0.35
"""Growth of the slow design as a share of the fast one's."""

_BASE = replace(
    ARCHETYPES["growing"],
    plots=240,
    controls=40,
    villages=24,
    side_m=14_000,
    median_area_ha=0.35,
    sampled_per_stratum=48,
    sampled_controls=24,
    trees_per_visit=10,
)
_SHEA = replace(
    ARCHETYPES["burkina-shea"],
    plots=240,
    controls=40,
    villages=24,
    side_m=14_000,
    median_area_ha=0.7,
    sampled_per_stratum=48,
    sampled_controls=24,
    trees_per_visit=12,
    strata=tuple(
        replace(
            stratum,
            practice="young shea, protected and planted, on sorghum",
            stems_per_ha=160.0,
            age_y=(5.0, 7.0),
            planted=tuple(
                replace(kind, share=1.0, increment_cm_y=1.4)
                for kind in stratum.planted
                if kind.species == "Vitellaria paradoxa"
            ),
        )
        for stratum in ARCHETYPES["burkina-shea"].strata
    ),
)


@dataclass(frozen=True, slots=True)
class Design:
    """A kind of landscape.

    Attributes:
        title: In words.
        spec: The recipe.
        signals: How well scenes see trees.
        grows: Whether anything is there to be credited.
        naive: Names of the naive choices that are tried on the same data.
    """

    title: str
    spec: LandscapeSpec = _BASE
    signals: Signals = field(default_factory=Signals)
    grows: bool = True
    naive: tuple[str, ...] = ()


_MAPS = ("independent errors", "per-plot floors", "running maximum", "random cross-validation")
_STANDING = without_growth(_BASE)

DESIGNS: Final[Mapping[str, Design]] = {
    "fast": Design("fast growth: the base", naive=(*_MAPS, "no site effect")),
    "slow": Design("slow growth", replace(_BASE, growth=SLOW), naive=(*_MAPS, "no site effect")),
    "none": Design("no growth", _STANDING, grows=False, naive=(*_MAPS, "no site effect")),
    "unplanted": Design(
        "nothing planted: old trees grow, others come up",
        replace(_BASE, strata=tuple(replace(s, stems_per_ha=0.0) for s in _BASE.strata)),
        grows=False,
    ),
    "old-trees": Design("many pre-existing trees", replace(_BASE, pre_existing_per_ha=60)),
    "villages": Design(
        "12 of 24 unlike villages drawn, then plots",
        replace(_BASE, village_sd_ln=0.4, sampled_villages=12),
        naive=_MAPS,
    ),
    "clouds": Design("clouds hide 15 % of plots at each epoch", signals=Signals(hidden=0.15)),
    "range-0.5-km": Design("map errors shared over 0.5 km", signals=Signals(range_m=500)),
    "range-20-km": Design("map errors shared over 20 km", signals=Signals(range_m=20_000)),
    "poor-map": Design("scenes hardly see trees", signals=Signals(error_sd=6.0)),
    "sample-30": Design("30 plots measured", replace(_BASE, sampled_per_stratum=30)),
    "sample-100": Design("100 plots measured", replace(_BASE, sampled_per_stratum=100)),
    "shea": Design("young shea in parkland", _SHEA, naive=("generic allometry",)),
}
"""By name; "fast" has spatial errors over 5 km and 48 measured plots."""


@dataclass(frozen=True, slots=True)
class Criteria:
    """What issue 5 asks of every design.

    Attributes:
        bias: Mean error over mean truth; or one standard error, if that is more [1].
        coverage: Least and most share of 90 % intervals that hold the truth [1].
        at_no_growth: Mean credits where nothing grows over those at fast growth [1].
        above_truth: Share of growing landscapes that are credited more than was removed [1].
    """

    bias: float = 0.01
    coverage: tuple[float, float] = (0.88, 0.92)
    at_no_growth: float = 0.005
    above_truth: float = 0.05


CRITERIA: Final = Criteria()
