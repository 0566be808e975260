"""Errors that lean as the few units behind a total do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mrv.estimation.skewness import lean, standing_skewness

UNITS = st.lists(st.floats(-50, 50), min_size=3, max_size=30).filter(
    lambda units: np.count_nonzero(units) > 2 and np.ptp(units) > 1
)


def test_skewness_is_the_adjusted_coefficient_of_the_mean() -> None:
    units = np.array([-4.0, -2.0, -1.0, 1.0, 6.0])  # they add up to zero, as units about a mean do
    expected = stats.skew(units, bias=False) / np.sqrt(5)
    assert standing_skewness(units) == pytest.approx(expected)
    assert standing_skewness(np.append(units, [0.0, 0.0])) == pytest.approx(expected)


@pytest.mark.parametrize("units", [[], [1.0], [-3.0, 3.0, 0.0]])
def test_two_units_have_no_skewness(units: list[float]) -> None:
    assert standing_skewness(np.array(units)) == 0.0


@given(skewness=st.floats(-0.9, 0.9), se=st.floats(0.1, 1e6))
def test_it_undoes_halls_transformation(skewness: float, se: float) -> None:
    """g(T) = T + a T^2/3 + a^2 T^3/27 + a/6 of the studentised T = -error/se; Hall 1992."""
    symmetric = np.linspace(-3, 3, 25)
    t = -lean(symmetric * se, se, skewness) / se
    back = t + skewness * t**2 / 3 + skewness**2 * t**3 / 27 + skewness / 6
    assert back == pytest.approx(-symmetric, abs=1e-5)


@given(units=UNITS)
def test_order_stays_and_mirrored_units_mirror_the_errors(units: list[float]) -> None:
    values = np.array(units)
    se = float(np.sqrt((values**2).sum()))
    errors = np.linspace(-3, 3, 61) * se
    skewness = standing_skewness(values)
    leaning = lean(errors, se, skewness)
    assert (np.diff(leaning) >= 0).all()
    assert lean(-errors, se, -skewness) == pytest.approx(-leaning)


def test_it_leans_to_where_the_units_do_and_widens() -> None:
    draws = np.random.default_rng(1).standard_normal(200_001)
    leaning = lean(draws, 1.0, 0.4)
    leaning -= leaning.mean()
    low, high = np.quantile(leaning, [0.05, 0.95])
    assert high > -low > 1.0
    assert high - low > 2 * 1.645
    assert stats.skew(leaning) > 0
