"""The map: a ridge as others fit it, villages kept apart, and honest verdicts on it."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from mrv.estimation.models import (
    change_features,
    cross_fit,
    judge_map,
    ridge_smoother,
    village_folds,
)
from mrv.methodologies import load_methodology

RULES = load_methodology("agroforestry_removals", 1)
START, END = date(2021, 2, 1), date(2024, 2, 1)


def seasons(nirv: np.ndarray, ndmi: np.ndarray) -> pd.DataFrame:
    """Two epochs of two indices, plots in rows."""
    ids = [f"P{i}" for i in range(len(nirv))]
    index = pd.MultiIndex.from_product([ids, [START, END]], names=["plot_id", "epoch"])
    return pd.DataFrame({"nirv_dry": nirv.ravel(), "ndmi_dry": ndmi.ravel()}, index=index)


def test_the_smoother_is_the_ridge_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    train, target, y = rng.normal(size=(40, 4)), rng.normal(size=(90, 4)), rng.normal(size=40)
    reference = Ridge(alpha=0.3 * 40).fit(train, y).predict(target)
    assert ridge_smoother(train, target, 0.3) @ y == pytest.approx(reference)
    assert ridge_smoother(train, target, 0.3).sum(axis=1) == pytest.approx(np.ones(90))


def test_no_plot_is_predicted_from_its_own_village() -> None:
    rng = np.random.default_rng(1)
    villages = [f"V{i % 11}" for i in range(60)]
    sampled = np.sort(rng.choice(60, 30, replace=False))
    folds = village_folds(villages, sampled, 5)
    assert folds is not None
    assert len({folds[i] for i in range(60)}) == 5
    by_village = {v: {folds[i] for i in range(60) if villages[i] == v} for v in villages}
    assert all(len(f) == 1 for f in by_village.values())
    prediction = cross_fit(rng.normal(size=(60, 3)), sampled, folds, rng.normal(size=30))
    for i in range(60):
        same = [j for j, s in enumerate(sampled) if villages[s] == villages[i]]
        assert not prediction[i, same].any()


def test_too_few_villages_cannot_be_kept_apart() -> None:
    assert village_folds(["A", "B", "C", None] * 5, np.arange(20), 5) is None


def test_features_are_changes_and_one_level() -> None:
    nirv = np.array([[0.1, 0.3], [0.2, 0.2], [0.1, 0.2], [0.3, 0.3]])
    ndmi = np.array([[0.0, 0.1], [0.1, 0.0], [np.nan, 0.1], [0.2, 0.2]])
    chosen = change_features(seasons(nirv, ndmi), ["P3", "P0", "P2", "P9", "P1"], START, END)
    assert chosen.names == ("nirv_dry_change", "ndmi_dry_change", "nirv_dry_start")
    assert chosen.seen.tolist() == [True, True, False, False, True]
    change, rest = chosen.values[:, 0], chosen.values[3]  # noqa: PD011  not a table
    assert change[[0, 1, 2, 4]].mean() == pytest.approx(0)
    assert change[1] > change[2] > change[0] == change[4]
    assert rest.tolist() == [0, 0, 0]  # a plot nobody saw stands at the mean


@pytest.mark.parametrize("features", [None, pd.DataFrame()])
def test_without_scenes_there_is_no_feature(features: pd.DataFrame | None) -> None:
    assert change_features(features, ["P0", "P1"], START, END).names == ()


def test_a_feature_most_plots_lack_is_left_out() -> None:
    nirv = np.array([[0.1, 0.3], [0.2, 0.1], [0.1, 0.2], [0.3, 0.3]])
    ndmi = np.full((4, 2), np.nan)
    ndmi[0] = (0.1, 0.2)
    assert change_features(seasons(nirv, ndmi), [f"P{i}" for i in range(4)], START, END).names == (
        "nirv_dry_change",
        "nirv_dry_start",
    )


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
