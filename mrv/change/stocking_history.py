"""From a history of the stocking index to a benchmark: match, test on a placebo, then compare.

The years before the start are cut in two. Controls are chosen by level and trend in the earlier
part and by whatever else is known of the land; the later part is kept from the matching, so that
the placebo can fail.

Source: VM0047 v1.1, area-based approach (ten years of history, balance of every covariate); the
placebo is our own addition.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrv.change.benchmark import Benchmark, performance_benchmark, placebo
from mrv.change.matching import Matching, balanced, match_controls
from mrv.errors import ProjectInvalid
from mrv.methodologies import Methodology
from mrv.quality import Verdict

Ints = NDArray[np.int64]


def stocking_index(
    observations: pd.DataFrame,
    index: str,
    windows: Mapping[int, tuple[date, date]],
    clear_fraction_min: float,
) -> pd.DataFrame:
    """Reduce looks to one value of the stocking index per plot and year.

    Args:
        observations: plot_id, acquired_at, clear_fraction and the index.
        index: Name of its column.
        windows: Year -> first and last day of its dry season.
        clear_fraction_min: Share of a plot that a look must show.

    Returns:
        plot_id, year, index (median of clear looks) and looks; no row where there was none.
    """
    columns = ["plot_id", "year", "index", "looks"]
    if index not in observations:
        return pd.DataFrame(columns=columns).astype({"year": int, "index": float, "looks": int})
    looks = observations[observations["clear_fraction"] >= clear_fraction_min]
    looks = looks.dropna(subset=[index])
    days = pd.to_datetime(looks["acquired_at"], utc=True).dt.tz_localize(None).dt.normalize()
    parts = []
    for year, (first, last) in windows.items():
        inside = (days >= pd.Timestamp(first)) & (days <= pd.Timestamp(last))
        seen = looks[inside].groupby("plot_id")[index].agg(["median", "size"]).reset_index()
        seen.columns = pd.Index(["plot_id", "index", "looks"])
        parts.append(seen.assign(year=year)[columns])
    return pd.concat(parts, ignore_index=True)


@dataclass(frozen=True, slots=True, eq=False)
class BenchmarkReport:
    """A benchmark, and whether it may be believed.

    Attributes:
        benchmark: PB_t with its error.
        matching: Controls and the balance table.
        verdicts: On balance and placebo; the benchmark stands only where both passed.
    """

    benchmark: Benchmark
    matching: Matching
    verdicts: tuple[Verdict, Verdict]

    @property
    def stands(self) -> bool:
        """Say whether controls resembled the project before it began."""
        return all(verdict.passed for verdict in self.verdicts)


def benchmark_from_history(
    index: pd.DataFrame,
    land: pd.DataFrame,
    project: list[str],
    clusters: Ints,
    methodology: Methodology,
    *,
    start_year: int,
    neighbours: int = 1,
) -> BenchmarkReport:
    """Match controls to project plots and compare how the stocking index grew on both.

    Args:
        index: Stocking index of each plot (row) in each year (column), project and candidates; one
            season a year, so that years compare.
        land: What else is known of each plot and does not change: slope, elevation, rainfall.
        project: Names of the project plots among the rows; all others are candidates.
        clusters: Village of each project plot.
        methodology: The rules.
        start_year: Last year that shows the land before the project.
        neighbours: Controls per project plot.

    Raises:
        ProjectInvalid: If the history is too short, has gaps, or candidates are too few.
    """
    years = sorted(int(year) for year in index.columns)
    before = [year for year in years if year <= start_year]
    least = int(methodology.number("benchmark.history_years_min"))
    if len(before) < least or years[-1] <= start_year:
        raise ProjectInvalid(
            f"The stocking index has {len(before)} years up to {start_year} and goes on to "
            f"{years[-1]}; a benchmark needs {least} years before the start and one after it.",
            years=len(before),
        )
    held = int(methodology.number("benchmark.placebo_years"))
    early, placebo_from = before[:-held], before[-held - 1]
    level = index[early].mean(axis=1).rename("index_level")
    centred = np.asarray(early) - np.mean(early)
    trend = (index[early] @ centred / (centred**2).sum()).rename("index_trend")
    covariates = pd.concat([level, trend, land.loc[index.index]], axis=1)
    ours = covariates.loc[project]
    candidates = covariates.drop(index=project)
    try:
        matching = match_controls(ours, candidates, neighbours=neighbours)
    except ValueError as reason:
        raise ProjectInvalid(f"No controls can be matched: {reason}.") from reason

    def growth(first: int, last: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        change = index[last] - index[first]
        of_candidates = change.loc[candidates.index].to_numpy(np.float64)
        theirs: NDArray[np.float64] = np.mean(of_candidates[matching.controls], axis=1)
        return change.loc[project].to_numpy(np.float64), theirs

    return BenchmarkReport(
        benchmark=performance_benchmark(*growth(start_year, years[-1]), clusters),
        matching=matching,
        verdicts=(
            balanced(matching.balance, methodology),
            placebo(*growth(placebo_from, before[-1]), clusters, methodology),
        ),
    )
