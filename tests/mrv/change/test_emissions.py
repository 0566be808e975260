"""Project emissions: nothing where nothing was done, and never less than nothing."""

import pytest

from mrv.change.emissions import ACTIVITIES, emission_lines
from mrv.methodologies import load_methodology

RULES = load_methodology("agroforestry_removals", 1)


def test_every_activity_emits_in_proportion() -> None:
    for activity in ACTIVITIES:
        (one,) = emission_lines({activity: 1.0}, RULES, climate="wet")
        (ten,) = emission_lines({activity: 10.0}, RULES, climate="wet")
        assert one.tco2e > 0
        assert ten.tco2e == pytest.approx(10 * one.tco2e)
        assert one.source


def test_what_was_not_done_makes_no_line() -> None:
    assert emission_lines({"diesel_l": 0.0}, RULES) == ()
    assert emission_lines({}, RULES) == ()


@pytest.mark.parametrize("amount", [-1.0, float("nan")])
def test_an_amount_below_zero_is_an_error(amount: float) -> None:
    with pytest.raises(ValueError, match="diesel_l"):
        emission_lines({"diesel_l": amount}, RULES)


def test_where_it_is_dry_nothing_leaches_and_less_is_emitted() -> None:
    wet, dry = (
        emission_lines({"synthetic_n_kg": 100.0}, RULES, climate=climate)[0].tco2e
        for climate in ("wet", "dry")
    )
    assert dry < wet / 3
