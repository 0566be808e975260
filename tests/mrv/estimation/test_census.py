"""A census as a whole: units registered as seedlings, some plots drawn, and the truth known."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from mrv.biomass.assignment import tree_biomass
from mrv.biomass.context import BiomassContext
from mrv.change.census import unmet_conditions
from mrv.crediting.gates import enough_controls, enough_plots, probability_sample
from mrv.estimation.census import (
    Planting,
    _nearest_m,
    census_land,
    counted_trees,
    estimate_census,
    planting_units,
)
from mrv.estimation.estimate import ChangeEstimate
from mrv.estimation.monte_carlo import draw_plot_biomass
from mrv.field.csv_text import parse_csv
from mrv.field.inventory import read_inventory
from mrv.methodologies import load_methodology
from mrv.project import Ecology
from tests.mrv.estimation.a_census import PER_HA, register

RULES = load_methodology("agroforestry_removals", 1)
START, END = date(2021, 2, 1), date(2026, 2, 1)
ROOT_SHOOT = 0.25
ECOLOGY = BiomassContext.of(
    Ecology(
        ecoregion="x",
        allometry_region="western_kenya",
        height_model="feldpausch_e_africa",
        root_shoot_zone="tropical_dry.africa",
        growth_cap="east_africa_farm",
    ),
    RULES,
)
PLANTING = Planting(
    direct_planting=True,
    cover_before=0.03,
    cropping_years_before=4,
    spacing_m=12.0,
    gps_accuracy_m=3.0,
)


def project(plots: int = 60, villages: int = 15) -> pd.DataFrame:
    """Enrolled plots along a road, 200 m apart."""
    rng = np.random.default_rng(4)
    return pd.DataFrame(
        {
            "plot_id": [f"P{i:02d}" for i in range(plots)],
            "area_ha": np.round(rng.uniform(0.4, 1.4, plots), 3),
            "stratum": np.where(np.arange(plots) % 3 == 0, "home", "maize"),
            "role": "enrolled",
            "village": [f"V{i % villages:02d}" for i in range(plots)],
            "lon": 34.5 + 0.002 * np.arange(plots),
            "lat": -0.2,
        }
    )


def answer(plots: pd.DataFrame, text: str, stated: Planting = PLANTING) -> ChangeEstimate:
    """From the text of an inventory to the estimate, as the pipeline goes."""
    inventory = read_inventory(
        parse_csv(text.encode()), plot_ids=set(plots["plot_id"]), today=date(2026, 6, 1)
    )
    assert not (inventory.findings["severity"] == "error").any()
    trees = counted_trees(inventory.trees, START, RULES)
    area = dict(zip(plots["plot_id"], plots["area_ha"], strict=True))
    biomass = draw_plot_biomass(trees, area, (START, END), ECOLOGY, draws=200, seed=5)
    weighed = tree_biomass(trees, ECOLOGY)[["row", "agb_kg"]]
    units = planting_units(trees.merge(weighed, on="row", how="left"), plots, END, RULES)
    unmet = unmet_conditions(census_land(units, plots, stated), RULES)
    return estimate_census(
        biomass, plots, units, unmet, RULES,
        start=START, end=END, root_shoot=ROOT_SHOOT, seed=5,
    )  # fmt: skip


PLOTS = project()
EVERY = set(PLOTS["plot_id"])
DRAWN = set(np.random.default_rng(9).choice(PLOTS["plot_id"], 40, replace=False))
WHOLE = register(PLOTS, EVERY, START, END, seed=1)
PART = register(PLOTS, DRAWN, START, END, seed=1)


@pytest.fixture(scope="module")
def whole() -> ChangeEstimate:
    return answer(PLOTS, WHOLE)


@pytest.fixture(scope="module")
def part() -> ChangeEstimate:
    return answer(PLOTS, PART)


def test_where_every_unit_is_looked_for_the_total_is_the_standards(whole: ChangeEstimate) -> None:
    """C = N (1 - M) times the mean of a living unit, each tree weighed by itself."""
    inventory = read_inventory(
        parse_csv(WHOLE.encode()), plot_ids=EVERY, today=date(2026, 6, 1)
    ).trees
    weighed = tree_biomass(inventory, ECOLOGY)
    alive = weighed["measured_on"] == pd.Timestamp(END)
    agb_t = weighed.loc[alive, "agb_kg"].sum() / 1000
    assert whole.gross_tco2e.mean() == pytest.approx(
        agb_t * (1 + ROOT_SHOOT) * 0.47 * 44 / 12, rel=0.03
    )
    assert whole.census is not None
    assert whole.census.units == whole.census.looked_for == sum(
        max(2, int(PER_HA * area)) for area in PLOTS["area_ha"]
    )  # fmt: skip


def test_a_sample_of_plots_stands_for_all_units(
    whole: ChangeEstimate, part: ChangeEstimate
) -> None:
    low, high = np.quantile(part.net_tco2e, [0.05, 0.95])
    assert low < whole.net_tco2e.mean() < high
    assert part.census is not None
    assert part.census.looked_for < part.census.units
    assert part.check is not None
    assert part.check.expansion_sampling_se_t > 0


def test_the_baseline_is_zero_and_no_controls_are_asked_for(part: ChangeEstimate) -> None:
    assert part.creditable_baseline_tco2e == 0
    assert enough_controls(part, RULES).passed
    assert probability_sample(part).passed
    assert enough_plots(part, RULES).measured == part.census.looked_for


def test_the_interval_is_the_standards_at_least(whole: ChangeEstimate) -> None:
    """All units were looked for, so that the design leaves no sampling error; the form has some."""
    assert whole.u90 >= whole.census.half_width * (1 - 1e-9)
    assert whole.census.half_width_as_printed > whole.census.half_width > 0


def test_an_interval_that_is_wider_already_stays(part: ChangeEstimate) -> None:
    """A sample of plots errs by more than the form says; nothing may narrow it."""
    assert part.census is not None
    assert 0 < part.census.half_width < part.u90


def test_plots_and_strata_add_up_and_are_told_by_the_hectare(part: ChangeEstimate) -> None:
    assert part.plots["gross_tco2e"].sum() == pytest.approx(part.gross_tco2e.mean())
    assert sum(s.gross_tco2e for s in part.strata) == pytest.approx(part.gross_tco2e.mean())
    assert sum(s.area_ha for s in part.strata) == pytest.approx(PLOTS["area_ha"].sum())
    change_t = sum(s.agb_change_t_ha * s.area_ha for s in part.strata)
    assert change_t == pytest.approx(part.check.expansion_t)
    assert set(part.plots.loc[part.plots["sampled"], "plot_id"]) == DRAWN


def test_units_that_were_not_found_are_dead(part: ChangeEstimate) -> None:
    """Rows of missing units left out altogether change nothing: nobody saw them."""
    silent = "\n".join(line for line in PART.splitlines() if ",missing," not in line) + "\n"
    again = answer(PLOTS, silent)
    assert again.gross_tco2e.mean() == pytest.approx(part.gross_tco2e.mean())
    assert again.census.found == part.census.found
    all_living = answer(PLOTS, register(PLOTS, DRAWN, START, END, seed=1, dead=0.0))
    assert all_living.gross_tco2e.mean() > 1.05 * part.gross_tco2e.mean()


def test_what_was_planted_after_the_register_is_not_counted(part: ChangeEstimate) -> None:
    """Else plots that are visited would find what nobody counts on the others."""
    plot = min(DRAWN)
    more = "".join(
        f"{plot},late{i},Grevillea robusta,30.0,{END},alive,planted,34.4,-0.21,0.666667,1\n"
        for i in range(9)
    )
    again = answer(PLOTS, PART + more)
    assert again.gross_tco2e.mean() == pytest.approx(part.gross_tco2e.mean())
    assert again.census.units == part.census.units


def test_growth_of_trees_that_stood_before_stays_baseline(part: ChangeEstimate) -> None:
    old = "".join(
        f"{plot},old,Grevillea robusta,{size},{day},alive,pre_existing,34.4,-0.21,0.666667,1\n"
        for plot in sorted(DRAWN)
        for size, day in ((25.0, START), (29.0, END))
    )
    again = answer(PLOTS, PART + old)
    assert again.creditable_baseline_tco2e > 1
    assert again.creditable_net_tco2e == pytest.approx(part.creditable_net_tco2e, rel=0.01)
    assert again.census.units == part.census.units


@pytest.mark.parametrize(
    ("text", "stated", "told"),
    [
        (PART, replace(PLANTING, direct_planting=False), "not planted directly"),
        (PART, replace(PLANTING, cover_before=0.2), "woody cover"),
        (PART, replace(PLANTING, spacing_m=30.0), "12.0 m from each other"),
        (PART.replace("34.5000000,-0.2000000", ","), PLANTING, "1 units have no position"),
        (PART.replace(",0.666667,1\n", ",0.666667,0.5\n"), PLANTING, "On 40 plots only a part"),
    ],
)
def test_a_census_whose_conditions_do_not_hold_is_refused_by_name(
    text: str, stated: Planting, told: str
) -> None:
    verdict = enough_controls(answer(PLOTS, text, stated), RULES)
    assert not verdict.passed
    assert told in verdict.sentence


def test_plots_without_units_and_controls_change_nothing(part: ChangeEstimate) -> None:
    bare = PLOTS.iloc[:2].assign(plot_id=["Q1", "Q2"], role=["enrolled", "control"])
    again = answer(pd.concat([PLOTS, bare], ignore_index=True), PART)
    assert again.gross_tco2e.mean() == pytest.approx(part.gross_tco2e.mean())
    assert again.plots.set_index("plot_id").loc["Q1", "gross_tco2e"] == 0
    assert "Q2" not in set(again.plots["plot_id"])


def test_the_nearest_two_units_say_how_near_units_are() -> None:
    """Not the second nearest: three units in a row, the third ten times as far."""
    east = 1 / 111_195.0
    placed = pd.DataFrame({"lon": [34.0, 34.0 + 3 * east, 34.0 + 33 * east], "lat": 0.0})
    assert _nearest_m(placed) == pytest.approx(3.0, rel=0.01)
    assert _nearest_m(placed.iloc[:1]) == np.inf
