"""The variance of totals, worked out plot by plot as the books write it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrv.estimation.cross_check import cross_check
from mrv.estimation.double_sampling import double_sampling_estimator
from mrv.estimation.greg import LinearEstimator, Population
from mrv.methodologies import load_methodology

RULES = load_methodology("agroforestry_removals", 1)
SEEDS = st.integers(0, 10_000)


def an_estimator(
    rng: np.random.Generator, sizes: tuple[int, ...], measured: float, *, clustered: bool
) -> LinearEstimator:
    """Villages with so many measured plots each; what is handed in counts as residuals."""
    unit = np.repeat(np.arange(len(sizes)), sizes)
    count = len(unit)
    inside = rng.uniform(0.2, 1.0, count)  # share of a village's plots that were drawn
    return LinearEstimator(
        weights=np.ones((1, count)),
        residual=np.eye(count),
        expansion=rng.uniform(1.0, 9.0, count),
        remaining=1.0 - (measured if clustered else 1.0) * inside,
        stratum=np.zeros(count, np.int64),
        unit=unit if clustered else None,
        units_measured=measured if clustered else 0.0,
    )


def two_stage(estimator: LinearEstimator, values: np.ndarray) -> float:
    """Särndal, Swensson and Wretman 1992, 4.3.2: between villages, and inside those drawn."""
    assert estimator.unit is not None
    stands_for = values * estimator.expansion
    share = estimator.units_measured
    sums = [stands_for[estimator.unit == u].sum() for u in np.unique(estimator.unit)]
    mean, count = sum(sums) / len(sums), len(sums)
    variance = (1 - share) * count / (count - 1) * sum((s - mean) ** 2 for s in sums)
    for u in np.unique(estimator.unit):
        rows = np.flatnonzero(estimator.unit == u)
        own = stands_for[rows].mean()
        for row in rows:
            if len(rows) > 1:
                drawn = (1 - estimator.remaining[row]) / share
                step = (1 - drawn) * len(rows) / (len(rows) - 1)
                variance += share * step * (stands_for[row] - own) ** 2
    return float(variance)


@given(seed=SEEDS, measured=st.sampled_from([0.25, 0.5, 0.8]))
def test_villages_and_then_plots(seed: int, measured: float) -> None:
    rng = np.random.default_rng(seed)
    estimator = an_estimator(rng, (1, 2, 4, 3, 1), measured, clustered=True)
    values = rng.normal(0.0, 3.0, 11)
    assert estimator.covariance(values[None])[0, 0] == pytest.approx(two_stage(estimator, values))


@given(seed=SEEDS)
def test_errors_of_trees_are_taken_off_what_sets_plots_apart(seed: int) -> None:
    """What they add on average; an error of all plots alike takes nothing off."""
    rng = np.random.default_rng(seed)
    estimator = an_estimator(rng, (6,), 1.0, clustered=False)
    truth = rng.normal(8.0, 4.0, 6)
    draws = truth + rng.normal(0.0, 0.3, (40, 6))
    point = draws.mean(axis=0)

    def parts(values: np.ndarray) -> np.ndarray:
        stands_for = values * estimator.expansion
        mean = (stands_for * estimator.remaining).sum() / estimator.remaining.sum()
        return (stands_for - mean) * np.sqrt(estimator.remaining * 6 / 5)

    seen = parts(point)
    whole = sum(part**2 for part in seen)
    added = []
    for draw in draws:
        apart = parts(draw - point)
        along = sum(a * b for a, b in zip(apart, seen, strict=True))
        added.append(sum(a * a for a in apart) - along * along / whole)
    expected = max(0.0, whole - sum(added) / len(added))
    assert estimator.covariance(draws)[0, 0] == pytest.approx(expected)
    alike = truth * rng.normal(1.0, 0.2, (40, 1))
    scale = alike.mean(axis=0)
    assert estimator.covariance(alike)[0, 0] == pytest.approx((parts(scale) ** 2).sum())


@given(seed=SEEDS, clustered=st.booleans())
def test_trees_that_were_left_out_widen_each_plot(seed: int, clustered: bool) -> None:  # noqa: FBT001
    rng = np.random.default_rng(seed)
    estimator = an_estimator(rng, (2, 3, 1, 2), 0.5, clustered=clustered)
    values, within = rng.normal(5.0, 3.0, (1, 8)), rng.uniform(0.0, 2.0, 8)
    more = sum(
        (1 - rest) * stands_for**2 * own
        for rest, stands_for, own in zip(
            estimator.remaining, estimator.expansion, within, strict=True
        )
    )
    plain = estimator.covariance(values)[0, 0]
    assert estimator.covariance(values, within)[0, 0] == pytest.approx(plain + more)
    noise = estimator.noise(values, rng.standard_normal((60_000, 8)), within)
    assert noise.var() == pytest.approx(plain + more, rel=0.05)


@pytest.mark.parametrize("scale", [0.1, 1.0, 40.0])
def test_double_sampling_is_the_tools(scale: float) -> None:
    """AR-TOOL14: b = y + beta (x' - x), s2 = s_y2 (1 - (1 - n/n') rho2), SE = sqrt(s2 / n)."""
    rng = np.random.default_rng(5)
    x = rng.uniform(0.0, 1.0, 30) * scale
    y = 4.0 + 6.0 * x[:9] / scale + rng.normal(0.0, 1.0, 9)
    area = rng.uniform(0.5, 2.0, 30)
    population = Population(area, np.zeros(30, np.int64), np.arange(9), np.full(9, 0.3))
    looked_at = np.arange(20)
    estimator = double_sampling_estimator(population, x, looked_at)
    beta = np.cov(x[:9], y)[0, 1] / np.var(x[:9], ddof=1)
    mean = y.mean() + beta * (x[:20].mean() - x[:9].mean())
    rho = np.corrcoef(x[:9], y)[0, 1]
    s2 = np.var(y, ddof=1) * (1 - (1 - 9 / 20) * rho**2)
    assert estimator.totals(y[None])[0, 0] == pytest.approx(area.sum() * mean)
    se = np.sqrt(estimator.covariance(y[None])[0, 0])
    assert se == pytest.approx(area.sum() * np.sqrt(s2 / 9))
    level = double_sampling_estimator(population, np.full(30, 3.0), looked_at)
    assert level.totals(y[None])[0, 0] == pytest.approx(area.sum() * y.mean())


@pytest.mark.parametrize(("clustered", "drawn_by"), [(True, "villages"), (False, "plots")])
def test_the_other_roads_say_what_was_drawn(clustered: bool, drawn_by: str) -> None:  # noqa: FBT001
    rng = np.random.default_rng(6)
    estimator = an_estimator(rng, (2, 3, 2), 0.5, clustered=clustered)
    values = rng.normal(5.0, 1.0, (50, 7))
    gross = rng.normal(100.0, 10.0, 4_000)
    told = cross_check(None, estimator, values, gross, RULES, 0.25, 3, None)
    assert told.drawn_by == drawn_by
    assert told.greg_t is None
    assert told.gross_u90 == pytest.approx(0.1645, rel=0.05)
    sampling = np.sqrt(estimator.covariance(values)[0, 0])
    assert told.expansion_sampling_se_t == pytest.approx(sampling)
    trees = estimator.totals(values).sum(axis=1).std()
    ratio = 0.30 * 0.25 / 1.25
    parts = [sampling / told.expansion_t, trees / told.expansion_t, ratio, 0.0206 / 0.47]
    assert told.approach_1_u90 == pytest.approx(1.6449 * np.sqrt(np.square(parts).sum()), rel=1e-3)
