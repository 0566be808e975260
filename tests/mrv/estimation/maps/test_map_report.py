"""Honest verdicts on a map: from other villages only, and each fault by its name."""

import numpy as np

from mrv.estimation.maps.report import judge_map
from mrv.methodologies import load_methodology

RULES = load_methodology("agroforestry_removals", 1)


def observed_and_villages() -> tuple[np.ndarray, list[str | None]]:
    """Growth in twelve villages."""
    rng = np.random.default_rng(4)
    return 8 + 3 * rng.standard_normal(48), [f"V{i % 12}" for i in range(48)]


def test_a_good_map_is_accepted() -> None:
    observed, villages = observed_and_villages()
    error = np.random.default_rng(5).normal(0, 1, 48)
    report = judge_map(observed, observed - (error - error.mean()), villages, ("a",), RULES)
    assert report.accepted
    assert report.r2 is not None
    assert report.r2 > 0.8


def test_each_fault_of_a_map_is_named() -> None:
    observed, villages = observed_and_villages()
    noise = np.random.default_rng(6).normal(0, 1, 48)
    flat = judge_map(observed, 8 + 0.01 * noise, villages, ("a",), RULES)
    assert not flat.accepted
    assert "R2" in flat.reason
    biased = judge_map(observed, observed + 3 + 0.1 * noise, villages, ("a",), RULES)
    assert not biased.accepted
    assert "bias +" in biased.reason
    assert "standard errors from zero" in biased.reason
    steep = judge_map(
        observed, observed.mean() + 2 * (observed - observed.mean()), villages, ("a",), RULES
    )
    assert not steep.accepted
    assert "slope 0.50" in steep.reason
