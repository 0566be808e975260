"""Where a map may be believed: near measured plots, in what the map answers to."""

import numpy as np
import pytest

from mrv.estimation.maps.applicability import applicable, dissimilarity, importance
from mrv.estimation.maps.ridge import Ridge


def test_dissimilarity_is_the_distance_to_others_over_the_mean_distance() -> None:
    # Four measured plots on a line, two folds: distances 1, 2, 4 among 0, 1, 2, 4.
    values = np.array([[0.0], [1.0], [2.0], [4.0], [2.5], [9.0]])
    folds = np.array([0, 0, 1, 1, 0, 1])
    apart = dissimilarity(values, np.arange(4), folds, np.array([1.0]))
    mean = (1 + 2 + 4 + 1 + 3 + 2) / 6
    assert apart * mean == pytest.approx([2, 1, 1, 3, 0.5, 8])


def test_a_feature_the_map_does_not_answer_to_takes_no_plot_off_it() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(400, 3))
    sampled, folds = np.arange(0, 400, 5), np.arange(400) % 5
    folds[sampled] = np.arange(80) % 5
    values[1, 2], values[2, 0] = 30.0, 30.0
    observed = 5 * values[sampled, 0] + 2 * values[sampled, 1]
    weight = importance(Ridge(1e-9).fitted(values[sampled], observed), values[sampled], observed)
    assert weight == pytest.approx([5, 2, 0], abs=1e-6)
    inside = applicable(dissimilarity(values, sampled, folds, weight), sampled)
    assert inside[1]
    assert not inside[2]
    assert inside[sampled].all()  # their errors are what the map is judged by
    assert inside.mean() > 0.95


def test_a_map_that_answers_to_nothing_weighs_all_features_alike() -> None:
    flat = Ridge().fitted(np.zeros((10, 3)), np.ones(10))
    assert importance(flat, np.zeros((10, 3)), np.ones(10)).tolist() == [1, 1, 1]
    same = np.zeros((10, 3))
    assert applicable(
        dissimilarity(same, np.arange(6), np.arange(10) % 2, np.ones(3)), np.arange(6)
    ).all()


def test_errors_outside_are_larger_than_inside() -> None:
    rng = np.random.default_rng(1)
    values = np.column_stack([rng.normal(size=600), rng.normal(size=600)])
    values[300:] *= 3  # half of the plots lie further out than was measured
    truth = 4 * np.sin(values[:, 0]) + values[:, 1]
    sampled, folds = np.arange(0, 300, 4), np.arange(600) % 5
    observed = truth[sampled] + 0.2 * rng.normal(size=75)
    smoother = Ridge(0.01).fitted(values[sampled], observed)
    weight = importance(smoother, values[sampled], observed)
    inside = applicable(dissimilarity(values, sampled, folds, weight), sampled)
    error = np.abs(smoother.predict(values, observed) - truth)
    assert 0.3 < inside[300:].mean() < 0.9
    assert error[~inside].mean() > 2 * error[inside].mean()
