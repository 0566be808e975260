"""The plan keeps its word: what it promises is what the estimator finds on samples so drawn."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mrv.errors import InputRejected
from mrv.estimation.greg import Floats, Ints, Population, expansion_estimator
from mrv.estimation.paired import PairedGrowth
from mrv.methodologies import load_methodology
from mrv.sampling.expected import (
    CONTROL_SPREAD,
    Expected,
    conversion_cv,
    from_pilot,
    from_stated,
    village_correlation,
    with_map,
)
from mrv.sampling.frame import Frame
from mrv.sampling.plan import Costs, Design, SamplePlan, plan_sample, sampling_variance
from mrv.sampling.selection import Selection, draw_plots, draw_villages_first

RULES = load_methodology("agroforestry_removals", 1)
TCO2E_PER_T = 2.2
GrowthOf = Callable[..., Floats]


def stated(frame: Frame, cv: float = 0.8, icc: float = 0.1, shared_cv: float = 0.04) -> Expected:
    return from_stated(frame, net_t_ha=6.0, cv=cv, icc=icc, shared_cv=shared_cv)


def planned(
    frame: Frame,
    expected: Expected,
    wanted: float | None,
    *designs: Design,
    costs: Costs | None = None,
) -> SamplePlan:
    return plan_sample(
        frame,
        expected,
        costs or Costs(),
        RULES,
        tco2e_per_t=TCO2E_PER_T,
        wanted_u90=wanted,
        designs=designs or ("plots", "villages"),
    )


def everything_known(frame: Frame, growth: Floats) -> Expected:
    """Measure every plot, so that what is expected is true."""
    everyone = np.arange(len(growth))
    values = np.tile(growth, (2, 1))
    census = PairedGrowth(
        everyone, values, np.zeros_like(values), np.ones(len(growth)), np.zeros((2, len(growth)))
    )
    return from_pilot(frame, census, 0.0, source="census")


def grown(drawn: Selection, values: Floats, within: float = 0.0) -> PairedGrowth:
    """Growth of a drawn sample, all of it planted."""
    return PairedGrowth(
        drawn.rows,
        values,
        np.zeros_like(values),
        drawn.inclusion_probability,
        np.full((2, len(drawn.rows)), within),
    )


def estimated(frame: Frame, growth: Floats, drawn: Selection) -> float:
    """Net change of the enrolled land [t d.m.], by the estimator of the credited path."""
    group = frame.group[drawn.rows]
    planted = group < len(frame.names) - 1
    rows, chance = drawn.rows[planted], drawn.inclusion_probability[planted]
    enrolled = frame.group < len(frame.names) - 1
    position: Ints = np.cumsum(enrolled) - 1
    population = Population(
        area_ha=frame.area_ha[enrolled],
        stratum=frame.group[enrolled],
        sampled=position[rows],
        inclusion_probability=chance,
    )
    total = float(expansion_estimator(population).totals(growth[None, rows]).sum())
    controls = drawn.rows[~planted]
    area = frame.area_ha[controls]
    return total - frame.enrolled_ha * float(growth[controls] @ area / area.sum())


def test_the_standard_error_promised_is_the_one_found_plots_one_by_one(
    frame: Frame, growth_of: GrowthOf
) -> None:
    """Positions say nothing here, so that spreading plots gains nothing either."""
    growth = growth_of(frame, icc=0.0)
    wanted = np.array([40, 35, 15])
    promised = sampling_variance(frame, everything_known(frame, growth), wanted, None)
    found = [
        estimated(frame, growth, draw_plots(frame.group, frame.xy_m, wanted, seed))
        for seed in range(1500)
    ]
    assert np.std(found) == pytest.approx(np.sqrt(promised), rel=0.08)
    truth = everything_known(frame, growth).net_t_ha * frame.enrolled_ha
    assert np.mean(found) == pytest.approx(truth, abs=3 * np.std(found) / np.sqrt(1500) + 2)


@pytest.mark.parametrize("icc", [0.0, 0.3])
def test_the_standard_error_promised_is_not_below_the_one_found_villages_first(
    frame: Frame, growth_of: GrowthOf, icc: float
) -> None:
    """Cautious by design where villages are alike, and never by more than a quarter."""
    growth = growth_of(frame, icc=icc)
    expected = everything_known(frame, growth)
    wanted, villages = np.array([60, 50, 20]), 14
    promised = sampling_variance(frame, expected, wanted, villages)
    found = [
        estimated(
            frame,
            growth,
            draw_villages_first(frame.group, frame.village, frame.xy_m, wanted, villages, seed),
        )
        for seed in range(1000)
    ]
    ratio = np.sqrt(promised) / np.std(found)
    assert 0.92 < ratio < 1.25


def test_pilot_finds_spread_and_likeness_again(frame: Frame, growth_of: GrowthOf) -> None:
    growth = growth_of(frame, icc=0.3)
    known = everything_known(frame, growth)
    assert known.icc == pytest.approx(0.3, abs=0.12)
    drawn = draw_plots(frame.group, frame.xy_m, np.array([120, 90, 30]), seed=3)
    values = np.tile(growth[drawn.rows], (2, 1))
    pilot = from_pilot(
        frame,
        grown(drawn, values),
        0.05,
        source="pilot",
    )
    assert pilot.sd_t_ha == pytest.approx(known.sd_t_ha, rel=0.25)
    assert pilot.net_t_ha == pytest.approx(known.net_t_ha, rel=0.15)
    assert pilot.shared_cv == pytest.approx(0.05)
    assert pilot.notes == ()


def test_errors_that_all_plots_share_are_told_from_their_own(
    frame: Frame, growth_of: GrowthOf
) -> None:
    rng = np.random.default_rng(8)
    drawn = draw_plots(frame.group, frame.xy_m, np.array([40, 40, 12]), seed=3)
    growth = growth_of(frame, icc=0.0)[drawn.rows]
    shared = np.exp(rng.normal(0, 0.15, (2000, 1)))
    own = rng.normal(0, 1.5, (2000, len(growth)))
    values = growth * shared + own
    pilot = from_pilot(
        frame,
        grown(drawn, values),
        0.0,
        source="pilot",
    )
    assert pilot.shared_cv == pytest.approx(0.15, rel=0.15)


def test_cheapest_sample_is_as_sharp_as_wanted_and_one_plot_less_is_not(frame: Frame) -> None:
    plan = planned(frame, stated(frame), 0.17, "plots")
    assert plan.reached
    assert plan.size.u90 <= 0.17
    fewer = planned(frame, stated(frame), plan.size.u90 - 1e-9, "plots")
    assert fewer.size.measured.sum() > plan.size.measured.sum()
    assert plan.size.deducted == pytest.approx(plan.size.u90 - 0.10)


def test_rules_hold_where_the_formula_asks_for_less(frame: Frame) -> None:
    plan = planned(frame, stated(frame, cv=0.1), 0.9)
    assert plan.size.measured[:2].tolist() == [30, 30]
    assert plan.size.measured[2] == 10
    assert plan.size.villages >= 10
    assert plan.notes == (
        f"Controls are taken to vary {CONTROL_SPREAD:.0%} as much as planted plots.",
    )


def test_what_cannot_be_reached_is_said_with_the_sharpest_sample(frame: Frame) -> None:
    plan = planned(frame, stated(frame, shared_cv=0.10), 0.15)
    assert not plan.reached
    assert plan.shared_u90 == pytest.approx(0.1645, abs=1e-3)
    assert plan.size.u90 > plan.shared_u90
    assert plan.size.measured.sum() == np.floor(frame.size * 0.9).sum()


def test_more_drawn_than_measured_where_not_everybody_is_at_home(frame: Frame) -> None:
    plan = planned(frame, stated(frame), 0.2, costs=Costs(non_response=0.25))
    assert (plan.size.drawn >= plan.size.measured / 0.75 - 1).all()
    assert (plan.size.drawn <= frame.size).all()


def test_few_villages_where_they_are_far_and_many_where_their_plots_are_alike(
    frame: Frame,
) -> None:
    far, near = Costs(village=1000.0, plot=5.0), Costs(village=1.0, plot=50.0)
    few = planned(frame, stated(frame, icc=0.02), 0.2, costs=far).size
    assert few.design == "villages"
    assert few.villages < 20
    many = planned(frame, stated(frame, icc=0.5), 0.2, costs=near).size
    assert many.villages > 1.5 * few.villages


def test_a_map_saves_plots(frame: Frame) -> None:
    alone = planned(frame, stated(frame), 0.14, "plots")
    helped = planned(frame, with_map(stated(frame), frame, 0.55), 0.14, "plots")
    assert helped.size.measured.sum() < 0.7 * alone.size.measured.sum()
    assert "if it is refused" in helped.notes[-1]


def test_the_curve_grows_from_the_rules_to_all_and_never_widens(frame: Frame) -> None:
    for design in ("plots", "villages"):
        plan = planned(frame, stated(frame), 0.2, design)  # type: ignore[arg-type]
        costs = [size.cost for size in plan.curve]
        assert costs == sorted(costs)
        assert len(plan.curve) >= 6
        plots = [size.measured.sum() for size in plan.curve]
        assert plots[0] >= 70
        assert plots[-1] == np.floor(frame.size * 0.9).sum()
        by_cost = [size.u90 for size in plan.curve if size is not plan.size]
        assert by_cost == sorted(by_cost, reverse=True)
        assert any(size is plan.size for size in plan.curve)


def test_without_a_wish_the_sample_worth_most_is_taken(frame: Frame) -> None:
    plan = planned(frame, stated(frame), None)
    assert plan.size.worth >= max(size.worth for size in plan.curve)
    dearer = planned(frame, stated(frame), None, costs=replace(Costs(), price=200.0))
    assert dearer.size.measured.sum() >= plan.size.measured.sum()


@pytest.mark.parametrize(
    ("wanted", "costs", "said"),
    [
        (0.0, Costs(), "--u90"),
        (1.2, Costs(), "--u90"),
        (0.2, Costs(non_response=1.0), "--non-response"),
        (0.2, Costs(plot=-1.0), "below zero"),
    ],
)
def test_nonsense_is_refused(frame: Frame, wanted: float, costs: Costs, said: str) -> None:
    with pytest.raises(InputRejected, match=said):
        planned(frame, stated(frame), wanted, costs=costs)


def test_a_pilot_in_which_nothing_grew_plans_nothing(frame: Frame) -> None:
    with pytest.raises(InputRejected, match="no net growth"):
        everything_known(frame, np.random.default_rng(1).normal(-1, 1, len(frame.group)))


def test_conversion_error_is_that_of_roots_and_carbon() -> None:
    by_hand = np.hypot(0.30 * 0.323 / 1.323, 0.0206 / 0.47)
    assert conversion_cv(RULES, 0.323) == pytest.approx(by_hand)


def test_likeness_of_alike_villages_is_high_and_of_few_unknown() -> None:
    rng = np.random.default_rng(1)
    village = np.repeat(np.arange(60), 8)
    alike = rng.standard_normal(60)[village] * 0.8 + rng.standard_normal(480) * 0.6
    assert village_correlation(alike, village) == pytest.approx(0.64, abs=0.1)
    assert village_correlation(alike[:16], village[:16]) is None


def test_measuring_every_plot_leaves_what_the_trees_left_out_leave(frame: Frame) -> None:
    rng = np.random.default_rng(4)
    everyone = np.arange(len(frame.plots))
    values = np.tile(rng.normal(6, 2, len(everyone)), (20, 1))
    values[:, frame.is_control[frame.group]] *= 0.1
    within = np.full((2, len(everyone)), 9.0)
    pilot = from_pilot(
        frame,
        PairedGrowth(everyone, values, np.zeros_like(values), np.ones(len(everyone)), within),
        0.0,
        source="census",
    )
    planted = ~frame.is_control
    left = sum(9.0 * (frame.area_ha[frame.group == h] ** 2).sum() for h in np.flatnonzero(planted))
    measured = frame.size.astype(np.int64)
    assert sampling_variance(frame, pilot, measured, None) == pytest.approx(left)
    assert sampling_variance(frame, replace(pilot, trees_sd_t_ha=None), measured, None) == (
        pytest.approx(0.0)
    )
