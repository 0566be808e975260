"""Design-based totals: what they reduce to, and what their noise amounts to."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrv.estimation.field_sample import collapse, sampling_multipliers, standing_for_all
from mrv.estimation.greg import Population, expansion_estimator, greg_estimator


def simple_random(values: list[float], plots: int) -> tuple[Population, np.ndarray]:
    """Equal plots, one stratum, the first ones measured."""
    return (
        Population(
            area_ha=np.ones(plots),
            stratum=np.zeros(plots, dtype=np.int64),
            sampled=np.arange(len(values)),
            inclusion_probability=np.full(len(values), len(values) / plots),
        ),
        np.array(values)[None, :],
    )


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=30), st.integers(0, 200))
def test_under_simple_random_sampling_the_variance_is_the_textbook_one(
    values: list[float], more: int
) -> None:
    size, plots = len(values), len(values) + more
    population, measured = simple_random(values, plots)
    textbook = plots**2 * (1 - size / plots) * np.var(values, ddof=1) / size
    flat = np.full((plots, size), 0.0)  # a map that says nothing
    for estimator in (expansion_estimator(population), greg_estimator(population, flat)):
        assert estimator.totals(measured)[0, 0] == pytest.approx(plots * np.mean(values), abs=1e-6)
        assert estimator.covariance(measured)[0, 0] == pytest.approx(textbook, rel=1e-6, abs=1e-6)


def test_a_census_has_no_sampling_error() -> None:
    population, measured = simple_random([3.0, 5.0, 8.0], 3)
    assert expansion_estimator(population).covariance(measured)[0, 0] == 0


def test_a_perfect_map_leaves_no_sampling_error() -> None:
    population, measured = simple_random([3.0, 5.0, 8.0, 1.0], 8)
    truth = np.array([3.0, 5.0, 8.0, 1.0, 2.0, 2.0, 9.0, 4.0])
    perfect = np.outer(truth, measured[0]) / (measured[0] @ measured[0])
    greg = greg_estimator(population, perfect)
    assert greg.totals(measured)[0, 0] == pytest.approx(truth.sum())
    assert greg.covariance(measured)[0, 0] == pytest.approx(0, abs=1e-20)


def test_greg_without_bias_over_all_samples() -> None:
    """Every sample of 3 out of 6 plots: the estimates average to the truth, map or no map."""
    from itertools import combinations

    truth = np.array([4.0, 1.0, 7.0, 3.0, 9.0, 6.0])
    area = np.array([1.0, 2.0, 0.5, 1.5, 1.0, 3.0])
    fixed_map = np.array([3.0, 2.0, 5.0, 5.0, 7.0, 7.0])
    totals = []
    for rows in combinations(range(6), 3):
        sampled = np.array(rows)
        y = truth[sampled]
        population = Population(area, np.zeros(6, dtype=np.int64), sampled, np.full(3, 0.5))
        greg = greg_estimator(population, np.outer(fixed_map, y) / (y @ y))
        totals.append(greg.totals(y[None])[0, 0])
    assert np.mean(totals) == pytest.approx(area @ truth)


def test_drawn_noise_has_the_design_variance_and_is_shared_between_parts() -> None:
    rng = np.random.default_rng(1)
    values = rng.gamma(4, 2, 30).tolist()
    population, measured = simple_random(values, 80)
    estimator = expansion_estimator(population)
    draws = 40_000
    gross = np.repeat(measured, draws, axis=0)
    chance = rng.standard_normal((draws, 30))
    noise = estimator.noise(gross, chance)
    assert noise.mean() == pytest.approx(0, abs=1e-9)
    assert noise.var() == pytest.approx(estimator.covariance(measured)[0, 0], rel=0.03)
    # A part that is half of the whole errs by half as much, in the same direction.
    assert estimator.noise(gross / 2, chance) == pytest.approx(noise / 2)


def test_few_clusters_widen_the_noise_to_students_t() -> None:
    multipliers = sampling_multipliers(np.random.default_rng(2), 200_000, 1, 5)[:, 0]
    assert np.quantile(multipliers, 0.95) == pytest.approx(2.015, abs=0.03)
    one = sampling_multipliers(np.random.default_rng(2), 1000, 3, -4)
    two = sampling_multipliers(np.random.default_rng(2), 1000, 3, 2)
    assert np.array_equal(one, two)


def test_a_probability_claimed_too_high_does_not_narrow_the_interval() -> None:
    """Twenty of a hundred plots measured, said to be certain to be: taken as one in five."""
    claimed = standing_for_all(np.ones(20), np.zeros(20, dtype=np.int64), np.array([100]))
    assert claimed == pytest.approx(np.full(20, 0.2))


def test_a_lost_plot_is_stood_for_by_the_others() -> None:
    kept = standing_for_all(np.full(39, 0.5), np.zeros(39, dtype=np.int64), np.array([80]))
    assert (1 / kept).sum() == pytest.approx(80)


def test_strata_too_small_for_a_variance_join_the_best_measured_one() -> None:
    stratum = np.array([0, 0, 0, 1, 1, 2, 2, 2])
    joined = collapse(stratum, np.array([0, 1, 2, 3, 5, 6]), 3)
    assert joined.tolist() == [0, 0, 0, 0, 0, 1, 1, 1]


def test_two_plots_of_a_stratum_have_a_spread() -> None:
    """Textbook: N^2 (1 - n/N) s^2 / n, with s^2 from two values."""
    population, measured = simple_random([4.0, 10.0], 20)
    estimator = expansion_estimator(population)
    chance = np.random.default_rng(2).standard_normal((40_000, 2))
    noise = estimator.noise(np.repeat(measured, 40_000, axis=0), chance)
    expected = np.sqrt(20**2 * (1 - 2 / 20) * 18.0 / 2)
    assert noise[:, 0].std() == pytest.approx(expected, rel=0.02)


def test_where_nobody_says_how_many_villages_there_are_they_are_many() -> None:
    """The share of villages drawn counts as none, which never narrows an interval."""
    unit = np.array([0, 0, 1, 1])
    told = {
        "area_ha": np.ones(40),
        "stratum": np.zeros(40, np.int64),
        "sampled": np.arange(4),
        "inclusion_probability": np.full(4, 0.1),
        "unit": unit,
    }
    values = np.array([[1.0, 2.0, 6.0, 9.0]])
    unsaid = expansion_estimator(Population(**told)).covariance(values)
    none = expansion_estimator(Population(**told, units_measured=0.0)).covariance(values)
    half = expansion_estimator(Population(**told, units_measured=0.5)).covariance(values)
    assert unsaid == none
    assert unsaid[0, 0] > half[0, 0]
