"""The baseline: what comes up by itself, floored as a whole and never draw by draw."""

import numpy as np
import pytest

from mrv.change.baseline import control_growth_t_ha, not_below_zero


def test_controls_are_a_mean_by_area_with_its_full_variance() -> None:
    rng = np.random.default_rng(0)
    growth, area = rng.gamma(2, 0.4, 25), rng.uniform(0.2, 3, 25)
    draws = np.repeat(growth[None], 20_000, axis=0)
    result = control_growth_t_ha(draws, area, rng.standard_normal((20_000, 25)))
    mean = area @ growth / area.sum()
    assert result.mean() == pytest.approx(mean)
    # Although every control plot was measured, their mean is not exact.
    residual = area * (growth - mean) / area.sum()
    assert result.std() == pytest.approx(np.sqrt((residual**2).sum()), rel=0.06)


def test_without_controls_nothing_is_known_to_come_up() -> None:
    assert control_growth_t_ha(np.zeros((7, 0)), np.zeros(0), np.zeros((7, 0))).tolist() == [0] * 7


def test_a_shrinking_baseline_counts_as_none_and_keeps_its_doubt() -> None:
    draws = np.random.default_rng(1).normal(-3, 2, 10_000)
    floored = not_below_zero(draws)
    assert floored.mean() == pytest.approx(0, abs=1e-9)
    assert floored.std() == pytest.approx(draws.std())


def test_a_growing_baseline_is_left_alone() -> None:
    draws = np.random.default_rng(2).normal(1, 4, 10_000)
    assert (draws < 0).any()
    assert np.array_equal(not_below_zero(draws), draws)
