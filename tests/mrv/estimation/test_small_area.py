"""Plot values: signed, shrunken by their own error, adding up to the total."""

from typing import Literal, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrv.estimation.small_area import (
    benchmarked,
    fay_herriot,
    fit_area_model,
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


@pytest.mark.parametrize("method", ["reml", "prasad_rao"])
def test_the_scatter_about_the_map_is_found_without_bias(
    method: Literal["reml", "prasad_rao"],
) -> None:
    rng = np.random.default_rng(4)
    design = np.column_stack([np.ones(60), rng.normal(0, 1, 60)])
    noise = rng.uniform(0.5, 6.0, 60)
    found = []
    for _ in range(300):
        truth = design @ np.array([8.0, 2.0]) + rng.normal(0, 2.0, 60)
        found.append(
            fit_area_model(truth + rng.normal(0, np.sqrt(noise)), noise, design, method).variance
        )
    assert np.mean(found) == pytest.approx(4.0, rel=0.06)


def test_likelihood_beats_moments_where_areas_differ_in_noise() -> None:
    rng = np.random.default_rng(5)
    design, noise = np.ones((60, 1)), np.where(np.arange(60) % 2, 0.1, 30.0)
    found: dict[str, list[float]] = {"reml": [], "prasad_rao": []}
    for _ in range(200):
        direct = 8.0 + rng.normal(0, 2.0, 60) + rng.normal(0, np.sqrt(noise))
        for method, kept in found.items():
            name = cast('Literal["reml", "prasad_rao"]', method)
            kept.append(fit_area_model(direct, noise, design, name).variance)
    assert np.std(found["reml"]) < 0.5 * np.std(found["prasad_rao"])


def test_shrunken_values_miss_by_as_much_as_is_said() -> None:
    """And by less than what was measured, and than what the design says of it."""
    rng = np.random.default_rng(6)
    design = np.column_stack([np.ones(80), rng.normal(0, 1, 80)])
    noise = rng.uniform(1.0, 8.0, 80)
    missed, told, measured, synthetic = [], [], [], []
    for _ in range(200):
        truth = design @ np.array([5.0, 1.5]) + rng.normal(0, 1.8, 80)
        direct = truth + rng.normal(0, np.sqrt(noise))
        model = fit_area_model(direct, noise, design)
        shrunken = fay_herriot(direct, noise, model.synthetic(design), model.variance).value
        missed.append((shrunken - truth) ** 2)
        told.append(model.mean_square_error(design, noise))
        measured.append((direct - truth) ** 2)
        synthetic.append((model.synthetic(design) - truth) ** 2)
    assert np.mean(told) == pytest.approx(np.mean(missed), rel=0.08)
    assert np.mean(missed) < 0.9 * min(np.mean(measured), np.mean(synthetic))
    nowhere = model.mean_square_error(design, np.full(80, np.inf))
    assert (nowhere >= model.variance).all()


def test_a_map_that_is_too_flat_is_put_right() -> None:
    rng = np.random.default_rng(7)
    truth = rng.normal(8, 2, 200)
    sampled = np.arange(0, 200, 4)
    flat = 8 + 0.4 * (truth - 8)
    values = truth[sampled] + rng.normal(0, 0.3, (400, 50))
    weights = values.mean(axis=0)
    prediction = np.outer(flat, weights) / (weights @ weights)
    shares = plot_values(values, sampled, prediction)
    assert np.abs(shares - truth).mean() < 0.3 * np.abs(flat - truth).mean()


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
