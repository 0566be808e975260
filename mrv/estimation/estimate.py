"""What an estimate of stock change says, also where there is nothing to say.

Computing it is `pathway.py`.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from mrv.estimation.greg import Floats
from mrv.estimation.maps.report import MapReport, no_map
from mrv.quality import Verdict

Estimator = Literal["greg", "expansion", "none"]
DAYS_PER_YEAR = 365.25
MIN_SAMPLE = 2  # one plot has no spread


@dataclass(frozen=True, slots=True)
class StratumChange:
    """What was estimated in one stratum, cumulative since the first epoch.

    Attributes:
        stratum: Name.
        plots: Enrolled plots.
        sampled: Of them, measured at both epochs.
        clusters: Villages among the measured plots.
        area_ha: Enrolled area [ha].
        agb_change_t_ha: Change of above-ground biomass [t d.m./ha].
        agb_change_se_t_ha: Its standard error, tree and sampling errors [t d.m./ha].
        growth_t_ha_year: The same change per year [t d.m./ha/year].
        gross_tco2e: Gross removals, mean of the draws [t CO2e].
        root_shoot: Mean root:shoot ratio used [1].
        collapsed: Whether too few plots were measured for it to stand by itself.
    """

    stratum: str
    plots: int
    sampled: int
    clusters: int
    area_ha: float
    agb_change_t_ha: float
    agb_change_se_t_ha: float
    growth_t_ha_year: float
    gross_tco2e: float
    root_shoot: float
    collapsed: bool


@dataclass(frozen=True, slots=True)
class CrossCheck:
    """The same total by other roads; a verifier looks here first when something seems off.

    Attributes:
        greg_t: Total change of above-ground biomass by GREG [t d.m.]; None without a map.
        greg_sampling_se_t: Its sampling error alone [t d.m.].
        expansion_t: The same by the expansion estimator [t d.m.].
        expansion_sampling_se_t: Its sampling error alone [t d.m.].
        gross_u90: Relative half-width of gross removals, from the draws [1].
        approach_1_u90: The same from closed formulas [1].
        sampling_units: Villages or plots that were drawn; none where not told.
        drawn_by: What was drawn: `plots` one by one, or whole `villages` first.
        map_t: Total by the map alone, no measured plot correcting it [t d.m.]; None without a map
            or places.
        map_se_t: Its error of parameters and of plots about the map, which neighbours share.
        map_range_m: Over which distance the map's errors are shared [m].
    """

    greg_t: float | None
    greg_sampling_se_t: float | None
    expansion_t: float
    expansion_sampling_se_t: float
    gross_u90: float
    approach_1_u90: float
    sampling_units: int = 0
    drawn_by: Literal["plots", "villages"] = "plots"
    map_t: float | None = None
    map_se_t: float | None = None
    map_range_m: float | None = None


@dataclass(frozen=True, slots=True)
class BenchmarkResult:
    """What matched controls say of the baseline, beside what came up on measured controls.

    Attributes:
        ratio: Growth of the controls' stocking index as a share of the project's [1].
        se: Its standard error [1]; None where it is not known.
        pairs: Project plots with controls.
        baseline_tco2e: Baseline by it, growth of pre-existing trees apart [t CO2e].
        taken: Whether that is more than what came up on control plots, and so replaces it.
        verdicts: On balance before the start and on the placebo.
    """

    ratio: float
    se: float | None
    pairs: int
    baseline_tco2e: float
    taken: bool
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True)
class CensusResult:
    """How many planted units there are, and what became of those that were looked for.

    Attributes:
        units: Planted units on the enrolled plots.
        looked_for: Of them, on plots that were visited at the end.
        found: Of these, alive.
        half_width: Of the 90 % interval by the standard's form, the least that is taken [1].
        half_width_as_printed: In the form whose units do not agree [1].
        unmet: Conditions of a census that do not hold, one sentence each.
    """

    units: int
    looked_for: int
    found: int
    half_width: float
    half_width_as_printed: float
    unmet: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ChangeEstimate:
    """The project's stock change since its first epoch, with all that is unsure about it.

    Attributes:
        start: First epoch of the project.
        end: End of the monitoring period.
        estimator: `greg`, `expansion`, or `none` where no plots were measured twice.
        map: How the map did; its reason says why that estimator.
        strata: One entry per stratum.
        gross_tco2e: Stock change of the enrolled plots [draw], t CO2e.
        baseline_tco2e: What would have grown anyway [draw], t CO2e; below zero where it shrank.
        net_tco2e: Gross less baseline [draw], t CO2e.
        pre_existing_tco2e: Growth of pre-existing trees, mean [t CO2e].
        control_tco2e: Growth of what comes up on control plots, the same [t CO2e].
        clusters: Villages among the measured plots.
        controls: Control plots measured at both epochs.
        without_probability: Measured plots whose inclusion probability is not known.
        plots: Signed values of every enrolled plot: plot_id, stratum, area_ha, sampled,
            agb_change_t_ha, gross_tco2e, net_tco2e.
        check: Other roads to the same total; None where there is no estimate.
        joined_later: Enrolled plots left out because they joined after the first epoch.
        left_early: Enrolled plots left out because they left before the period's end.
        baseline_floor_tco2e: What must be added to the baseline for none of its parts to be below
            zero: a rule of crediting, which the draws know nothing of [t CO2e].
        benchmark: Of projects that are held against matched controls; None of all others.
        census: Of projects whose planted units are counted one by one; None of all others.
    """

    start: date
    end: date
    estimator: Estimator
    map: MapReport
    strata: tuple[StratumChange, ...]
    gross_tco2e: Floats
    baseline_tco2e: Floats
    net_tco2e: Floats
    pre_existing_tco2e: float
    control_tco2e: float
    clusters: int
    controls: int
    without_probability: int
    plots: pd.DataFrame
    check: CrossCheck | None
    joined_later: int = 0
    left_early: int = 0
    baseline_floor_tco2e: float = 0.0
    census: CensusResult | None = None
    benchmark: BenchmarkResult | None = None

    @property
    def creditable_baseline_tco2e(self) -> float:
        """Baseline that is taken off, no part of it below zero [t CO2e]."""
        return float(self.baseline_tco2e.mean()) + self.baseline_floor_tco2e

    @property
    def creditable_net_tco2e(self) -> float:
        """Net change that may be credited before anything else is taken off [t CO2e]."""
        return float(self.net_tco2e.mean()) - self.baseline_floor_tco2e

    @property
    def u90(self) -> float:
        """Half-width of the net change's 90 % interval over what of it may be credited [1]."""
        return relative_half_width(self.net_tco2e, of=self.creditable_net_tco2e)

    @property
    def sampled(self) -> int:
        """Enrolled plots measured at both epochs."""
        return sum(stratum.sampled for stratum in self.strata)


def relative_half_width(draws: Floats, of: float | None = None) -> float:
    """Half the distance between the 5 % and 95 % quantiles over the size of the mean [1].

    Infinite where the mean is zero.

    Args:
        draws: Of a total [draw].
        of: What to set it against instead of their mean.
    """
    size = abs(float(draws.mean()) if of is None else of)
    low, high = np.quantile(draws, [0.05, 0.95])
    return float(high - low) / 2 / size if size else float("inf")


def nothing_estimated(enrolled: pd.DataFrame, start: date, end: date) -> ChangeEstimate:
    """Say that there is nothing to estimate from; the gates refuse such an answer by name.

    Args:
        enrolled: The plots: plot_id, stratum, area_ha.
        start: First epoch of the project.
        end: End of the monitoring period.
    """
    table = enrolled[["plot_id", "stratum", "area_ha"]].astype({"stratum": str, "area_ha": float})
    strata = tuple(
        StratumChange(
            stratum=str(name),
            plots=len(plots),
            sampled=0,
            clusters=0,
            area_ha=float(plots["area_ha"].sum()),
            agb_change_t_ha=0.0,
            agb_change_se_t_ha=0.0,
            growth_t_ha_year=0.0,
            gross_tco2e=0.0,
            root_shoot=0.0,
            collapsed=True,
        )
        for name, plots in table.groupby("stratum")
    )
    nothing = np.zeros(1)
    return ChangeEstimate(
        start=start,
        end=end,
        estimator="none",
        map=no_map(0, "fewer than two enrolled plots were measured at both epochs"),
        strata=strata,
        gross_tco2e=nothing,
        baseline_tco2e=nothing,
        net_tco2e=nothing,
        pre_existing_tco2e=0.0,
        control_tco2e=0.0,
        clusters=0,
        controls=0,
        without_probability=0,
        plots=table.assign(sampled=False, agb_change_t_ha=0.0, gross_tco2e=0.0, net_tco2e=0.0),
        check=None,
    )
