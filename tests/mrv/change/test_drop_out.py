"""Plots nobody has seen: carried, held, lost; and what an old value is still worth."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from mrv.change.drop_out import MONITORING, carried_change, carried_sd, judge_monitoring
from mrv.change.permanence import PermanenceRules
from mrv.methodologies import load_methodology

RULES = PermanenceRules.of(load_methodology("agroforestry_removals", 1))
DAY = date(2024, 6, 30)


def judged(last_seen: dict[str, str], **columns: list[object]) -> pd.DataFrame:
    ids = columns.pop("plot_id", list(last_seen))
    plots = pd.DataFrame({"plot_id": ids, **columns})
    seen = pd.Series(pd.to_datetime(pd.Series(last_seen)), dtype="datetime64[ns]")
    return judge_monitoring(plots, seen, DAY, RULES).set_index("plot_id")


@pytest.mark.parametrize(
    ("last", "months", "state"),
    [
        ("2024-06-30", 0, "current"),
        ("2023-07-01", 11, "current"),
        ("2023-06-30", 12, "carried"),
        ("2022-12-30", 18, "carried"),
        ("2022-12-31", 18, "carried"),  # half a year after the 31st is the 30th of June
        ("2022-11-30", 19, "held"),
        ("2022-07-01", 23, "held"),
        ("2022-06-30", 24, "lost"),
        ("2019-01-01", 65, "lost"),
    ],
)
def test_states_follow_the_months_without_a_look(last: str, months: int, state: str) -> None:
    row = judged({"a": last}).loc["a"]
    assert (row["gap_months"], row["monitoring"]) == (months, state)
    assert row["may_grow"] == (state == "current")
    assert state in MONITORING


def test_a_lost_plot_was_lost_on_the_day_the_time_ran_out() -> None:
    table = judged({"a": "2022-02-28", "b": "2024-01-01"})
    assert table.loc["a", "lost_on"] == pd.Timestamp("2024-02-28")
    assert pd.isna(table.loc["b", "lost_on"])


def test_a_plot_never_seen_counts_from_its_enrolment() -> None:
    plots = {"plot_id": ["a", "b"], "enrolled_on": [date(2022, 1, 1), date(2024, 1, 1)]}
    table = judged({}, **plots)
    assert table["monitoring"].tolist() == ["lost", "current"]
    with pytest.raises(ValueError, match="plot a was never seen and has no day"):
        judged({}, plot_id=["a"])


def test_leaving_and_being_unseen_come_to_the_same_and_the_earlier_counts() -> None:
    table = judged(
        {"a": "2024-06-01", "b": "2022-01-31", "c": "2022-01-31", "d": "2024-06-01"},
        left_on=[date(2024, 3, 1), date(2024, 5, 1), date(2023, 2, 1), date(2025, 1, 1)],
    )
    assert table["monitoring"].tolist() == ["left", "lost", "left", "current"]
    days = [pd.Timestamp("2024-03-01"), pd.Timestamp("2024-01-31"), pd.Timestamp("2023-02-01")]
    assert table["lost_on"].tolist()[:3] == days


def test_a_carried_value_loses_its_worth_as_methodology_5_5_says() -> None:
    """A year at rho 0.7: the change nobody saw has a standard deviation of 7.75 for 10."""
    change = np.sqrt(carried_sd(10.0, 12, RULES) ** 2 - 10.0**2)
    assert change == pytest.approx(7.75, abs=0.005)
    assert carried_sd(10.0, 0, RULES) == 10.0
    gaps = [carried_sd(10.0, months, RULES) for months in range(25)]
    assert gaps == sorted(gaps)


def test_who_was_not_seen_earns_no_growth_and_keeps_its_loss() -> None:
    change = np.array([2.0, 2.0, -3.0, -3.0])
    seen = np.array([True, False, True, False])
    assert carried_change(change, seen).tolist() == [2.0, 0.0, -3.0, -3.0]
