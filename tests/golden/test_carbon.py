"""Roots and carbon from published formulas."""

import numpy as np
import pytest

from mrv.biomass.carbon import (
    CO2_PER_C,
    bgb_cairns_t_ha,
    co2e_t,
    root_shoot_ar_tool14,
    root_shoot_ratio,
)


def test_ar_tool14_root_shoot() -> None:
    """R_j at 5, 10, 20, 50 and 100 t/ha."""
    expected = [0.299769, 0.284702, 0.270392, 0.252573, 0.239878]
    assert root_shoot_ar_tool14([5, 10, 20, 50, 100]) == pytest.approx(expected, abs=1e-6)


def test_cairns_1997() -> None:
    """Root:shoot at 20 t/ha."""
    assert float(bgb_cairns_t_ha(20)) / 20 == pytest.approx(0.244778, abs=1e-6)


@pytest.mark.parametrize(
    ("zone", "agb_t_ha", "expected"),
    [
        ("tropical_dry.africa", 20, 0.332),
        ("tropical_dry.africa", 130, 0.379),
        ("tropical_moist_deciduous.asia", 125, 0.323),
        ("tropical_rainforest.asia_planted", 0, 0.325),
        ("temperate_continental.asia", 10, 0.225),
    ],
)
def test_ipcc_2019_table_4_4(zone: str, agb_t_ha: float, expected: float) -> None:
    """Ratios below and above 125 t/ha."""
    assert root_shoot_ratio(zone, agb_t_ha) == expected


def test_gross_of_the_worked_example() -> None:
    """850 ha, 4.10 t/ha, R 0.323, CF 0.47: 7,945.6954 t CO2."""
    assert float(co2e_t(850 * 4.10, 0.323, 0.47)) == pytest.approx(7945.6954, abs=5e-5)
    assert pytest.approx(3.666666666666) == CO2_PER_C
    assert np.isscalar(CO2_PER_C)
