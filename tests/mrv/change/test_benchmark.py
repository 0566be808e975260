"""The performance benchmark: a ratio with an honest error, and a placebo that can fail."""

import numpy as np
import pytest

from mrv.change.benchmark import (
    benchmark_baseline,
    draw_benchmark,
    performance_benchmark,
    placebo,
)
from mrv.methodologies import load_methodology

RULES = load_methodology("agroforestry_removals", 1)


def _pairs(
    rng: np.random.Generator, ours: float, theirs: float, clusters: int = 15, size: int = 4
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Growth of both with errors that villages share."""
    village = np.repeat(np.arange(clusters), size)
    shared = rng.normal(0, 0.02, (2, clusters))[:, village]
    noise = rng.normal(0, 0.02, (2, clusters * size))
    return ours + shared[0] + noise[0], theirs + shared[1] + noise[1], village


def test_controls_that_grew_a_quarter_as_much_are_a_quarter_of_the_growth() -> None:
    growth = np.array([0.2, 0.4, 0.2, 0.4])
    found = performance_benchmark(growth, growth / 4, np.array([0, 0, 1, 1]))
    assert found.ratio == pytest.approx(0.25)
    assert found.se == pytest.approx(0, abs=1e-12)


def test_the_interval_covers_the_true_ratio_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    inside, rounds = 0, 1500
    for _ in range(rounds):
        found = performance_benchmark(*_pairs(rng, 0.12, 0.04))
        inside += abs(found.ratio - 1 / 3) <= 1.761 * found.se  # t(0.95, 14)
    assert inside / rounds == pytest.approx(0.90, abs=0.025)


def test_without_growth_on_the_project_all_of_it_is_baseline() -> None:
    found = performance_benchmark(np.array([-0.1, 0.05]), np.array([0.0, 0.0]), np.array([0, 1]))
    assert found.ratio == 1
    assert (draw_benchmark(found, 100, np.random.default_rng(0)) == 1).all()


def test_shrinking_controls_earn_nothing() -> None:
    village = np.array([0, 1])
    found = performance_benchmark(np.array([0.2, 0.2]), np.array([-0.1, -0.1]), village)
    assert found.ratio == 0
    assert performance_benchmark(np.array([0.1, 0.1]), np.array([0.3, 0.3]), village).ratio == 1


def test_equation_32_takes_the_share_of_a_gain_and_leaves_a_loss_alone() -> None:
    gross = np.array([100.0, -100.0])
    assert (gross - benchmark_baseline(gross, np.array([0.25, 0.25]))).tolist() == [75, -100]


def test_draws_have_the_mean_and_spread_of_the_benchmark() -> None:
    found = performance_benchmark(*_pairs(np.random.default_rng(2), 0.12, 0.04))
    draws = draw_benchmark(found, 40_000, np.random.default_rng(1))
    assert draws.mean() == pytest.approx(found.ratio, abs=0.01 * found.se + 0.002)
    assert draws.std() == pytest.approx(found.se, rel=0.03)


def test_the_placebo_fails_by_chance_in_one_case_of_ten_and_surely_on_a_head_start() -> None:
    rng = np.random.default_rng(3)
    failed = [not placebo(*_pairs(rng, 0.0, 0.0), RULES).passed for _ in range(1500)]
    assert np.mean(failed) == pytest.approx(0.10, abs=0.025)
    early = [placebo(*_pairs(rng, 0.05, 0.0), RULES).passed for _ in range(200)]
    assert np.mean(early) < 0.02
    assert "already grew" in placebo(*_pairs(rng, 0.1, 0.0), RULES).sentence


def test_one_village_is_no_sample() -> None:
    one = np.zeros(3, dtype=np.int64)
    with pytest.raises(ValueError, match="two clusters"):
        performance_benchmark(np.ones(3), np.ones(3), one)
    with pytest.raises(ValueError, match="two clusters"):
        placebo(np.ones(3), np.ones(3), one, RULES)
