"""What every map model is: structure chosen once, predictions linear in the measured values.

A model is tuned (its hyperparameters chosen by cross-validation blocked by cluster) and then fitted
to measured plots, which gives a smoother: a basis of the features times weights of the measured
plots. One smoother serves all Monte Carlo draws of the measured values.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol, Self

import numpy as np
from scipy import sparse

from mrv.estimation.greg import Floats, Ints

PLOTS_AT_ONCE: Final = 10_000
"""Plots whose basis is held at a time, so that memory does not grow with the country."""

Basis = Floats | sparse.csr_array


@dataclass(frozen=True, slots=True, eq=False)
class Smoother:
    """Predictions that are linear in the measured values.

    Attributes:
        basis: Features [plot, feature] -> their basis [plot, base]; dense or sparse.
        weights: What each measured value adds to each base's coefficient [base, sample].
    """

    basis: Callable[[Floats], Basis]
    weights: Floats

    def matrix(self, target: Floats) -> Floats:
        """Give the matrix that turns measured values into predictions [plot, sample]."""
        return np.asarray(self.basis(target) @ self.weights, np.float64)

    def predict(self, target: Floats, measured: Floats) -> Floats:
        """Predict plots from measured values, without the matrix.

        Args:
            target: Features [plot, feature].
            measured: Values of the measured plots [sample], or of several draws [sample, draw].

        Returns:
            [plot] or [plot, draw].
        """
        coefficients = self.weights @ measured
        return np.concatenate(
            [np.asarray(self.basis(target[part]) @ coefficients) for part in _parts(len(target))]
        )

    def total_weights(self, target: Floats, plot_weight: Floats) -> Floats:
        """Give what each measured value counts in weighted sums of predictions.

        Args:
            target: Features [plot, feature].
            plot_weight: What each plot counts in each sum, such as its area [group, plot].

        Returns:
            [group, sample]; no prediction of a single plot is ever held.
        """
        bases = np.zeros((len(plot_weight), len(self.weights)))
        for part in _parts(len(target)):
            bases += plot_weight[:, part] @ self.basis(target[part])
        weights: Floats = bases @ self.weights
        return weights


class MapModel(Protocol):
    """A map model with its hyperparameters; `tuned` gives it with others.

    Attributes:
        fewest_plots: Measured plots below which it is not tried.
    """

    fewest_plots: ClassVar[int]

    @property
    def name(self) -> str:
        """Name in reports."""
        ...

    def tuned(self, train: Floats, observed: Floats, folds: Ints) -> tuple[Self, Floats]:
        """Choose hyperparameters by cross-validation blocked by cluster.

        Args:
            train: Features of the measured plots [sample, feature].
            observed: Their mean values [sample].
            folds: Of the measured plots; whole clusters each [sample].

        Returns:
            The model as chosen, and its cross-validated errors, predicted less observed [sample].
        """
        ...

    def fitted(self, train: Floats, observed: Floats) -> Smoother:
        """Fit to measured plots.

        Args:
            train: Features of the measured plots [sample, feature]; a row may stand there twice.
            observed: Values that choose the structure [sample].
        """
        ...


def _parts(plots: int) -> Iterator[slice]:
    for first in range(0, max(plots, 1), PLOTS_AT_ONCE):
        yield slice(first, first + PLOTS_AT_ONCE)
