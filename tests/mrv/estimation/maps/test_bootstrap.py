"""The bootstrap: villages drawn again, the same ones wherever predictions are to be compared."""

import numpy as np
import pytest

from mrv.errors import InputRejected
from mrv.estimation.maps.bootstrap import (
    bootstrap_predictions,
    bootstrap_totals,
    bootstrap_weights,
    resampled_clusters,
)
from mrv.estimation.maps.ridge import Ridge

SAMPLE = np.arange(0, 120, 3)
VILLAGES = [f"V{i % 10}" for i in range(40)]


def landscape(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(120, 2))
    village_effect = rng.normal(size=10)[np.arange(40) % 10]
    return values, 5 + values[SAMPLE] @ [2.0, -1.0] + village_effect + rng.normal(size=40)


def test_the_variance_of_a_mean_is_that_between_villages() -> None:
    # Without features a ridge predicts the mean, whose cluster variance has a closed form.
    rng = np.random.default_rng(1)
    observed = 5 + 2 * rng.normal(size=10)[np.arange(40) % 10] + rng.normal(size=40)
    flat = np.zeros((120, 1))
    drawn = bootstrap_predictions(Ridge(), flat, SAMPLE, VILLAGES, observed, 20_000, seed=3)
    means = observed.reshape(4, 10).mean(axis=0)
    assert drawn[:, 0].var() == pytest.approx(means.var(ddof=1) / 10, rel=0.04)
    assert drawn[:, 0].mean() == pytest.approx(observed.mean(), abs=0.01)
    # Plots drawn singly instead would look surer than they are.
    assert drawn[:, 0].var() > 1.2 * observed.var(ddof=1) / 40


def test_replicates_hold_the_same_villages_for_every_epoch_and_model() -> None:
    values, observed = landscape(2)
    before = bootstrap_predictions(Ridge(0.1), values, SAMPLE, VILLAGES, observed, 50, seed=9)
    after = bootstrap_predictions(Ridge(0.1), values, SAMPLE, VILLAGES, 2 * observed, 50, seed=9)
    assert after == pytest.approx(2 * before)
    other = bootstrap_predictions(Ridge(0.1), values, SAMPLE, VILLAGES, observed, 50, seed=10)
    assert not np.allclose(before, other)
    twice = [list(resampled_clusters(VILLAGES, 5, 4)) for _ in range(2)]
    assert all((a == b).all() for a, b in zip(*twice, strict=True))
    for rows in twice[0]:
        assert len(rows) == 36  # nine villages of four plots, each whole
        assert {VILLAGES[i] for i in rows} <= set(VILLAGES)
        counts = np.bincount(rows, minlength=40).reshape(4, 10)
        assert (counts == counts[0]).all()


def test_totals_and_their_weights_are_those_of_the_predictions() -> None:
    values, observed = landscape(3)
    weight = np.random.default_rng(0).uniform(size=(3, 120))
    arguments = (values, SAMPLE, VILLAGES, observed)
    predictions = bootstrap_predictions(Ridge(0.1), *arguments, 20, seed=1)
    totals = bootstrap_totals(Ridge(0.1), *arguments, weight, 20, seed=1)
    assert totals == pytest.approx(predictions @ weight.T)
    weights = bootstrap_weights(Ridge(0.1), *arguments, weight, 20, seed=1)
    assert weights @ observed == pytest.approx(totals)


def test_a_draw_of_the_measured_values_for_each_replicate_adds_its_own_spread() -> None:
    values, observed = landscape(4)
    shared = np.exp(np.random.default_rng(5).normal(0, 0.2, 400))  # one site effect per draw
    drawn = observed * shared[:, None]
    once = bootstrap_predictions(Ridge(0.1), values, SAMPLE, VILLAGES, observed, 400, seed=1)
    both = bootstrap_predictions(Ridge(0.1), values, SAMPLE, VILLAGES, drawn, 400, seed=1)
    assert both == pytest.approx(once * shared[:, None])


def test_one_village_tells_nothing() -> None:
    values, observed = landscape(5)
    with pytest.raises(InputRejected, match=r"one cluster.*at least two"):
        bootstrap_predictions(Ridge(), values, SAMPLE, ["V"] * 40, observed, 5, seed=1)
