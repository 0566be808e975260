"""Correlated map errors: drawn village by village, and held against the sum over all pairs."""

import tracemalloc

import numpy as np
import pytest

import mrv.estimation.village_errors
from mrv.errors import InputRejected
from mrv.estimation.covariance import (
    Correlogram,
    covariance_of_sums,
    exponential,
    spherical,
    variance_of_mean,
    variance_of_sum,
)
from mrv.estimation.village_errors import correlate_villages, draw_errors, draw_totals

_TWO_SCALES = Correlogram((0.3, 0.7), (2_000.0, 20_000.0))


def _land(villages: int, plots: int, across_m: float = 60_000.0) -> tuple[np.ndarray, list[str]]:
    rng = np.random.default_rng(1)
    centre = rng.uniform(0, across_m, (villages, 2))
    label = np.repeat(np.arange(villages), plots)
    return centre[label] + rng.normal(0, 900, (len(label), 2)), [f"V{n:03d}" for n in label]


@pytest.mark.parametrize(
    "correlation",
    [_TWO_SCALES, exponential(5_000.0), exponential(5_000.0, 0.6), exponential(100.0, 0.2)],
    ids=["two scales", "5 km", "5 km, mostly nugget", "hardly any"],
)
@pytest.mark.parametrize(
    ("villages", "plots"), [(20, 30), (300, 1), (1, 150)], ids=["villages", "hamlets", "one"]
)
def test_the_total_scatters_as_the_sum_over_pairs_says(
    correlation: Correlogram, villages: int, plots: int
) -> None:
    xy, names = _land(villages, plots)
    weight = np.random.default_rng(2).lognormal(0, 0.6, len(xy))
    exact = np.sqrt(variance_of_sum(xy, weight, correlation))
    drawn = draw_totals(correlate_villages(xy, names, correlation, weight), weight, 8_000, 3)
    assert abs(drawn.mean()) < 5 * exact / np.sqrt(8_000)
    assert drawn.std() == pytest.approx(exact, rel=0.035)


def test_independent_errors_would_look_far_too_sure() -> None:
    xy, names = _land(40, 50)
    weight = np.ones(len(xy))
    drawn = draw_totals(correlate_villages(xy, names, _TWO_SCALES), weight, 4_000, 3).std()
    alone = draw_totals(correlate_villages(xy, names, Correlogram((), ())), weight, 4_000, 3).std()
    assert alone == pytest.approx(np.sqrt(len(xy)), rel=0.05)
    assert drawn > 15 * alone


def test_plots_of_a_village_are_correlated_as_asked() -> None:
    xy, names = _land(6, 25)
    errors = correlate_villages(xy, names, _TWO_SCALES)
    drawn = np.empty((len(xy), 20_000))
    for which, rows, some in draw_errors(errors, 20_000, 5):
        drawn[rows, which] = some
    assert drawn.std(axis=1) == pytest.approx(1.0, abs=0.04)
    found, asked = np.corrcoef(drawn), _TWO_SCALES.among(xy)
    same = np.equal.outer(np.array(names), np.array(names))
    assert np.abs(found - asked)[same].max() < 0.035
    assert np.abs(found - asked)[~same].mean() < 0.03


def test_totals_by_group_add_up() -> None:
    xy, names = _land(5, 12)
    errors = correlate_villages(xy, names, _TWO_SCALES)
    weight, groups = np.arange(1.0, 61.0), np.arange(60) % 3
    parts = draw_totals(errors, weight, 500, 1, groups)
    assert parts.shape == (500, 3)
    whole = draw_totals(errors, weight, 500, 1)[:, 0]
    assert parts.sum(axis=1) == pytest.approx(whole, abs=1e-6 * weight.sum())


def test_the_same_seed_gives_the_same_and_more_draws_only_add() -> None:
    xy, names = _land(4, 10)
    errors, weight = correlate_villages(xy, names, _TWO_SCALES), np.ones(40)
    few, many, other = (
        draw_totals(errors, weight, n, s) for n, s in ((700, 1), (2_300, 1), (700, 2))
    )
    assert many[:700] == pytest.approx(few, rel=1e-5)
    assert not np.allclose(few, other)


def test_memory_is_flat_in_draws() -> None:
    xy, names = _land(10, 40)
    errors, weight, peaks = correlate_villages(xy, names, _TWO_SCALES), np.ones(400), []
    for draws in (1_000, 1_000, 8_000):
        tracemalloc.start()
        draw_totals(errors, weight, draws, 1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < peaks[1] + 2 * 8 * 8_000  # the totals; all errors would be 12.8 MB


def test_every_pair_counts_however_many_there_are() -> None:
    xy, _names = _land(10, 30)
    sd = np.linspace(1, 3, 300)
    whole = sd @ _TWO_SCALES.among(xy) @ sd
    assert variance_of_sum(xy, sd, _TWO_SCALES) == pytest.approx(whole, rel=1e-12)
    assert variance_of_mean(xy, sd, _TWO_SCALES) == pytest.approx(whole / 300**2, rel=1e-12)


def test_the_table_of_distances_says_what_the_whole_matrix_does() -> None:
    xy, _names = _land(9, 300)
    sd, group = np.linspace(1, 3, 2_700), np.arange(2_700) % 3
    adds = np.where(group == np.arange(3)[:, None], sd, 0.0)
    for correlation in (_TWO_SCALES, spherical(9_000.0, 0.2)):
        whole = adds @ correlation.among(xy) @ adds.T
        assert covariance_of_sums(xy, sd, group, correlation) == pytest.approx(whole, rel=1e-6)


@pytest.mark.parametrize(
    ("shares", "ranges_m"),
    [((0.7, 0.7), (1.0, 2.0)), ((-0.1,), (1.0,)), ((0.5,), (0.0,)), ((0.5,), ())],
)
def test_what_is_no_correlation_is_refused(
    shares: tuple[float, ...], ranges_m: tuple[float, ...]
) -> None:
    with pytest.raises(InputRejected, match="no correlogram"):
        Correlogram(shares, ranges_m)


def test_what_would_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    xy, names = _land(4, 10)
    for limit in ("_MOST_VILLAGES", "_MOST_PLOTS"):
        with monkeypatch.context() as lowered:
            lowered.setattr(mrv.estimation.village_errors, limit, 3)
            with pytest.raises(InputRejected, match="4 villages"):
                correlate_villages(xy, names, _TWO_SCALES)


def test_totals_are_those_of_the_plots_errors() -> None:
    xy, names = _land(5, 12)
    errors, weight = correlate_villages(xy, names, _TWO_SCALES), np.linspace(1, 2, 60)
    summed = np.zeros(1_500)
    for which, rows, drawn in draw_errors(errors, 1_500, 8):
        summed[which] += weight[rows] @ drawn.astype(float)
    assert draw_totals(errors, weight, 1_500, 8)[:, 0] == pytest.approx(summed, abs=1e-3)


def test_limits_themselves_still_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    xy, names = _land(4, 10)
    monkeypatch.setattr(mrv.estimation.village_errors, "_MOST_VILLAGES", 4)
    monkeypatch.setattr(mrv.estimation.village_errors, "_MOST_PLOTS", 10)
    assert len(correlate_villages(xy, names, _TWO_SCALES).villages) == 4


def test_where_all_plots_stand_for_their_village_its_mean_is_correlated_exactly() -> None:
    """S C S' of the weighted means, between villages of ten and of thirty plots alike."""
    rng = np.random.default_rng(12)
    sizes = (10, 30, 20)
    names = [f"V{v}" for v in np.repeat(np.arange(3), sizes)]
    xy = rng.uniform(0, 3_000, (60, 2)) + np.repeat([[0, 0], [2_000, 0], [0, 4_000]], sizes, axis=0)
    weight = rng.uniform(0.5, 2.0, 60)
    errors = correlate_villages(xy, names, _TWO_SCALES, weight)
    share = np.stack([weight * (np.array(names) == f"V{v}") for v in range(3)])
    share /= share.sum(axis=1, keepdims=True)
    exact = share @ _TWO_SCALES.among(xy) @ share.T
    assert errors.factor @ errors.factor.T == pytest.approx(exact, rel=1e-4)


def test_sampled_pairs_of_errors_that_all_places_share_are_exact() -> None:
    """One error for all: the mean varies as each does, whichever pairs are drawn."""

    def alike(distance: np.ndarray) -> np.ndarray:
        return np.ones_like(distance)

    rng = np.random.default_rng(4)
    told = variance_of_mean(rng.uniform(0, 9, (40, 2)), np.full(40, 3.0), alike, pairs=100, rng=rng)  # type: ignore[arg-type]
    assert told == pytest.approx(9.0)
