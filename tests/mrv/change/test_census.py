"""The census variant: its conditions, each at its edge, and a stock that dead units are not in."""

from dataclasses import replace

import pytest

from mrv.change.census import CensusCount, CensusLand, census_stock, unmet_conditions
from mrv.methodologies import load_methodology

RULES = load_methodology("agroforestry_removals", 1)
OPEN = CensusLand(
    units=500, area_ha=10, direct_planting=True, cover_before=0.02, cropping_years_before=3,
    spacing_m=10, gps_accuracy_m=4,
)  # fmt: skip


def test_open_land_with_fifty_units_per_hectare_may() -> None:
    assert unmet_conditions(OPEN, RULES) == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"units": 501}, "50 units per hectare"),
        ({"area_ha": 0.0}, "units per hectare"),
        ({"direct_planting": False}, "not planted directly"),
        ({"cover_before": 0.10}, "woody cover"),
        ({"spacing_m": 9.9}, "apart"),
        ({"gps_accuracy_m": 12}, "12 m"),
    ],
)
def test_each_condition_refuses_by_itself(change: dict, told: str) -> None:
    (sentence,) = unmet_conditions(replace(OPEN, **change), RULES)
    assert told in sentence


def test_ten_years_of_cropping_stand_in_for_open_land() -> None:
    wooded = replace(OPEN, cover_before=0.3, cropping_years_before=10)
    assert unmet_conditions(wooded, RULES) == ()
    assert unmet_conditions(replace(wooded, cropping_years_before=9.9), RULES)


def test_dead_units_hold_nothing_and_widen_the_interval() -> None:
    all_alive = census_stock(CensusCount(1000, 100, 0.0, 0.05, 0.02))
    some_dead = census_stock(CensusCount(1000, 100, 0.3, 0.05, 0.02))
    assert some_dead.tc == pytest.approx(0.7 * all_alive.tc)
    assert some_dead.half_width > all_alive.half_width
    assert all_alive.half_width_as_printed == pytest.approx(all_alive.half_width)


@pytest.mark.parametrize("count", [CensusCount(9, 1, 0, 1, 1), CensusCount(9, 9, 1.0, 1, 1)])
def test_a_census_of_nothing_is_an_error(count: CensusCount) -> None:
    with pytest.raises(ValueError, match="two units"):
        census_stock(count)
