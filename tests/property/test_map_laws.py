"""Laws of every map, whatever was measured: units, levels and the order of plots do not matter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrv.estimation.maps.boosting import Boosting
from mrv.estimation.maps.choice import choose_map
from mrv.estimation.maps.gaussian_process import GaussianProcess
from mrv.estimation.maps.ridge import Ridge
from mrv.estimation.maps.smoothers import MapModel

MODELS = (Ridge(0.2), Ridge(0.2, curved=True), GaussianProcess(1.0, 1.0), Boosting(12))
FEW = (Ridge(), GaussianProcess())
seeds = st.integers(0, 10_000)


def landscape(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Features of all plots, measured plots, folds, and what was measured."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(120, 3))
    sampled = np.sort(rng.choice(120, 40, replace=False))
    observed = 8 + 2 * values[sampled, 0] + rng.normal(size=40)
    return values, sampled, rng.permutation(120) % 5, observed


@settings(deadline=None, max_examples=10, derandomize=True)
@given(seeds, st.floats(0.1, 50), st.floats(-100, 100))
def test_another_unit_or_level_of_what_is_measured_changes_no_weight(
    seed: int, unit: float, level: float
) -> None:
    values, sampled, folds, observed = landscape(seed)
    plain = choose_map(values, sampled, folds, observed, FEW)
    other = choose_map(values, sampled, folds, level + unit * observed, FEW)
    assert other.by_fold == plain.by_fold
    assert other.prediction == pytest.approx(plain.prediction, abs=1e-9)


@settings(deadline=None, max_examples=10, derandomize=True)
@given(seeds)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_order_of_measured_plots_does_not_matter(model: MapModel, seed: int) -> None:
    values, sampled, _, observed = landscape(seed)
    order = np.random.default_rng(seed + 1).permutation(40)
    one = model.fitted(values[sampled], observed).predict(values, observed)
    shuffled = sampled[order]
    other = model.fitted(values[shuffled], observed[order]).predict(values, observed[order])
    assert other == pytest.approx(one, abs=1e-8)


@settings(deadline=None, max_examples=10, derandomize=True)
@given(seeds)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_growth_that_is_the_same_everywhere_is_mapped_as_it_is(model: MapModel, seed: int) -> None:
    values, sampled, _, observed = landscape(seed)
    smoother = model.fitted(values[sampled], observed)
    assert smoother.predict(values, np.full(40, 7.5)) == pytest.approx(np.full(120, 7.5))


@settings(deadline=None, max_examples=10, derandomize=True)
@given(seeds)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_a_part_of_growth_is_mapped_as_that_part(model: MapModel, seed: int) -> None:
    """Pre-existing and additional growth, mapped apart, add up to the whole."""
    values, sampled, _, observed = landscape(seed)
    part = observed * np.random.default_rng(seed).uniform(size=40)
    smoother = model.fitted(values[sampled], observed)
    together = smoother.predict(values, part) + smoother.predict(values, observed - part)
    assert together == pytest.approx(smoother.predict(values, observed))
