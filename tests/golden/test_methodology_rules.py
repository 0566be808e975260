"""Numbers of the agroforestry methodology, beside the sentence that states each of them."""

import math

import pytest

from mrv.methodologies import load_methodology

_RULES = load_methodology("agroforestry_removals", 1)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "Acorn brief: plots of 0.1-10 ha, planted within five years",
            {
                "eligibility.area_min_ha": 0.1,
                "eligibility.area_max_ha": 10,
                "eligibility.planting_window_years": 5,
            },
        ),
        (
            "methodology 1.1, E2: no overlap above 1 % of the area",
            {"eligibility.overlap_max_fraction": 0.01},
        ),
        (
            "methodology 1.3: 30 plots per stratum (VM0047), ten clusters, at most half a year off",
            {
                "field_sample.plots_min_per_stratum": 30,
                "field_sample.clusters_min": 10,
                "field_sample.control_plots_min": 10,
                "field_sample.epoch_tolerance_days": math.ceil(365 / 2),
            },
        ),
        (
            "Chave et al. 2004 in methodology 4.2: 95 % N(0, 0.0062 D + 0.0904), 5 % N(0, 4.64 cm)",
            {
                "measurement.diameter_proportional": 0.0062,
                "measurement.diameter_constant_cm": 0.0904,
                "measurement.diameter_gross_share": 1 - 0.95,
                "measurement.diameter_gross_sd_cm": 4.64,
            },
        ),
        (
            "our policy on measurement: gross errors up to a quarter of D, heights to 10 %",
            {"measurement.diameter_gross_cap": 1 / 4, "measurement.height_proportional": 0.1},
        ),
        (
            "methodology 3.1: sigma of Chave et al. 2014 split between and within sites",
            {"allometry.site_sd_ln": 0.1865, "allometry.within_site_sd_ln": 0.307},
        ),
        (
            "methodology 3.2: refuse beyond 1.2 times the range; proxies sd(ln) of 0.30 and more",
            {"allometry.extrapolation_factor": 1.2, "allometry.proxy_sd_ln": 0.30},
        ),
        ("our policy: saplings taper as D^2.5", {"allometry.sapling_exponent": 5 / 2}),
        (
            "methodology 3.3: CF 0.47 with the SD of BIOMASS; 4.2: R:S with a CV of 0.25-0.40",
            {
                "carbon.fraction_mean": 0.47,
                "carbon.fraction_sd": 0.0206,
                "carbon.root_shoot_cv": 0.30,
            },
        ),
        (
            "AR-TOOL14 v4.2: R_S 0.40, BDR_SF 0.10, zero below 5 % crown cover",
            {
                "shrubs.root_shoot": 0.40,
                "shrubs.share_of_forest": 0.10,
                "shrubs.cover_min": 0.05,
            },
        ),
        (
            "methodology 5.1: 1st percentile of clear vegetation in 0-0.06",
            {"imagery.offset_sanity_low": 0, "imagery.offset_sanity_high": 0.06},
        ),
        (
            "methodology 5.3: clouds widened by 100 m, six clear looks",
            {"imagery.cloud_buffer_m": 100, "imagery.clear_looks_min": 6},
        ),
        (
            "our policy: half of a plot clear at a look, four fifths of the plots looked at",
            {"imagery.clear_fraction_min": 1 / 2, "imagery.clear_plots_min_fraction": 4 / 5},
        ),
        (
            "methodology 1.3: five blocked folds, bias within 10 %, slope 0.8-1.2, R2 from 0.4",
            {
                "model.folds": 5,
                "model.bias_max_fraction": 0.10,
                "model.slope_min": 0.8,
                "model.slope_max": 1.2,
                "model.r2_min": 0.4,
            },
        ),
        (
            "methodology 0: 10,000 draws; VM0047: two-sided 90 %, 10 % free, nothing above 100 %",
            {
                "uncertainty.draws": 10_000,
                "uncertainty.confidence": 0.90,
                "uncertainty.free_half_width": 0.10,
                "uncertainty.ceiling_half_width": 1.00,
            },
        ),
        ("methodology 9.1, line 11: leakage 5 % by default", {"emissions.leakage_fraction": 0.05}),
        (
            "VMD0054 in methodology 2.2: growth 2.5 %, shares 75/40/100 %, five years",
            {
                "leakage.market_growth": 0.025,
                "leakage.in_situ": 0.75,
                "leakage.iso": 0.40,
                "leakage.fuelwood": 1.0,
                "leakage.years_min": 5,
                "leakage.de_minimis": 0.05,
            },
        ),
        (
            "VCS v5.0 in methodology 2.3: AR5 GWPs",
            {"emissions.gwp_ch4": 28, "emissions.gwp_n2o": 265},
        ),
        (
            "VM0042 v2.2 in methodology 2.4: fuel [tCO2e/L], limestone and dolomite [tC/t]",
            {
                "emissions.diesel_tco2e_per_l": 0.002886,
                "emissions.petrol_tco2e_per_l": 0.002810,
                "emissions.limestone_tc_per_t": 0.12,
                "emissions.dolomite_tc_per_t": 0.13,
            },
        ),
        (
            "VM0042 v2.2: EF1 0.016/0.006/0.005, EF4 0.014/0.005, EF5 0.011, GASF, GASM, LEACH",
            {
                "emissions.direct_wet_synthetic": 0.016,
                "emissions.direct_wet_organic": 0.006,
                "emissions.direct_dry": 0.005,
                "emissions.volatilised_wet": 0.014,
                "emissions.volatilised_dry": 0.005,
                "emissions.leached": 0.011,
                "emissions.volatile_share_synthetic": 0.11,
                "emissions.volatile_share_organic": 0.21,
                "emissions.leached_share": 0.24,
            },
        ),
        (
            "VM0047 v1.1: fertiliser defaults EF 0.01, volatilised 0.01",
            {"emissions.direct_any": 0.01, "emissions.volatilised_any": 0.01},
        ),
        (
            "VM0042 v2.2: burning CH4 2.7 and N2O 0.07 g/kg; rice 0.80, wheat 0.90, other 0.80",
            {
                "emissions.burnt_ch4_g_per_kg": 2.7,
                "emissions.burnt_n2o_g_per_kg": 0.07,
                "emissions.combusted_rice": 0.80,
                "emissions.combusted_wheat": 0.90,
                "emissions.combusted_other": 0.80,
            },
        ),
        (
            "VM0047 v1.1: adoption below 15 %, balance within 0.25, ten years of history",
            {
                "additionality.adoption_max": 0.15,
                "benchmark.standardised_difference_max": 0.25,
                "benchmark.history_years_min": 10,
            },
        ),
        (
            "VM0047 v1.1, census: 50 units/ha, below 10 % cover or ten years of crops, 10 m apart",
            {
                "census.units_per_ha_max": 50,
                "census.cover_max": 0.10,
                "census.cropping_years_min": 10,
                "census.spacing_min_m": 10,
            },
        ),
        ("AM-002: no loss in the five years before", {"before_enrolment.loss_years": 5}),
        (
            "methodology 8: -3 sigma in two clear looks, 2 dB in three, 60 days, 90 %, 10 %",
            {
                "permanence.trigger_sigma": 3,
                "permanence.trigger_looks": 2,
                "permanence.radar_drop_db": 2,
                "permanence.radar_looks": 3,
                "permanence.confirm_days": 60,
                "permanence.loss_confidence": 0.90,
                "permanence.contagion_fraction": 0.10,
            },
        ),
        (
            "methodology 8: lost after 24 months unwatched, carried for 18",
            {"permanence.dropout_months": 24, "permanence.gap_months": 18},
        ),
        (
            "methodology 5.5: map errors of two dates correlate by 0.7",
            {"permanence.gap_correlation_year": 0.7},
        ),
        (
            "our policy on the watch: 2 of 3 years and 24 looks of history, ten below -1.5 sigma",
            {
                "permanence.history_years": 3,
                "permanence.history_span_years": 2,
                "permanence.history_looks_min": 24,
                "permanence.sustained_looks": 10,
                "permanence.sustained_sigma": 3 / 2,
                "permanence.region_plots_min": 10,
            },
        ),
        (
            "our policy before enrolment: trees from 2 t/ha, canopy from an NDVI of 0.45",
            {"before_enrolment.stood_t_ha": 2, "before_enrolment.canopy_ndvi": 0.45},
        ),
        (
            "our policy: a seedling unseen for 90 days, four fifths of the plots known before",
            {
                "before_enrolment.seedling_days": 90,
                "before_enrolment.known_min_fraction": 4 / 5,
            },
        ),
        (
            "our policy: a placebo of three years, a tenth of a stratum's stems unlikely at most",
            {"benchmark.placebo_years": 3, "field_sample.suspect_trees_max": 1 / 10},
        ),
        ("Plan Vivo Climate v5: a buffer of 20 %", {"buffer.fraction": 0.20}),
        (
            "methodology 3.5: growth above which a person looks [t/ha/year]",
            {
                "plausibility.dry_parkland": 3,
                "plausibility.kyrgyz_orchard": 5,
                "plausibility.east_africa_farm": 8,
                "plausibility.humid_se_asia": 20,
            },
        ),
    ],
)
def test_rules_of_version_1(source: str, expected: dict[str, float]) -> None:
    """Each value as its source states it."""
    assert source
    assert {name: _RULES.number(name) for name in expected} == pytest.approx(expected, rel=1e-12)


def test_every_number_of_version_1_is_stated_here() -> None:
    """A rule without its source's sentence above could drift by a slip of a digit."""
    (rows,) = (mark for mark in test_rules_of_version_1.pytestmark if mark.name == "parametrize")
    stated = {name for _source, expected in rows.args[1] for name in expected}
    numbers = {name for name, rule in _RULES.rules.items() if not isinstance(rule.value, str)}
    assert numbers == stated


def test_the_site_effect_splits_sigma() -> None:
    """0.307^2 + 0.1865^2 is Chave's 0.357^2, not something on top of it (methodology 4.2)."""
    both = math.hypot(
        _RULES.number("allometry.site_sd_ln"), _RULES.number("allometry.within_site_sd_ln")
    )
    assert both == pytest.approx(0.357, abs=3e-3)
