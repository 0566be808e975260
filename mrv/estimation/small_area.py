"""What each plot's share of the total rests on: its own measurement, the map, or a bit of both.

A plot is far too small to be credited by itself, so these values only divide a total that was
estimated without them. They are signed and never cut at zero. Sharing out kilograms is
`mrv.crediting.rounding`.
"""

from dataclasses import dataclass

import numpy as np

from mrv.estimation.greg import Floats, Ints


@dataclass(frozen=True, slots=True)
class Shrunken:
    """Values between the direct and the synthetic ones, and how far each trusts the direct one."""

    value: Floats
    trust: Floats


def fay_herriot(
    direct: Floats, direct_variance: Floats, synthetic: Floats, model_variance: float
) -> Shrunken:
    """Shrink direct values towards synthetic ones by how uncertain each is.

    value = gamma direct + (1 - gamma) synthetic, gamma = s_v^2 / (s_v^2 + psi).

    Args:
        direct: Measured values [plot].
        direct_variance: psi, variance of their measurement errors [plot].
        synthetic: Values from the map or the stratum mean [plot].
        model_variance: s_v^2, variance of the truth about the synthetic values.

    Source:
        Fay & Herriot 1979, doi:10.1080/01621459.1979.10482505.
    """
    whole = model_variance + direct_variance
    trust = np.divide(model_variance, whole, out=np.ones_like(whole), where=whole > 0)
    return Shrunken(trust * direct + (1.0 - trust) * synthetic, trust)


def model_variance(residual: Floats, direct_variance: Floats) -> float:
    """Estimate how far the truth lies from the synthetic values, beyond measurement error.

    Args:
        residual: Direct less synthetic values, of plots that did not shape their own synthetic
            value more than others did [plot].
        direct_variance: Variance of the direct values [plot].

    Source:
        Moment estimator of Prasad & Rao 1990 for equal leverages.
    """
    return max(0.0, float((residual**2 - direct_variance).mean()))


def measurement_variance(values: Floats) -> Floats:
    """Separate each plot's own measurement error from what all plots share in a draw.

    Args:
        values: Draws of plot values [draw, plot].

    Returns:
        Variance left after regressing each plot's draws on the mean of the other plots' [plot].
    """
    centred = values - values.mean(axis=0)
    others = (centred.sum(axis=1, keepdims=True) - centred) / max(1, values.shape[1] - 1)
    power = (others**2).sum(axis=0)
    slope = np.divide(
        (centred * others).sum(axis=0), power, out=np.zeros_like(power), where=power > 0
    )
    own: Floats = (centred - others * slope).var(axis=0)
    return own


def benchmark(values_per_ha: Floats, area_ha: Floats, total: float) -> Floats:
    """Move per-hectare values by one constant so that they add up to an estimated total.

    Args:
        values_per_ha: Signed [plot].
        area_ha: [plot].
        total: What the sum of area times value shall be.
    """
    gap = total - float(area_ha @ values_per_ha)
    moved: Floats = values_per_ha + gap / float(area_ha.sum())
    return moved


def plot_values(values: Floats, sampled: Ints, prediction: Floats) -> Floats:
    """Give every plot's value: shrunken where it was measured, predicted where it was not.

    Args:
        values: Draws of the measured plots, per hectare [draw, sample].
        sampled: Positions of the measured plots in the population.
        prediction: Measured values -> predicted value of every plot [plot, sample].

    Returns:
        Signed, per hectare [plot].
    """
    direct = values.mean(axis=0)
    result: Floats = prediction @ direct
    noise = measurement_variance(values)
    between = model_variance(direct - result[sampled], noise)
    result[sampled] = fay_herriot(direct, noise, result[sampled], between).value
    return result


def benchmarked(
    values_tco2e_ha: Floats, area_ha: Floats, stratum: Ints, stratum_tco2e: Floats
) -> Floats:
    """Turn per-hectare values into values per plot that add up to the stratum totals.

    Args:
        values_tco2e_ha: Signed [plot], t CO2e/ha.
        area_ha: [plot].
        stratum: Index of each plot's stratum [plot].
        stratum_tco2e: What was estimated for each stratum [stratum], t CO2e.
    """
    result = np.zeros(len(area_ha))
    for h, total in enumerate(stratum_tco2e):
        of = stratum == h
        per_ha = benchmark(values_tco2e_ha[of], area_ha[of], float(total))
        result[of] = per_ha * area_ha[of]
    return result
