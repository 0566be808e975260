"""Gradient boosting as a map: small trees one after another, kept as averages over their leaves.

The trees are grown on mean values. Each then does one linear thing: it adds to a plot a share of
what the measured plots of its leaf still lack on average. Composed, the stages are one matrix.

Source: Friedman 2001 (least squares, shrinkage); trees are those of scikit-learn.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final, Self

import numpy as np
from scipy import sparse

from mrv.estimation.greg import Floats, Ints
from mrv.estimation.maps.smoothers import Smoother

if TYPE_CHECKING:
    from sklearn.tree._tree import Tree

SHRINKAGE: Final = 0.1
"""Share of a tree that a stage adds [P]; Friedman found 0.1 and less best."""
DEPTH: Final = 2
"""Two features at most act together in a tree [P]: 35 to 300 measured plots carry no more."""
SMALLEST_LEAF: Final = 5
"""Measured plots in a leaf at least [P]."""
MOST_STAGES: Final = 60
"""More never helped on so few plots, and each costs time [P]."""


@dataclass(frozen=True, slots=True)
class Boosting:
    """Gradient boosted regression trees.

    Attributes:
        stages: Trees; none is the mean.
    """

    stages: int = MOST_STAGES
    fewest_plots: ClassVar[int] = 100

    @property
    def name(self) -> str:
        """Name in reports."""
        return "gradient boosting"

    def tuned(self, train: Floats, observed: Floats, folds: Ints) -> tuple[Self, Floats]:
        """Choose how many stages, along one run of them per fold."""
        errors = np.empty((MOST_STAGES + 1, len(train)))
        for fold in np.unique(folds):
            out = folds == fold
            lacking = observed[~out] - observed[~out].mean()
            predicted = np.full(out.sum(), observed[~out].mean())
            errors[0, out] = predicted - observed[out]
            for stage in range(1, MOST_STAGES + 1):
                tree = _grow(train[~out], lacking)
                added = SHRINKAGE * tree.value[:, 0, 0]
                lacking = lacking - added[_leaves(tree, train[~out])]
                predicted = predicted + added[_leaves(tree, train[out])]
                errors[stage, out] = predicted - observed[out]
        best = int((errors**2).sum(axis=1).argmin())
        return replace(self, stages=best), errors[best]

    def fitted(self, train: Floats, observed: Floats) -> Smoother:
        """Grow the trees on the observed values and compose their averages."""
        size = len(train)
        lacking = np.eye(size) - 1.0 / size  # measured values -> what is not yet predicted
        trees: list[Tree] = []
        weights = [np.full((1, size), 1.0 / size)]
        for _ in range(self.stages):
            tree = _grow(train, lacking @ observed)
            node = _leaves(tree, train)
            members = node == np.arange(tree.node_count)[:, None]
            share = SHRINKAGE / np.maximum(members.sum(axis=1, keepdims=True), 1)
            average = share * members @ lacking
            lacking = lacking - average[node]
            trees.append(tree)
            weights.append(average)
        return Smoother(partial(_membership, trees=trees), np.concatenate(weights))


def _grow(train: Floats, lacking: Floats) -> "Tree":
    """Grow one tree on what is not yet predicted; ties between splits go one way always."""
    from sklearn.tree import DecisionTreeRegressor  # a second and more, for those who need it

    regressor = DecisionTreeRegressor(
        max_depth=DEPTH, min_samples_leaf=SMALLEST_LEAF, random_state=0
    )
    return regressor.fit(train.astype(np.float32), lacking, check_input=False).tree_


def _leaves(tree: "Tree", features: Floats) -> Ints:
    """Number of the node each plot ends in [plot]."""
    leaves: Ints = tree.apply(features.astype(np.float32))
    return leaves


def _membership(target: Floats, trees: Sequence["Tree"]) -> sparse.csr_array:
    """Say in which node of each tree a plot ends, after a column of ones [plot, node]."""
    plots = len(target)
    first = np.cumsum([1, *(tree.node_count for tree in trees)])
    column = np.zeros((plots, len(trees) + 1), np.int64)
    for number, tree in enumerate(trees):
        column[:, number + 1] = first[number] + _leaves(tree, target)
    ends = np.arange(plots + 1) * column.shape[1]
    return sparse.csr_array(
        (np.ones(column.size), column.ravel(), ends), shape=(plots, int(first[-1]))
    )
