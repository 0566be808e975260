"""Plot values: signed, shrunken by their own error, adding up to the total."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrv.estimation.small_area import (
    benchmarked,
    fay_herriot,
    measurement_variance,
    plot_values,
)


def test_shared_errors_are_no_plots_own() -> None:
    rng = np.random.default_rng(0)
    truth = np.array([2.0, 5.0, 9.0, -1.0, 4.0, 7.0, 3.0, 6.0])
    shared = np.exp(rng.normal(0, 0.2, 5000))[:, None]
    own = rng.normal(0, [0.1, 0.1, 1.0, 0.1, 0.1, 0.1, 0.1, 0.1], (5000, 8))
    variance = measurement_variance(shared * truth + own)
    assert variance[2] == pytest.approx(1.0, rel=0.1)
    assert variance[[0, 1, 3, 4, 5, 6, 7]].max() < 0.1


def test_a_certain_value_is_trusted_and_a_hopeless_one_is_not() -> None:
    shrunken = fay_herriot(np.array([5.0, 5.0]), np.array([0.0, 1e12]), np.array([1.0, 1.0]), 4.0)
    assert shrunken.value == pytest.approx([5.0, 1.0])


def test_unmeasured_plots_take_the_prediction_and_losses_stay_losses() -> None:
    values = np.random.default_rng(1).normal([[-4.0, 6.0, 1.0]], 0.01, (500, 3))
    prediction = np.full((5, 3), 1 / 3)
    result = plot_values(values, np.array([0, 2, 4]), prediction)
    assert result[[1, 3]] == pytest.approx([1.0, 1.0], abs=0.01)
    assert result[[0, 2, 4]] == pytest.approx([-4.0, 6.0, 1.0], abs=0.05)


@given(
    st.lists(st.tuples(st.floats(-20, 20), st.floats(0.1, 10)), min_size=4, max_size=30),
    st.floats(-100, 100),
    st.floats(-100, 100),
)
def test_plots_add_up_to_their_strata(
    plots: list[tuple[float, float]], first: float, second: float
) -> None:
    values, area = (np.array(column) for column in zip(*plots, strict=True))
    stratum = np.arange(len(plots)) % 2
    shares = benchmarked(values, area, stratum, np.array([first, second]))
    assert shares[stratum == 0].sum() == pytest.approx(first, abs=1e-6)
    assert shares[stratum == 1].sum() == pytest.approx(second, abs=1e-6)
