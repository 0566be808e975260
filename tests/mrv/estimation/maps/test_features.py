"""Features of a map: changes of what has a date, levels of the rest, and only what was seen."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from mrv.errors import InputRejected
from mrv.estimation.maps.features import FEATURES, Feature, change_features

START, END = date(2021, 2, 1), date(2024, 2, 1)


def seasons(nirv: np.ndarray, ndmi: np.ndarray) -> pd.DataFrame:
    """Two epochs of two indices, plots in rows."""
    ids = [f"P{i}" for i in range(len(nirv))]
    index = pd.MultiIndex.from_product([ids, [START, END]], names=["plot_id", "epoch"])
    return pd.DataFrame({"nirv_dry": nirv.ravel(), "ndmi_dry": ndmi.ravel()}, index=index)


def test_features_are_changes_and_one_level() -> None:
    nirv = np.array([[0.1, 0.3], [0.2, 0.2], [np.nan, 0.2], [0.3, 0.3]])
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
    seen = change_features(features, ["P0", "P1"], START, END)
    assert seen.names == ()
    assert seen.values.shape == (2, 0)  # noqa: PD011  (ours, no frame)
    assert not seen.seen.any()


def test_a_feature_most_plots_lack_is_left_out() -> None:
    nirv = np.array([[0.1, 0.3], [0.2, 0.1], [0.1, 0.2], [0.3, 0.3]])
    ndmi = np.full((4, 2), np.nan)
    ndmi[0] = (0.1, 0.2)
    assert change_features(seasons(nirv, ndmi), [f"P{i}" for i in range(4)], START, END).names == (
        "nirv_dry_change",
        "nirv_dry_start",
    )


def test_only_declared_columns_are_looked_at() -> None:
    rng = np.random.default_rng(0)
    table = seasons(rng.normal(size=(9, 2)), rng.normal(size=(9, 2)))
    table["x_m"], table["canopy_height_change"] = rng.normal(size=(2, 18))
    names = change_features(table, [f"P{i}" for i in range(9)], START, END).names
    assert names == ("nirv_dry_change", "ndmi_dry_change", "nirv_dry_start")


def test_radar_and_seasonality_are_looked_at_where_they_are_there() -> None:
    rng = np.random.default_rng(1)
    table = seasons(rng.normal(size=(9, 2)), rng.normal(size=(9, 2)))
    for column in ("nirv_amplitude", "vh_dry", "vv_dry", "rendvi_dry", "nbr_dry"):
        table[column] = rng.normal(size=18)
    names = change_features(table, [f"P{i}" for i in range(9)], START, END).names
    assert {"nirv_amplitude_start", "vh_dry_change", "vv_dry_change"} < set(names)
    assert "rendvi_dry_change" in names  # red edge


def test_a_feature_that_lacks_where_others_do_not_costs_no_plots() -> None:
    rng = np.random.default_rng(2)
    table = seasons(rng.normal(size=(20, 2)), rng.normal(size=(20, 2)))
    table["nirv_amplitude"] = np.where(np.arange(40) < 10, np.nan, rng.normal(size=40))  # clouds
    chosen = change_features(table, [f"P{i}" for i in range(20)], START, END)
    assert "nirv_amplitude_start" not in chosen.names
    assert chosen.seen.all()


def test_no_catalogue_holds_a_change_of_something_undated() -> None:
    assert [f.column for f in FEATURES if f.static] == ["canopy_height_m"]
    with pytest.raises(InputRejected, match="no certain date"):
        Feature("canopy_height_m", change=True, static=True)


@pytest.mark.parametrize(("lacking", "features"), [(5, 3), (6, 0)])
def test_where_most_plots_were_not_seen_there_is_no_map(lacking: int, features: int) -> None:
    rng = np.random.default_rng(3)
    green, moist = rng.normal(size=(2, 10, 2))
    green[:lacking], moist[:lacking] = np.nan, np.nan
    chosen = change_features(seasons(green, moist), [f"P{i}" for i in range(10)], START, END)
    assert len(chosen.names) == features
    assert chosen.seen.sum() == (10 - lacking if features else 0)


def test_features_are_standardised_over_the_plots() -> None:
    rng = np.random.default_rng(4)
    table = seasons(rng.normal(3, 7, (50, 2)), rng.normal(size=(50, 2)))
    standard = change_features(table, [f"P{i}" for i in range(50)], START, END).values  # noqa: PD011
    assert standard.mean(axis=0) == pytest.approx([0, 0, 0])
    assert standard.std(axis=0) == pytest.approx([1, 1, 1])
