"""What a sample stands for: villages drawn first, errors of trees, and chances claimed."""

import numpy as np
import pytest

from mrv.estimation.field_sample import drawn_villages
from mrv.estimation.greg import Population, expansion_estimator, greg_estimator

VILLAGES, PLOTS_EACH = 60, 10
NAMES = [f"V{v:02d}" for v in range(VILLAGES) for _ in range(PLOTS_EACH)]
ONE_STRATUM = np.zeros(VILLAGES * PLOTS_EACH, dtype=np.int64)


def land(seed: int) -> np.ndarray:
    """Growth of plots that is alike inside villages."""
    rng = np.random.default_rng(seed)
    village = np.repeat(rng.normal(0, 1.0, VILLAGES), PLOTS_EACH)
    return 8.0 + village + rng.normal(0, 1.0, VILLAGES * PLOTS_EACH)


def by_village(rng: np.random.Generator, villages: int, each: int) -> np.ndarray:
    """Draw villages, then plots in them."""
    drawn = rng.choice(VILLAGES, villages, replace=False)
    return np.sort(
        np.concatenate(
            [v * PLOTS_EACH + rng.choice(PLOTS_EACH, each, replace=False) for v in drawn]
        )
    )


def population(rows: np.ndarray, *, clustered: bool) -> Population:
    drawn = drawn_villages(NAMES, ONE_STRATUM, rows) if clustered else None
    unit, share = drawn or (None, 0.0)
    return Population(
        area_ha=np.ones(len(NAMES)),
        stratum=ONE_STRATUM,
        sampled=rows,
        inclusion_probability=np.full(len(rows), len(rows) / len(NAMES)),
        unit=unit,
        units_measured=share,
    )


def test_plots_drawn_one_by_one_are_not_taken_for_villages() -> None:
    rng = np.random.default_rng(1)
    for size in (20, 60, 200, 600):
        rows = np.sort(rng.choice(len(NAMES), size, replace=False))
        assert drawn_villages(NAMES, ONE_STRATUM, rows) is None


def test_villages_that_were_drawn_are_recognised() -> None:
    drawn = drawn_villages(NAMES, ONE_STRATUM, by_village(np.random.default_rng(2), 15, 4))
    assert drawn is not None
    unit, share = drawn
    assert len(np.unique(unit)) == 15
    assert share == pytest.approx(15 / VILLAGES)


def test_villages_are_told_from_chance_where_three_deviations_end() -> None:
    """Each number of villages reached, against the same question asked of exact chances."""
    for villages, each, size in ((10, 4, 12), (24, 10, 48), (30, 3, 25), (60, 10, 90), (90, 2, 60)):
        names = [f"V{v:02d}" for v in range(villages) for _ in range(each)]
        stratum = np.zeros(len(names), np.int64)
        missed = (1 - size / len(names)) ** each
        expected = villages * (1 - missed)
        limit = expected - max(1.0, 3.0 * np.sqrt(villages * missed * (1 - missed)))
        for reached in range(-(-size // each), min(villages, size) + 1):
            # One plot of each village, and the rest in the first of them.
            rows = [v * each for v in range(reached)]
            spare = [v * each + k for v in range(reached) for k in range(1, each)]
            rows = np.sort(np.array(rows + spare[: size - reached]))
            drawn = drawn_villages(names, stratum, rows)
            assert (drawn is None) == (reached >= limit), (villages, reached, limit)
            if drawn is not None:
                assert drawn[1] == pytest.approx(reached / villages)


def test_plots_without_a_village_are_villages_by_themselves() -> None:
    rows = np.arange(0, 600, 15)
    assert drawn_villages([None] * 600, ONE_STRATUM, rows) is None


@pytest.mark.parametrize("each", [4, 10])
def test_the_variance_of_a_sample_of_villages_is_that_over_many_samples(each: int) -> None:
    """Taken for plots drawn one by one, the same samples look far too sure."""
    values = land(3)
    rng = np.random.default_rng(4)
    totals, told, naive = [], [], []
    for _ in range(600):
        rows = by_village(rng, 15, each)
        for clustered, kept in ((True, told), (False, naive)):
            estimator = expansion_estimator(population(rows, clustered=clustered))
            kept.append(estimator.covariance(values[None, rows])[0, 0])
        totals.append(estimator.totals(values[None, rows])[0, 0])
    assert np.mean(totals) == pytest.approx(values.sum(), rel=0.005)
    assert np.mean(told) == pytest.approx(np.var(totals), rel=0.1)
    assert np.mean(naive) < 0.6 * np.var(totals)


@pytest.mark.parametrize("kind", ["reading", "allometry"])
@pytest.mark.parametrize("sampled", [40, 150])
def test_errors_of_trees_are_counted_once(kind: str, sampled: int) -> None:
    """They are in the draws; what they add to the spread between plots must not come on top.

    A reading errs about the truth; the truth scatters about what an equation says. Both give a
    total whose error is as large as the draws and the sampling variance say together.
    """
    rng = np.random.default_rng(5)
    truth = land(6)
    own_sd, draws = 1.0, 40
    missed, told = [], []
    for _ in range(1200 if sampled < 100 else 500):
        rows = np.sort(rng.choice(len(truth), sampled, replace=False))
        if kind == "reading":
            true_total, point = truth.sum(), truth[rows] + rng.normal(0, own_sd, sampled)
        else:
            true_total = (truth + rng.normal(0, own_sd, len(truth))).sum()
            point = truth[rows]
        values = point + rng.normal(0, own_sd, (draws, sampled))
        estimator = expansion_estimator(population(rows, clustered=False))
        totals = estimator.totals(values)[:, 0]
        missed.append(estimator.totals(point[None])[0, 0] - true_total)
        told.append(totals.var() + estimator.covariance(values)[0, 0])
    assert np.mean(told) == pytest.approx(np.var(missed), rel=0.15)


def test_trees_left_out_inside_plots_widen_a_sample_of_nearly_all_plots() -> None:
    """With most plots measured, what was not measured inside them is all that is left to err."""
    rng = np.random.default_rng(7)
    truth = land(8)
    within_sd = np.full(500, 1.5)
    missed, told, naive = [], [], []
    for _ in range(250):
        rows = np.sort(rng.choice(len(truth), 500, replace=False))
        values = (truth[rows] + rng.normal(0, within_sd))[None]
        estimator = greg_estimator(
            population(rows, clustered=False), np.full((len(truth), 500), 1 / 500)
        )
        missed.append(estimator.totals(values)[0, 0] - truth.sum())
        told.append(estimator.covariance(values, within_sd**2)[0, 0])
        naive.append(estimator.covariance(values)[0, 0])
    assert np.mean(told) == pytest.approx(np.var(missed), rel=0.15)
    assert np.mean(naive) < 0.5 * np.var(missed)
