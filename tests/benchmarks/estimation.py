"""The whole estimate of 50,000 plots, and the biomass of 100,000 trees, beside numpy in a loop.

The loops do the least that gives the same number: one map model, one equation, no area of
applicability, no interval for single plots. A loop takes the same time for each draw, so it is let
run for a part of the draws and its time scaled.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shapely import points

from mrv.biomass.assignment import assign_methods
from mrv.biomass.context import BiomassContext
from mrv.biomass.stem_groups import PlotStems, pack_plots
from mrv.estimation.estimate import ChangeEstimate
from mrv.estimation.monte_carlo import BiomassDraws, draw_in_blocks
from mrv.estimation.pathway import estimate_change
from mrv.field.inventory import read_inventory
from mrv.methodologies import load_methodology
from mrv.project import Ecology
from tests.benchmarks.ratios import QUICK, Comparison, Figure, Target, cpu_seconds, wall_seconds
from tests.benchmarks.records import ROOT

VILLAGES, PLOTS_EACH = (40, 50) if QUICK else (334, 150)
SAMPLE, CONTROLS, DRAWS, SEED = 300, 30, 10_000, 1
TREES, TREES_A_PLOT = (4_000, 40) if QUICK else (100_000, 40)
PEER_DRAWS, PEER_TREE_DRAWS = (20, 10) if QUICK else (200, 100)
EPOCHS = (date(2021, 1, 15), date(2024, 1, 15))
_RULES = load_methodology("agroforestry_removals", 1)
_FEATURES = ("nirv_dry", "ndmi_dry", "rendvi_dry", "nbr_dry")
_AREA_HA = 0.25
_ECOLOGY = Ecology(
    ecoregion="benchmark",
    allometry_region="pantropical",
    height_model="none",
    root_shoot_zone="",
    growth_cap="",
)


def comparisons(_home: Path) -> Iterator[Comparison | Figure]:
    """Estimate the plots both ways, then draw the trees both ways; then once more for memory."""
    plots = VILLAGES * PLOTS_EACH
    ours, theirs = _estimated(), _loop_over_draws(PEER_DRAWS)
    yield Comparison(
        what=f"estimate of {plots:,} plots, {SAMPLE} measured, {DRAWS:,} draws",
        peer="numpy, a loop over draws",
        ours=lambda: cpu_seconds(_estimated),
        theirs=lambda: cpu_seconds(lambda: _loop_over_draws(PEER_DRAWS)) * DRAWS / PEER_DRAWS,
        agreement=(
            f"{ours.estimator}, {ours.map.model}; total {_total_t(ours) / theirs.mean() - 1:+.1%} "
            f"from theirs, one ridge without any check; they ran {PEER_DRAWS} draws, scaled"
        ),
        most_turns=1,
    )
    yield Figure(
        f"wall time of it, {plots:,} plots",
        "s",
        lambda: wall_seconds(_estimated),
        Target(22, 300),
        "four map models held against each other, total, small areas, the map's own total",
    )
    yield Figure(
        f"peak memory of it, {plots:,} plots",
        "MB",
        lambda: _peak_mb("plots"),
        Target(22, 3 * 1024),
        "a process of its own, the interpreter and its libraries included",
    )
    packed, frame = _packed()
    few = len(packed) // 20
    part = frame[: few * TREES_A_PLOT]
    yield Comparison(
        what=f"totals of {TREES:,} trees, {DRAWS:,} draws",
        peer="numpy, a loop over draws",
        ours=lambda: cpu_seconds(lambda: _totals(packed)),
        theirs=lambda: (
            cpu_seconds(lambda: _tree_loop(frame, PEER_TREE_DRAWS)) * DRAWS / PEER_TREE_DRAWS
        ),
        agreement=(
            f"mean total {_totals(packed[:few]).mean() / _tree_loop(part, DRAWS).mean() - 1:+.1%} "
            f"from theirs for a twentieth; they ran {PEER_TREE_DRAWS} draws, scaled"
        ),
        most_turns=1,
    )
    yield Figure(
        f"peak memory of it, {TREES:,} trees, {DRAWS:,} draws",
        "MB",
        lambda: _peak_mb("trees"),
        Target(22, 3 * 1024),
        "a process of its own, the trees' table included",
    )


def _total_t(estimate: ChangeEstimate) -> float:
    check = estimate.check
    assert check is not None
    assert check.greg_t is not None
    return check.greg_t


@cache
def _project() -> tuple[BiomassDraws, gpd.GeoDataFrame, pd.DataFrame]:
    """Invent growth that features follow, a sample of plots and controls, and draws of both."""
    rng = np.random.default_rng(SEED)
    count = VILLAGES * PLOTS_EACH
    village = np.repeat(np.arange(VILLAGES), PLOTS_EACH)
    place = rng.uniform(-0.5, 0.5, (VILLAGES, 2))[village] + rng.normal(0, 0.01, (count, 2))
    growth = 8.0 + rng.normal(0, 1.0, VILLAGES)[village] + rng.normal(0, 2.0, count)
    names = [f"P{i:06d}" for i in range(count)]
    enrolled = {
        "plot_id": names,
        "area_ha": np.clip(rng.lognormal(-0.3, 0.6, count), 0.1, 9.0),
        "stratum": np.where(rng.random(count) < 0.5, "home", "maize"),
        "role": "enrolled",
        "village": [f"V{v:03d}" for v in village],
        "geometry": points(35.0 + place[:, 0], place[:, 1]),
    }
    controls = {
        "plot_id": [f"C{i:03d}" for i in range(CONTROLS)],
        "area_ha": 0.5,
        "stratum": "control",
        "role": "control",
        "village": [f"V{i:03d}" for i in range(CONTROLS)],
        "geometry": points(35.0, np.zeros(CONTROLS)),
    }
    plots = gpd.GeoDataFrame(
        pd.concat([pd.DataFrame(enrolled), pd.DataFrame(controls)], ignore_index=True), crs=4326
    )
    index = pd.MultiIndex.from_product([names, EPOCHS], names=["plot_id", "epoch"])
    features = pd.DataFrame(index=index)
    for share, name in zip((0.8, 0.6, 0.4, 0.2), _FEATURES, strict=True):
        level = rng.normal(0.2, 0.02, count)
        change = 0.01 * (share * (growth - 8.0) + rng.normal(0, 1.0, count))
        features[name] = np.column_stack([level, level + change]).ravel()
    rows = np.sort(rng.choice(count, SAMPLE, replace=False))
    after = np.concatenate([5.0 + growth[rows], rng.normal(5.2, 0.2, CONTROLS)])
    factor = np.exp(0.19 * rng.standard_normal((DRAWS, 1)) - 0.19**2 / 2)
    own = 1.0 + 0.05 * rng.standard_normal((DRAWS, len(after)))
    agb = np.stack([5.0 * factor * own, after * factor * own], axis=2).astype(np.float32)
    ids = [*(names[i] for i in rows), *controls["plot_id"]]
    share = np.concatenate([np.full(SAMPLE, SAMPLE / count), np.ones(CONTROLS)])
    biomass = BiomassDraws(
        plot_ids=tuple(ids),
        epochs=EPOCHS,
        agb_t_ha=agb,
        pre_existing_agb_t_ha=(0.1 * agb).astype(np.float32),
        n_trees=np.full((len(ids), 2), 40),
        inclusion_probability=share,
        plot_flags=("",) * len(ids),
        equations=pd.DataFrame(),
        excluded=pd.DataFrame(),
        unpaired=(),
        height_model="",
    )
    return biomass, plots, features


def _estimated() -> ChangeEstimate:
    biomass, plots, features = _project()
    return estimate_change(
        biomass,
        plots,
        features,
        _RULES,
        start=EPOCHS[0],
        end=EPOCHS[1],
        root_shoot=0.25,
        seed=SEED,
    )


def _loop_over_draws(draws: int) -> NDArray[np.float64]:
    """Total change per draw: a ridge in five folds of villages, corrected on the measured plots."""
    biomass, plots, features = _project()
    enrolled = plots[plots["role"] == "enrolled"]
    area = enrolled["area_ha"].to_numpy()
    seen = features.to_numpy().reshape(len(enrolled), 2, len(_FEATURES))
    x = np.column_stack([seen[:, 1] - seen[:, 0], seen[:, 0, :1]])
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    rows = pd.Index(enrolled["plot_id"]).get_indexer(pd.Index(biomass.plot_ids[:SAMPLE]))
    fold = np.arange(len(enrolled)) // PLOTS_EACH % 5
    totals = np.empty(draws)
    for draw in range(draws):
        agb = biomass.agb_t_ha[draw, :SAMPLE]
        y = (agb[:, 1] - agb[:, 0]).astype(float)
        predicted = np.empty(len(enrolled))
        for k in range(5):
            train = fold[rows] != k
            centre, mean = x[rows[train]].mean(axis=0), y[train].mean()
            centred = x[rows[train]] - centre
            gram = centred.T @ centred + 0.1 * len(centred) * np.eye(x.shape[1])
            slope = np.linalg.solve(gram, centred.T @ (y[train] - mean))
            out = fold == k
            predicted[out] = mean + (x[out] - centre) @ slope
        corrected = (area[rows] * (y - predicted[rows])).sum() * len(enrolled) / SAMPLE
        totals[draw] = area @ predicted + corrected
    return totals


@cache
def _packed() -> tuple[list[PlotStems | None], pd.DataFrame]:
    rng = np.random.default_rng(SEED)
    raw = pd.DataFrame(
        {
            "plot_id": [f"P{i // TREES_A_PLOT:05d}" for i in range(TREES)],
            "tree_id": [f"T{i:06d}" for i in range(TREES)],
            "species": "Pterocarpus erinaceus",
            "dbh_cm": rng.uniform(8, 33, TREES).round(2).astype(str),
            "height_m": rng.uniform(8, 17, TREES).round(2).astype(str),
            "measured_on": EPOCHS[1].isoformat(),
            "status": "alive",
            "origin": "planted",
            "inclusion_probability": "0.5",
        }
    )
    trees = read_inventory(raw, plot_ids=None, today=date(2025, 1, 1)).trees
    context = BiomassContext.of(_ECOLOGY, _RULES)
    stems = assign_methods(trees, context).stems.assign(epoch=0)
    areas = dict.fromkeys(stems["plot_id"].unique(), _AREA_HA)
    return [*pack_plots(stems, areas, EPOCHS[1:], context).values()], stems


def _totals(packed: list[PlotStems | None]) -> NDArray[np.float64]:
    total = np.zeros(DRAWS)
    context = BiomassContext.of(_ECOLOGY, _RULES)
    for which, _plot, agb, _before in draw_in_blocks(packed, context, None, DRAWS, SEED):
        total[which] += agb[:, 0]
    return total


def _tree_loop(stems: pd.DataFrame, draws: int) -> NDArray[np.float64]:
    """Chave et al. 2014 eq. 4 with the same errors, one draw after the other."""
    rng = np.random.default_rng(SEED)
    context = BiomassContext.of(_ECOLOGY, _RULES)
    errors, equations = context.errors, context.allometry
    dbh, height = (stems[name].to_numpy(float) for name in ("dbh_cm", "height_m"))
    density, density_sd = (
        float(stems[name].iloc[0]) for name in ("density_g_cm3", "density_sd_g_cm3")
    )
    sd_dbh = errors.diameter_proportional * dbh + errors.diameter_constant_cm
    sd_gross = np.minimum(errors.diameter_gross_sd_cm, errors.diameter_gross_cap * dbh)
    within, site = equations.within_site_sd_ln, equations.site_sd_ln
    totals = np.empty(draws)
    for draw in range(draws):
        shared = site * rng.standard_normal() - site**2 / 2
        rho = max(density + density_sd * rng.standard_normal(), 0.1)
        gross = rng.random(len(dbh)) < errors.diameter_gross_share
        d = dbh + np.where(gross, sd_gross, sd_dbh) * rng.standard_normal(len(dbh))
        h = height * (1.0 + errors.height_proportional * rng.standard_normal(len(height)))
        own = within * rng.standard_normal(len(dbh)) - within**2 / 2
        size = np.log(rho * np.maximum(d, 0.1) ** 2 * np.maximum(h, 1.3))
        totals[draw] = np.exp(np.log(0.0673) + shared + 0.976 * size + own).sum()
    return totals / 1000 / _AREA_HA


def _peak_mb(what: str) -> float:
    command = [sys.executable, "-m", "tests.benchmarks.estimation", what]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    return float(done.stdout)


def main() -> None:
    """Do one of the two in this process, and print its peak memory [MB]."""
    asked = argparse.ArgumentParser()
    asked.add_argument("what", choices=["plots", "trees"])
    if asked.parse_args().what == "plots":
        _estimated()
    else:
        _totals(_packed()[0])
    # Of this process since it began; `getrusage` would tell the larger of its and its parent's.
    status = dict(
        line.split(":", 1) for line in Path("/proc/self/status").read_text("ascii").splitlines()
    )
    print(float(status["VmHWM"].split()[0]) / 1024)  # noqa: T201


if __name__ == "__main__":
    main()
