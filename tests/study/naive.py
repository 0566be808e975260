"""What the same data would have been credited for under choices that look harmless.

Each differs from the project's own way in what its docstring says; baseline, deduction, emissions,
leakage and buffer are the same. The choices on maps take a stock map, fitted to the measured plots
at both epochs, for the truth about every plot, as programmes without a field-based total do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import KFold
from sklearn.neighbors import KNeighborsRegressor

from mrv.biomass.context import BiomassContext
from mrv.estimation.estimate import ChangeEstimate
from mrv.estimation.monte_carlo import BiomassDraws
from mrv.simulation.plot_landscapes import SIGNALS, PlotLandscape
from tests.study.steps import METHODOLOGY, Claim, claim, draw_biomass, estimate_landscape

Floats = NDArray[np.float64]
_Z: Final = NormalDist().inv_cdf(0.95)
_NEIGHBOURS: Final = 3
_FOLDS: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """What a project has in hand, and what was estimated from it.

    Attributes:
        landscape: Plots, looks and recipe; its truth is not looked at here.
        trees: The inventory as read.
        biomass: Draws of the measured plots.
        estimate: The project's own.
    """

    landscape: PlotLandscape
    trees: pd.DataFrame
    biomass: BiomassDraws
    estimate: ChangeEstimate

    @property
    def enrolled(self) -> NDArray[np.bool_]:
        """Whether each plot is enrolled [plot]."""
        return np.asarray(self.landscape.plots["role"] == "enrolled")

    @property
    def area_ha(self) -> Floats:
        """Of the enrolled plots [enrolled plot]."""
        return np.asarray(self.landscape.plots["area_ha"], np.float64)[self.enrolled]

    @property
    def measured(self) -> NDArray[np.int64]:
        """Positions of the measured plots among all [sample]."""
        position = {plot_id: i for i, plot_id in enumerate(self.landscape.plots["plot_id"])}
        return np.array([position[p] for p in self.biomass.plot_ids])

    @property
    def stock_t_ha(self) -> Floats:
        """Of the measured plots at both epochs, without what it is unsure of [sample, epoch]."""
        return np.asarray(self.biomass.agb_t_ha.mean(axis=0, dtype=np.float64))


Naive = Callable[[Case], Claim]


def independent_errors(case: Case) -> Claim:
    """Add up the map and let its errors average away as if no two plots shared any."""
    growth, error_sd = _mapped_growth(case)
    return _credit(case, growth[:, -1], error_sd)


def per_plot_floors(case: Case) -> Claim:
    """Credit every plot by itself: a plot that seems to have lost counts as zero."""
    growth, error_sd = _mapped_growth(case)
    return _credit(case, np.maximum(growth[:, -1], 0.0), error_sd)


def running_maximum(case: Case) -> Claim:
    """Credit every plot each year with whatever exceeds its greatest stock so far."""
    growth, error_sd = _mapped_growth(case)
    return _credit(case, growth.max(axis=1), error_sd)


def random_cross_validation(case: Case) -> Claim:
    """Trust a map that knows where plots lie, judged on plots whose neighbours it was shown."""
    rows, change = case.measured, case.stock_t_ha[:, 1] - case.stock_t_ha[:, 0]
    levels = _levels(case.landscape)
    place = case.landscape.plots[["x_m", "y_m"]].to_numpy(np.float64)
    features = np.column_stack([levels[:, -1] - levels[:, 0], place])
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    model = KNeighborsRegressor(_NEIGHBOURS)
    errors = np.empty(len(rows))
    folds = KFold(_FOLDS, shuffle=True, random_state=case.landscape.seed)
    for train, test in folds.split(rows):
        fitted = model.fit(features[rows[train]], change[train])
        errors[test] = fitted.predict(features[rows[test]]) - change[test]
    growth = model.fit(features[rows], change).predict(features[case.enrolled])
    half_width_t = _Z * errors.std(ddof=1) / np.sqrt(len(rows)) * case.area_ha.sum()
    return _credit_total(case, float(case.area_ha @ growth), float(half_width_t))


def no_site_effect(case: Case) -> Claim:
    """Take the equations' published scatter as each tree's own, so that it averages away."""
    context = BiomassContext.of(case.landscape.spec.ecology, METHODOLOGY)
    errors = context.allometry
    whole = float(np.hypot(errors.site_sd_ln, errors.within_site_sd_ln))
    alone = replace(errors, site_sd_ln=0.0, within_site_sd_ln=whole)
    return _redrawn(case, replace(context, allometry=alone))


def generic_allometry(case: Case) -> Claim:
    """Weigh open-grown, pruned trees by the forest's equation and the forest's heights."""
    context = BiomassContext.of(case.landscape.spec.ecology, METHODOLOGY)
    forest = replace(context, allometry_region="pantropical")
    return _redrawn(replace(case, trees=case.trees.assign(height_m=np.nan)), forest)


NAIVE: Final[Mapping[str, Naive]] = {
    "independent errors": independent_errors,
    "per-plot floors": per_plot_floors,
    "running maximum": running_maximum,
    "random cross-validation": random_cross_validation,
    "no site effect": no_site_effect,
    "generic allometry": generic_allometry,
}


def _redrawn(case: Case, context: BiomassContext) -> Claim:
    """Do everything as the project does, under another idea of what trees weigh."""
    drawn = draw_biomass(case.landscape, case.trees, context, len(case.biomass.agb_t_ha))
    again = estimate_landscape(case.landscape, drawn)
    gross, baseline = float(again.gross_tco2e.mean()), again.creditable_baseline_tco2e
    return claim(gross, baseline, again.u90)


def _mapped_growth(case: Case) -> tuple[Floats, float]:
    """Map the stock of every plot at every look.

    Returns:
        Growth since the first look [plot, look], t d.m./ha, and the spread of its errors on the
        measured plots over the whole time [t d.m./ha].
    """
    rows, known, levels = case.measured, case.stock_t_ha, _levels(case.landscape)
    shown = np.concatenate([levels[rows, 0], levels[rows, -1]])
    bases = np.column_stack([np.ones(len(shown)), shown])
    slopes, *_ = np.linalg.lstsq(bases, known.T.ravel(), rcond=None)
    stock = slopes[0] + levels @ slopes[1:]
    growth = stock - stock[:, :1]
    return growth, float((growth[rows, -1] - (known[:, 1] - known[:, 0])).std(ddof=1))


def _levels(landscape: PlotLandscape) -> Floats:
    """Give signals over those of the controls, which take the season out [plot, look, signal]."""
    looks, plots = landscape.looks, landscape.plots
    by_day = [
        looks[looks["epoch"] == day].set_index("plot_id").loc[plots["plot_id"], list(SIGNALS)]
        for day in sorted(looks["epoch"].unique())
    ]
    levels = np.stack([table.to_numpy(np.float64) for table in by_day], axis=1)
    control = (plots["role"] == "control").to_numpy()
    return np.asarray(np.nan_to_num(levels - np.nanmean(levels[control], axis=0)))


def _credit(case: Case, growth_t_ha: Floats, error_sd: float) -> Claim:
    """Credit a sum over enrolled plots whose errors are taken for independent."""
    half_width_t = _Z * error_sd * float(np.sqrt((case.area_ha**2).sum()))
    return _credit_total(case, float(case.area_ha @ growth_t_ha[case.enrolled]), half_width_t)


def _credit_total(case: Case, growth_t: float, half_width_t: float) -> Claim:
    """Credit a total growth of enrolled plots less the project's own baseline [t d.m.]."""
    agb_t = sum(s.agb_change_t_ha * s.area_ha for s in case.estimate.strata)
    if agb_t == 0:
        return claim(0.0, 0.0, float("inf"))
    tco2e_per_t = float(case.estimate.gross_tco2e.mean()) / agb_t
    baseline = case.estimate.creditable_baseline_tco2e
    net = growth_t * tco2e_per_t - baseline
    u90 = half_width_t * tco2e_per_t / abs(net) if net else float("inf")
    return claim(growth_t * tco2e_per_t, baseline, u90)
