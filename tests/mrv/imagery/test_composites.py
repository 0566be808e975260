"""Seasons: the right one for an epoch, medians of clear looks only, no look no value."""

from collections.abc import Iterable
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrv.imagery.composites import clear_looks, nearest_season, season_features
from mrv.imagery.rules import ImageryRules
from mrv.project import Season

DRY = Season(first="01-01", last="02-28")
OVER_NEW_YEAR = Season(first="11-15", last="02-29")


@pytest.mark.parametrize(
    ("epoch", "season", "expected"),
    [
        (date(2021, 1, 31), DRY, (date(2021, 1, 1), date(2021, 2, 28))),
        (date(2021, 6, 30), DRY, (date(2021, 1, 1), date(2021, 2, 28))),
        (date(2021, 9, 30), DRY, (date(2022, 1, 1), date(2022, 2, 28))),
        (date(2021, 1, 1), OVER_NEW_YEAR, (date(2020, 11, 15), date(2021, 2, 28))),
        (date(2024, 1, 1), OVER_NEW_YEAR, (date(2023, 11, 15), date(2024, 2, 29))),
        (date(2021, 11, 1), OVER_NEW_YEAR, (date(2021, 11, 15), date(2022, 2, 28))),
    ],
)
def test_the_season_nearest_to_an_epoch(
    epoch: date, season: Season, expected: tuple[date, date]
) -> None:
    assert nearest_season(epoch, season) == expected


@settings(deadline=None)
@given(st.dates(date(2016, 1, 1), date(2035, 12, 31)), st.integers(1, 12), st.integers(1, 12))
def test_a_season_is_never_more_than_half_a_year_away(epoch: date, a: int, b: int) -> None:
    first, last = nearest_season(epoch, Season(first=f"{a:02d}-01", last=f"{b:02d}-28"))
    middle = first + (last - first) / 2
    assert first < last
    assert abs((middle - epoch).days) <= 184


def observations(rows: Iterable[tuple[str, str, float, float]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["plot_id", "acquired_at", "clear_fraction", "ndvi"])
    return table.assign(acquired_at=pd.to_datetime(table["acquired_at"], utc=True))


def test_medians_of_clear_looks_in_both_seasons(rules: ImageryRules) -> None:
    table = observations(
        [
            ("p", "2021-01-05T08:00", 1.0, 0.2),
            ("p", "2021-02-05T08:00", 0.5, 0.4),
            ("p", "2021-02-28T23:00", 0.9, 0.6),  # the last day counts whole
            ("p", "2021-02-10T08:00", 0.49, 9.0),  # too cloudy to count
            ("p", "2021-03-01T00:01", 1.0, 9.0),  # outside the season
            ("p", "2021-05-01T08:00", 1.0, 0.9),
            ("q", "2021-01-05T08:00", 0.0, np.nan),
        ]
    )
    wet = Season(first="04-01", last="05-31")
    epochs = [date(2021, 1, 1), date(2024, 1, 1)]
    features = season_features(table, epochs, DRY, wet, ["ndvi"], rules=rules)
    seen = features.loc[("p", epochs[0])]
    assert seen["ndvi_dry"] == pytest.approx(0.4)
    assert seen["ndvi_wet"] == pytest.approx(0.9)
    assert seen["ndvi_amplitude"] == pytest.approx(0.5)
    assert seen["clear_looks"] == 3
    assert seen["clear_looks_wet"] == 1
    for nothing in (("q", epochs[0]), ("p", epochs[1])):
        assert np.isnan(features.loc[nothing, "ndvi_dry"])
        assert features.loc[nothing, "clear_looks"] == 0
    assert features.index.names == ["plot_id", "epoch"]


def test_without_a_wet_season_there_is_no_amplitude(rules: ImageryRules) -> None:
    table = observations([("p", "2021-01-05T08:00", 1.0, 0.2)])
    features = season_features(table, [date(2021, 1, 1)], DRY, None, ["ndvi"], rules=rules)
    assert list(features.columns) == ["ndvi_dry", "clear_looks"]


def test_the_gate_counts_plots_seen_at_every_epoch(rules: ImageryRules) -> None:
    index = pd.MultiIndex.from_product(
        [["a", "b", "c"], [date(2021, 1, 1), date(2024, 1, 1)]], names=["plot_id", "epoch"]
    )
    features = pd.DataFrame({"clear_looks": [2, 2, 5, 1, 2, 3]}, index=index)
    verdict = clear_looks(features, ["a", "b", "c"], rules)
    assert not verdict.passed
    assert verdict.measured == pytest.approx(2 / 3)
    assert verdict.sentence.startswith("2 of 3 plots have at least 2 clear looks")
    assert clear_looks(features, ["a", "c"], rules).passed


def test_a_plot_that_no_scene_covers_counts_as_not_seen(rules: ImageryRules) -> None:
    index = pd.MultiIndex.from_product([["a"], [date(2021, 1, 1)]], names=["plot_id", "epoch"])
    features = pd.DataFrame({"clear_looks": [9]}, index=index)
    verdict = clear_looks(features, ["a", "beyond", "farther"], rules)
    assert not verdict.passed
    assert verdict.measured == pytest.approx(1 / 3)


def test_the_gate_does_not_pass_on_nothing(rules: ImageryRules) -> None:
    empty = season_features(observations([]), [date(2021, 1, 1)], DRY, None, ["ndvi"], rules=rules)
    assert not clear_looks(empty, [], rules).passed
    assert not clear_looks(empty, ["p"], rules).passed


def radar(rows: Iterable[tuple[str, str, str, float]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["plot_id", "acquired_at", "orbit", "vh_db"])
    return table.assign(
        acquired_at=pd.to_datetime(table["acquired_at"], utc=True), vv_db=table["vh_db"] + 6
    )


def test_radar_is_averaged_as_power_from_one_orbit(rules: ImageryRules) -> None:
    looks = observations([("p", "2021-01-05", 1.0, 0.2), ("q", "2021-01-05", 1.0, 0.2)])
    backscatter = radar(
        [
            ("p", "2021-01-05", "A87", -20.0),
            ("p", "2021-01-17", "A87", -10.0),
            ("p", "2024-01-09", "A87", -13.0),
            ("p", "2021-01-06", "D152", -30.0),  # seen more often, but not in every season
            ("p", "2021-01-18", "D152", -30.0),
            ("p", "2021-01-30", "D152", -30.0),
            ("p", "2021-06-05", "A87", 0.0),  # not the dry season
            ("q", "2021-01-05", "A87", -15.0),
            ("q", "2024-01-05", "D152", -15.0),  # no orbit saw it twice
        ]
    )
    epochs = [date(2021, 1, 1), date(2024, 1, 1)]
    table = season_features(
        looks, epochs, DRY, None, ["ndvi"], rules=rules, backscatter=backscatter
    )
    expected = 10 * np.log10((10**-2.0 + 10**-1.0) / 2)  # not -15: decibels are no power
    assert table.loc[("p", epochs[0]), "vh_dry"] == pytest.approx(expected)
    assert table.loc[("p", epochs[1]), "vh_dry"] == pytest.approx(-13.0)
    assert (table["vv_dry"] - table["vh_dry"]).dropna().tolist() == pytest.approx([6.0, 6.0])
    assert table.loc["q", ["vv_dry", "vh_dry"]].isna().all(axis=None)
    assert len(table) == 4
