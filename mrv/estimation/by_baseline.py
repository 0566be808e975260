"""The estimate that a project's baseline asks for: controls, matched controls, or a census."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd

from mrv.biomass.carbon import root_shoot_ratio
from mrv.change.benchmark import Benchmark
from mrv.change.census import unmet_conditions
from mrv.change.stocking_history import benchmark_from_history
from mrv.errors import ProjectInvalid
from mrv.estimation.census import (
    Planting,
    census_land,
    counted_trees,
    estimate_census,
    planting_units,
)
from mrv.estimation.cross_check import places_m
from mrv.estimation.estimate import BenchmarkResult, ChangeEstimate
from mrv.estimation.monte_carlo import BiomassDraws
from mrv.estimation.pathway import estimate_change
from mrv.imagery.composites import nearest_season
from mrv.project import BenchmarkBaseline, CensusBaseline
from mrv.project_period import ProjectPeriod
from mrv.quality import Verdict


def trees_that_count(of: ProjectPeriod, trees: pd.DataFrame) -> pd.DataFrame:
    """Leave out what a census did not register; of other projects all trees count."""
    if isinstance(of.settings.baseline, CensusBaseline):
        return counted_trees(trees, of.epochs[0], of.methodology)
    return trees


def estimate_by_baseline(
    of: ProjectPeriod,
    biomass: BiomassDraws,
    plots: pd.DataFrame,
    features: pd.DataFrame,
    trees: pd.DataFrame,
    seed: int,
    history: pd.DataFrame | None = None,
) -> ChangeEstimate:
    """Estimate the change since the project's first epoch, with the baseline it states.

    Args:
        of: Project, period and rules.
        biomass: Draws of plot biomass at both epochs.
        plots: Accepted plots, with the day on which nobody watched them any more.
        features: Seasonal means by (plot_id, epoch).
        trees: Those that count, weighed.
        seed: Of all draws.
        history: Of `mrv.change.stocking_history.stocking_index`, for a performance benchmark.
    """
    baseline, (start, end) = of.settings.baseline, of.epochs
    root_shoot = root_shoot_ratio(of.settings.ecology.root_shoot_zone)
    if isinstance(baseline, CensusBaseline):
        units = planting_units(trees, plots, end, of.methodology)
        land = census_land(units, plots, Planting(**baseline.model_dump(exclude={"kind"})))
        return estimate_census(
            biomass,
            plots,
            units,
            unmet_conditions(land, of.methodology),
            of.methodology,
            start=start,
            end=end,
            root_shoot=root_shoot,
            seed=seed,
        )
    matched: Benchmark | None = None
    verdicts: tuple[Verdict, ...] = ()
    if isinstance(baseline, BenchmarkBaseline):
        matched, verdicts = _matched(of, baseline, plots, history)
    estimate = estimate_change(
        biomass,
        plots,
        features,
        of.methodology,
        start=start,
        end=end,
        root_shoot=root_shoot,
        seed=seed,
        benchmark=matched,
    )
    if not verdicts:
        return estimate
    told = estimate.benchmark or BenchmarkResult(1.0, None, 0, 0.0, taken=False)
    return replace(estimate, benchmark=replace(told, verdicts=verdicts))


def history_windows(of: ProjectPeriod) -> dict[int, tuple[date, date]]:
    """Give the dry seasons that a benchmark looks at, by year: its history, and up to the end."""
    start, end = of.epochs
    years = int(of.methodology.number("benchmark.history_years_min"))
    first, last = start.year - years + 1, end.year
    middle = (start.month, min(start.day, 28))
    return {
        year: nearest_season(date(year, *middle), of.settings.seasons.dry)
        for year in range(first, last + 1)
    }


def _matched(
    of: ProjectPeriod,
    baseline: BenchmarkBaseline,
    plots: pd.DataFrame,
    history: pd.DataFrame | None,
) -> tuple[Benchmark | None, tuple[Verdict, ...]]:
    """Match controls on their history; where that cannot be, a verdict says why.

    Plots that were not seen in every year are left out. Their place stands in for rainfall and
    height above the sea, which differ little between neighbours.
    """
    seen = pd.DataFrame() if history is None else history.pivot_table("index", "plot_id", "year")
    whole = seen.dropna()
    there = plots.set_index("plot_id").reindex(whole.index)
    ours = whole.index[there["role"] == "enrolled"] if len(whole) else whole.index
    if not len(ours):
        return None, (_unmatched("No enrolled plot was seen in the dry season of every year."),)
    try:
        east, north = places_m(there).T
        report = benchmark_from_history(
            whole,
            pd.DataFrame({"east_m": east, "north_m": north}, index=whole.index),
            list(ours),
            np.unique(there.loc[ours, "village"].astype(str), return_inverse=True)[1],
            of.methodology,
            start_year=of.epochs[0].year,
            neighbours=baseline.neighbours,
        )
    except (ProjectInvalid, ValueError) as reason:
        said = reason.message if isinstance(reason, ProjectInvalid) else f"{reason}."
        return None, (_unmatched(said),)
    return report.benchmark, report.verdicts


def _unmatched(sentence: str) -> Verdict:
    return Verdict(
        "matched_controls_balanced", passed=False, measured=None, limit=None, sentence=sentence
    )
