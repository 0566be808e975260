"""The baseline: what comes up by itself, taken as zero at least, as a whole and never by draws."""

import numpy as np
import pytest

from mrv.change.baseline import control_growth_t_ha, lacking_to_zero


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


def test_a_shrinking_baseline_counts_as_none() -> None:
    draws = np.random.default_rng(1).normal(-3, 2, 10_000)
    assert lacking_to_zero(draws) == pytest.approx(-draws.mean())


def test_a_growing_baseline_is_left_alone() -> None:
    draws = np.random.default_rng(2).normal(1, 4, 10_000)
    assert (draws < 0).any()
    assert lacking_to_zero(draws) == 0
