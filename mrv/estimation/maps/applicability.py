"""Where a map may be believed: plots that look like measured ones.

A plot's dissimilarity is its distance to the nearest measured plot that had a say in its
prediction, over the mean distance between measured plots. Cross-validation tells the errors of
measured plots as far from those of other folds as they are; beyond the furthest of them nothing is
known, and the map's value of a single plot is not used. Totals are another matter: every measured
plot lies within by this rule, so that a total that left the map for the others only would be
biased, and no measured plot would show it.

Source: Meyer & Pebesma 2021, doi:10.1111/2041-210X.13650, sections 2.1 and 2.2. They leave outliers
out of the limit; among 50 measured plots these are the ones that show how far a map carries, and
their errors stand in the cross-validation it is judged by [P].
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.spatial.distance import pdist

from mrv.estimation.greg import Floats, Ints
from mrv.estimation.maps.smoothers import Smoother


def importance(smoother: Smoother, train: Floats, observed: Floats) -> Floats:
    """Tell how much a map answers to each feature: mean change over one standard deviation.

    Args:
        smoother: The fitted map.
        train: Features of the measured plots [sample, feature].
        observed: Their mean values [sample].

    Returns:
        [feature], in the unit of the values; ones where it answers to none.
    """
    half = 0.5 * np.eye(train.shape[1])
    answers = np.array(
        [
            np.abs(
                smoother.predict(train + step, observed) - smoother.predict(train - step, observed)
            ).mean()
            for step in half
        ]
    )
    return answers if answers.any() else np.ones_like(answers)


def dissimilarity(values: Floats, sampled: Ints, folds: Ints, weight: Floats) -> Floats:
    """Measure how far every plot lies from the measured plots outside its fold.

    Args:
        values: Features of all plots [plot, feature].
        sampled: Positions of the measured plots.
        folds: Fold of every plot [plot].
        weight: Of each feature [feature].

    Returns:
        [plot], over the mean distance between measured plots.
    """
    weighted = values * weight
    train, sample_folds = weighted[sampled], folds[sampled]
    nearest = np.empty(len(values))
    for fold in np.unique(folds):
        rows = np.flatnonzero(folds == fold)
        nearest[rows] = KDTree(train[sample_folds != fold]).query(weighted[rows])[0]
    usual = float(pdist(train).mean())
    return nearest / usual if usual > 0 else np.zeros_like(nearest)


def applicable(dissimilarities: Floats, sampled: Ints) -> NDArray[np.bool_]:
    """Say which plots look like measured ones.

    Args:
        dissimilarities: Of all plots [plot].
        sampled: Positions of the measured plots; all of them do.
    """
    return np.asarray(dissimilarities <= dissimilarities[sampled].max(), np.bool_)
