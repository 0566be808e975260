"""Nitrous oxide, fuel, lime and burning: methodology reference 7.6, every row, GWP of AR5."""

import pytest

from mrv.change.census import CensusCount, census_stock, mortality_half_width
from mrv.change.emissions import emission_lines, nitrous_oxide_tco2e
from mrv.crediting.deduction import deducted_fraction
from mrv.methodologies import load_methodology

RULES = load_methodology("agroforestry_removals", 1)
WET_SYNTHETIC = {
    "direct": 0.016, "volatile_share": 0.11, "volatilised": 0.014, "leached_share": 0.24,
    "leached": 0.011,
}  # fmt: skip


def _one(amounts: dict, climate: str = "any") -> float:
    (line,) = emission_lines(amounts, RULES, climate=climate)
    return line.tco2e


def test_n2o_of_100_kg_synthetic_nitrogen_where_it_is_wet() -> None:
    parts = nitrous_oxide_tco2e(100, gwp=265, **WET_SYNTHETIC)
    assert parts == pytest.approx((0.666286, 0.064130, 0.109937), abs=5e-7)
    assert _one({"synthetic_n_kg": 100}, "wet") == pytest.approx(0.840353, abs=5e-7)


def test_the_gwp_is_that_of_ar5() -> None:
    assert RULES.number("emissions.gwp_n2o") == 265
    assert RULES.number("emissions.gwp_ch4") == 28
    assert sum(nitrous_oxide_tco2e(100, gwp=273, **WET_SYNTHETIC)) == pytest.approx(
        0.865722, abs=1e-6
    )


def test_50_kg_organic_nitrogen_where_it_is_wet() -> None:
    assert _one({"organic_n_kg": 50}, "wet") == pytest.approx(0.241112, abs=5e-7)


def test_100_kg_synthetic_nitrogen_where_it_is_dry() -> None:
    assert _one({"synthetic_n_kg": 100}, "dry") == pytest.approx(0.231118, abs=5e-7)


def test_100_kg_by_the_defaults_of_vm0047() -> None:
    assert _one({"synthetic_n_kg": 100}) == pytest.approx(0.572173, abs=5e-7)


@pytest.mark.parametrize(
    ("activity", "amount", "tco2e"),
    [
        ("diesel_l", 100, 0.2886),
        ("petrol_l", 100, 0.2810),
        ("limestone_t", 1, 0.44),
        ("dolomite_t", 1, 0.476667),
        ("other_burnt_t", 1, 0.07532),
        ("rice_burnt_t", 1, 0.07532),
        ("wheat_burnt_t", 1, 0.07532 * 0.90 / 0.80),
    ],
)
def test_fuel_lime_and_burning(activity: str, amount: float, tco2e: float) -> None:
    assert _one({activity: amount}) == pytest.approx(tco2e, abs=5e-7)


def test_vm0047_census_sane_and_as_printed() -> None:
    stock = census_stock(CensusCount(10_000, 120, 0.12, 0.066, 0.0396))
    assert mortality_half_width(0.12, 120) == pytest.approx(0.0561174, abs=5e-8)
    assert stock.tc == pytest.approx(580.8)
    assert stock.half_width == pytest.approx(0.1067411, abs=5e-8)
    assert stock.half_width_as_printed == pytest.approx(0.1299958, abs=5e-8)
    assert deducted_fraction(stock.half_width_as_printed, "VM0047") == pytest.approx(
        0.0299958, abs=5e-8
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "VMD0054 in methodology 2.2: r 2.5 %, 75 % and 40 %, fuelwood 100 %, five years",
            {
                "leakage.market_growth": 0.025,
                "leakage.in_situ": 0.75,
                "leakage.iso": 0.40,
                "leakage.fuelwood": 1,
                "leakage.years_min": 5,
                "leakage.de_minimis": 0.05,
            },
        ),
        (
            "VM0047 in methodology 2.2: 15 % adoption, 0.25, ten years; a placebo of 3 is ours",
            {
                "additionality.adoption_max": 0.15,
                "benchmark.standardised_difference_max": 0.25,
                "benchmark.history_years_min": 10,
                "benchmark.placebo_years": 3,
            },
        ),
        (
            "VM0047 census in methodology 2.2: 50 units/ha, below 10 % cover, 10 years, 10 m",
            {
                "census.units_per_ha_max": 50,
                "census.cover_max": 0.10,
                "census.cropping_years_min": 10,
                "census.spacing_min_m": 10,
            },
        ),
        (
            "Acorn's T-5 in methodology 1.1; the others are our policy",
            {
                "before_enrolment.loss_years": 5,
                "before_enrolment.stood_t_ha": 2,
                "before_enrolment.canopy_ndvi": 0.45,
                "before_enrolment.seedling_days": 90,
                "before_enrolment.known_min_fraction": 0.8,
            },
        ),
    ],
)
def test_rules_of_the_counterfactual(source: str, expected: dict[str, float]) -> None:
    assert source
    assert {name: RULES.number(name) for name in expected} == pytest.approx(expected)
