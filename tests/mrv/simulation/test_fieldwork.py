"""The field sample is a probability sample: whoever weights by its chances gets the truth."""

import numpy as np
import pandas as pd
import pytest

from mrv.biomass.context import BiomassContext
from mrv.methodologies import load_methodology
from mrv.simulation.archetypes import ARCHETYPES
from mrv.simulation.fieldwork import COLUMNS, read_tape, sample_plots, sample_trees
from mrv.simulation.landscape import Landscape, simulate_landscape
from mrv.simulation.trees import alive, dbh_cm


def test_the_sample_is_unbiased(growing: Landscape) -> None:
    """Horvitz-Thompson totals of 150 samples of plots and trees scatter around the truth."""
    spec, trees = growing.spec, growing.trees
    first, last = spec.epochs
    gain = np.where(alive(trees, last), dbh_cm(trees, last) ** 2, 0) - np.where(
        alive(trees, first), dbh_cm(trees, first) ** 2, 0
    )
    enrolled = (growing.plots["role"] == "enrolled").to_numpy()
    truth = gain[enrolled[trees.plot]].sum()
    estimates = []
    for seed in range(150):
        plots = sample_plots(spec, seed, growing.plots)
        share = sample_trees(spec, seed, trees, plots.index.to_numpy())
        seen = (share > 0) & enrolled[trees.plot]
        chance = plots.reindex(trees.plot[seen]).to_numpy() * share[seen]
        estimates.append((gain[seen] / chance).sum())
    error = np.std(estimates) / np.sqrt(len(estimates))
    assert np.mean(estimates) == pytest.approx(truth, abs=3 * error)
    assert error < 0.01 * truth


def test_every_sampled_plot_is_visited_at_every_epoch(growing: Landscape) -> None:
    inventory, spec = growing.inventory, growing.spec
    days = pd.to_datetime(inventory["measured_on"])
    for epoch in spec.epochs:
        near = (days - pd.Timestamp(epoch)).abs().dt.days <= 8
        assert set(inventory.loc[near, "plot_id"]) == set(inventory["plot_id"])


def test_the_same_trees_are_measured_again(growing: Landscape) -> None:
    inventory = growing.inventory[growing.inventory["tree_id"] != ""]
    fixed = ["species", "origin", "lon", "lat", "inclusion_probability", "tree_fraction"]
    assert len(inventory[["tree_id", *fixed]].drop_duplicates()) == inventory["tree_id"].nunique()
    visits = inventory.groupby("tree_id").size()
    assert (visits <= len(growing.spec.epochs)).all()
    stood = inventory.loc[inventory["origin"] != "regenerated", "tree_id"].unique()
    # a tree that is lost has a last row that says so; only what came up later has fewer visits
    assert (visits[stood] == len(growing.spec.epochs)).all()


def test_heights_are_taken_on_the_same_third_of_the_trees(growing: Landscape) -> None:
    standing = growing.inventory[growing.inventory["status"] == "alive"]
    with_height = (standing["height_m"] != "").groupby(standing["tree_id"]).mean()
    assert set(with_height) == {0.0, 1.0}
    assert 0.28 < with_height.mean() < 0.39


def test_columns_and_blanks_are_those_of_the_form(growing: Landscape) -> None:
    inventory = growing.inventory
    assert tuple(inventory.columns) == COLUMNS
    assert inventory.map(lambda cell: isinstance(cell, str)).all(axis=None)
    lost = inventory["status"].isin(["dead", "harvested", "missing"])
    assert lost.any()
    assert (inventory.loc[lost, "dbh_cm"] == "").all()
    assert (inventory.loc[inventory["status"] == "alive", "dbh_cm"] != "").all()
    sizes = inventory.groupby(["plot_id", "measured_on"]).size()
    assert sizes.max() <= 30


def test_a_visit_without_trees_is_one_row() -> None:
    bare = simulate_landscape(ARCHETYPES["acorn-cambodia"], seed=9).inventory
    for seed in range(10, 16):
        empty = bare[bare["status"] == "no_trees"]
        if len(empty):
            break
        bare = simulate_landscape(ARCHETYPES["growing"], seed).inventory
    assert len(empty)
    assert (empty[["tree_id", "species", "dbh_cm"]] == "").all(axis=None)
    assert (empty["inclusion_probability"] != "").all()
    assert not empty.duplicated(["plot_id", "measured_on"]).any()


def test_small_stems_are_counted_on_a_smaller_part() -> None:
    inventory = simulate_landscape(ARCHETYPES["acorn-viet-nam"], seed=2).inventory
    planted = inventory[inventory["origin"] == "planted"]
    coffee = planted["species"] == "Coffea canephora"
    share = planted["tree_fraction"].astype(float)
    assert share[coffee].median() < 0.5 * share[~coffee].median()


def test_tape_readings_err_as_the_methodology_says() -> None:
    """Chave 2004: 0.0062 D + 0.0904 cm for 95 %, 4.64 cm for 5 %, capped at a quarter of D."""
    rules = load_methodology("agroforestry_removals", 1)
    errors = BiomassContext.of(ARCHETYPES["growing"].ecology, rules).errors
    read = read_tape(np.full(200_000, 40.0), errors, np.random.default_rng(1))
    small, gross = 0.0062 * 40 + 0.0904, 4.64
    assert read.mean() == pytest.approx(40, abs=0.02)
    assert read.var() == pytest.approx(0.95 * small**2 + 0.05 * gross**2, rel=0.05)
    thin = read_tape(np.full(200_000, 4.0), errors, np.random.default_rng(1))
    assert thin.var() == pytest.approx(0.95 * (0.0062 * 4 + 0.0904) ** 2 + 0.05 * 1.0**2, rel=0.05)
