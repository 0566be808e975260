"""What a landscape truly holds and truly gains: the sealed answer that an estimate is judged by.

The pipeline never reads it. True biomass departs from the registry's equations by the errors that
the estimator says it allows for, each drawn once for the landscape: a site effect per class of
equation, a wood density per taxon, a residual per tree.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from mrv.simulation.spec import LandscapeSpec
from mrv.simulation.trees import PRE_EXISTING, REGENERATED, Trees, alive, dbh_cm, height_m
from mrv.simulation.weighing import Choices, Scales

CO2_PER_C = 44 / 12


@dataclass(frozen=True, slots=True)
class PlotTruth:
    """One plot's true above-ground woody biomass at each epoch [t d.m.]."""

    plot_id: str
    role: str
    stratum: str
    area_ha: float
    agb_t: tuple[float, ...]
    pre_existing_agb_t: tuple[float, ...]
    regenerated_agb_t: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class StratumTruth:
    """What one stratum's enrolled plots truly did in one period.

    Attributes:
        stratum: Its name.
        area_ha: Area of the enrolled plots [ha].
        root_shoot: True ratio of below- to above-ground biomass [1].
        stock_start_t: Above-ground biomass at the start [t d.m.].
        stock_end_t: The same at the end [t d.m.].
        gross_change_t: Difference of the two [t d.m.].
        pre_existing_growth_t: Part of it in trees that stood before the project [t d.m.].
        regenerated_on_controls_t_ha: Gain of newly regenerated trees on all control plots of the
            landscape, per hectare [t d.m./ha].
        baseline_t: What would have grown anyway: pre-existing growth and, on the stratum's area,
            the controls' regeneration [t d.m.].
        additional_t: Gross change less baseline [t d.m.].
        gross_tco2e: Gross change with roots [t CO2e].
        baseline_tco2e: Baseline with roots [t CO2e].
        additional_tco2e: Additional with roots [t CO2e].
    """

    stratum: str
    area_ha: float
    root_shoot: float
    stock_start_t: float
    stock_end_t: float
    gross_change_t: float
    pre_existing_growth_t: float
    regenerated_on_controls_t_ha: float
    baseline_t: float
    additional_t: float
    gross_tco2e: float
    baseline_tco2e: float
    additional_tco2e: float


@dataclass(frozen=True, slots=True)
class PeriodTruth:
    """What the enrolled plots truly did in one monitoring period."""

    id: str
    start: date
    end: date
    strata: tuple[StratumTruth, ...]

    @property
    def gross_tco2e(self) -> float:
        """Sum over the strata [t CO2e]."""
        return sum(s.gross_tco2e for s in self.strata)

    @property
    def baseline_tco2e(self) -> float:
        """Sum over the strata [t CO2e]."""
        return sum(s.baseline_tco2e for s in self.strata)

    @property
    def additional_tco2e(self) -> float:
        """Sum over the strata [t CO2e]."""
        return sum(s.additional_tco2e for s in self.strata)


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything that is true of a landscape and that no pipeline may see."""

    archetype: str
    seed: int
    carbon_fraction: float
    equation_factor: Mapping[str, float]
    wood_density_g_cm3: Mapping[str, float]
    root_shoot: float
    epochs: tuple[date, ...]
    periods: tuple[PeriodTruth, ...]
    plots: tuple[PlotTruth, ...]

    def period(self, period_id: str) -> PeriodTruth:
        """Find one period by its id.

        Raises:
            KeyError: If the landscape has no such period.
        """
        for period in self.periods:
            if period.id == period_id:
                return period
        raise KeyError(period_id)

    def to_json(self) -> str:
        """Write the truth as text, the same for the same truth."""
        content = asdict(self)
        for period, seen in zip(content["periods"], self.periods, strict=True):
            period["gross_tco2e"] = seen.gross_tco2e
            period["baseline_tco2e"] = seen.baseline_tco2e
            period["additional_tco2e"] = seen.additional_tco2e
        sealed = {"simulated": True, "sealed": "not to be read by the pipeline", **content}
        return json.dumps(sealed, indent=1, default=str, sort_keys=False) + "\n"


def tree_agb_kg(
    spec: LandscapeSpec, trees: Trees, day: date, scales: Scales, choices: Choices
) -> NDArray[np.float64]:
    """Give every tree's true above-ground biomass on a day [kg]; 0 where it does not stand."""
    diameter = dbh_cm(trees, day)
    height = height_m(trees, spec.kinds, diameter)
    weight = scales.weigh(choices, trees.kind, diameter, height, trees.biomass_ln)
    return np.where(alive(trees, day), weight, 0.0)


def choose_equations(spec: LandscapeSpec, trees: Trees, scales: Scales) -> Choices:
    """Choose one equation per tree for all epochs at which it stands."""
    sizes = np.array(
        [np.where(alive(trees, day), dbh_cm(trees, day), np.nan) for day in spec.epochs]
    )
    never = np.isnan(sizes).all(axis=0)
    sizes[:, never] = 1.0
    return scales.choose(trees.kind, np.nanmin(sizes, axis=0), np.nanmax(sizes, axis=0))


def tell_truth(
    spec: LandscapeSpec, seed: int, plots: gpd.GeoDataFrame, trees: Trees, scales: Scales
) -> Truth:
    """Add up what is true of every plot, stratum and period."""
    choices = choose_equations(spec, trees, scales)
    by_epoch = [tree_agb_kg(spec, trees, day, scales, choices) / 1e3 for day in spec.epochs]
    everything = _per_plot(by_epoch, trees, np.ones(len(trees), dtype=bool), len(plots))
    old = _per_plot(by_epoch, trees, trees.origin == PRE_EXISTING, len(plots))
    new = _per_plot(by_epoch, trees, trees.origin == REGENERATED, len(plots))
    stories = tuple(
        PlotTruth(plot.plot_id, plot.role, plot.stratum, plot.area_ha, *parts)
        for plot, parts in zip(
            plots.itertuples(),
            zip(map(tuple, everything), map(tuple, old), map(tuple, new), strict=True),
            strict=True,
        )
    )
    periods = tuple(
        PeriodTruth(
            id=name,
            start=spec.epochs[k],
            end=spec.epochs[k + 1],
            strata=tuple(_stratum(s.name, stories, k, scales) for s in spec.strata),
        )
        for k, name in enumerate(spec.period_ids)
    )
    return Truth(
        archetype=spec.archetype,
        seed=seed,
        carbon_fraction=scales.carbon_fraction,
        equation_factor=scales.departures(choices),
        wood_density_g_cm3=dict(scales.wood_density_g_cm3),
        root_shoot=scales.root_shoot,
        epochs=spec.epochs,
        periods=periods,
        plots=stories,
    )


def _per_plot(
    by_epoch: list[NDArray[np.float64]], trees: Trees, part: NDArray[np.bool_], plots: int
) -> list[list[float]]:
    """Sum one part of the trees, [plot][epoch] [t d.m.]."""
    sums = [np.bincount(trees.plot, weights=agb * part, minlength=plots) for agb in by_epoch]
    return [[float(v) for v in row] for row in np.column_stack(sums)]


def _stratum(name: str, plots: tuple[PlotTruth, ...], k: int, scales: Scales) -> StratumTruth:
    enrolled = [p for p in plots if p.role == "enrolled" and p.stratum == name]
    controls = [p for p in plots if p.role == "control"]
    area = sum(p.area_ha for p in enrolled)
    start = sum(p.agb_t[k] for p in enrolled)
    end = sum(p.agb_t[k + 1] for p in enrolled)
    old = sum(p.pre_existing_agb_t[k + 1] - p.pre_existing_agb_t[k] for p in enrolled)
    came_up = sum(p.regenerated_agb_t[k + 1] - p.regenerated_agb_t[k] for p in controls)
    per_ha = came_up / sum(p.area_ha for p in controls)
    gross, baseline = end - start, old + per_ha * area
    root_shoot = scales.root_shoot
    tco2e = (1 + root_shoot) * scales.carbon_fraction * CO2_PER_C
    return StratumTruth(
        stratum=name,
        area_ha=area,
        root_shoot=root_shoot,
        stock_start_t=start,
        stock_end_t=end,
        gross_change_t=gross,
        pre_existing_growth_t=old,
        regenerated_on_controls_t_ha=per_ha,
        baseline_t=baseline,
        additional_t=gross - baseline,
        gross_tco2e=gross * tco2e,
        baseline_tco2e=baseline * tco2e,
        additional_tco2e=(gross - baseline) * tco2e,
    )
