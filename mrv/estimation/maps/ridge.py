"""Ridge regression, the plainest map: on the features as they are, or on their curves as well.

Source: Hoerl & Kennard 1970; Hastie, Tibshirani & Friedman 2009, section 3.4.1.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Final, Self

import numpy as np

from mrv.estimation.greg import Floats, Ints
from mrv.estimation.maps.smoothers import Smoother

PENALTIES: Final = tuple(float(p) for p in np.logspace(-2, 2, 9))
"""Ridge penalties per measured plot that blocked cross-validation chooses among [P]."""
WIDEST: Final = 3.0
"""Squares are taken of features held to so many standard deviations [P]: they run away fastest."""


@dataclass(frozen=True, slots=True)
class Ridge:
    """Ridge regression on standardised features.

    Attributes:
        penalty: Per measured plot; the intercept is not penalised.
        curved: Whether squares and products of the features stand beside them; growth seen as a
            rise of greenness levels off where canopies close.
    """

    penalty: float = 1.0
    curved: bool = False
    fewest_plots: ClassVar[int] = 0

    @property
    def name(self) -> str:
        """Name in reports."""
        return "curved ridge" if self.curved else "ridge"

    def tuned(self, train: Floats, observed: Floats, folds: Ints) -> tuple[Self, Floats]:
        """Choose the penalty; all penalties of a fold in one stacked solve."""
        bases = self.transformed(train)
        errors = np.empty((len(PENALTIES), len(train)))
        for fold in np.unique(folds):
            out = folds == fold
            centre, mean = bases[~out].mean(axis=0), observed[~out].mean()
            centred = bases[~out] - centre
            ridge = np.multiply.outer(np.array(PENALTIES) * len(centred), np.eye(bases.shape[1]))
            moment = centred.T @ (observed[~out] - mean)
            slopes = np.linalg.solve(centred.T @ centred + ridge, moment[None, :, None])[..., 0]
            errors[:, out] = mean + slopes @ (bases[out] - centre).T - observed[out]
        best = int((errors**2).sum(axis=1).argmin())
        return replace(self, penalty=PENALTIES[best]), errors[best]

    def fitted(self, train: Floats, observed: Floats) -> Smoother:
        """Solve the normal equations; what was observed has no say in them."""
        bases = self.transformed(train)
        size, width = bases.shape
        centre = bases.mean(axis=0)
        centred = bases - centre
        gram = centred.T @ centred + self.penalty * size * np.eye(width)
        slopes = np.linalg.solve(gram, centred.T)
        return Smoother(
            basis=lambda target: np.column_stack(
                [np.ones(len(target)), self.transformed(target) - centre]
            ),
            weights=np.vstack([np.full(size, 1.0 / size), slopes]),
        )

    def transformed(self, features: Floats) -> Floats:
        """Give the features, and with `curved` their squares and products."""
        if not self.curved:
            return features
        held = np.clip(features, -WIDEST, WIDEST)
        first, second = np.triu_indices(features.shape[1])
        # A square is centred, else it would stand in for the intercept.
        products = held[:, first] * held[:, second] - (first == second)
        return np.column_stack([features, products])
