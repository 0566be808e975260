"""What each plot's share of the total rests on: its own measurement, the map, or a bit of both.

A plot is far too small to be credited by itself, so these values only divide a total that was
estimated without them. They are signed and never cut at zero. Sharing out kilograms is
`mrv.crediting.rounding`.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import minimize_scalar

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


@dataclass(frozen=True, slots=True, eq=False)
class AreaModel:
    """How true values follow what is known of every area, and how far they scatter about that.

    Attributes:
        coefficients: Of the columns of the design [column].
        coefficient_covariance: [column, column].
        variance: s_v^2, of the truth about the design's values.
    """

    coefficients: Floats
    coefficient_covariance: Floats
    variance: float

    def synthetic(self, design: Floats) -> Floats:
        """Give what the design says of areas [area, column] -> [area]."""
        values: Floats = design @ self.coefficients
        return values

    def mean_square_error(self, design: Floats, direct_variance: Floats) -> Floats:
        """Give how far shrunken values lie from the truth, squared, on average [area].

        Infinite variance of the direct value: the area was not measured.

        Source:
            Prasad & Rao 1990, g1 + g2; g3, of s_v^2 itself, is of the order of one over the areas
            and left out.
        """
        whole = self.variance + direct_variance
        left = 1.0 - np.divide(self.variance, whole, out=np.ones_like(whole), where=whole > 0)
        of_model = np.einsum("ac,cd,ad->a", design, self.coefficient_covariance, design)
        mse: Floats = self.variance * left + left**2 * of_model
        return mse


def fit_area_model(
    direct: Floats,
    direct_variance: Floats,
    design: Floats,
    method: Literal["reml", "prasad_rao"] = "reml",
) -> AreaModel:
    """Fit the model of Fay & Herriot to measured areas.

    Args:
        direct: Measured values [area].
        direct_variance: psi, variance of their measurement errors [area].
        design: What is known of each area, of full rank [area, column].
        method: How s_v^2 is estimated: restricted maximum likelihood, or by moments.

    Source:
        Fay & Herriot 1979; REML as in Rao & Molina 2015, section 6.1.2; moments of Prasad & Rao
        1990: s_v^2 = (r'r - sum of psi (1 - h)) / (n - p), not below zero.
    """
    size, width = design.shape
    if method == "prasad_rao" or size <= width:
        hat = design @ np.linalg.pinv(design)
        residual = direct - hat @ direct
        noise = float((direct_variance * (1.0 - np.diag(hat))).sum())
        variance = max(0.0, (float(residual @ residual) - noise) / max(1, size - width))
    else:
        variance = _reml(direct, direct_variance, design)
    weight = 1.0 / np.maximum(variance + direct_variance, 1e-12)
    covariance = np.linalg.pinv((design * weight[:, None]).T @ design)
    coefficients = covariance @ (design * weight[:, None]).T @ direct
    return AreaModel(coefficients, covariance, variance)


def _reml(direct: Floats, direct_variance: Floats, design: Floats) -> float:
    """Maximise the restricted likelihood of s_v^2; zero is one of the candidates."""

    def minus_twice_log(variance: float) -> float:
        weight = 1.0 / np.maximum(variance + direct_variance, 1e-12)
        weighted = design * weight[:, None]
        moment = weighted.T @ design
        residual = direct - design @ np.linalg.solve(moment, weighted.T @ direct)
        _, log_det = np.linalg.slogdet(moment)
        return float(-np.log(weight).sum() + log_det + (weight * residual) @ residual)

    most = 10.0 * float(direct.var()) + 1e-9
    found = minimize_scalar(minus_twice_log, bounds=(0.0, most), method="bounded")
    return min((0.0, float(found.x)), key=minus_twice_log)


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

    The map's values are regressed on first, so that a map that is too flat or too steep does not
    share out the total wrongly.

    Args:
        values: Draws of the measured plots, per hectare [draw, sample].
        sampled: Positions of the measured plots in the population.
        prediction: Measured values -> predicted value of every plot [plot, sample].

    Returns:
        Signed, per hectare [plot].
    """
    direct = values.mean(axis=0)
    mapped: Floats = prediction @ direct
    design = np.column_stack([np.ones_like(mapped), mapped - mapped.mean()])
    if np.ptp(mapped[sampled]) <= 1e-9 * max(1.0, float(np.abs(mapped).max())):
        design = design[:, :1]  # one mean for all: nothing to regress on
    noise = measurement_variance(values)
    model = fit_area_model(direct, noise, design[sampled])
    result = model.synthetic(design)
    result[sampled] = fay_herriot(direct, noise, result[sampled], model.variance).value
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
