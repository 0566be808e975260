"""Which map model predicts: the simplest that blocked cross-validation cannot tell from the best.

The choice is nested: a plot is predicted by the model and the hyperparameters that the villages
outside its fold chose among themselves, so that its own village has no say in either.

Source: one-standard-error rule of Breiman et al. 1984, section 3.4.3, on paired differences;
cross-fitting: Breidt & Opsomer 2017, section 5.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from mrv.estimation.greg import Floats, Ints
from mrv.estimation.maps.boosting import Boosting
from mrv.estimation.maps.gaussian_process import GaussianProcess
from mrv.estimation.maps.ridge import Ridge
from mrv.estimation.maps.smoothers import MapModel

MODELS: Final[tuple[MapModel, ...]] = (
    Ridge(),
    Ridge(curved=True),
    GaussianProcess(),
    Boosting(),
)
"""From simple to rich."""


@dataclass(frozen=True, slots=True, eq=False)
class ChosenMap:
    """A map and how its model came to be chosen.

    Attributes:
        model: The model that all measured plots choose, tuned to them.
        prediction: Measured values -> prediction of every plot, cross-fitted; zero where a
            measured plot shares the fold [plot, sample].
        by_fold: Name of the model that each fold was predicted by.
        scores: Name and blocked root mean square error of each model tried, in the unit of the
            measured values.
    """

    model: MapModel
    prediction: Floats
    by_fold: tuple[str, ...]
    scores: tuple[tuple[str, float], ...]

    @property
    def name(self) -> str:
        """Name of the model that all measured plots choose."""
        return self.model.name


def village_folds(villages: Sequence[str | None], sampled: Ints, folds: int) -> Ints | None:
    """Put whole villages into folds with about equally many measured plots each.

    Args:
        villages: Of each enrolled plot; None where unknown [plot].
        sampled: Positions of the measured plots.
        folds: How many.

    Returns:
        Fold of each plot, or None where measured villages are fewer than folds. Plots of unknown
        village share the first fold.
    """
    names = pd.Series([v if isinstance(v, str) and v else None for v in villages], dtype=object)
    counts = names.iloc[sampled].value_counts()
    if len(counts) < folds:
        return None
    load = np.zeros(folds)
    fold_of: dict[str, int] = {}
    order = sorted(names.dropna().unique(), key=lambda v: (-int(counts.get(v, 0)), v))
    for village in order:
        fold_of[village] = int(load.argmin())
        load[fold_of[village]] += max(int(counts.get(village, 0)), 1e-3)
    return np.array([0 if v is None else fold_of[v] for v in names], dtype=np.int64)


def choose_map(
    values: Floats,
    sampled: Ints,
    folds: Ints,
    observed: Floats,
    models: Sequence[MapModel] = MODELS,
) -> ChosenMap:
    """Predict every plot from the villages outside its own fold, by the model these choose.

    Args:
        values: Features of all plots [plot, feature].
        sampled: Positions of the measured plots.
        folds: Fold of every plot, whole villages each [plot].
        observed: Values of the measured plots that choose the structure [sample].
        models: To choose among, from simple to rich.
    """
    train, sample_folds = values[sampled], folds[sampled]
    prediction = np.zeros((len(values), len(sampled)))
    by_fold = []
    for fold in np.unique(folds):
        others = np.flatnonzero(sample_folds != fold)
        seen = train[others], observed[others]
        model, _ = choose_model(*seen, sample_folds[others], models)
        rows = np.flatnonzero(folds == fold)
        prediction[np.ix_(rows, others)] = model.fitted(*seen).matrix(values[rows])
        by_fold.append(model.name)
    model, scores = choose_model(train, observed, sample_folds, models)
    return ChosenMap(model, prediction, tuple(by_fold), scores)


def choose_model(
    train: Floats, observed: Floats, folds: Ints, models: Sequence[MapModel] = MODELS
) -> tuple[MapModel, tuple[tuple[str, float], ...]]:
    """Tune every model and take the simplest that is as good as the best, within one error.

    Args:
        train: Features of the measured plots [sample, feature].
        observed: Their mean values [sample].
        folds: Of the measured plots; whole villages each [sample].
        models: To choose among, from simple to rich; one that needs more plots is not tried,
            unless it is the first.

    Returns:
        The model, tuned, and name and blocked root mean square error of each that was tried.
    """
    tried = [
        model.tuned(train, observed, folds)
        for number, model in enumerate(models)
        if number == 0 or len(train) >= model.fewest_plots
    ]
    squares = np.stack([errors**2 for _, errors in tried])
    scores = np.sqrt(squares.mean(axis=1))
    worse = squares - squares[int(scores.argmin())]
    of_fold = np.stack([worse[:, folds == fold].mean(axis=1) for fold in np.unique(folds)])
    error = of_fold.std(axis=0, ddof=1) / np.sqrt(len(of_fold))
    simplest = int(np.flatnonzero(of_fold.mean(axis=0) <= error)[0])
    named = tuple((model.name, float(s)) for (model, _), s in zip(tried, scores, strict=True))
    return tried[simplest][0], named
