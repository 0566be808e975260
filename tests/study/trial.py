"""One landscape of a design: what the estimate said, what was true, what would have been issued."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from mrv.biomass.context import BiomassContext
from mrv.simulation.plot_landscapes import simulate_plot_landscape
from tests.study.designs import DESIGNS, Design
from tests.study.naive import NAIVE, Case
from tests.study.steps import (
    METHODOLOGY,
    Claim,
    claim,
    draw_biomass,
    estimate_landscape,
    read_trees,
)

DRAWS: Final = 500


@dataclass(frozen=True, slots=True)
class Trial:
    """What came out on one landscape.

    Attributes:
        seed: Of the landscape.
        truth_t: True net removals [t CO2e].
        usual_t: The same at the mean conversion from trees to carbon [t CO2e].
        estimate_t: Mean of the draws of net removals, before the floor under the baseline
            [t CO2e].
        low_t: Lower end of their 90 % interval [t CO2e].
        high_t: Upper end [t CO2e].
        floor_t: What the floor takes off all three before anything is credited [t CO2e].
        credits_t: Issued [t CO2e].
        with_buffer_t: Issued and set aside in the buffer [t CO2e].
        estimator: Which served.
        r2: Of the map on unseen villages [1]; None where there was no map.
        naive: What each naive choice would have said and issued.
    """

    seed: int
    truth_t: float
    usual_t: float
    estimate_t: float
    low_t: float
    high_t: float
    floor_t: float
    credits_t: int
    with_buffer_t: int
    estimator: str
    r2: float | None
    naive: Mapping[str, Claim] = field(default_factory=dict)

    @property
    def covered(self) -> bool:
        """Whether the 90 % interval holds the truth."""
        return self.low_t <= self.truth_t <= self.high_t


def run_trial(design: Design, seed: int, draws: int = DRAWS) -> Trial:
    """Simulate one landscape and take it from trees and signals to credits."""
    landscape = simulate_plot_landscape(design.spec, seed, design.signals)
    trees = read_trees(landscape)
    context = BiomassContext.of(design.spec.ecology, METHODOLOGY)
    biomass = draw_biomass(landscape, trees, context, draws)
    estimate = estimate_landscape(landscape, biomass)
    case = Case(landscape, trees, biomass, estimate)
    low, high = np.quantile(estimate.net_tco2e, [0.05, 0.95])
    gross = float(estimate.gross_tco2e.mean())
    ours = claim(gross, estimate.creditable_baseline_tco2e, estimate.u90)
    return Trial(
        seed=seed,
        truth_t=landscape.true_net_tco2e,
        usual_t=landscape.usual_net_tco2e,
        estimate_t=float(estimate.net_tco2e.mean()),
        low_t=float(low),
        high_t=float(high),
        floor_t=estimate.baseline_floor_tco2e,
        credits_t=ours.credits_t,
        with_buffer_t=ours.with_buffer_t,
        estimator=estimate.estimator,
        r2=estimate.map.r2,
        naive={name: NAIVE[name](case) for name in design.naive},
    )


def named_trial(which: tuple[str, int]) -> tuple[str, Trial]:
    """Run the trial of a design's name and a seed, in whatever process."""
    name, seed = which
    return name, run_trial(DESIGNS[name], seed)
