"""What stood before enrolment: three witnesses, and nobody's silence is taken for open land."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from mrv.change.before_enrolment import (
    MEANING,
    LossRecord,
    counts,
    known_before,
    what_stood_before,
)
from mrv.methodologies import load_methodology

RULES = load_methodology("agroforestry_removals", 1)
START = date(2021, 1, 1)


def _plots(*names: str, enrolled_on: list | None = None) -> pd.DataFrame:
    table = pd.DataFrame({"plot_id": names, "role": "enrolled"})
    return table if enrolled_on is None else table.assign(enrolled_on=enrolled_on)


def _looks(plot_id: str, day: str, ndvi: float, clear: float = 1.0) -> dict:
    return {"plot_id": plot_id, "acquired_at": day, "clear_fraction": clear, "ndvi": ndvi}


def _table(plots: pd.DataFrame, looks: list, stood: dict, losses: dict) -> pd.DataFrame:
    observations = pd.DataFrame(looks, columns=["plot_id", "acquired_at", "clear_fraction", "ndvi"])
    return what_stood_before(plots, observations, stood, losses, RULES, start=START)


@pytest.mark.parametrize(
    ("ndvi", "stood", "lost", "verdict"),
    [
        (0.2, None, None, "open"),
        (0.2, 1.99, {}, "open"),
        (0.2, 2.0, {}, "scattered_trees"),
        (0.45, None, {}, "canopy"),
        (0.45, 5.0, {}, "scattered_trees"),
        (0.2, 5.0, {2016: 0.01}, "lost_trees"),
        (0.2, None, {2021: 0.01}, "lost_trees"),
        (0.2, None, {2015: 0.5}, "open"),
        (0.2, None, {2022: 0.5}, "open"),
        (None, None, None, "unseen"),
        (None, None, {}, "open"),
        (None, 0.0, None, "open"),
    ],
)
def test_verdicts(ndvi: float | None, stood: float | None, lost: dict | None, verdict: str) -> None:
    looks = [] if ndvi is None else [_looks("a", "2020-12-20", ndvi)]
    found = _table(
        _plots("a"),
        looks,
        {} if stood is None else {"a": stood},
        {} if lost is None else {"a": LossRecord(lost)},
    )
    assert found["verdict"].tolist() == [verdict]


def test_only_clear_looks_before_enrolment_count() -> None:
    looks = [
        _looks("a", "2020-11-20", 0.20),
        _looks("a", "2020-12-20", 0.30),
        _looks("a", "2020-12-25", 0.90, clear=0.3),
        _looks("a", "2021-04-01", 0.90),
        _looks("a", "2020-12-28", np.nan),
    ]
    row = _table(_plots("a"), looks, {}, {}).iloc[0]
    assert (row["looks"], row["ndvi"]) == (2, pytest.approx(0.25))
    assert (row["first_seen"], row["last_seen"]) == (
        pd.Timestamp("2020-11-20"),
        pd.Timestamp("2020-12-20"),
    )


def test_each_plot_is_judged_by_its_own_day() -> None:
    plots = _plots("a", "b", enrolled_on=["2020-12-01", None])
    looks = [_looks(name, "2021-03-20", 0.2) for name in ("a", "b")]
    assert _table(plots, looks, {}, {})["verdict"].tolist() == ["unseen", "open"]


def test_controls_are_left_out_and_all_verdicts_are_counted() -> None:
    plots = pd.DataFrame({"plot_id": ["a", "b"], "role": ["enrolled", "control"]})
    told = counts(_table(plots, [], {"a": 3.0}, {}))
    assert told == dict.fromkeys(MEANING, 0) | {"scattered_trees": 1}


@pytest.mark.parametrize(("seen", "passed"), [(8, True), (7, False), (0, False)])
def test_enough_plots_must_be_known(seen: int, *, passed: bool) -> None:
    names = [f"p{i}" for i in range(10)]
    looks = [_looks(name, "2020-12-20", 0.2) for name in names[:seen]]
    verdict = known_before(_table(_plots(*names), looks, {}, {}), RULES)
    assert verdict.passed is passed
    assert verdict.facts["unseen"] == 10 - seen
    assert not any(name in verdict.sentence for name in names)
