"""The estimate as a whole, on invented projects whose truth is known."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from mrv.biomass.shared_errors import stream
from mrv.change.baseline import control_growth_t_ha
from mrv.crediting.deduction import deduction_in_force
from mrv.crediting.gates import enough_plots
from mrv.estimation.estimate import ChangeEstimate
from mrv.estimation.field_sample import sampling_multipliers
from mrv.estimation.monte_carlo import BiomassDraws
from mrv.estimation.paired import paired_growth
from mrv.estimation.pathway import _coming_up, estimate_change
from mrv.methodologies import Methodology, load_methodology
from tests.mrv.estimation.conftest import Invented

RULES = load_methodology("agroforestry_removals", 1)
START, END = date(2021, 2, 1), date(2024, 2, 1)
ROOT_SHOOT = 0.25


def run(
    invented: Invented,
    features: pd.DataFrame | None,
    seed: int = 1,
    rules: Methodology = RULES,
) -> ChangeEstimate:
    """Estimate an invented project."""
    return estimate_change(
        invented.biomass,
        invented.plots,
        features,
        rules,
        start=START,
        end=END,
        root_shoot=ROOT_SHOOT,
        seed=seed,
    )


@pytest.fixture(scope="module")
def project(inventing: Callable[..., Invented]) -> Invented:
    """One growing project, seen and measured well."""
    return inventing(1, draws=2000)


def test_the_same_seed_gives_the_same_estimate(project: Invented) -> None:
    one, two = (run(project, project.features) for _ in range(2))
    assert np.array_equal(one.net_tco2e, two.net_tco2e)
    pd.testing.assert_frame_equal(one.plots, two.plots)


def test_growth_is_told_per_year_of_365_days_and_a_quarter(project: Invented) -> None:
    for stratum in run(project, project.features).strata:
        years = (END - START).days / 365.25
        assert stratum.growth_t_ha_year == pytest.approx(stratum.agb_change_t_ha / years)


def test_version_2_leans_only_where_villages_were_drawn(
    project: Invented, inventing: Callable[..., Invented]
) -> None:
    """Plots drawn one by one: the same to the bit. Villages drawn: the same mean."""
    newer = load_methodology("agroforestry_removals", 2)
    assert np.array_equal(
        run(project, project.features).net_tco2e,
        run(project, project.features, rules=newer).net_tco2e,
    )
    of = inventing(3, plots=240, sampled=120, villages=24, strata=("maize",), draws=4_000)
    kept = set(of.plots["village"].drop_duplicates().iloc[::3])
    measured = of.plots.set_index("plot_id")["village"].reindex(of.biomass.plot_ids).isin(kept)
    controls = [plot_id.startswith("C") for plot_id in of.biomass.plot_ids]
    few = replace(of, biomass=_only(of.biomass, measured.to_numpy() | np.array(controls)))
    before, after = run(few, None), run(few, None, rules=newer)
    assert before.check is not None
    assert before.check.drawn_by == "villages"
    assert after.gross_tco2e.mean() == pytest.approx(before.gross_tco2e.mean(), rel=1e-3)
    assert not np.array_equal(after.gross_tco2e, before.gross_tco2e)
    assert after.u90 > 0.99 * before.u90  # here most of it is the site's


def test_the_map_is_used_where_it_is_accepted_and_narrows_the_sampling_error(
    project: Invented,
) -> None:
    estimate = run(project, project.features)
    assert estimate.estimator == "greg"
    assert estimate.map.accepted
    assert estimate.check is not None
    assert estimate.check.greg_sampling_se_t is not None
    assert estimate.check.greg_sampling_se_t < estimate.check.expansion_sampling_se_t
    assert estimate.check.approach_1_u90 == pytest.approx(estimate.check.gross_u90, rel=0.15)


def test_without_scenes_the_field_plots_carry_the_total(project: Invented) -> None:
    estimate = run(project, None)
    assert estimate.estimator == "expansion"
    assert estimate.map.reason == "no dry-season feature was seen at both epochs"
    assert estimate.net_tco2e.mean() > 0


def test_a_map_of_noise_is_not_used(project: Invented) -> None:
    features = project.features
    noise = np.random.default_rng(0).normal(size=features.shape)
    estimate = run(project, pd.DataFrame(noise, features.index, features.columns))
    assert estimate.estimator == "expansion"
    assert "R2" in estimate.map.reason


def test_strata_and_plots_add_up_to_the_total(project: Invented) -> None:
    estimate = run(project, project.features)
    gross, net = estimate.gross_tco2e.mean(), estimate.creditable_net_tco2e
    assert sum(s.gross_tco2e for s in estimate.strata) == pytest.approx(gross)
    assert estimate.plots["gross_tco2e"].sum() == pytest.approx(gross)
    assert estimate.plots["net_tco2e"].sum() == pytest.approx(net)
    assert gross - estimate.creditable_baseline_tco2e == pytest.approx(net)
    by_stratum = estimate.plots.groupby("stratum")["gross_tco2e"].sum()
    for stratum in estimate.strata:
        assert by_stratum[stratum.stratum] == pytest.approx(stratum.gross_tco2e)


def test_the_baseline_holds_old_trees_and_what_comes_up_on_controls(project: Invented) -> None:
    estimate = run(project, project.features)
    assert estimate.pre_existing_tco2e > 0
    assert estimate.control_tco2e > 0
    assert estimate.baseline_tco2e.mean() == pytest.approx(
        estimate.pre_existing_tco2e + estimate.control_tco2e
    )


def test_a_plot_that_joined_later_earns_nothing_for_the_years_before(project: Invented) -> None:
    rows = project.plots
    late = rows["plot_id"].isin(rows.loc[rows["role"] == "enrolled", "plot_id"].iloc[::3])
    joined = rows.assign(enrolled_on=[date(2023, 1, 1) if x else date(2021, 3, 1) for x in late])
    estimate = run(replace(project, plots=joined), None)
    without = run(replace(project, plots=rows[~late]), None)
    assert estimate.joined_later == late.sum() > 0
    assert estimate.gross_tco2e.mean() == pytest.approx(without.gross_tco2e.mean())
    assert not estimate.plots["plot_id"].isin(rows.loc[late, "plot_id"]).any()
    assert f"not counted: {late.sum()}" in enough_plots(estimate, RULES).sentence


def test_a_plot_that_left_counts_until_it_left_and_not_after(project: Invented) -> None:
    rows = project.plots
    enrolled = (rows["role"] == "enrolled").to_numpy()
    leaving = enrolled & (np.arange(len(rows)) % 7 == 0)
    end = run(project, None).end

    def with_exit_on(day: date) -> ChangeEstimate:
        left = rows.assign(left_on=[day if x else None for x in leaving])
        return run(replace(project, plots=left), None)

    before, after = with_exit_on(end - timedelta(days=1)), with_exit_on(end)
    assert before.left_early == leaving.sum() > 0
    assert not set(before.plots["plot_id"]) & set(rows["plot_id"][leaving])
    assert after.left_early == 0
    assert set(after.plots["plot_id"]) == set(rows["plot_id"][enrolled])


def test_the_order_of_plots_says_nothing(project: Invented) -> None:
    shuffled = replace(project, plots=project.plots.sample(frac=1, random_state=3))
    one, two = (run(p, project.features) for p in (project, shuffled))
    assert np.array_equal(one.net_tco2e, two.net_tco2e)
    pd.testing.assert_frame_equal(one.plots, two.plots)


def test_felled_old_trees_are_not_paid_back_by_what_comes_up_unplanted(project: Invented) -> None:
    """Who clears old trees to plant must not have the loss set off against the controls' growth."""
    before = project.biomass.pre_existing_agb_t_ha
    stood = 3.0
    agb, old = project.biomass.agb_t_ha.copy(), before.copy()
    agb[:, :, 0] += stood
    old[:, :, 0] += stood
    felled = run(
        replace(
            project,
            biomass=replace(project.biomass, agb_t_ha=agb, pre_existing_agb_t_ha=old),
        ),
        None,
    )
    assert felled.pre_existing_tco2e < 0
    assert felled.control_tco2e > 0
    assert felled.baseline_floor_tco2e == pytest.approx(-felled.pre_existing_tco2e)
    assert felled.creditable_baseline_tco2e == pytest.approx(felled.control_tco2e)
    assert felled.creditable_net_tco2e == pytest.approx(
        felled.gross_tco2e.mean() - felled.control_tco2e
    )
    assert felled.plots["net_tco2e"].sum() == pytest.approx(felled.creditable_net_tco2e)


def test_one_site_error_keeps_a_large_sample_uncertain(
    inventing: Callable[..., Invented],
) -> None:
    """The site effect does not average out over plots (reviewer's attack 3)."""
    large = inventing(2, plots=300, sampled=250, draws=2000)
    assert run(large, None).u90 > 1.5 * 0.19


def test_splitting_a_project_into_strata_does_not_shrink_shared_errors(
    inventing: Callable[..., Invented],
) -> None:
    whole = inventing(3, plots=200, sampled=180, draws=2000, strata=("all",))
    parts = whole.plots.copy()
    enrolled = parts["role"] == "enrolled"
    parts.loc[enrolled, "stratum"] = [f"S{i % 4}" for i in range(int(enrolled.sum()))]
    cut = replace(whole, plots=parts)
    assert run(cut, None).u90 == pytest.approx(run(whole, None).u90, rel=0.1)


def test_plots_lost_trees_and_say_so(project: Invented) -> None:
    """A plot that was felled has a negative value; nothing is floored per plot."""
    biomass = project.biomass
    agb = biomass.agb_t_ha.copy()
    agb[:, 0, 0], agb[:, 0, 1] = 40.0, 2.0
    felled = replace(project, biomass=replace(biomass, agb_t_ha=agb))
    table = run(felled, None).plots.set_index("plot_id")
    assert table.loc[biomass.plot_ids[0], "gross_tco2e"] < 0


@pytest.mark.parametrize("measured", ["nobody", "one plot"])
def test_without_a_sample_there_is_no_estimate_and_no_error(
    project: Invented, measured: str
) -> None:
    biomass = project.biomass
    if measured == "nobody":
        lonely = None
    else:
        lonely = replace(
            biomass,
            plot_ids=biomass.plot_ids[:1],
            agb_t_ha=biomass.agb_t_ha[:, :1],
            pre_existing_agb_t_ha=biomass.pre_existing_agb_t_ha[:, :1],
            n_trees=biomass.n_trees[:1],
            inclusion_probability=biomass.inclusion_probability[:1],
        )
    estimate = run(replace(project, biomass=lonely), None)
    assert estimate.estimator == "none"
    assert estimate.u90 == float("inf")
    assert deduction_in_force(estimate.u90, RULES) == 1
    assert len(estimate.plots) == 90


def test_an_epoch_that_was_not_drawn_is_named(project: Invented) -> None:
    with pytest.raises(ValueError, match="no biomass was drawn for 2030-02-01"):
        estimate_change(
            project.biomass,
            project.plots,
            None,
            RULES,
            start=START,
            end=date(2030, 2, 1),
            root_shoot=ROOT_SHOOT,
            seed=1,
        )


def _only(biomass: BiomassDraws, kept: np.ndarray) -> BiomassDraws:
    """Leave measured plots out."""
    rows = np.flatnonzero(kept)
    return replace(
        biomass,
        plot_ids=tuple(biomass.plot_ids[i] for i in rows),
        agb_t_ha=biomass.agb_t_ha[:, rows],
        pre_existing_agb_t_ha=biomass.pre_existing_agb_t_ha[:, rows],
        n_trees=biomass.n_trees[rows],
        inclusion_probability=biomass.inclusion_probability[rows],
        plot_flags=tuple(biomass.plot_flags[i] for i in rows),
    )


def test_what_comes_up_on_controls_is_as_unsure_as_their_number_makes_it(
    inventing: Callable[..., Invented],
) -> None:
    """Students t with one degree fewer than plots: five controls have four."""
    of = inventing(4, draws=4_000, controls=5)
    enrolled = [not plot_id.startswith("C") for plot_id in of.biomass.plot_ids]
    controls = of.plots[of.plots["role"] == "control"].reset_index(drop=True)
    measured = paired_growth(_only(of.biomass, ~np.array(enrolled)), controls, START, END)
    share = sampling_multipliers(stream(1, "controls"), 4_000, 5, 4)
    area = controls["area_ha"].to_numpy()[measured.rows]
    expected = control_growth_t_ha(measured.additional_t_ha, area, share)
    assert np.array_equal(_coming_up(measured, controls, 1), expected)
