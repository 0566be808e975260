"""Matched controls: the best assignment as a whole, each control once, and an honest balance."""

import itertools

import numpy as np
import pandas as pd
import pytest

from mrv.change.matching import balance_table, balanced, match_controls
from mrv.methodologies import load_methodology

RULES = load_methodology("agroforestry_removals", 1)
COLUMNS = ["ndvi_dry", "slope_percent"]


def _plots(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(values, columns=COLUMNS)


def test_the_sum_of_distances_is_the_least_of_all_ways() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        ours, theirs = _plots(rng.normal(size=(4, 2))), _plots(rng.normal(size=(6, 2)))
        found = match_controls(ours, theirs)
        stacked = np.vstack([ours - ours.mean(), theirs - theirs.mean()])
        inverse = np.linalg.inv(stacked.T @ stacked / 8)
        steps = ours.to_numpy()[:, None] - theirs.to_numpy()[None]
        distance = np.sqrt(np.einsum("ijk,kl,ijl->ij", steps, inverse, steps))
        best = min(
            sum(distance[i, j] for i, j in enumerate(way))
            for way in itertools.permutations(range(6), 4)
        )
        assert found.distance.sum() == pytest.approx(best)


def test_no_control_stands_for_two_plots() -> None:
    rng = np.random.default_rng(1)
    ours, theirs = _plots(rng.normal(size=(15, 2))), _plots(rng.normal(size=(60, 2)))
    found = match_controls(ours, theirs, neighbours=3)
    assert found.controls.shape == (15, 3)
    assert len(np.unique(found.controls)) == 45
    assert (np.diff(found.distance, axis=1) >= 0).all()


def test_units_do_not_matter() -> None:
    rng = np.random.default_rng(2)
    ours, theirs = _plots(rng.normal(size=(10, 2))), _plots(rng.normal(size=(40, 2)))
    scale = pd.Series([1.0, 1000.0], index=COLUMNS)
    again = match_controls(ours * scale, theirs * scale)
    assert np.array_equal(again.controls, match_controls(ours, theirs).controls)


def test_matching_balances_what_was_out_of_balance() -> None:
    rng = np.random.default_rng(3)
    ours = _plots(rng.normal(0.8, 0.5, size=(40, 2)))
    theirs = _plots(rng.normal(0.0, 1.0, size=(600, 2)))
    found = match_controls(ours, theirs)
    assert (found.balance["difference_before"].abs() > 0.25).all()
    assert balanced(found.balance, RULES).passed


def test_candidates_that_are_all_unlike_the_project_are_refused() -> None:
    rng = np.random.default_rng(4)
    found = match_controls(_plots(rng.normal(5, 1, (30, 2))), _plots(rng.normal(0, 1, (60, 2))))
    verdict = balanced(found.balance, RULES)
    assert not verdict.passed
    assert "bring candidates" in verdict.sentence


def test_differences_by_hand() -> None:
    ours, theirs = pd.DataFrame({"x": [1.0, 3.0]}), pd.DataFrame({"x": [0.0, 4.0]})
    row = balance_table(ours, theirs, pd.DataFrame({"x": [0.0, 0.0]})).loc["x"]
    assert row["difference_before"] == 0
    assert row["difference_after"] == pytest.approx(2 / np.sqrt((2 + 8) / 2))


def test_a_covariate_without_spread_is_equal_or_endlessly_far() -> None:
    ours, far = pd.DataFrame({"x": [1.0, 1.0]}), pd.DataFrame({"x": [2.0, 2.0]})
    assert balance_table(ours, ours, ours)["difference_after"].item() == 0
    assert np.isinf(balance_table(ours, far, far)["difference_after"].item())


@pytest.mark.parametrize(
    ("ours", "theirs", "told"),
    [
        (np.zeros((5, 2)), np.ones((4, 2)), "5 controls are needed"),
        (np.full((1, 2), np.nan), np.ones((4, 2)), "has no value"),
        (np.zeros((0, 2)), np.ones((4, 2)), "covariates"),
    ],
)
def test_what_cannot_be_matched_is_an_error(
    ours: np.ndarray, theirs: np.ndarray, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        match_controls(_plots(ours), _plots(theirs))
