"""Honest verdicts on a map: from other villages only, and each fault by its name."""

import numpy as np
import pytest

from mrv.estimation.maps.report import judge_map, no_map
from mrv.methodologies import load_methodology

RULES = load_methodology("agroforestry_removals", 1)


def observed_and_villages() -> tuple[np.ndarray, list[str | None]]:
    """Growth in twelve villages."""
    rng = np.random.default_rng(4)
    return 8 + 3 * rng.standard_normal(48), [f"V{i % 12}" for i in range(48)]


def test_a_good_map_is_accepted() -> None:
    observed, villages = observed_and_villages()
    error = np.random.default_rng(5).normal(0, 1, 48)
    report = judge_map(
        observed,
        observed - (error - error.mean()),
        villages,
        ("a",),
        RULES,
        model="ridge",
        outside=0,
    )
    assert report.accepted
    assert report.r2 is not None
    assert report.r2 > 0.8


def test_each_fault_of_a_map_is_named() -> None:
    observed, villages = observed_and_villages()
    noise = np.random.default_rng(6).normal(0, 1, 48)
    flat = judge_map(observed, 8 + 0.01 * noise, villages, ("a",), RULES, model="ridge", outside=0)
    assert not flat.accepted
    assert "R2" in flat.reason
    biased = judge_map(
        observed, observed + 3 + 0.1 * noise, villages, ("a",), RULES, model="ridge", outside=0
    )
    assert not biased.accepted
    assert "bias +" in biased.reason
    assert "standard errors from zero" in biased.reason
    predicted = observed.mean() + 2 * (observed - observed.mean())
    steep = judge_map(observed, predicted, villages, ("a",), RULES, model="ridge", outside=0)
    assert not steep.accepted
    assert "slope 0.50" in steep.reason


def test_the_reason_names_the_model_and_the_plots_it_does_not_reach() -> None:
    observed, villages = observed_and_villages()
    report = judge_map(
        observed, observed + 0.0, villages, ("a",), RULES, model="Gaussian process", outside=12
    )
    assert report.reason == (
        "blocked cross-validation of the Gaussian process meets every rule; "
        "12 plots lie beyond its reach"
    )
    assert (report.model, report.outside) == ("Gaussian process", 12)


def test_the_numbers_of_a_report_by_hand() -> None:
    observed = np.array([4.0, 6.0, 8.0, 10.0, 12.0])
    predicted = np.array([5.0, 6.0, 9.0, 9.0, 12.0])
    villages = ["A", "A", "B", "B", "C"]
    report = judge_map(observed, predicted, villages, ("a",), RULES, model="ridge", outside=0)
    assert report.r2 == pytest.approx(1 - 3 / 40)
    assert report.rmse_t_ha == pytest.approx(np.sqrt(3 / 5))
    assert report.rrmse == pytest.approx(np.sqrt(3 / 5) / 8)
    assert report.bias_fraction == pytest.approx(0.2 / 8)
    # Slope of observed on predicted: sum (p - 8.2) o / sum (p - 8.2)^2.
    assert report.slope == pytest.approx(34.0 / 30.8)
    # Village sums of error about the mean 0.2: 0.6, -0.4, -0.2.
    error = np.sqrt(3 / 2 * (0.36 + 0.16 + 0.04)) / 5
    assert report.bias_t == pytest.approx(0.2 / error)
    assert report.bias_limit_t == pytest.approx(2.919986)  # Student's t, two degrees, 90 %


def predicted_with(r2: float, slope: float, bias: float) -> tuple[np.ndarray, np.ndarray]:
    """Observations of mean 8, and predictions of exactly such a quality."""
    rng = np.random.default_rng(11)
    signal, noise = np.linalg.qr(np.column_stack([np.ones(60), rng.normal(size=(60, 2))]))[0].T[1:]
    # o = 8 + slope p + q; the mean squared error is that of (1 - slope) p and of q.
    scale = 10.0
    left = (1 - r2) * scale**2 - (bias * 8) ** 2 * 60
    share = np.sqrt((scale**2 - left) / (2 * slope - 1))
    observed = 8 + slope * share * signal + np.sqrt(scale**2 - (slope * share) ** 2) * noise
    return observed, 8 * (1 + bias) + share * signal


@pytest.mark.parametrize(
    ("r2", "slope", "bias", "fault"),
    [
        (0.41, 1.0, 0.0, None),
        (0.39, 1.0, 0.0, "R2 0.39"),
        (0.5, 0.81, 0.0, None),
        (0.5, 0.79, 0.0, "slope 0.79"),
        (0.5, 1.19, 0.0, None),
        (0.5, 1.21, 0.0, "slope 1.21"),
        (0.41, 1.0, 0.06, "standard errors"),
        (0.41, 1.0, -0.11, "bias -11%"),
    ],
)
def test_each_rule_turns_where_the_methodology_says(
    r2: float, slope: float, bias: float, fault: str | None
) -> None:
    observed, predicted = predicted_with(r2, slope, bias)
    villages = [f"V{i % 30}" for i in range(60)]
    report = judge_map(observed, predicted, villages, ("a",), RULES, model="ridge", outside=0)
    assert report.r2 == pytest.approx(r2)
    assert report.slope == pytest.approx(slope)
    assert report.bias_fraction == pytest.approx(bias, abs=1e-12)
    if fault is None:
        assert report.accepted
    else:
        assert not report.accepted
        assert fault in report.reason


def test_a_map_is_judged_alike_in_whatever_unit_growth_is_told() -> None:
    observed, villages = observed_and_villages()
    predicted = observed + np.random.default_rng(7).normal(0, 1, 48)
    large, small = (
        judge_map(
            scale * observed, scale * predicted, villages, ("a",), RULES, model="ridge", outside=0
        )
        for scale in (1.0, 1e-3)
    )
    assert (small.r2, small.slope) == pytest.approx((large.r2, large.slope))
    assert small.bias_t == pytest.approx(large.bias_t)
    assert small.rrmse == pytest.approx(large.rrmse)


def test_two_villages_have_a_spread_and_one_has_none() -> None:
    """By hand: sums of centred errors +2 and -2; se = sqrt(2 / 1 * 8) / 4 = 1; mean error 3."""
    observed = np.array([4.0, 8.0, 5.0, 9.0])
    predicted = observed + np.array([4.5, 3.5, 2.5, 1.5])
    two = judge_map(observed, predicted, ["A", "A", "B", "B"], ("a",), RULES, model="m", outside=0)
    assert two.bias_t == pytest.approx(3.0)
    one = judge_map(observed, predicted, ["A"] * 4, ("a",), RULES, model="m", outside=0)
    assert (one.bias_t, one.bias_limit_t) == (0.0, np.inf)


def test_without_a_map_no_plot_lies_beyond_it() -> None:
    assert no_map(12, "nothing was seen").outside == 0
