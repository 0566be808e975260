"""Landscapes whose truth is known: no growth earns nothing, and stated intervals hold the truth."""

import numpy as np
import pytest

from mrv.simulation.archetypes import ARCHETYPES
from tests.end_to_end.known_truth import Answer, answer

SEEDS = range(20)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def growing() -> list[Answer]:
    return [answer(ARCHETYPES["growing"], seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def standing_still() -> list[Answer]:
    return [answer(ARCHETYPES["zero-growth"], seed) for seed in SEEDS]


@pytest.mark.xdist_group("growing")
def test_the_90_percent_interval_holds_the_truth_in_at_least_17_of_20_seeds(
    growing: list[Answer],
) -> None:
    assert sum(a.covered for a in growing) >= 17


@pytest.mark.xdist_group("growing")
def test_every_plot_that_was_drawn_is_measured_at_both_ends(growing: list[Answer]) -> None:
    spec = ARCHETYPES["growing"]
    drawn = spec.sampled_per_stratum * len(spec.strata)
    assert {a.estimate.sampled for a in growing} == {drawn}


@pytest.mark.xdist_group("growing")
def test_growth_is_credited_and_less_than_there_was(growing: list[Answer]) -> None:
    truth = sum(a.true_net_tco2e for a in growing)
    credited = sum(a.credits_t for a in growing)
    assert 0.2 * truth < credited < 0.8 * truth


@pytest.mark.xdist_group("growing")
def test_the_estimate_is_not_biased_beyond_its_own_error(growing: list[Answer]) -> None:
    ratio = np.array([a.estimate.net_tco2e.mean() / a.true_net_tco2e for a in growing])
    standard_error = ratio.std(ddof=1) / np.sqrt(len(ratio))
    assert abs(ratio.mean() - 1) < 3 * standard_error


@pytest.mark.xdist_group("standing_still")
def test_no_growth_earns_nothing_beyond_chance(standing_still: list[Answer]) -> None:
    # Of 20 landscapes without growth one may, by chance, look as if it had grown a little.
    earned = [a.credits_t for a in standing_still]
    assert all(a.true_net_tco2e == 0 for a in standing_still)
    assert sum(credits_t > 0 for credits_t in earned) <= 1
