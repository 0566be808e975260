"""The way to a map: predictions from other villages only, stratum means where it does not apply."""

import numpy as np
import pytest

from mrv.estimation.greg import Population, greg_estimator
from mrv.estimation.maps.features import Features
from mrv.estimation.maps.fit import FittedMap, fit_map
from mrv.estimation.maps.ridge import Ridge
from mrv.methodologies import load_methodology

RULES = load_methodology("agroforestry_removals", 1)
PLOTS = 150
VILLAGES = [f"V{i * 7 % 15:02d}" for i in range(PLOTS)]
STRATUM = np.arange(PLOTS) // 75
SAMPLED = np.sort(np.random.default_rng(0).choice(PLOTS, 50, replace=False))


def landscape(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(PLOTS, 3))
    return values, 8 + 3 * values[:, 0] + 4 * STRATUM + rng.normal(size=PLOTS)


def fitted(values: np.ndarray, truth: np.ndarray, seen: np.ndarray | None = None) -> FittedMap:
    everywhere = np.ones(PLOTS, np.bool_) if seen is None else seen
    features = Features(("a", "b", "c"), values, everywhere)
    return fit_map(features, VILLAGES, STRATUM, SAMPLED, truth[SAMPLED], RULES)


def test_no_prediction_rests_on_the_own_village() -> None:
    values, truth = landscape(0)
    seen = np.arange(PLOTS) % 7 != 0
    fit = fitted(values, truth, seen)
    assert fit.prediction is not None
    for plot in range(PLOTS):
        same = [j for j, s in enumerate(SAMPLED) if VILLAGES[s] == VILLAGES[plot]]
        assert not fit.prediction[plot, same].any()
    assert fit.prediction.sum(axis=1) == pytest.approx(np.ones(PLOTS))


def test_unseen_plots_have_the_mean_of_their_stratum_and_strange_ones_are_told_apart() -> None:
    values, truth = landscape(1)
    seen = np.ones(PLOTS, np.bool_)
    seen[[5, 100]] = False  # clouds
    values[7] = 40.0  # like nothing that was measured
    assert not {5, 7, 100} & set(SAMPLED)
    fit = fitted(values, truth, seen)
    assert fit.prediction is not None
    assert not fit.inside[[5, 7, 100]].any()
    assert fit.report.outside == (~fit.inside).sum() >= 3
    for plot in (5, 100):
        weights = fit.prediction[plot]
        assert set(STRATUM[SAMPLED[weights > 0]]) == {STRATUM[plot]}
        assert weights[weights > 0] == pytest.approx(1 / (weights > 0).sum())
    # Told apart, and held to what may be: the line alone would say 128.
    assert abs(fit.prediction[7] @ truth[SAMPLED] - (8 + 3 * 3)) < 4


def test_plots_that_look_like_no_measured_one_do_not_bias_the_total() -> None:
    """Growth is skewed, so the plots outside are the vigorous ones; their mean is not theirs."""
    missed, outside = [], 0
    for seed in range(80):
        rng = np.random.default_rng(seed)
        truth = 8 * np.exp(rng.normal(0, 0.6, 15))[np.arange(PLOTS) * 7 % 15]
        truth *= np.exp(rng.normal(0, 0.4, PLOTS))
        seen = np.column_stack([truth + rng.normal(0, sd, PLOTS) for sd in (3, 4, 5)])
        standard = (seen - seen.mean(axis=0)) / seen.std(axis=0)
        rows = np.sort(rng.choice(PLOTS, 40, replace=False))
        features = Features(("a", "b", "c"), standard, np.ones(PLOTS, np.bool_))
        one = np.zeros(PLOTS, np.int64)
        fit = fit_map(features, VILLAGES, one, rows, truth[rows], RULES, (Ridge(),))
        assert fit.prediction is not None
        population = Population(np.ones(PLOTS), one, rows, np.full(40, 40 / PLOTS))
        total = greg_estimator(population, fit.prediction).totals(truth[None, rows])[0, 0]
        missed.append(total / truth.sum() - 1)
        outside += int((~fit.inside).sum())
    assert outside > 80
    assert abs(np.mean(missed)) < 2.5 * np.std(missed) / np.sqrt(len(missed))
    assert abs(np.mean(missed)) < 0.015


def test_a_stratum_measured_in_one_fold_only_has_the_mean_of_all_others() -> None:
    values, truth = landscape(6)
    alone = np.array([v == "V03" for v in VILLAGES])
    seen = np.ones(PLOTS, np.bool_)
    seen[alone] = False
    features = Features(("a", "b", "c"), values, seen)
    fit = fit_map(features, VILLAGES, alone.astype(np.int64), SAMPLED, truth[SAMPLED], RULES)
    assert fit.prediction is not None
    weights = fit.prediction[alone]
    assert not weights[:, alone[SAMPLED]].any()
    assert weights.sum(axis=1) == pytest.approx(np.ones(alone.sum()))


def test_measured_plots_that_no_scene_saw_teach_the_map_nothing() -> None:
    values, truth = landscape(2)
    seen = np.ones(PLOTS, np.bool_)
    seen[SAMPLED[:2]] = False
    fit = fitted(values, truth, seen)
    assert fit.prediction is not None
    assert not fit.prediction[fit.inside][:, [0, 1]].any()


def test_the_report_says_which_model_and_how_many_plots_it_left() -> None:
    values, truth = landscape(3)
    report = fitted(values, truth).report
    assert report.accepted
    assert report.model == "ridge"
    assert report.plots == len(SAMPLED)
    assert report.features == ("a", "b", "c")


def test_without_features_or_villages_there_is_no_map() -> None:
    values, truth = landscape(4)
    none = Features((), np.empty((PLOTS, 0)), np.zeros(PLOTS, np.bool_))
    empty = fit_map(none, VILLAGES, STRATUM, SAMPLED, truth[SAMPLED], RULES)
    assert empty.prediction is None
    assert empty.report.reason == "no dry-season feature was seen at both epochs"
    features = Features(("a",), values[:, :1], np.ones(PLOTS, np.bool_))
    four = [f"V{i % 4}" for i in range(PLOTS)]
    few = fit_map(features, four, STRATUM, SAMPLED, truth[SAMPLED], RULES)
    assert few.report.reason == "plots were measured in 4 named villages, and blocking needs 5"
    cloudy = np.array([v in {"V00", "V03", "V06"} for v in VILLAGES])
    unseen = fitted(values, truth, cloudy)
    assert unseen.prediction is None
    assert unseen.report.reason.startswith("scenes saw measured plots of 3 named villages")
    assert not unseen.inside.any()


def test_the_total_is_unbiased_and_the_map_makes_it_sharper() -> None:
    errors, plain = [], []
    values, truth = landscape(5)
    features = Features(("a", "b", "c"), values, np.ones(PLOTS, np.bool_))
    for seed in range(150):
        rng = np.random.default_rng(seed)
        sampled = np.sort(
            np.concatenate([rng.choice(75, 25, replace=False) + 75 * h for h in range(2)])
        )
        observed = truth[sampled]
        fit = fit_map(features, VILLAGES, STRATUM, sampled, observed, RULES, (Ridge(),))
        population = Population(np.ones(PLOTS), STRATUM, sampled, np.full(50, 1 / 3))
        assert fit.prediction is not None
        total = greg_estimator(population, fit.prediction).totals(observed[None]).sum()
        errors.append(total - truth.sum())
        plain.append(
            sum(75 * observed[STRATUM[sampled] == h].mean() for h in range(2)) - truth.sum()
        )
    spread = np.std(errors)
    assert abs(np.mean(errors)) < 3 * spread / np.sqrt(150)
    assert spread < 0.6 * np.std(plain)
