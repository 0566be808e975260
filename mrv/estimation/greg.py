"""Stratum totals from a probability sample of plots, with or without a map, draw by draw.

Both estimators here are linear in the plot values: a total is a weighted sum over sampled plots,
and so is every residual. One matrix product therefore serves all Monte Carlo draws, and the same
weights applied to gross growth and to pre-existing growth keep the two consistent. Fitting the map
is `models.py`; drawing tree errors is `monte_carlo.py`.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MIN_DEGREES_OF_FREEDOM: Final = 2
"""Below two a t interval has no usable scale [P]; the gates refuse such a sample anyway."""


@dataclass(frozen=True, slots=True)
class Population:
    """Enrolled plots, and which of them were measured.

    Attributes:
        area_ha: Of each plot [plot].
        stratum: Index of each plot's stratum, from 0 without gaps [plot].
        sampled: Positions of the measured plots in the population [sample].
        inclusion_probability: Of each measured plot into the sample [sample].
    """

    area_ha: Floats
    stratum: Ints
    sampled: Ints
    inclusion_probability: Floats

    @property
    def strata(self) -> int:
        """Number of strata."""
        return int(self.stratum.max()) + 1


@dataclass(frozen=True, slots=True)
class LinearEstimator:
    """Weights that turn plot values into stratum totals, and into what those totals are unsure of.

    Attributes:
        weights: Total of a stratum = weights . plot values [stratum, sample], in ha.
        residual: Plot values -> what the map leaves unexplained [sample, sample].
        expansion: Hectares that a residual of each plot stands for [sample].
        remaining: Share of variance left after the finite population correction, 1 - pi [sample].
        stratum: Of each measured plot [sample].
    """

    weights: Floats
    residual: Floats
    expansion: Floats
    remaining: Floats
    stratum: Ints

    def totals(self, values: Floats) -> Floats:
        """Estimate stratum totals.

        Args:
            values: Per-hectare values of the measured plots [draw, sample].

        Returns:
            [draw, stratum], in the unit of the values times ha.
        """
        return values @ self.weights.T

    def variance(self, values: Floats) -> Floats:
        """Estimate the design variance of each stratum total.

        V = sum over strata and plots of (1 - pi) n/(n-1) (e/pi - mean)^2, which is
        N^2 (1 - f) s^2/n under simple random sampling.

        Args:
            values: Per-hectare values of the measured plots [draw, sample].

        Returns:
            [draw, stratum], in squared units of the totals.

        Source:
            Hájek's approximation for fixed-size designs with unequal probabilities, in the form of
            Deville 1999; residual form of Särndal, Swensson & Wretman 1992, section 6.6.
        """
        return _by_stratum(self._scores(values) ** 2, self.stratum, self.weights.shape[0])

    def noise(self, values: Floats, multipliers: Floats) -> Floats:
        """Draw sampling errors of the stratum totals that have exactly the design variance.

        Multiplying every plot's score by a standard normal of its own gives sums whose variance is
        the design variance. Handing the same multipliers to two calls keeps the errors of two
        totals of the same sample as correlated as they are.

        Args:
            values: Per-hectare values of the measured plots [draw, sample].
            multipliers: From `sampling_multipliers` [draw, sample].

        Returns:
            [draw, stratum], in the unit of the totals; zero on average over the draws.
        """
        noise = _by_stratum(self._scores(values) * multipliers, self.stratum, self.weights.shape[0])
        centred: Floats = noise - noise.mean(axis=0)
        return centred

    def _scores(self, values: Floats) -> Floats:
        """Square roots of each plot's part of the design variance, signed [draw, sample]."""
        stands_for = (values @ self.residual.T) * self.expansion
        scores = np.zeros_like(stands_for)
        for h in range(self.weights.shape[0]):
            of = np.flatnonzero(self.stratum == h)
            share = self.remaining[of]
            if len(of) < 2 or share.sum() == 0:  # noqa: PLR2004  one plot has no spread
                continue
            mean = stands_for[:, of] @ share / share.sum()
            scores[:, of] = (stands_for[:, of] - mean[:, None]) * np.sqrt(
                share * len(of) / (len(of) - 1)
            )
        return scores


def stratum_means(population: Population) -> Floats:
    """Predict every plot by its stratum's weighted mean: the map one has without a map.

    Returns:
        Measured values -> predicted value of every plot [plot, sample].
    """
    stratum = population.stratum[population.sampled]
    stands_for_ha = population.area_ha[population.sampled] / population.inclusion_probability
    prediction = np.where(population.stratum[:, None] == stratum, stands_for_ha, 0.0)
    means: Floats = prediction / prediction.sum(axis=1, keepdims=True)
    return means


def expansion_estimator(population: Population) -> LinearEstimator:
    """Estimate stratum totals from the measured plots alone: stratum area times weighted mean.

    The ratio to area is taken because plots differ in size while growth per hectare does not
    follow size.

    Source:
        Särndal, Swensson & Wretman 1992, sections 5.6 and 7.2 (ratio estimator, g-weighted
        variance); leverage correction of Royall & Cumberland 1981, which is 1 for equal plots.
    """
    prediction = stratum_means(population)
    weights = np.stack(
        [
            population.area_ha[population.stratum == h] @ prediction[population.stratum == h]
            for h in range(population.strata)
        ]
    )
    # A plot that pulls the mean towards itself hides its own residual; large plots do so most.
    stratum = population.stratum[population.sampled]
    pull = prediction[population.sampled, np.arange(len(population.sampled))]
    even = 1.0 / np.bincount(stratum)[stratum]
    unhidden = np.sqrt((1.0 - even) / np.maximum(1.0 - pull, 1e-9))
    return LinearEstimator(
        weights=weights,
        residual=np.eye(len(population.sampled)) - prediction[population.sampled],
        expansion=weights.sum(axis=0) * unhidden,
        remaining=1.0 - population.inclusion_probability,
        stratum=stratum,
    )


def greg_estimator(population: Population, prediction: Floats) -> LinearEstimator:
    """Estimate stratum totals from a map, corrected by what it got wrong on the measured plots.

    T = sum over all plots of A yhat + sum over measured plots of (A/pi)(y - yhat).

    Args:
        population: Enrolled plots and the sample.
        prediction: Measured values -> predicted value of every plot [plot, sample]; cross-fitted,
            so that a plot's prediction does not rest on its own village's measurements.

    Source:
        Särndal, Swensson & Wretman 1992, section 6.4; McConville et al. 2017 for forest inventory.
        Cross-fitting: Breidt & Opsomer 2017, section 5.
    """
    size = len(population.sampled)
    stratum = population.stratum[population.sampled]
    expansion = population.area_ha[population.sampled] / population.inclusion_probability
    residual = np.eye(size) - prediction[population.sampled]
    weights = np.zeros((population.strata, size))
    for h in range(population.strata):
        everyone = population.stratum == h
        corrected = np.where(stratum == h, expansion, 0.0)
        weights[h] = population.area_ha[everyone] @ prediction[everyone] + corrected @ residual
    return LinearEstimator(
        weights, residual, expansion, 1.0 - population.inclusion_probability, stratum
    )


def standing_for_all(probability: Floats, stratum: Ints, plots_per_stratum: Ints) -> Floats:
    """Rescale inclusion probabilities so that the sample stands for every enrolled plot.

    A plot that could not be measured again, or a probability claimed too high, then widens the
    interval instead of narrowing it.

    Args:
        probability: As recorded [sample].
        stratum: Of each measured plot [sample].
        plots_per_stratum: Enrolled plots in each stratum [stratum].

    Returns:
        Probabilities whose inverses add up to the number of plots in each stratum, at most 1.
    """
    rescaled = probability.astype(np.float64)
    for h, plots in enumerate(plots_per_stratum):
        of = stratum == h
        if of.any():
            rescaled[of] *= (1.0 / probability[of]).sum() / plots
    return np.minimum(rescaled, 1.0)


def sampling_multipliers(
    rng: np.random.Generator, draws: int, sample: int, degrees_of_freedom: int
) -> Floats:
    """Draw one standard multiplier per draw and plot, widened where clusters are few.

    A scale shared by all plots of a draw makes sums of them follow Student's t.

    Args:
        rng: Source of randomness.
        draws: Number of draws.
        sample: Number of measured plots.
        degrees_of_freedom: Clusters less strata; fewer than two count as two.
    """
    freedom = max(MIN_DEGREES_OF_FREEDOM, degrees_of_freedom)
    normal = rng.standard_normal((draws, sample))
    scale = np.sqrt(freedom / rng.chisquare(freedom, size=draws))
    multipliers: Floats = normal * scale[:, None]
    return multipliers


def collapse(stratum: Ints, measured: Ints, strata: int) -> Ints:
    """Join strata with fewer than two measured plots to the one with the most.

    Args:
        stratum: Of each enrolled plot [plot].
        measured: Positions of the measured plots.
        strata: Number of strata.

    Returns:
        New stratum index of each plot, from 0 without gaps [plot].
    """
    counts = np.bincount(stratum[measured], minlength=strata)
    target = np.where(counts < 2, int(counts.argmax()), np.arange(strata))  # noqa: PLR2004
    _, renumbered = np.unique(target[stratum], return_inverse=True)
    return renumbered.astype(np.int64)


def _by_stratum(values: Floats, stratum: Ints, strata: int) -> Floats:
    return np.stack([values[:, stratum == h].sum(axis=1) for h in range(strata)], axis=1)
