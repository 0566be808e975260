"""A Gaussian process as a map: plots that look alike grow alike, and how alike is chosen.

Source: Rasmussen & Williams 2006, sections 2.2 and 2.7: squared exponential covariance, an unknown
mean estimated by generalised least squares (ordinary kriging in the space of the features).
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Final, Self

import numpy as np

from mrv.estimation.greg import Floats, Ints
from mrv.estimation.maps.smoothers import Smoother

LENGTHS: Final = (0.5, 1.0, 2.0, 4.0)
"""Length scales in units of the root of the number of standardised features [P]."""
NOISES: Final = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""Noise variances in units of the signal's [P]."""


@dataclass(frozen=True, slots=True)
class GaussianProcess:
    """A Gaussian process on standardised features.

    Attributes:
        length: Scale over which plots look alike, over the root of the number of features [1].
        noise: Variance of what the features do not tell, over that of what they do [1].
    """

    length: float = 1.0
    noise: float = 1.0
    fewest_plots: ClassVar[int] = 30

    @property
    def name(self) -> str:
        """Name in reports."""
        return "Gaussian process"

    def tuned(self, train: Floats, observed: Floats, folds: Ints) -> tuple[Self, Floats]:
        """Choose length scale and noise; all noises of a length and fold in one stacked solve."""
        errors = np.empty((len(LENGTHS), len(NOISES), len(train)))
        for row, length in enumerate(LENGTHS):
            alike = replace(self, length=length).covariance(train, train)
            for fold in np.unique(folds):
                out = folds == fold
                weights = _weights(alike[np.ix_(~out, ~out)], np.array(NOISES))
                basis = np.column_stack([alike[np.ix_(out, ~out)], np.ones(out.sum())])
                errors[row][:, out] = weights @ observed[~out] @ basis.T - observed[out]
        losses = (errors**2).sum(axis=2)
        row, column = divmod(int(losses.argmin()), len(NOISES))
        best = replace(self, length=LENGTHS[row], noise=NOISES[column])
        return best, errors[row, column]

    def fitted(self, train: Floats, observed: Floats) -> Smoother:
        """Solve for the weights; what was observed has no say in them."""
        alike = self.covariance(train, train)
        return Smoother(
            basis=lambda target: np.column_stack(
                [self.covariance(target, train), np.ones(len(target))]
            ),
            weights=_weights(alike, np.array([self.noise]))[0],
        )

    def covariance(self, one: Floats, other: Floats) -> Floats:
        """Give how alike plots look: one where they look the same [plot, plot]."""
        width = one.shape[1] * self.length**2
        apart = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2.0 * one @ other.T
        alike: Floats = np.exp(-0.5 * np.maximum(apart, 0.0) / width)
        return alike


def _weights(alike: Floats, noises: Floats) -> Floats:
    """Turn measured values into coefficients of the covariances, and last the mean.

    Args:
        alike: Covariance of the measured plots [sample, sample].
        noises: To be tried [noise].

    Returns:
        [noise, sample + 1, sample].
    """
    size = len(alike)
    inverse = np.linalg.inv(alike + noises[:, None, None] * np.eye(size))
    mean = inverse.sum(axis=1) / inverse.sum(axis=(1, 2))[:, None]
    about = inverse - inverse.sum(axis=2)[:, :, None] * mean[:, None, :]
    return np.concatenate([about, mean[:, None, :]], axis=1)
