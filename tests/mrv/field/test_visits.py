"""Which visit stands for which date."""

from datetime import date

import pandas as pd

from mrv.field.visits import match_visits, number_visits

_EPOCHS = [date(2021, 1, 1), date(2024, 1, 1)]


def _trees(*days: str, plot: str = "P1") -> pd.DataFrame:
    return pd.DataFrame({"plot_id": plot, "measured_on": pd.to_datetime(list(days))})


def test_days_within_a_month_are_one_visit() -> None:
    trees = _trees("2021-01-10", "2021-01-30", "2021-02-20", "2021-06-01")
    assert number_visits(trees).tolist() == [0, 0, 0, 1]


def test_the_nearest_visit_within_half_a_year_stands_for_an_epoch() -> None:
    trees = _trees("2020-05-01", "2020-11-15", "2021-03-01", "2023-12-30", "2025-01-01")
    assert match_visits(trees, _EPOCHS, 183).tolist() == [-1, 0, -1, 1, -1]


def test_a_visit_never_stands_for_two_epochs() -> None:
    """Half-way between two epochs it could show no change."""
    trees = _trees("2021-07-01")
    epochs = [date(2021, 1, 1), date(2022, 1, 1)]
    assert match_visits(trees, epochs, 183).tolist() == [0]


def test_plots_are_matched_apart() -> None:
    trees = pd.concat([_trees("2021-01-10"), _trees("2024-02-01", plot="P2")], ignore_index=True)
    assert match_visits(trees, _EPOCHS, 183).tolist() == [0, 1]


def test_no_rows_no_visits() -> None:
    assert match_visits(_trees(), _EPOCHS, 183).tolist() == []
