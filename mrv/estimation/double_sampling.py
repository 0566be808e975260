"""Regression on a variable known from a larger sample, such as a map that was read for some plots.

The standard's own licence to use a satellite map: few plots are measured, many are looked at. Where
every plot was looked at this is the regression estimator; `greg.py` is its like for any map.
"""

import numpy as np

from mrv.estimation.greg import Floats, Ints, LinearEstimator, Population


def double_sampling_estimator(
    population: Population, auxiliary: Floats, looked_at: Ints
) -> LinearEstimator:
    """Estimate stratum totals from few measured and many looked-at plots, stratum by stratum.

    Plots count alike within a stratum, as in the standard, whatever their size; the total is their
    mean times the stratum's area.

    Args:
        population: Enrolled plots and the measured sample.
        auxiliary: Of every plot that was looked at; NaN elsewhere [plot].
        looked_at: Positions of the larger sample, the measured plots among them.

    Returns:
        The estimator; its covariance has no finite population correction, as in the standard.

    Source:
        CDM AR-TOOL14 v04.2, double sampling: b = y + beta (x' - x),
        s2 = s_y2 (1 - (1 - n/n') rho2), SE = sqrt(s2 / n). Both are linear in y, because residual
        and regression are at right angles: s2 = s_y2 (1 - rho2) + (n/n') s_y2 rho2.
    """
    size = len(population.sampled)
    stratum = population.stratum[population.sampled]
    weights = np.zeros((population.strata, size))
    residual = np.zeros((size, size))
    expansion = np.zeros(size)
    for h in range(population.strata):
        of = np.flatnonzero(stratum == h)
        large = looked_at[population.stratum[looked_at] == h]
        small_x = auxiliary[population.sampled[of]]
        centred = small_x - small_x.mean()
        spread = float(centred @ centred)
        slope = centred / spread if spread > 0 else np.zeros(len(of))  # beta = slope . y
        area_ha = float(population.area_ha[population.stratum == h].sum())
        gap = float(auxiliary[large].mean() - small_x.mean())
        weights[h, of] = area_ha * (1.0 / len(of) + gap * slope)
        mean = np.full((len(of), len(of)), 1.0 / len(of))
        explained = np.outer(centred, slope)
        residual[np.ix_(of, of)] = (
            np.eye(len(of)) - mean - explained + np.sqrt(len(of) / len(large)) * explained
        )
        expansion[of] = area_ha / len(of)
    return LinearEstimator(weights, residual, expansion, np.ones(size), stratum)
