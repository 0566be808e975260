"""Variograms: the correlation that a field of errors was made with is found again."""

import numpy as np
import pytest

from mrv.errors import InputRejected
from mrv.estimation.covariance import Correlogram, exponential, spherical, variance_of_sum
from mrv.estimation.variogram import MIN_PAIRS, Variogram, fit_correlogram, variogram


def field(correlation: Correlogram, seed: int, places: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, 40_000, (places, 2))
    return xy, np.linalg.cholesky(correlation.among(xy)) @ rng.standard_normal(places)


@pytest.mark.parametrize(
    "correlation",
    [exponential(4_000.0, 0.3), spherical(9_000.0, 0.2)],
    ids=["exponential", "spherical"],
)
def test_the_correlation_is_found_again(correlation: Correlogram) -> None:
    """Not its parameters, which trade off, but what it makes of a sum over places."""
    found = []
    for seed in range(25):
        xy, residual = field(correlation, seed)
        fitted = fit_correlogram(variogram(xy, residual))
        found.append(variance_of_sum(xy, np.ones(len(xy)), fitted))
    true = variance_of_sum(xy, np.ones(len(xy)), correlation)
    assert np.median(found) == pytest.approx(true, rel=0.25)


def test_errors_that_nobody_shares_have_no_range() -> None:
    xy, residual = field(exponential(1.0), 3)
    fitted = fit_correlogram(variogram(xy, residual))
    independent = len(xy)
    assert variance_of_sum(xy, np.ones(len(xy)), fitted) < 4 * independent


def test_each_lag_has_its_pairs() -> None:
    xy, residual = field(exponential(4_000.0), 1, places=40)
    seen = variogram(xy, residual)
    assert seen.pairs.min() >= MIN_PAIRS
    assert (np.diff(seen.lag_m) > 0).all()
    assert len(seen.lag_m) <= 12


def test_few_plots_have_no_variogram_and_say_so() -> None:
    xy, residual = field(exponential(4_000.0), 1, places=9)
    with pytest.raises(InputRejected, match=r"9 measured plots make .* needs two lags of 50 pairs"):
        variogram(xy, residual)


def exactly(share: float, range_m: float, lag_m: np.ndarray) -> Variogram:
    """What a nugget and an exponential sill make without any noise."""
    rising = 1.0 - Correlogram((1.0,), (range_m,), "exponential")(lag_m)
    return Variogram(lag_m, 0.8 * ((1.0 - share) + share * rising), np.full(len(lag_m), 60))


def test_a_correlation_without_noise_is_found_to_the_digit() -> None:
    """Its range is the farthest that is tried, which is the farthest lag."""
    lag_m = np.array([500.0, 900.0, 1_700.0, 3_100.0, 5_200.0, 9_000.0])
    found = fit_correlogram(exactly(0.6, 9_000.0, lag_m))
    assert found.shape == "exponential"
    assert found.ranges_m[0] == pytest.approx(9_000.0)
    assert found.shares[0] == pytest.approx(0.6, rel=1e-6)
    nearest = fit_correlogram(exactly(0.6, 250.0, lag_m))
    assert nearest.ranges_m[0] == pytest.approx(250.0), "the shortest is half the nearest lag"


def test_without_any_residual_nothing_is_shared() -> None:
    flat = Variogram(np.array([500.0, 900.0]), np.zeros(2), np.array([60, 60]))
    assert fit_correlogram(flat).shares == (0.0,)


def test_however_many_pairs_there_are_twelve_lags_at_most() -> None:
    xy, residual = field(exponential(4_000.0), 5, places=120)
    seen = variogram(xy, residual)
    assert len(seen.lag_m) == 12
    assert seen.pairs.max() - seen.pairs.min() <= 1
