"""From plot biomass to the project's net removals: the one estimate that crediting starts from.

Everything is cumulative since the project's first epoch and lives in one set of draws: tree errors
(handed in), sampling errors, carbon fraction and root:shoot (drawn here, once per draw). GREG with
the map where the map is accepted, the expansion estimator otherwise, each beside the other as a
check. Deductions are `mrv.crediting`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd

from mrv.biomass.carbon import co2e_t, draw_carbon_fraction, draw_root_shoot
from mrv.biomass.shared_errors import stream
from mrv.change.baseline import control_growth_t_ha, lacking_to_zero
from mrv.change.benchmark import Benchmark, benchmark_baseline, draw_benchmark
from mrv.estimation.cross_check import cross_check, map_only
from mrv.estimation.enrolment import Enrolled, enroll, joined_later, left_before
from mrv.estimation.estimate import (
    DAYS_PER_YEAR,
    MIN_SAMPLE,
    BenchmarkResult,
    ChangeEstimate,
    StratumChange,
    nothing_estimated,
)
from mrv.estimation.field_sample import sampling_multipliers
from mrv.estimation.greg import (
    Floats,
    LinearEstimator,
    expansion_estimator,
    greg_estimator,
    stratum_means,
)
from mrv.estimation.maps.choice import MODELS
from mrv.estimation.maps.features import change_features
from mrv.estimation.maps.fit import fit_map
from mrv.estimation.maps.smoothers import MapModel
from mrv.estimation.monte_carlo import BiomassDraws
from mrv.estimation.paired import PairedGrowth, paired_growth
from mrv.estimation.small_area import benchmarked, plot_values
from mrv.methodologies import Methodology


def estimate_change(  # noqa: PLR0913  what was measured and seen, where, when, by which rules
    biomass: BiomassDraws | None,
    plots: pd.DataFrame,
    features: pd.DataFrame | None,
    methodology: Methodology,
    *,
    start: date,
    end: date,
    root_shoot: float,
    seed: int,
    models: Sequence[MapModel] = MODELS,
    map_alone: bool = True,
    benchmark: Benchmark | None = None,
) -> ChangeEstimate:
    """Estimate a project's gross and net removals between two epochs.

    Never refuses: where measurements are missing the estimate says so, and the gates of
    `mrv.crediting` name what is missing.

    Args:
        biomass: Draws of plot biomass at both epochs; None where nothing was measured.
        plots: Accepted plots: plot_id, area_ha, stratum, role (enrolled or control), village, and
            enrolled_on and left_on where they are known. A plot that joined later is left out: it
            would be credited with growth from before it was there. So is one that left before
            the end: what it earned in earlier periods counts as lost (methodology 8, drop-outs).
        features: Seasonal means by (plot_id, epoch); None or empty where no scene was to be had.
        methodology: The rules.
        start: The project's first epoch.
        end: End of the monitoring period.
        root_shoot: Mean root:shoot ratio of the project's zone [1].
        seed: Of sampling, carbon and root:shoot draws.
        models: Of the map, from simple to rich, for blocked cross-validation to choose among.
        map_alone: Whether to tell as a check what the map would say without measured plots.
        benchmark: Growth of matched controls as a share of the project's; where it makes the larger
            baseline it replaces what came up on control plots.

    Raises:
        ValueError: If the biomass draws lack one of the two epochs.
    """
    plots = plots.sort_values("plot_id", ignore_index=True)
    late, gone = joined_later(plots, start, methodology), left_before(plots, end)
    frame, controls = (
        plots[(plots["role"] == role) & ~late & ~gone].reset_index(drop=True)
        for role in ("enrolled", "control")
    )
    enrolled_once = plots["role"] == "enrolled"
    late_plots = int((late & enrolled_once).sum())
    left_early = int((gone & ~late & enrolled_once).sum())
    growth = None if biomass is None else paired_growth(biomass, frame, start, end)
    if biomass is None or growth is None or len(growth.rows) < MIN_SAMPLE:
        nothing = nothing_estimated(frame, start, end)
        return replace(nothing, joined_later=late_plots, left_early=left_early)
    enrolled = enroll(frame, growth)
    seen = change_features(features, list(frame["plot_id"]), start, end)
    fitted = fit_map(
        seen,
        enrolled.villages,
        enrolled.population.stratum,
        growth.rows,
        growth.total_t_ha.mean(axis=0),
        methodology,
        models,
    )
    report, prediction = fitted.report, fitted.prediction
    by_area = expansion_estimator(enrolled.population)
    by_map = None if prediction is None else greg_estimator(enrolled.population, prediction)
    if by_map is not None and prediction is not None and report.accepted:
        chosen = by_map
        # The value of a single plot that looks like no measured one is not to be believed.
        synthetic = np.where(fitted.inside[:, None], prediction, stratum_means(enrolled.population))
    else:
        chosen, synthetic = by_area, stratum_means(enrolled.population)

    # Plots drawn one by one are many; villages are few, and what they say leans.
    lopsided = enrolled.population.unit is not None and methodology.flag(
        "uncertainty.village_skewness"
    )
    growth_t = _stratum_growth(enrolled, chosen, growth, seed, lopsided=lopsided)
    control_growth = paired_growth(biomass, controls, start, end)
    coming_up_t_ha = _coming_up(control_growth, controls, seed)
    per_t = _tco2e_per_t(methodology, root_shoot, len(growth.total_t_ha), seed)
    gross = growth_t.total * per_t
    pre_existing = growth_t.pre_existing * per_t
    coming_up = coming_up_t_ha[:, None] * enrolled.stratum_ha * per_t
    matched = None
    if benchmark is not None:
        coming_up, matched = _held_against(benchmark, gross - pre_existing, coming_up, seed)
    baseline = (pre_existing + coming_up).sum(axis=1)
    # Each part by itself: old trees that were felled are not paid back by what comes up unplanted.
    floor = lacking_to_zero(pre_existing.sum(axis=1)) + lacking_to_zero(coming_up.sum(axis=1))

    # The floor is the programme's; each stratum bears its part of it by area.
    net_by_stratum = (gross - pre_existing - coming_up).mean(axis=0) - floor * (
        enrolled.stratum_ha / enrolled.stratum_ha.sum()
    )
    return ChangeEstimate(
        start=start,
        end=end,
        estimator="greg" if report.accepted else "expansion",
        map=report,
        strata=_strata(enrolled, chosen, growth, gross, root_shoot, (end - start).days),
        gross_tco2e=gross.sum(axis=1),
        baseline_tco2e=baseline,
        net_tco2e=gross.sum(axis=1) - baseline,
        pre_existing_tco2e=float(pre_existing.sum(axis=1).mean()),
        control_tco2e=float(coming_up.sum(axis=1).mean()),
        clusters=enrolled.clusters(growth.rows),
        controls=len(control_growth.rows),
        without_probability=int((~np.isfinite(growth.inclusion_probability)).sum()),
        plots=_plot_table(
            enrolled,
            growth,
            synthetic,
            float(per_t.mean()),
            (gross.mean(axis=0), net_by_stratum),
            float(coming_up_t_ha.mean()),
        ),
        check=cross_check(
            by_map,
            by_area,
            growth.total_t_ha,
            gross.sum(axis=1),
            methodology,
            root_shoot,
            enrolled.sampling_units,
            map_only(enrolled, growth, seen, fitted, seed) if map_alone else None,
        ),
        joined_later=late_plots,
        left_early=left_early,
        baseline_floor_tco2e=floor,
        benchmark=matched,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _StratumGrowth:
    """Growth per reported stratum with sampling errors [draw, stratum], t d.m."""

    total: Floats
    pre_existing: Floats


def _stratum_growth(
    enrolled: Enrolled, chosen: LinearEstimator, growth: PairedGrowth, seed: int, *, lopsided: bool
) -> _StratumGrowth:
    """Estimate totals and add sampling errors, the same chance for both parts of growth."""
    draws, sample = growth.total_t_ha.shape
    freedom = enrolled.sampling_units - enrolled.population.strata
    chance = sampling_multipliers(stream(seed, "sampling"), draws, sample, freedom)
    additional, pre_existing = (
        (chosen.totals(values) + chosen.noise(values, chance, within, lopsided=lopsided))
        @ enrolled.split.T
        for values, within in zip(
            (growth.additional_t_ha, growth.pre_existing_t_ha), growth.within_plot, strict=True
        )
    )
    return _StratumGrowth(additional + pre_existing, pre_existing)


def _coming_up(measured: PairedGrowth, controls: pd.DataFrame, seed: int) -> Floats:
    """Growth of unplanted new trees on control plots [draw], t d.m./ha."""
    draws, sample = measured.total_t_ha.shape
    chance = sampling_multipliers(stream(seed, "controls"), draws, sample, sample - 1)
    area = controls["area_ha"].to_numpy(np.float64)[measured.rows]
    return control_growth_t_ha(measured.additional_t_ha, area, chance)


def _held_against(
    benchmark: Benchmark, additional: Floats, coming_up: Floats, seed: int
) -> tuple[Floats, BenchmarkResult]:
    """Take the larger of two baselines [draw, stratum], t CO2e: controls measured, or matched.

    The share is taken of the project's gain, draw by draw, so that each stratum bears it alike.
    """
    share = draw_benchmark(benchmark, len(additional), stream(seed, "benchmark"))
    total = additional.sum(axis=1)
    of_gain = benchmark_baseline(total, share)
    by_stratum = (
        additional * np.divide(of_gain, total, out=np.zeros_like(total), where=total > 0)[:, None]
    )
    taken = float(by_stratum.sum(axis=1).mean()) > float(coming_up.sum(axis=1).mean())
    told = BenchmarkResult(
        ratio=benchmark.ratio,
        se=benchmark.se if np.isfinite(benchmark.se) else None,
        pairs=benchmark.pairs,
        baseline_tco2e=float(of_gain.mean()),
        taken=taken,
    )
    return (by_stratum if taken else coming_up), told


def _tco2e_per_t(methodology: Methodology, root_shoot: float, draws: int, seed: int) -> Floats:
    """Draw t CO2e per t of above-ground dry matter [draw, 1].

    One ratio serves all strata, because they share a zone's table value and so its error: drawn
    apart, cutting a project into strata would make the error vanish.
    """
    fraction = draw_carbon_fraction(
        stream(seed, "carbon_fraction"),
        draws,
        methodology.number("carbon.fraction_mean"),
        methodology.number("carbon.fraction_sd"),
    )
    ratio = draw_root_shoot(
        stream(seed, "root_shoot"), draws, root_shoot, methodology.number("carbon.root_shoot_cv")
    )
    return co2e_t(1.0, ratio, fraction)[:, None]


def _strata(
    enrolled: Enrolled,
    chosen: LinearEstimator,
    growth: PairedGrowth,
    gross: Floats,
    root_shoot: float,
    days: int,
) -> tuple[StratumChange, ...]:
    totals = chosen.totals(growth.total_t_ha)
    covariance = np.atleast_2d(np.cov(totals.T)) + chosen.covariance(
        growth.total_t_ha, growth.within_plot.sum(axis=0)
    )
    change_t_ha = totals.mean(axis=0) @ enrolled.split.T / enrolled.stratum_ha
    se_t_ha = np.sqrt(np.diag(enrolled.split @ covariance @ enrolled.split.T)) / enrolled.stratum_ha
    result = []
    for h, name in enumerate(enrolled.names):
        rows = growth.rows[enrolled.label[growth.rows] == h]
        result.append(
            StratumChange(
                stratum=name,
                plots=int((enrolled.label == h).sum()),
                sampled=len(rows),
                clusters=enrolled.clusters(rows),
                area_ha=float(enrolled.stratum_ha[h]),
                agb_change_t_ha=float(change_t_ha[h]),
                agb_change_se_t_ha=float(se_t_ha[h]),
                growth_t_ha_year=float(change_t_ha[h]) * DAYS_PER_YEAR / days,
                gross_tco2e=float(gross[:, h].mean()),
                root_shoot=root_shoot,
                collapsed=len(rows) < MIN_SAMPLE,
            )
        )
    return tuple(result)


def _plot_table(
    enrolled: Enrolled,
    growth: PairedGrowth,
    synthetic: Floats,
    tco2e_per_t: float,
    stratum_tco2e: tuple[Floats, Floats],
    coming_up_t_ha: float,
) -> pd.DataFrame:
    """Signed values of every plot; gross and net add up to the strata's."""
    area, label = enrolled.population.area_ha, enrolled.label
    gross_t_ha = plot_values(growth.total_t_ha, growth.rows, synthetic)
    net_t_ha = plot_values(growth.additional_t_ha, growth.rows, synthetic) - coming_up_t_ha
    table = enrolled.frame[["plot_id"]].copy()
    table["stratum"] = np.asarray(enrolled.names)[label]
    table["area_ha"] = area
    table["sampled"] = np.isin(np.arange(len(area)), growth.rows)
    table["agb_change_t_ha"] = gross_t_ha
    for column, values, totals in zip(
        ("gross_tco2e", "net_tco2e"), (gross_t_ha, net_t_ha), stratum_tco2e, strict=True
    ):
        table[column] = benchmarked(values * tco2e_per_t, area, label, totals)
    return table
