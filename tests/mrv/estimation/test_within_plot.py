"""Trees left out inside plots: the spread that they leave is that over many ways to leave them."""

import numpy as np
import pandas as pd
import pytest

from mrv.estimation.within_plot import change_variance, within_plot_covariance

AREA_HA, TREES, SHARE = 0.5, 60, 0.25


def plot(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """What each tree of a plot weighs at two visits [tree, epoch], kg; half are older."""
    before = rng.lognormal(3, 0.6, TREES)
    old = np.arange(TREES) % 2 == 0
    return np.column_stack([np.where(old, before, 0), before * 1.5]), old


def stems(agb_kg: np.ndarray, old: np.ndarray, chosen: np.ndarray, share: float) -> pd.DataFrame:
    return pd.DataFrame(
        [
            ("P", f"T{tree}", epoch, agb_kg[tree, epoch], share, origin)
            for tree in chosen
            for epoch in (0, 1)
            for origin in (("planted", "pre_existing")[int(old[tree])],)
        ],
        columns=["plot_id", "tree_id", "epoch", "agb_kg", "tree_fraction", "origin"],
    )


def test_the_variance_is_that_over_many_choices_of_trees() -> None:
    rng = np.random.default_rng(1)
    agb_kg, old = plot(rng)
    stocks, told = [], []
    for _ in range(600):
        chosen = np.flatnonzero(rng.random(TREES) < SHARE)
        part = [agb_kg[chosen][old[chosen] == side].sum(axis=0) for side in (False, True)]
        stocks.append(np.array(part) / 1000 / SHARE / AREA_HA)
        told.append(within_plot_covariance(stems(agb_kg, old, chosen, SHARE), ["P"], {"P": 0.5}, 2))
    drawn, mean = np.array(stocks), np.mean(told, axis=0)[:, 0]
    for part in (0, 1):
        found = np.cov(drawn[:, part].T)
        assert mean[part] == pytest.approx(found, rel=0.15)
    changes = (drawn[:, :, 1] - drawn[:, :, 0]).var(axis=0)
    assert change_variance(mean[:, None], 0, 1)[:, 0] == pytest.approx(changes, rel=0.15)
    # A tree stays itself: the change of old trees is far surer than their stock.
    assert changes[1] < 0.2 * drawn[:, 1, 1].var()


def test_where_every_tree_was_measured_nothing_is_left_out() -> None:
    agb_kg, old = plot(np.random.default_rng(2))
    all_of_them = stems(agb_kg, old, np.arange(TREES), 1.0)
    assert not within_plot_covariance(all_of_them, ["P"], {"P": AREA_HA}, 2).any()


def test_stems_of_a_tree_were_left_out_together() -> None:
    one = pd.DataFrame(
        {
            "plot_id": "P",
            "tree_id": ["T", "T"],
            "epoch": 0,
            "agb_kg": [300.0, 200.0],
            "tree_fraction": 0.5,
            "origin": "planted",
        }
    )
    joined = one.iloc[:1].assign(agb_kg=500.0)
    whole, single = (within_plot_covariance(s, ["P"], {"P": 1.0}, 1) for s in (one, joined))
    assert whole == pytest.approx(single)
    assert whole[0, 0, 0, 0] == pytest.approx(0.5 * (0.5 / 0.5) ** 2)
