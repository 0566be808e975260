"""Gates answer one question each; the demand names every one that failed or stayed silent."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from mrv.crediting.gates import REQUIRED_GATES, demand, judge_estimate
from mrv.errors import NotCreditable
from mrv.estimation.estimate import ChangeEstimate, StratumChange
from mrv.estimation.maps.report import MapReport, no_map
from mrv.methodologies import Methodology, Rule, load_methodology
from mrv.quality import Verdict

RULES = load_methodology("agroforestry_removals", 1)


def stratum(name: str, sampled: int, growth: float = 3.0) -> StratumChange:
    """One stratum of eighty plots."""
    return StratumChange(
        name, 80, sampled, 12, 60.0, 9.0, 0.8, growth, 900.0, 0.25, collapsed=False
    )


def good_estimate() -> ChangeEstimate:
    """An estimate that every gate lets through."""
    draws = np.random.default_rng(0).normal(1000, 150, 5000)
    return ChangeEstimate(
        start=date(2021, 2, 1),
        end=date(2024, 2, 1),
        estimator="greg",
        map=MapReport(
            ("nirv_dry_change",), 70, 5, 0.6, 1.0, 0.01, 0.3, 1.8, 2.0, 0.3,
            accepted=True, reason="blocked cross-validation meets every rule",
        ),
        strata=(stratum("home", 35), stratum("maize", 35)),
        gross_tco2e=draws + 100,
        baseline_tco2e=np.full(5000, 100.0),
        net_tco2e=draws,
        pre_existing_tco2e=60.0,
        control_tco2e=40.0,
        clusters=14,
        controls=15,
        without_probability=0,
        plots=pd.DataFrame(),
        check=None,
    )  # fmt: skip


def verified(methodology: Methodology) -> Methodology:
    """The same rules with nothing left to verify."""
    rules = {
        name: Rule(r.value, r.unit, r.source, "P" if r.tag == "M" else r.tag)
        for name, r in methodology.rules.items()
    }
    return replace(methodology, rules=rules)


def judged(estimate: ChangeEstimate, methodology: Methodology = RULES) -> list[Verdict]:
    """All verdicts, those on the scenes and the project's records passed."""
    elsewhere = [
        Verdict(gate, passed=True, measured=1.0, limit=0.8, sentence="Seen.")
        for gate in (
            *("clear_looks", "offsets_sane", "trusted_trees"),
            *("additionality", "before_enrolment"),
        )
    ]
    return [*judge_estimate(estimate, methodology, growth_cap="east_africa_farm"), *elsewhere]


def test_a_good_estimate_under_verified_rules_passes() -> None:
    verdicts = judged(good_estimate(), verified(RULES))
    assert {verdict.gate for verdict in verdicts} == set(REQUIRED_GATES)
    demand(verdicts)


def test_unverified_rules_pass_in_a_demonstration_registry_only() -> None:
    verdicts = judged(good_estimate())
    demand(verdicts, demo=True)
    with pytest.raises(NotCreditable) as refusal:
        demand(verdicts)
    assert refusal.value.facts["failed"] == ["methodology_verified"]
    assert "eligibility.area_min_ha" in refusal.value.message


@pytest.mark.parametrize("gate", sorted(REQUIRED_GATES))
def test_a_gate_that_did_not_answer_counts_as_failed(gate: str) -> None:
    verdicts = [v for v in judged(good_estimate(), verified(RULES)) if v.gate != gate]
    with pytest.raises(NotCreditable, match=gate) as refusal:
        demand(verdicts, demo=True)
    assert refusal.value.facts["missing"] == [gate]
    assert REQUIRED_GATES[gate] in refusal.value.message


@pytest.mark.parametrize(
    ("gate", "fault"),
    [
        ("probability_sample", {"without_probability": 3}),
        ("enough_plots", {"strata": (stratum("home", 35), stratum("maize", 29))}),
        ("enough_clusters", {"clusters": 9}),
        ("enough_controls", {"controls": 0}),
        ("plausible_growth", {"strata": (stratum("home", 35), stratum("maize", 35, growth=8.1))}),
        ("u90_within_ceiling", {"net_tco2e": np.linspace(-100, 120, 5000)}),
        ("u90_within_ceiling", {"net_tco2e": np.linspace(-120, -80, 5000)}),
    ],
)
def test_each_gate_stops_its_own_fault(gate: str, fault: dict[str, object]) -> None:
    verdicts = judged(replace(good_estimate(), **fault), verified(RULES))
    assert [v.gate for v in verdicts if not v.passed] == [gate]
    with pytest.raises(NotCreditable, match=gate):
        demand(verdicts, demo=True)


def test_a_rejected_map_stops_only_a_total_that_rests_on_it() -> None:
    rejected = no_map(70, "plots were measured in 3 named villages, and blocking needs 5")
    by_field = replace(good_estimate(), map=rejected, estimator="expansion")
    demand(judged(by_field, verified(RULES)))
    by_map = replace(good_estimate(), map=rejected, estimator="greg")
    with pytest.raises(NotCreditable, match="model_acceptance"):
        demand(judged(by_map, verified(RULES)))


def test_a_project_without_trees_hears_of_each_missing_thing() -> None:
    nothing = np.zeros(1)
    empty = replace(
        good_estimate(),
        estimator="none",
        map=no_map(0, "fewer than two enrolled plots were measured at both epochs"),
        strata=(stratum("all", 0, growth=0.0),),
        gross_tco2e=nothing,
        baseline_tco2e=nothing,
        net_tco2e=nothing,
        clusters=0,
        controls=0,
    )
    with pytest.raises(NotCreditable) as refusal:
        demand(judge_estimate(empty, RULES, growth_cap="dry_parkland"), demo=True)
    assert set(refusal.value.facts["reasons"]) == set(REQUIRED_GATES) - {"methodology_verified"}
    assert "add a tree inventory of plots drawn at random" in refusal.value.message


def test_of_two_answers_the_worse_counts() -> None:
    verdicts = judged(good_estimate(), verified(RULES))
    again = Verdict("clear_looks", passed=False, measured=0.1, limit=0.8, sentence="Cloudy.")
    with pytest.raises(NotCreditable, match="Cloudy"):
        demand([*verdicts, again])


def verdict_on(estimate: ChangeEstimate, gate: str) -> Verdict:
    """What one gate says."""
    return next(v for v in judged(estimate) if v.gate == gate)


def test_gates_tell_what_they_measured() -> None:
    sample = verdict_on(good_estimate(), "probability_sample")
    assert (sample.measured, sample.limit) == (70.0, 70.0)
    lacking = verdict_on(replace(good_estimate(), without_probability=3), "probability_sample")
    assert (lacking.measured, lacking.limit, lacking.passed) == (67.0, 70.0, False)
    accepted = verdict_on(good_estimate(), "model_acceptance")
    assert accepted.facts == {"r2": 0.6, "slope": 1.0, "bias_fraction": 0.01, "rmse_t_ha": 2.0}


def test_what_was_not_estimated_is_not_called_plausible() -> None:
    for nothing in (
        replace(good_estimate(), estimator="none"),
        replace(good_estimate(), strata=()),
    ):
        told = verdict_on(nothing, "plausible_growth")
        assert not told.passed
        assert told.sentence == "No growth was estimated, so none can be called plausible."


def test_a_gain_of_nothing_is_none() -> None:
    nothing = replace(good_estimate(), net_tco2e=np.zeros(5000))
    told = verdict_on(nothing, "u90_within_ceiling")
    assert not told.passed
    assert told.measured is None
    assert told.sentence == "There is no net gain: the best estimate is 0 t CO2e."


def test_a_floor_under_the_baseline_takes_its_share_of_the_gain() -> None:
    floored = replace(good_estimate(), baseline_floor_tco2e=400.0)
    told = verdict_on(floored, "u90_within_ceiling")
    assert told.facts["net_tco2e"] == pytest.approx(good_estimate().net_tco2e.mean() - 400)
    assert told.measured == pytest.approx(good_estimate().u90 * 1000 / 600, rel=0.01)
