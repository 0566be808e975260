"""Worked numbers of standards and textbooks (methodology reference 4.1, 4.3, 4.4, 7.6)."""

import numpy as np
import pytest
from scipy import stats

from mrv.crediting.deduction import Z_TWO_SIDED_90, deducted_fraction
from mrv.estimation.closed_forms import (
    carbon_at_mass,
    census_half_width,
    census_half_width_as_printed,
    combine_product,
    combine_sum,
    double_sampling,
    exceeded_value,
    paired_half_width,
    soil_layers,
)
from mrv.estimation.covariance import exponential, variance_of_mean
from mrv.estimation.double_sampling import double_sampling_estimator
from mrv.estimation.estimators import programme_total
from mrv.estimation.greg import Population, expansion_estimator, greg_estimator
from mrv.estimation.small_area import fay_herriot

MEASURED = np.array([12.0, 18, 25, 9, 31, 22, 15, 40, 28, 11])
MAPPED = np.array([13.0, 17, 23, 13, 27, 25, 14, 33, 29, 11])


def test_ipcc_approach_1_sum() -> None:
    assert combine_sum([100, 50], [0.20, 0.30]) == pytest.approx(0.16667, abs=5e-6)


def test_ar_tool14_equation_2() -> None:
    assert combine_sum([8000, -5000], [0.11, 0.12]) == pytest.approx(0.355027, abs=5e-7)


AUXILIARY = np.array([10.0, 20, 22, 12, 28, 25, 14, 35, 30, 9])


def test_ar_tool14_double_sampling() -> None:
    mean, se = double_sampling(MEASURED, AUXILIARY, 21.7, 200)
    correlation = np.corrcoef(MEASURED, AUXILIARY)[0, 1]
    slope = correlation * MEASURED.std(ddof=1) / AUXILIARY.std(ddof=1)
    assert correlation == pytest.approx(0.9590863985, abs=2e-10)
    assert slope == pytest.approx(1.0583842498, abs=1e-10)
    assert mean == pytest.approx(22.3700610997, abs=1e-9)
    assert MEASURED.var(ddof=1) == pytest.approx(99.6555556, abs=5e-8)
    assert se**2 * 10 == pytest.approx(12.5711115, abs=5e-8)
    t = stats.t.ppf(0.95, 9)
    assert t == pytest.approx(1.8331129, abs=5e-8)
    assert t * se / mean == pytest.approx(0.0918774, abs=5e-8)
    simple = t * np.sqrt(MEASURED.var(ddof=1) / 10) / MEASURED.mean()
    assert simple == pytest.approx(0.2742569, abs=5e-8)


def test_ar_tool14_double_sampling_as_an_estimator_of_totals() -> None:
    """The same numbers through the interface that all estimators share."""
    plots, looked_at = 1_000, 200
    rest = (21.7 * looked_at - AUXILIARY.sum()) / (looked_at - 10)
    auxiliary = np.full(plots, np.nan)
    auxiliary[:10], auxiliary[10:looked_at] = AUXILIARY, rest
    population = Population(
        area_ha=np.ones(plots),
        stratum=np.zeros(plots, dtype=np.int64),
        sampled=np.arange(10),
        inclusion_probability=np.full(10, 10 / plots),
    )
    estimator = double_sampling_estimator(population, auxiliary, np.arange(looked_at))
    total, se = programme_total(estimator, MEASURED[None])
    assert total / plots == pytest.approx(22.3700610997, abs=1e-9)
    assert 10 * (se / plots) ** 2 == pytest.approx(12.5711115, abs=5e-8)


def test_greg_difference_estimator() -> None:
    """Map mean 20.9, mean residual 0.6, so 21.5; SE 1.0241528 before the population correction."""
    plots = 40
    rest = (20.9 * plots - MAPPED.sum()) / (plots - 10)
    predicted = np.concatenate([MAPPED, np.full(plots - 10, rest)])
    population = Population(
        area_ha=np.ones(plots),
        stratum=np.zeros(plots, dtype=np.int64),
        sampled=np.arange(10),
        inclusion_probability=np.full(10, 10 / plots),
    )
    # A matrix that gives these predictions for these measurements.
    matrix = np.outer(predicted, MEASURED) / (MEASURED @ MEASURED)
    greg = greg_estimator(population, matrix)
    values = MEASURED[None, :]
    assert greg.totals(values)[0, 0] / plots == pytest.approx(21.5)
    se = np.sqrt(greg.covariance(values)[0, 0]) / plots
    assert se / np.sqrt(1 - 10 / plots) == pytest.approx(1.0241528, abs=5e-8)


def test_vm0047_equation_28() -> None:
    half_width = paired_half_width(1.2, 1.8, 0.6, 12.0, 29)
    assert stats.t.ppf(0.95, 29) == pytest.approx(1.699127, abs=5e-7)
    assert half_width == pytest.approx(0.204602, abs=5e-7)
    assert deducted_fraction(half_width, "VM0047") == pytest.approx(0.104602, abs=5e-7)


def test_vm0047_census() -> None:
    assert stats.t.ppf(0.95, 119) == pytest.approx(1.657759, abs=5e-7)
    carbon_t = 10_000 * 0.88 * 0.066
    assert carbon_t == pytest.approx(580.8)
    half_width = census_half_width(10_000, 0.12, 0.066, 0.0396, 120)
    assert half_width == pytest.approx(0.1067411, abs=5e-8)
    assert deducted_fraction(half_width, "VM0047") == pytest.approx(0.0067411, abs=5e-8)
    mortality = census_half_width(10_000, 0.12, 0.066, 0.0, 120)
    assert mortality == pytest.approx(0.0561174, abs=5e-8)


def test_vm0047_census_as_printed() -> None:
    half_width = census_half_width_as_printed(10_000, 0.12, 0.066, 0.0396, 120)
    assert half_width == pytest.approx(0.1299958, abs=5e-8)
    assert deducted_fraction(half_width, "VM0047") == pytest.approx(0.0299958, abs=5e-8)


def test_vm0042_probability_of_exceedance() -> None:
    sd = np.sqrt(0.70 + 0.66 - 2 * 0.8 * np.sqrt(0.70 * 0.66)) * 44 / 12
    mean = 1.2 * 44 / 12
    deducted = deducted_fraction(Z_TWO_SIDED_90 * sd / mean, "VCS_POE_6667")
    assert sd == pytest.approx(1.9139533, abs=5e-8)
    assert deducted == pytest.approx(0.18736, abs=5e-6)
    assert mean * (1 - deducted) == pytest.approx(3.5756083, abs=5e-6)
    assert mean == pytest.approx(4.4)
    assert exceeded_value(mean, float(sd)) == pytest.approx(3.5756083, abs=5e-6)


def test_fay_herriot_1979() -> None:
    shrunken = fay_herriot(np.array([12.0]), np.array([9.0]), np.array([8.0]), 4.0)
    assert shrunken.trust[0] == pytest.approx(0.307692, abs=5e-7)
    assert shrunken.value[0] == pytest.approx(9.230769, abs=5e-7)


def test_correlated_errors_of_three_places() -> None:
    places = np.array([[0.0, 0.0], [1000.0, 0.0], [0.0, 2000.0]])
    variance = variance_of_mean(places, np.full(3, 10.0), exponential(1000.0))
    assert variance == pytest.approx(46.890948, abs=5e-7)
    assert np.sqrt(variance) == pytest.approx(6.847697, abs=5e-7)


@pytest.mark.parametrize(
    ("range_km", "se_t_ha", "effective"),
    [(0, 0.045, 50_000), (1, 0.18, 3_026), (5, 0.83, 145), (20, 2.68, 14)],
)
def test_fifty_thousand_plots(range_km: int, se_t_ha: float, effective: int) -> None:
    """Table 4.4: SD 10 t/ha, half of it nugget, 100 km by 100 km; by random pairs."""
    rng = np.random.default_rng(1)
    places = rng.uniform(0, 100_000, (50_000, 2))
    correlation = exponential(range_km * 1000.0, 0.5) if range_km else exponential(1.0, 1.0)
    sd = np.full(50_000, 10.0)
    variance = variance_of_mean(places, sd, correlation, pairs=3_000_000, rng=rng)
    assert np.sqrt(variance) == pytest.approx(se_t_ha, rel=0.015)
    assert 100 / variance == pytest.approx(effective, rel=0.04)  # theirs are random pairs too


def test_fifty_thousand_plots_in_forty_villages() -> None:
    """Table 4.4, its last row: SE 1.08 t/ha, 85 effective plots, at a range of 5 km.

    The table does not say how far a village's plots lie apart; the row comes out at a spread of
    2.5 km each way, which is taken here [P], over many draws of the villages' places. Whatever the
    spread, the row lies between plots everywhere (0.83) and villages that are points.
    """
    rng = np.random.default_rng(1)
    sd = np.full(50_000, 10.0)
    variances: dict[float, list[float]] = {spread: [] for spread in (0.0, 2_500.0)}
    for _ in range(40):
        village = rng.integers(0, 40, 50_000)
        homes = rng.uniform(0, 100_000, (40, 2))
        away = rng.standard_normal((50_000, 2))
        for spread, found in variances.items():
            places = homes[village] + spread * away
            found.append(
                variance_of_mean(places, sd, exponential(5_000.0, 0.5), pairs=200_000, rng=rng)
            )
    points, spread_out = (float(np.mean(found)) for found in variances.values())
    assert np.sqrt(spread_out) == pytest.approx(1.08, rel=0.03)
    assert 100 / spread_out == pytest.approx(85, rel=0.06)
    assert 0.83**2 < spread_out < points
    # Villages that are points: half the variance is shared whole by one fortieth of the pairs.
    assert points == pytest.approx(50 / 40 + 39 / 40 * 0.83**2, rel=0.06)


def test_random_pairs_agree_with_all_pairs() -> None:
    rng = np.random.default_rng(7)
    places = rng.uniform(0, 50_000, (600, 2))
    sd = rng.uniform(5, 15, 600)
    exact = variance_of_mean(places, sd, exponential(5000.0, 0.3))
    sampled = variance_of_mean(places, sd, exponential(5000.0, 0.3), pairs=150_000, rng=rng)
    assert sampled == pytest.approx(exact, rel=0.05)


def test_expansion_of_a_simple_random_sample() -> None:
    """AR-TOOL14's own example: SEM of 34 plots with s 12.776 is 2.191."""
    rng = np.random.default_rng(3)
    raw = rng.standard_normal(34)
    values = 45.328 + 12.776 * (raw - raw.mean()) / raw.std(ddof=1)
    plots = 34 * 50
    population = Population(
        area_ha=np.ones(plots),
        stratum=np.zeros(plots, dtype=np.int64),
        sampled=np.arange(34),
        inclusion_probability=np.full(34, 1 / 50),
    )
    estimator = expansion_estimator(population)
    assert estimator.totals(values[None])[0, 0] / plots == pytest.approx(45.328)
    sem = np.sqrt(estimator.covariance(values[None])[0, 0]) / plots / np.sqrt(1 - 1 / 50)
    assert sem == pytest.approx(2.191, abs=5e-4)
    assert stats.t.ppf(0.95, 33) * sem / 45.328 == pytest.approx(0.0818, abs=5e-5)


def test_vm0042_equivalent_soil_mass() -> None:
    """Loosened soil: +0.525 t C/ha at fixed depth is +2.966 in the same mass of mineral soil."""
    thickness = np.full(3, 15.0)
    before = soil_layers(thickness, np.array([1.30, 1.40, 1.45]), np.array([1.8, 1.2, 0.8]))
    after = soil_layers(thickness, np.array([1.15, 1.35, 1.45]), np.array([2.0, 1.3, 0.8]))
    reference = float(before[0][1])  # 0-30 cm at the earlier date
    assert reference == pytest.approx(3946.034483, abs=5e-7)
    first, second = (carbon_at_mass(*soil, reference) for soil in (before, after))
    assert first == pytest.approx(60.3)
    assert second == pytest.approx(63.265909, abs=5e-7)
    assert second - first == pytest.approx(2.965909, abs=5e-7)
    assert after[1][1] - before[1][1] == pytest.approx(0.525)


def test_relative_errors_of_factors_add_as_squares() -> None:
    """IPCC 2019, volume 1, equation 3.1: sqrt(0.3^2 + 0.4^2) = 0.5."""
    assert combine_product([0.3, 0.4]) == pytest.approx(0.5)
    assert combine_product([0.2]) == pytest.approx(0.2)
