"""The total by other roads: the other estimator, closed formulas, and the map all by itself.

None of them sets what is credited; a verifier looks here first when something seems off.
"""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
import pandas as pd
from shapely import get_coordinates, point_on_surface

from mrv.errors import InputRejected
from mrv.estimation.closed_forms import combine_product
from mrv.estimation.enrolment import Enrolled
from mrv.estimation.estimate import CrossCheck, relative_half_width
from mrv.estimation.estimators import programme_total
from mrv.estimation.greg import Floats, LinearEstimator
from mrv.estimation.map_totals import ErrorField, ModelBased, TunedMap
from mrv.estimation.maps.features import Features
from mrv.estimation.maps.fit import FittedMap
from mrv.estimation.maps.ridge import WIDEST
from mrv.estimation.paired import PairedGrowth
from mrv.estimation.variogram import fit_correlogram, variogram
from mrv.methodologies import Methodology

Z_TWO_SIDED_90: Final = NormalDist().inv_cdf(0.95)
_EARTH_M: Final = 6_371_008.8  # mean radius, IUGG; places need be right to a few metres only


@dataclass(frozen=True, slots=True)
class MapOnly:
    """What the map says without measured plots: `CrossCheck` tells what the numbers are."""

    total_t: float
    se_t: float
    range_m: float


def cross_check(
    by_map: LinearEstimator | None,
    by_area: LinearEstimator,
    values: Floats,
    gross: Floats,
    methodology: Methodology,
    root_shoot: float,
    sampling_units: int,
    map_alone: MapOnly | None,
) -> CrossCheck:
    """Estimate the same total by the other estimator and by closed formulas.

    Args:
        by_map: GREG; None without a map.
        by_area: Expansion estimator.
        values: Growth of the measured plots [draw, sample], t d.m./ha.
        gross: Gross removals [draw], t CO2e.
        methodology: The rules.
        root_shoot: Mean root:shoot ratio [1].
        sampling_units: Villages or plots that were drawn.
        map_alone: What the map says without measured plots.
    """
    expansion_t, expansion_se = programme_total(by_area, values)
    greg_t, greg_se = (None, None) if by_map is None else programme_total(by_map, values)
    tree_error = float(by_area.totals(values).sum(axis=1).std())
    ratio_cv = methodology.number("carbon.root_shoot_cv") * root_shoot / (1.0 + root_shoot)
    fraction_cv = methodology.number("carbon.fraction_sd") / methodology.number(
        "carbon.fraction_mean"
    )
    approach_1 = (
        combine_product(
            [
                Z_TWO_SIDED_90 * sd
                for sd in (
                    (greg_se or expansion_se) / abs(expansion_t),
                    tree_error / abs(expansion_t),
                    ratio_cv,
                    fraction_cv,
                )
            ]
        )
        if expansion_t
        else float("inf")
    )
    return CrossCheck(
        greg_t=greg_t,
        greg_sampling_se_t=greg_se,
        expansion_t=expansion_t,
        expansion_sampling_se_t=expansion_se,
        gross_u90=relative_half_width(gross),
        approach_1_u90=approach_1,
        sampling_units=sampling_units,
        drawn_by="plots" if by_area.unit is None else "villages",
        map_t=map_alone.total_t if map_alone else None,
        map_se_t=map_alone.se_t if map_alone else None,
        map_range_m=map_alone.range_m if map_alone else None,
    )


def map_only(
    enrolled: Enrolled, growth: PairedGrowth, seen: Features, fitted: FittedMap, seed: int
) -> MapOnly | None:
    """Tell the total of the map alone, and how unsure it is with errors that neighbours share.

    Plots outside the map's area of applicability are taken to grow like those inside it.

    Args:
        enrolled: The plots; their places are the column geometry (WGS 84).
        growth: Of the measured ones.
        seen: Features of all enrolled plots.
        fitted: The map.
        seed: Of the villages that are drawn again.

    Returns:
        None without a map, without places, or with too few plots for a variogram.
    """
    trained = np.flatnonzero(seen.seen[growth.rows])
    rows = growth.rows[trained]
    villages = [v or f"\0{i}" for i, v in enumerate(enrolled.villages)]
    measured_in = {villages[i] for i in rows}
    placed = "geometry" in enrolled.frame and len(measured_in) > 1
    if fitted.model is None or fitted.prediction is None or not placed:
        return None
    xy_m = places_m(enrolled.frame)
    observed = growth.total_t_ha.mean(axis=0)
    residual = (observed - fitted.prediction[growth.rows] @ observed)[trained]
    sd_t_ha = float(np.sqrt((residual**2).mean()))
    try:
        correlation = fit_correlogram(variogram(xy_m[rows], residual / max(sd_t_ha, 1e-12)))
    except InputRejected:
        return None
    area = enrolled.population.area_ha
    weight = np.where(fitted.inside, area, 0.0)
    weight *= area.sum() / weight.sum() if weight.any() else 0.0
    held = np.clip(seen.values, -WIDEST, WIDEST)
    estimator = ModelBased(
        TunedMap(fitted.model, held, rows, [villages[i] for i in rows], seed),
        weight[None],
        ErrorField(xy_m, villages, weight * sd_t_ha, correlation),
        np.zeros(len(area), np.int64),
    )
    total, se = programme_total(estimator, growth.total_t_ha[:, trained])
    return MapOnly(total, se, correlation.ranges_m[0] if correlation.shares[0] > 0 else 0.0)


def places_m(frame: pd.DataFrame) -> Floats:
    """Put plots on a local metric grid about their middle [plot, 2], m.

    Args:
        frame: With a column geometry, WGS 84.
    """
    lonlat = get_coordinates(point_on_surface(frame["geometry"].to_numpy()))
    middle = np.radians(lonlat[:, 1].mean())
    scale = np.radians(1.0) * _EARTH_M * np.array([np.cos(middle), 1.0])
    places: Floats = (lonlat - lonlat.mean(axis=0)) * scale
    return places
