"""Attacks on what would have happened without the project (methodology reference, section 10)."""

from dataclasses import replace
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from mrv.change.additionality import additionality
from mrv.change.before_enrolment import LossRecord, what_stood_before
from mrv.change.benchmark import benchmark_baseline, draw_benchmark, performance_benchmark
from mrv.change.census import CensusLand, unmet_conditions
from mrv.change.leakage import Crop, leakage_of
from mrv.change.matching import match_controls
from mrv.crediting.waterfall import waterfall
from mrv.estimation.pathway import estimate_change
from mrv.evidence.documents import EvidenceDocument
from mrv.evidence.lineage import missing_edges
from mrv.methodologies import load_methodology
from mrv.plots.rules import PlotRules
from mrv.plots.screen import screen_plots
from tests.mrv.estimation.conftest import END, START, invent
from tests.mrv.evidence.conftest import document, estimate, origin, settings  # noqa: F401  fixtures

RULES = load_methodology("agroforestry_removals", 1)


def test_attack_10_land_that_greens_by_itself_is_credited_to_nobody() -> None:
    """Unplanted controls grow as fast as the project: what is left lies within its own error."""
    project = invent(3, sampled=60, controls=30, draws=2000)
    biomass = project.biomass
    role = dict(zip(project.plots["plot_id"], project.plots["role"], strict=True))
    control = np.array([role[plot_id] == "control" for plot_id in biomass.plot_ids])
    new = biomass.agb_t_ha - biomass.pre_existing_agb_t_ha
    growth = (new[:, ~control, 1] - new[:, ~control, 0]).mean(axis=1)
    agb = biomass.agb_t_ha.copy()
    agb[:, control, 1] = agb[:, control, 0] + growth[:, None]
    before = biomass.pre_existing_agb_t_ha.copy()
    before[:, control, 1] = before[:, control, 0]

    def net(biomass_draws: object) -> np.ndarray:
        return estimate_change(
            biomass_draws, project.plots, project.features, RULES,
            start=START, end=END, root_shoot=0.232, seed=5,
        ).net_tco2e  # fmt: skip

    planted = net(biomass)
    by_itself = net(replace(biomass, agb_t_ha=agb, pre_existing_agb_t_ha=before))
    assert planted.mean() > 4 * planted.std()
    assert abs(by_itself.mean()) < 2 * by_itself.std()


def test_attack_10_matched_controls_take_the_growth_that_rain_gave() -> None:
    """A wet spell greens project and controls alike, on the kind of land the project chose."""
    rng = np.random.default_rng(0)
    fertile, ordinary = rng.normal(1.0, 0.5, 60), rng.normal(0.0, 1.0, 900)
    found = match_controls(pd.DataFrame({"soil": fertile}), pd.DataFrame({"soil": ordinary}))
    rain = 0.05
    ours = rain * (1 + fertile) + rng.normal(0, 0.01, 60)
    everywhere = rain * (1 + ordinary) + rng.normal(0, 0.01, 900)
    village = np.repeat(np.arange(15), 4)
    matched = performance_benchmark(ours, everywhere[found.controls[:, 0]], village)
    unmatched = performance_benchmark(ours, everywhere[:60], village)
    draws = draw_benchmark(matched, 5000, rng)
    gross = np.full(5000, 1000.0)
    credited = (gross - benchmark_baseline(gross, draws)).mean()
    assert credited < 40
    assert 1000 * (1 - unmatched.ratio) > 300  # what a careless choice of controls would credit


def test_attack_10_trees_lost_in_the_five_years_before_are_seen() -> None:
    plots = pd.DataFrame({"plot_id": ["cleared", "old"], "role": "enrolled"})
    looks = pd.DataFrame(
        {
            "plot_id": ["cleared", "old"],
            "acquired_at": "2020-12-20",
            "clear_fraction": 1.0,
            "ndvi": 0.2,
        }
    )
    losses = {"cleared": LossRecord({2016: 0.3}), "old": LossRecord({2015: 0.3})}
    told = what_stood_before(plots, looks, {}, losses, RULES, start=date(2021, 1, 1))
    assert told["verdict"].tolist() == ["lost_trees", "open"]


def test_attack_10_without_records_nothing_is_additional() -> None:
    assert not additionality([], RULES, by=date(2024, 1, 1)).passed


def test_attack_11_leakage_is_never_zero_by_assumption() -> None:
    silent = waterfall(
        gross_tco2e=1000, baseline_tco2e=100, u90=0.1, project_emissions_tco2e=0, methodology=RULES
    )
    assert silent.quantity_kg("leakage") == -45_000
    fallen = Crop("maize", 40, 20, 1.5, 60, "in_situ")
    stated = leakage_of([fallen], 900, 3, RULES)
    assert stated.tco2e == pytest.approx((40 * 1.025**3 - 20) * 0.75 / 1.5 * 60)
    assert stated.tco2e > 45  # stating what fell can cost more than silence
    kept = leakage_of([replace(fallen, now_t_year=50)], 900, 3, RULES)
    assert (kept.tco2e, kept.measured) == (0, True)  # zero for a production that did not fall


def test_attack_11_zero_leakage_belongs_to_the_census_on_its_conditions() -> None:
    dense = CensusLand(
        units=400, area_ha=1, direct_planting=True, cover_before=0, cropping_years_before=20,
        spacing_m=10, gps_accuracy_m=3,
    )  # fmt: skip
    assert unmet_conditions(dense, RULES)
    assert unmet_conditions(replace(dense, area_ha=8), RULES) == ()


def test_attack_12_one_piece_of_land_is_in_one_programme_once() -> None:
    one = shapely.box(34.5, -0.2, 34.501, -0.199)
    again = shapely.box(34.5002, -0.2, 34.5012, -0.199)
    plots = gpd.GeoDataFrame(
        {"plot_id": ["one", "again"], "consent_given": "yes"}, geometry=[one, again], crs=4326
    )
    screened = screen_plots(plots, country="KE", rules=PlotRules(0.1, 10.0, 5.0, 0.01))
    assert screened.plots["plot_id"].tolist() == ["one"]
    refused = screened.findings[screened.findings["severity"] == "error"]
    assert refused[["plot_id", "code"]].to_numpy().tolist() == [["again", "overlap"]]


def test_attack_28_the_evidence_lists_the_plots_that_were_sampled(
    document: EvidenceDocument,  # noqa: F811  fixture
) -> None:
    sampled = {plot.plot_id for plot in document.plots if plot.sampled}
    assert len(sampled) == sum(stratum.sampled for stratum in document.strata) >= 60
    named = {artifact.name: artifact.sha256 for artifact in document.artifacts}
    assert {"trees", "draws", "plots"} <= set(named)
    assert all(len(digest) == 64 for digest in named.values())
    assert missing_edges(document) == ()
    assert document.run.draws == 2000
