"""Totals that rest on the map: model-based, hybrid, and hierarchical with the trees' errors.

No measured plot corrects the map here, so these carry its whole error: of its parameters, had other
villages been measured, and of each plot about the map, shared by neighbours. They check the
credited total, which is design-based (`greg.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from mrv.estimation.covariance import Correlogram, covariance_of_sums
from mrv.estimation.greg import Floats, Ints, LinearEstimator
from mrv.estimation.maps.bootstrap import bootstrap_totals
from mrv.estimation.maps.smoothers import PLOTS_AT_ONCE, MapModel
from mrv.estimation.village_errors import correlate_villages, draw_totals

REPLICATES: Final = 200
"""Resampled sets of villages behind the error of a map's parameters [V2, Saarela et al. 2024]."""


@dataclass(frozen=True, slots=True, eq=False)
class TunedMap:
    """A map model with its hyperparameters, and what it is fitted to.

    Attributes:
        model: As chosen.
        features: Of every plot [plot, feature].
        sampled: Positions of the measured plots.
        clusters: Village of each measured plot [sample].
        seed: Of the villages that are drawn again.
    """

    model: MapModel
    features: Floats
    sampled: Ints
    clusters: Sequence[str]
    seed: int

    def weights(self, plot_weight: Floats, observed: Floats) -> Floats:
        """Give what each measured value counts in weighted sums of predictions [total, sample].

        Args:
            plot_weight: What each plot counts in each total [total, plot].
            observed: Values that choose the model's structure [sample].
        """
        smoother = self.model.fitted(self.features[self.sampled], observed)
        bases = sum(
            np.asarray(plot_weight[:, part] @ smoother.basis(self.features[part]))
            for part in (
                slice(first, first + PLOTS_AT_ONCE)
                for first in range(0, len(self.features), PLOTS_AT_ONCE)
            )
        )
        weights: Floats = bases @ smoother.weights
        return weights

    def refitted(self, plot_weight: Floats, observed: Floats, replicates: int) -> Floats:
        """Give weighted sums of predictions of maps fitted to resampled villages.

        Args:
            plot_weight: As in `weights`.
            observed: [sample], or one draw for each replicate [replicate, sample].
            replicates: How many.

        Returns:
            [replicate, total].
        """
        return bootstrap_totals(
            self.model,
            self.features,
            self.sampled,
            self.clusters,
            observed,
            plot_weight,
            replicates,
            self.seed,
        )


@dataclass(frozen=True, slots=True, eq=False)
class ErrorField:
    """How single plots depart from the map, and how neighbours do so together.

    Attributes:
        xy_m: Positions on a metric grid [plot, 2].
        villages: Of each plot [plot].
        sd_t: Area times the standard deviation of the departure per hectare [plot].
        correlation: Of two different plots.
    """

    xy_m: Floats
    villages: Sequence[str]
    sd_t: Floats
    correlation: Correlogram


@dataclass(frozen=True, slots=True, eq=False)
class ModelBased:
    """Stratum totals as the map has them.

    Attributes:
        map: The map.
        plot_weight: Area of a stratum's plots, 0 elsewhere [stratum, plot], ha.
        field: Departures of plots from it.
        stratum: Of each plot [plot].

    Source:
        V = g' Cov(theta) g + sum over k, l of sd_k sd_l rho(h_kl) (methodology 4.3); the first term
        by resampling clusters, which also serves models without a gradient. Both terms are of the
        same field where measured plots lie among the mapped ones; that the map has learnt part of
        it is not used, so their sum is then too large rather than too small.
    """

    map: TunedMap
    plot_weight: Floats
    field: ErrorField
    stratum: Ints

    def totals(self, values: Floats) -> Floats:
        """Predict stratum totals from measured values [draw, sample] -> [draw, stratum]."""
        totals: Floats = values @ self.map.weights(self.plot_weight, values.mean(axis=0)).T
        return totals

    def covariance(self, values: Floats) -> Floats:
        """Give the covariance of the totals, of parameters and of the field [stratum, stratum]."""
        refitted = self.map.refitted(self.plot_weight, values.mean(axis=0), REPLICATES)
        field = self.field
        apart = covariance_of_sums(field.xy_m, field.sd_t, self.stratum, field.correlation)
        return np.atleast_2d(np.cov(refitted.T)) + apart

    def hierarchical(self, values: Floats, seed: int) -> Floats:
        """Draw totals with all three stages: trees, the map's parameters, plots about the map.

        Args:
            values: One draw of the measured plots for each draw wanted [draw, sample].
            seed: Of the field of errors.

        Returns:
            [draw, stratum].

        Source:
            Saarela et al. 2016, 2023: leaving a stage out understates the variance by a multiple.
        """
        field = self.field
        errors = correlate_villages(field.xy_m, field.villages, field.correlation, field.sd_t)
        drawn = draw_totals(errors, field.sd_t, len(values), seed, self.stratum)
        totals: Floats = self.map.refitted(self.plot_weight, values, len(values)) + drawn
        return totals


@dataclass(frozen=True, slots=True, eq=False)
class Hybrid:
    """Stratum totals of a map that was read on a sample of plots only.

    Attributes:
        map: The map; its `features` are those of the plots that were read.
        read: Expansion estimator of the plots that were read.

    Source:
        V = design variance of the predictions + variance of the parameters (methodology 4.3);
        Ståhl et al. 2011. With two clusters it is a fifth too small (Patterson et al. 2019).
    """

    map: TunedMap
    read: LinearEstimator

    def totals(self, values: Floats) -> Floats:
        """Predict stratum totals from measured values [draw, sample] -> [draw, stratum]."""
        totals: Floats = values @ self.map.weights(self.read.weights, values.mean(axis=0)).T
        return totals

    def covariance(self, values: Floats) -> Floats:
        """Give the covariance of the totals, of reading and of parameters [stratum, stratum]."""
        mean = values.mean(axis=0)
        predicted = self.map.weights(np.eye(len(self.map.features)), mean) @ mean
        refitted = self.map.refitted(self.read.weights, mean, REPLICATES)
        return self.read.covariance(predicted[None]) + np.atleast_2d(np.cov(refitted.T))
