"""Roots and carbon from published formulas."""

import numpy as np
import pytest

from mrv.biomass.carbon import (
    CO2_PER_C,
    ROOT_SHOOT,
    RootShoot,
    _check,
    bgb_cairns_t_ha,
    co2e_t,
    draw_carbon_fraction,
    draw_root_shoot,
    root_shoot_ar_tool14,
    root_shoot_ratio,
)
from mrv.errors import RuleMissing


def test_ar_tool14_root_shoot() -> None:
    """R_j at 5, 10, 20, 50 and 100 t/ha."""
    expected = [0.299769, 0.284702, 0.270392, 0.252573, 0.239878]
    assert root_shoot_ar_tool14([5, 10, 20, 50, 100]) == pytest.approx(expected, abs=1e-6)


def test_cairns_1997() -> None:
    """Root:shoot at 20 t/ha."""
    assert float(bgb_cairns_t_ha(20)) / 20 == pytest.approx(0.244778, abs=1e-6)


@pytest.mark.parametrize(
    ("zone", "low", "high"),
    [
        ("tropical_rainforest.africa", 0.825, 0.532),
        ("tropical_rainforest.asia", 0.207, 0.212),
        ("tropical_rainforest.asia_planted", 0.325, 0.325),
        ("tropical_rainforest.americas", 0.221, 0.221),
        ("tropical_rainforest.americas_planted", 0.170, 0.170),
        ("tropical_moist_deciduous.africa", 0.232, 0.232),
        ("tropical_moist_deciduous.asia", 0.323, 0.246),
        ("tropical_moist_deciduous.americas", 0.284, 0.284),
        ("tropical_dry.africa", 0.332, 0.379),
        ("tropical_dry.asia", 0.386, 0.362),
        ("tropical_dry.americas", 0.341, 0.331),
        ("subtropical_dry.asia", 0.44, 0.44),
        ("temperate_continental.asia", 0.225, 0.305),
        ("temperate_continental.asia_planted", 0.303, 0.221),
    ],
)
def test_ipcc_2019_table_4_4(zone: str, low: float, high: float) -> None:
    """Ratios up to 125 t/ha of above-ground biomass and beyond."""
    assert (root_shoot_ratio(zone, 125.0), root_shoot_ratio(zone, 125.1)) == (low, high)
    assert root_shoot_ratio(zone) == low


def test_ipcc_2019_table_4_4_is_whole() -> None:
    """No zone stands in the table without its numbers above; a printed 2.158 is refused."""
    assert len(ROOT_SHOOT) == 14
    for ratio in (0.1, 1.0):
        _check(RootShoot("possible", ratio, ratio))
    for ratio in (0.0999, 1.001, 2.158):
        with pytest.raises(RuleMissing, match="misprint"):
            _check(RootShoot("misprint", 0.3, ratio))


def test_biomass_carbon_fraction() -> None:
    """0.4713 with SD 0.0206 (BIOMASS), cut off at 0.35 and 0.60, which no wood passes."""
    drawn = draw_carbon_fraction(np.random.default_rng(3), 200_000, 0.4713, 0.0206)
    assert (drawn.mean(), drawn.std()) == pytest.approx((0.4713, 0.0206), rel=5e-3)
    wild = draw_carbon_fraction(np.random.default_rng(3), 1000, 0.4713, 1.0)
    assert (wild.min(), wild.max()) == (0.35, 0.60)


def test_lognormal_root_shoot() -> None:
    """Mean R with a CV of 0.30, as methodology 4.2 proposes."""
    drawn = draw_root_shoot(np.random.default_rng(4), 4_000_000, 0.332, 0.30)
    assert drawn.mean() == pytest.approx(0.332, rel=6e-4)
    assert drawn.std() / drawn.mean() == pytest.approx(0.30, rel=6e-3)


def test_a_ratio_is_asked_without_a_stock() -> None:
    """Without a stock the ratio is that of young stands, and no error is drawn from a CV of 0."""
    drawn = draw_root_shoot(np.random.default_rng(1), 4, 0.323, 0.0)
    assert drawn == pytest.approx(0.323, rel=1e-12)


def test_gross_of_the_worked_example() -> None:
    """850 ha, 4.10 t/ha, R 0.323, CF 0.47: 7,945.6954 t CO2."""
    assert float(co2e_t(850 * 4.10, 0.323, 0.47)) == pytest.approx(7945.6954, abs=5e-5)
    assert pytest.approx(3.666666666666) == CO2_PER_C
    assert np.isscalar(CO2_PER_C)
