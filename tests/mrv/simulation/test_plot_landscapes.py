"""Landscapes in numbers: what the study of estimates rests on."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mrv.simulation.archetypes import ARCHETYPES
from mrv.simulation.fieldwork import sample_plots
from mrv.simulation.geography import grid_around
from mrv.simulation.plot_landscapes import (
    SIGNALS,
    PlotLandscape,
    Signals,
    draw_places,
    look,
    simulate_plot_landscape,
)
from mrv.simulation.spec import LandscapeSpec, without_growth

SPEC = replace(ARCHETYPES["growing"], side_m=8000, villages=12)


@pytest.fixture(scope="module")
def landscape() -> PlotLandscape:
    return simulate_plot_landscape(SPEC, 3, Signals())


def test_the_same_seed_gives_the_same_landscape(landscape: PlotLandscape) -> None:
    again = simulate_plot_landscape(SPEC, 3, Signals())
    pd.testing.assert_frame_equal(again.inventory, landscape.inventory)
    pd.testing.assert_frame_equal(again.looks, landscape.looks)
    assert again.true_net_tco2e == landscape.true_net_tco2e


def test_nothing_is_truly_gained_where_nothing_grows_or_is_planted() -> None:
    bare = replace(SPEC, strata=tuple(replace(s, stems_per_ha=0.0) for s in SPEC.strata))
    for spec in (without_growth(SPEC), bare):
        assert simulate_plot_landscape(spec, 1, Signals()).true_net_tco2e == 0


def test_a_landscape_departs_from_the_usual_conversion_by_a_factor_of_mean_one() -> None:
    small = replace(SPEC, plots=20, controls=5, sampled_per_stratum=3, sampled_controls=2)
    drawn = [simulate_plot_landscape(small, seed, Signals()) for seed in range(30)]
    ratio = np.array([one.true_net_tco2e / one.usual_net_tco2e for one in drawn])
    assert 0.1 < ratio.std() < 0.4  # site effect, root:shoot and carbon fraction together
    assert ratio.mean() == pytest.approx(1, abs=3 * ratio.std() / np.sqrt(len(ratio)))


def test_trees_are_seen_every_year_and_better_where_errors_are_small(
    landscape: PlotLandscape,
) -> None:
    assert landscape.looks["epoch"].nunique() == 4  # 2021, 2022, 2023 and 2024
    places = draw_places(SPEC, 0, grid_around(SPEC.centre, SPEC.side_m))
    density = np.linspace(1, 60, len(places))[None, :]
    days = [SPEC.epochs[0]]
    close = [
        look(places, days, density, Signals(error_sd=sd), 0)[list(SIGNALS)].corrwith(
            pd.Series(density[0]), method="spearman"
        )
        for sd in (0.1, 20.0)
    ]
    assert (close[0] > 0.95).all()
    assert (close[1] < close[0]).all()


def test_neighbours_share_errors_as_far_as_is_said() -> None:
    places = draw_places(SPEC, 0, grid_around(SPEC.centre, SPEC.side_m))
    xy = places[["x_m", "y_m"]].to_numpy()
    apart = np.hypot(*(xy[:, None] - xy[None, :]).T)[np.triu_indices(len(xy), 1)]
    bare = np.zeros((2, len(places)))
    shared = {}
    for range_m in (500.0, 20_000.0):
        signals = Signals(error_sd=1.0, range_m=range_m)
        errors = []
        for seed in range(100):
            seen = look(places, list(SPEC.epochs), bare, signals, seed)
            first, last = (seen[seen["epoch"] == day]["nirv_dry"].to_numpy() for day in SPEC.epochs)
            errors.append(last - first - (last - first).mean())
        together = np.corrcoef(np.array(errors).T)[np.triu_indices(len(xy), 1)]
        shared[range_m] = together[apart < 300].mean() - together[apart > 4000].mean()
    assert shared[500.0] > 0.3
    assert shared[20_000.0] < shared[500.0]  # over 8 km such an error is nearly a season's


@pytest.mark.parametrize("hidden", [0.0, 0.3])
def test_clouds_hide_the_share_of_plots_that_is_said(hidden: float) -> None:
    places = draw_places(SPEC, 0, grid_around(SPEC.centre, SPEC.side_m))
    bare = np.zeros((1, len(places)))
    shares = [
        look(places, [SPEC.epochs[0]], bare, Signals(hidden=hidden), seed)["nirv_dry"].isna().mean()
        for seed in range(200)
    ]
    assert np.mean(shares) == pytest.approx(hidden, abs=0.05)
    assert np.std(shares) >= hidden / 10  # whole villages at once


def test_villages_are_drawn_first_where_the_recipe_says_so() -> None:
    """Stated chances equal those of 1,500 draws."""
    spec: LandscapeSpec = replace(SPEC, sampled_villages=5, sampled_per_stratum=15)
    places = draw_places(spec, 0, grid_around(spec.centre, spec.side_m))
    enrolled = (places["role"] == "enrolled").to_numpy()
    stated, times, draws = np.zeros(len(places)), np.zeros(len(places)), 1500
    for seed in range(draws):
        drawn = sample_plots(spec, seed, places)
        ours = drawn[enrolled[drawn.index]]
        assert places["village"].iloc[ours.index].nunique() == 5
        stated[ours.index] = ours
        times[ours.index] += 1
    share = times[enrolled] / draws
    assert (stated[enrolled] > 0).all()
    assert np.abs(share - stated[enrolled]).max() < 4.5 * 0.5 / np.sqrt(draws)
