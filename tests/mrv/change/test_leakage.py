"""Leakage: displaced production line by line, and the flat share only where nothing is stated."""

import pytest

from mrv.change.leakage import Crop, Fuelwood, displaced_t_year, leakage_of
from mrv.methodologies import load_methodology

RULES = load_methodology("agroforestry_removals", 1)


def _crop(now_t_year: float, displacement: str = "in_situ") -> Crop:
    return Crop("sorghum", 40.0, now_t_year, 2.0, 50.0, displacement)  # type: ignore[arg-type]  # told apart by the rules


def test_what_is_displaced_is_what_would_have_been_less_what_is() -> None:
    assert displaced_t_year(40, 30, 0, 0.025) == pytest.approx(10)
    assert displaced_t_year(40, 30, 3, 0.025) == pytest.approx(40 * 1.025**3 - 30)


def test_a_production_that_rose_displaces_nothing() -> None:
    assert displaced_t_year(40, 60, 3, 0.025) == 0
    leakage = leakage_of([_crop(60)], 1000, 3, RULES)
    assert leakage.tco2e == 0
    assert leakage.measured
    assert leakage.de_minimis


@pytest.mark.parametrize(("displacement", "share"), [("in_situ", 0.75), ("iso", 0.40)])
def test_new_land_is_cleared_for_the_displaced_share(displacement: str, share: float) -> None:
    leakage = leakage_of([_crop(30, displacement)], 1000, 3, RULES)
    displaced = 40 * 1.025**3 - 30
    assert leakage.tco2e == pytest.approx(displaced * share / 2.0 * 50.0)
    assert not leakage.de_minimis


def test_fuelwood_is_cut_elsewhere_for_five_years_at_least() -> None:
    young = leakage_of([Fuelwood(10, 4)], 1000, 1, RULES)
    displaced = 10 * 1.025 - 4
    assert young.tco2e == pytest.approx(displaced * 5 * 0.47 * 44 / 12)
    old = leakage_of([Fuelwood(10, 4)], 1000, 8, RULES)
    assert old.tco2e == pytest.approx((10 * 1.025**8 - 4) * 8 * 0.47 * 44 / 12)


def test_lines_add_up() -> None:
    leakage = leakage_of([_crop(30), Fuelwood(10, 4)], 1000, 3, RULES)
    assert [line.product for line in leakage.lines] == ["sorghum", "fuelwood"]
    assert leakage.tco2e == pytest.approx(sum(line.tco2e for line in leakage.lines))


def test_where_nothing_is_stated_the_flat_share_is_charged() -> None:
    leakage = leakage_of([], 7267.4044, 3, RULES)
    assert leakage.tco2e == pytest.approx(363.3702, abs=5e-5)
    assert not leakage.measured
    assert leakage_of([], -100, 3, RULES).tco2e == 0


@pytest.mark.parametrize("product", [Fuelwood(-1, 0), Crop("maize", 1, 0, 0, 1, "iso")])
def test_impossible_production_is_an_error(product: Crop | Fuelwood) -> None:
    with pytest.raises(ValueError, match=r"below zero|not above"):
        leakage_of([product], 1, 1, RULES)
