"""What a plot should look like: seasons, gaps and bad looks, droughts, and how sure one can be."""

import dataclasses
import time

import numpy as np
import pytest

from mrv.change.permanence import PermanenceRules
from mrv.change.season_model import depart, seasons
from mrv.methodologies import load_methodology

RULES = PermanenceRules.of(load_methodology("agroforestry_removals", 1))
DAYS = np.arange(np.datetime64("2018-01-03"), np.datetime64("2023-01-01"), 8)
WATCHED = np.datetime64("2021-01-01")
AFTER = DAYS >= WATCHED
NOISE = 0.03


def ndvi(plots: int, seed: int = 0) -> np.ndarray:
    """Plots with a season of their own and independent noise."""
    rng = np.random.default_rng(seed)
    waves = np.column_stack(
        [rng.uniform(0.3, 0.6, plots), *(rng.normal(0, s, plots) for s in (0.1, 0.1, 0.03, 0.03))]
    )
    return waves @ seasons(DAYS).T + rng.normal(0, NOISE, (plots, len(DAYS)))


def one_group(plots: int) -> np.ndarray:
    return np.zeros(plots, dtype=np.int64)


def test_departures_are_the_noise_and_know_its_size() -> None:
    found = depart(ndvi(60), DAYS, one_group(60), WATCHED, RULES)
    inside = found.departure[:, AFTER]
    assert np.isnan(found.departure[:, ~AFTER]).all()
    # Of the median's own noise the drops are taken off and the gains are not: 0.4 of its 0.005.
    assert inside.mean() == pytest.approx(0.4 * 1.25 * NOISE / 60**0.5, abs=0.001)
    assert inside.std() == pytest.approx(NOISE, rel=0.06)
    assert np.median(found.spread[:, AFTER]) == pytest.approx(NOISE, rel=0.06)
    assert found.sigmas[:, AFTER].std() == pytest.approx(1, rel=0.1)


def test_a_cloudy_third_and_wild_looks_in_the_history_change_little() -> None:
    clean = ndvi(60)
    rng = np.random.default_rng(1)
    spoilt = np.where(rng.random(clean.shape) < 1 / 3, np.nan, clean)
    wild = (rng.random(clean.shape) < 0.08) & ~AFTER
    spoilt[wild] = rng.uniform(-0.2, 0.1, wild.sum())
    a = depart(clean, DAYS, one_group(60), WATCHED, RULES).expected[:, AFTER]
    b = depart(spoilt, DAYS, one_group(60), WATCHED, RULES).expected[:, AFTER]
    assert np.abs(a - b).mean() < NOISE / 3
    assert np.abs(a - b).max() < 2 * NOISE


def test_a_look_that_was_not_clear_is_no_departure() -> None:
    seen = ndvi(20)
    seen[3, -10:] = np.nan
    found = depart(seen, DAYS, one_group(20), WATCHED, RULES)
    assert np.isnan(found.sigmas[3, -10:]).all()
    assert np.isfinite(found.sigmas[4, -10:]).all()


def test_a_drop_that_all_share_is_taken_off_and_told() -> None:
    seen = ndvi(60)
    dry = (np.datetime64("2022-03-01") <= DAYS) & (np.datetime64("2022-09-01") > DAYS)
    seen[:, dry] -= 0.2
    found = depart(seen, DAYS, one_group(60), WATCHED, RULES)
    assert found.region[0, dry].mean() == pytest.approx(-0.2, abs=0.01)
    assert (found.sigmas[:, dry] < -3).mean() < 0.01
    # The same drop of one plot in the same dry months is not the region's.
    seen[7, dry] -= 0.2
    again = depart(seen, DAYS, one_group(60), WATCHED, RULES)
    assert (again.sigmas[7, dry] < -3).mean() > 0.7


def test_a_gain_that_all_share_makes_no_loser_of_whoever_stands_still() -> None:
    seen = ndvi(60)
    seen[1:, AFTER] += 0.1
    found = depart(seen, DAYS, one_group(60), WATCHED, RULES)
    assert (found.region == 0).mean() > 0.4
    assert found.departure[0, AFTER].mean() == pytest.approx(0, abs=0.02)


def test_too_few_plots_tell_no_shared_drop() -> None:
    few = RULES.region_plots_min - 1
    seen = ndvi(few)
    seen[:, np.datetime64("2022-06-01") < DAYS] -= 0.3
    assert (depart(seen, DAYS, one_group(few), WATCHED, RULES).region == 0).all()


@pytest.mark.parametrize("first", ["2019-09-01", "2020-12-20"])
def test_a_history_too_short_to_know_how_years_differ_expects_nothing(first: str) -> None:
    part = np.datetime64(first) <= DAYS
    found = depart(ndvi(12)[:, part], DAYS[part], one_group(12), WATCHED, RULES)
    until = DAYS[part] < np.datetime64("2021-09-01")
    assert np.isnan(found.expected[:, until]).all()


def test_a_month_in_which_fields_differ_more_has_a_wider_spread() -> None:
    rng = np.random.default_rng(4)
    seen = ndvi(80)
    green = np.isin(DAYS.astype("datetime64[M]").astype(int) % 12, (4, 5, 6))
    seen[:, green] += rng.normal(0, 0.1, (80, int(green.sum())))
    found = depart(seen, DAYS, one_group(80), WATCHED, RULES)
    assert np.median(found.spread[:, AFTER & green]) > 2 * np.median(
        found.spread[:, AFTER & ~green]
    )
    assert found.sigmas[:, AFTER & green].std() == pytest.approx(1, rel=0.15)


def test_the_history_rolls_on_so_that_old_trees_do_not_hide_a_felling() -> None:
    """After years of growth, back to the first year's green is a loss."""
    seen = ndvi(40)
    years = (DAYS - DAYS[0]).astype(float) / 365.25
    seen[0] += 0.06 * years
    felled = np.datetime64("2022-06-01") <= DAYS
    seen[0, felled] -= 0.24
    long_memory = dataclasses.replace(RULES, history_years=9.0)
    short = depart(seen, DAYS, one_group(40), WATCHED, RULES).sigmas[0, felled]
    assert (
        short.mean()
        < depart(seen, DAYS, one_group(40), WATCHED, long_memory).sigmas[0, felled].mean() - 0.3
    )


@pytest.mark.slow
def test_five_years_of_fifty_thousand_plots_take_less_than_a_minute() -> None:
    plots = 50_000
    days = np.arange(np.datetime64("2018-01-01"), np.datetime64("2023-01-01"), 10)
    rng = np.random.default_rng(0)
    seen = rng.normal(0.5, 0.05, (plots, len(days)))
    seen[rng.random(seen.shape) < 0.4] = np.nan
    began = time.process_time()
    found = depart(seen, days, rng.integers(0, 5, plots), WATCHED, RULES)
    assert time.process_time() - began < 60
    assert np.isfinite(found.expected[:, days >= WATCHED]).mean() > 0.99
