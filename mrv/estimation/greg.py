"""Stratum totals from a probability sample of plots, with or without a map, draw by draw.

Both estimators here are linear in the plot values: a total is a weighted sum over sampled plots,
and so is every residual. One matrix product therefore serves all Monte Carlo draws, and the same
weights applied to gross growth and to pre-existing growth keep the two consistent. Fitting the map
is `maps/`; drawing tree errors is `monte_carlo.py`.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mrv.estimation.skewness import lean, standing_skewness

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MIN_FOR_SPREAD: Final = 2  # one plot, or one village, has no spread


@dataclass(frozen=True, slots=True)
class Population:
    """Enrolled plots, and which of them were measured.

    Attributes:
        area_ha: Of each plot [plot].
        stratum: Index of each plot's stratum, from 0 without gaps [plot].
        sampled: Positions of the measured plots in the population [sample].
        inclusion_probability: Of each measured plot into the sample [sample].
        unit: Which of the units that were drawn each measured plot lies in [sample]: villages
            where whole villages were drawn first; None where plots were drawn one by one.
        units_measured: Share of all such units that were drawn [1].
    """

    area_ha: Floats
    stratum: Ints
    sampled: Ints
    inclusion_probability: Floats
    unit: Ints | None = None
    units_measured: float = 0.0

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
        unit: As in `Population`.
        units_measured: As in `Population`.
    """

    weights: Floats
    residual: Floats
    expansion: Floats
    remaining: Floats
    stratum: Ints
    unit: Ints | None = None
    units_measured: float = 0.0

    def totals(self, values: Floats) -> Floats:
        """Estimate stratum totals.

        Args:
            values: Per-hectare values of the measured plots [draw, sample].

        Returns:
            [draw, stratum], in the unit of the values times ha.
        """
        return values @ self.weights.T

    def covariance(self, values: Floats, within_plot: Floats | None = None) -> Floats:
        """Estimate the design covariance of the stratum totals.

        V = sum over strata and plots of (1 - pi) n/(n-1) (e/pi - mean)^2, which is
        N^2 (1 - f) s^2/n under simple random sampling. Where villages were drawn first, the same of
        the villages' sums, and the plots' spread inside them. Tree errors set plots apart too:
        what they add on average over the draws is taken off, because the draws hold it already.

        Args:
            values: Per-hectare values of the measured plots [draw, sample].
            within_plot: Variance of each plot's value because only a part of its trees was measured
                [sample], in squared units of the values; none by default.

        Returns:
            [stratum, stratum], in squared units of the totals. Strata are correlated only where
            they share villages that were drawn.

        Source:
            Hájek's approximation for fixed-size designs with unequal probabilities, in the form of
            Deville 1999; residual form of Särndal, Swensson & Wretman 1992, section 6.6; sampling
            in stages and within plots: the same, sections 4.3 and 4.4.
        """
        scores = self._scores(values, within_plot)
        covariance: Floats = scores @ scores.T
        return covariance

    def noise(
        self,
        values: Floats,
        multipliers: Floats,
        within_plot: Floats | None = None,
        *,
        lopsided: bool = False,
    ) -> Floats:
        """Draw sampling errors of the stratum totals that have exactly the design covariance.

        Multiplying every plot's score by a standard normal of its own gives sums whose variance is
        the design variance. Handing the same multipliers to two calls keeps the errors of two
        totals of the same sample as correlated as they are.

        Args:
            values: Per-hectare values of the measured plots [draw, sample].
            multipliers: From `field_sample.sampling_multipliers` [draw, sample].
            within_plot: As in `covariance`.
            lopsided: Whether each total's errors lean as the sums of its units do, which widens
                them; else they are symmetric.

        Returns:
            [draw, stratum], in the unit of the totals; zero on average over the draws.
        """
        scores = self._scores(values, within_plot)
        noise = multipliers @ scores.T
        if lopsided:
            for h, units in enumerate(scores):
                se = float(np.sqrt((units**2).sum()))
                noise[:, h] = lean(noise[:, h], se, standing_skewness(units))
        centred: Floats = noise - noise.mean(axis=0)
        return centred

    def _scores(self, values: Floats, within_plot: Floats | None) -> Floats:
        """Square roots of each plot's or village's part of the variance, signed.

        Returns:
            [stratum, sample]; a village's stands in the column of its first plot.
        """
        point = values.mean(axis=0)
        stands_for = (self.residual @ point) * self.expansion
        errors = ((values - point) @ self.residual.T) * self.expansion
        drawn = np.arange(len(point)) if self.unit is None else self.unit
        _, first, unit = np.unique(drawn, return_index=True, return_inverse=True)
        scores = np.zeros((self.weights.shape[0], len(point)))
        for h in range(self.weights.shape[0]):
            of = np.flatnonzero(self.stratum == h)
            if len(of) < MIN_FOR_SPREAD:
                continue
            spread = _Spread(unit[of], self.remaining[of], self.units_measured)
            parts = spread.of(stands_for[None, of])[0]
            whole = float((parts**2).sum())
            # An error of all plots alike scales their spread and does not widen it.
            apart = spread.of(errors[:, of])
            alike = (apart @ parts) ** 2 / max(whole, 1e-300)
            by_trees = float(((apart**2).sum(axis=1) - alike).mean())
            kept = max(0.0, 1.0 - by_trees / whole) if whole > 0 else 0.0
            scores[h, first[spread.names]] = parts * np.sqrt(kept)
            if within_plot is not None:
                own = (1.0 - self.remaining[of]) * self.expansion[of] ** 2 * within_plot[of]
                before = scores[h, first[spread.names]]
                grown = np.sqrt(before**2 + spread.sums(own[None])[0])
                scores[h, first[spread.names]] = np.copysign(grown, before)
        return scores


class _Spread:
    """How the expanded values of one stratum's plots scatter, by what was drawn."""

    def __init__(self, unit: Ints, remaining: Floats, units_measured: float) -> None:
        self.names, self._unit = np.unique(unit, return_inverse=True)
        self._plots = np.bincount(self._unit)
        self._by_plot = len(self.names) == len(unit)
        self._measured = 0.0 if self._by_plot else units_measured
        # Plots drawn one by one are units themselves, each with its own chance.
        self._share = remaining if self._by_plot else np.full(len(self.names), 1 - units_measured)
        inside = np.clip((1.0 - remaining) / max(units_measured, 1e-12), 0.0, 1.0)
        self._inside = 1.0 - inside

    def sums(self, values: Floats) -> Floats:
        """Add up plots of a unit [draw, plot] -> [draw, unit]."""
        return np.stack([values[:, self._unit == u].sum(axis=1) for u in range(len(self.names))], 1)

    def of(self, values: Floats) -> Floats:
        """Square roots of each unit's part of the variance, signed [draw, plot] -> [draw, unit]."""
        if self._by_plot:
            return self._about_mean(values)
        sums = self.sums(values)
        between = self._about_mean(sums)
        means = (sums / self._plots)[:, self._unit]
        several = (self._plots > 1)[self._unit]
        of_unit = self._plots[self._unit]
        factor = np.where(several, self._inside * of_unit / np.maximum(of_unit - 1, 1), 0.0)
        within = self._measured * self.sums((values - means) ** 2 * factor)
        spread: Floats = np.copysign(np.sqrt(between**2 + within), between)
        return spread

    def _about_mean(self, values: Floats) -> Floats:
        share, units = self._share, values.shape[1]
        if units < MIN_FOR_SPREAD or share.sum() == 0:
            return np.zeros_like(values)
        mean = values @ share / share.sum()
        spread: Floats = (values - mean[:, None]) * np.sqrt(share * units / (units - 1))
        return spread


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
        unit=population.unit,
        units_measured=population.units_measured,
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
        weights,
        residual,
        expansion,
        1.0 - population.inclusion_probability,
        stratum,
        population.unit,
        population.units_measured,
    )
