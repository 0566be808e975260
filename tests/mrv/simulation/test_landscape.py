"""A landscape is the same for the same seed, is laid out as a project would be, and adds up."""

from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
import shapely

from mrv.biomass.selection import not_credited, regions
from mrv.errors import InputRejected
from mrv.methodologies import load_methodology
from mrv.project import parse_project
from mrv.simulation.archetypes import ARCHETYPES, SAMPLE_PROJECTS, find_archetype
from mrv.simulation.landscape import Landscape, simulate_landscape
from mrv.simulation.project_files import project_texts
from mrv.simulation.spec import resized, without_growth

RULES = load_methodology("agroforestry_removals", 1)


def test_the_same_seed_gives_the_same_landscape(growing: Landscape) -> None:
    again = simulate_landscape(growing.spec, seed=1)
    assert project_texts(again, project_id="again", catalog=None) == project_texts(
        growing, project_id="again", catalog=None
    )
    assert again.truth.to_json() == growing.truth.to_json()
    assert again.acquisitions == growing.acquisitions


def test_another_seed_gives_another_landscape(growing: Landscape) -> None:
    other = simulate_landscape(growing.spec, seed=2)
    assert not np.allclose(other.plots["area_ha"], growing.plots["area_ha"])
    assert other.truth.root_shoot != growing.truth.root_shoot


def test_clouds_do_not_move_the_plots(growing: Landscape) -> None:
    cloudy = replace(growing.spec, weather=replace(growing.spec.weather, dry_cloud=0.5))
    other = simulate_landscape(cloudy, seed=1)
    assert other.plots.equals(growing.plots)
    assert other.inventory.equals(growing.inventory)


def test_plots_do_not_overlap_and_have_real_sizes(growing: Landscape) -> None:
    shapes = list(growing.plots.geometry)
    assert all(shape.is_valid for shape in shapes)
    assert not any(shapely.intersects(a, b) for a, b in combinations(shapes, 2))
    areas = growing.plots["area_ha"]
    assert areas.between(0.1, 10).all()
    assert 0.35 < areas.median() < 0.65  # the recipe says 0.5 ha


@pytest.mark.parametrize("name", ARCHETYPES)
def test_every_landscape_satisfies_the_field_rules(name: str) -> None:
    landscape = simulate_landscape(ARCHETYPES[name], seed=3)
    plots, spec = landscape.plots, landscape.spec
    measured = plots[plots["plot_id"].isin(landscape.inventory["plot_id"])]
    enrolled = measured[measured["role"] == "enrolled"]
    per_stratum = enrolled.groupby("stratum").size()
    assert set(per_stratum.index) == {stratum.name for stratum in spec.strata}
    assert per_stratum.min() >= RULES.number("field_sample.plots_min_per_stratum")
    assert enrolled["village"].nunique() >= RULES.number("field_sample.clusters_min")
    assert (measured["role"] == "control").sum() >= 15
    assert 40 <= len(plots) <= 120


@pytest.mark.parametrize("name", ARCHETYPES)
def test_every_project_file_is_valid_and_says_that_it_is_simulated(name: str) -> None:
    landscape = simulate_landscape(ARCHETYPES[name], seed=3)
    texts = project_texts(landscape, project_id=name, catalog=None)
    settings = parse_project(texts["project.toml"])
    assert settings.simulation is not None
    assert (
        find_archetype(settings.simulation.archetype, settings.simulation.plots) == landscape.spec
    )
    assert "simulated" in settings.name
    assert settings.summary.startswith("Simulated")
    assert "Nothing here is real" in texts["README.md"]
    assert settings.ecology.allometry_region in regions()
    assert f"plausibility.{settings.ecology.growth_cap}" in RULES.rules
    assert max(len(text) for text in texts.values()) < 350_000


def test_the_sample_projects_hold_both_offset_eras_and_several_periods() -> None:
    specs = [ARCHETYPES[name] for name in SAMPLE_PROJECTS]
    assert {spec.collection for spec in specs} == {"sentinel-2-l2a", "sentinel-2-c1-l2a"}
    assert sorted(len(spec.period_ids) for spec in specs) == [1, 1, 1, 1, 1, 2]
    assert len({spec.country for spec in specs}) == 6


def test_plot_truth_adds_up_to_stratum_truth() -> None:
    landscape = simulate_landscape(ARCHETYPES["acorn-lao"], seed=4)
    truth = landscape.truth
    for number, period in enumerate(truth.periods):
        for stratum in period.strata:
            plots = [
                p for p in truth.plots if p.stratum == stratum.stratum and p.role == "enrolled"
            ]
            assert stratum.stock_start_t == pytest.approx(sum(p.agb_t[number] for p in plots))
            assert stratum.stock_end_t == pytest.approx(sum(p.agb_t[number + 1] for p in plots))
            assert stratum.additional_t == pytest.approx(
                stratum.stock_end_t - stratum.stock_start_t - stratum.baseline_t
            )
        per_t = 0.47 * (1 + truth.root_shoot) * 44 / 12
        assert period.additional_tco2e == pytest.approx(
            per_t * sum(s.additional_t for s in period.strata)
        )


def test_parts_of_a_plot_never_exceed_the_whole(growing: Landscape) -> None:
    for plot in growing.truth.plots:
        parts = np.add(plot.pre_existing_agb_t, plot.regenerated_agb_t)
        assert (parts <= np.array(plot.agb_t) + 1e-9).all()
    controls = [p for p in growing.truth.plots if p.role == "control"]
    assert all(
        np.allclose(np.add(p.pre_existing_agb_t, p.regenerated_agb_t), p.agb_t) for p in controls
    )  # nothing is planted there


def test_a_period_begins_with_the_stock_the_last_one_ended_with() -> None:
    truth = simulate_landscape(ARCHETYPES["kisumu-women"], seed=5).truth
    for before, after in pairwise(truth.periods):
        assert [s.stock_end_t for s in before.strata] == [s.stock_start_t for s in after.strata]


def test_coffee_is_tallied_and_weighs_nothing() -> None:
    landscape = simulate_landscape(ARCHETYPES["acorn-viet-nam"], seed=6)
    assert "Coffea canephora" in set(landscape.inventory["species"])
    assert not_credited("Coffea canephora")
    fewer = replace(
        landscape.spec,
        strata=tuple(
            replace(s, planted=tuple(k for k in s.planted if "Coffea" in k.species))
            for s in landscape.spec.strata
        ),
        pre_existing_per_ha=0,
        regeneration_per_ha_y=0,
    )
    only_coffee = simulate_landscape(fewer, seed=6)
    assert all(sum(p.agb_t) == 0 for p in only_coffee.truth.plots)


def test_where_time_stands_still_nothing_changes(still: Landscape) -> None:
    for period in still.truth.periods:
        assert period.gross_tco2e == 0
        assert period.additional_tco2e == 0
    assert set(still.inventory["status"]) <= {"alive", "no_trees"}
    assert "regenerated" not in set(still.inventory["origin"])
    assert sum(p.agb_t[0] for p in still.truth.plots) > 0


def test_a_landscape_can_be_resized() -> None:
    spec = resized(ARCHETYPES["growing"], 200)
    landscape = simulate_landscape(spec, seed=7)
    assert len(landscape.plots) == 200
    assert (landscape.plots["role"] == "control").sum() == spec.controls
    assert spec.side_m > ARCHETYPES["growing"].side_m
    with pytest.raises(InputRejected, match="at least 20 plots"):
        resized(spec, 3)


def test_recipes_are_found_by_the_name_they_are_recorded_under() -> None:
    spec = without_growth(ARCHETYPES["acorn-lao"])
    assert find_archetype(spec.archetype) == spec
    assert find_archetype("zero-growth").growth == 0
    with pytest.raises(InputRejected, match="There is no landscape 'atlantis'"):
        find_archetype("atlantis")
