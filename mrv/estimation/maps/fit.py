"""The one way to a map: choose a model, predict, say where it may be believed, and judge it.

A plot that no scene saw gets its stratum's mean instead of a map value, from outside its own fold
like any other prediction. A plot that looks like no measured plot is told apart, for its own value
is not to be believed; but it keeps its map value in totals. Measured plots always look like
measured plots, so a stratum's mean for the others only would be an error that no measured plot
shows: it pulled totals of skewed growth down by 3 %. Features are held to a few standard deviations
instead, measured or not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mrv.estimation.greg import Floats, Ints
from mrv.estimation.maps.applicability import applicable, dissimilarity, importance
from mrv.estimation.maps.choice import MODELS, choose_map, village_folds
from mrv.estimation.maps.features import Features
from mrv.estimation.maps.report import MapReport, judge_map, no_map
from mrv.estimation.maps.ridge import WIDEST
from mrv.estimation.maps.smoothers import MapModel
from mrv.methodologies import Methodology


@dataclass(frozen=True, slots=True, eq=False)
class FittedMap:
    """A map of growth over all enrolled plots, or why there is none.

    Attributes:
        report: How it did on villages it had not seen.
        prediction: Measured values -> cross-fitted prediction of every plot [plot, sample]; None
            where there is no map.
        inside: Whether a plot's own map value may be believed [plot].
        model: What all measured plots that were seen choose, tuned to them; None without a map.
        scores: Name and blocked root mean square error of each model tried [t d.m./ha].
    """

    report: MapReport
    prediction: Floats | None
    inside: NDArray[np.bool_]
    model: MapModel | None
    scores: tuple[tuple[str, float], ...]


def fit_map(
    features: Features,
    villages: Sequence[str | None],
    stratum: Ints,
    sampled: Ints,
    observed: Floats,
    methodology: Methodology,
    models: Sequence[MapModel] = MODELS,
) -> FittedMap:
    """Fit and judge a map; no prediction where there is nothing to fit it on.

    Args:
        features: Of all enrolled plots, from `features.change_features`.
        villages: Of all plots; None where unknown [plot].
        stratum: Index of every plot's stratum [plot].
        sampled: Positions of the measured plots.
        observed: Mean growth of the measured plots [sample], t d.m./ha.
        methodology: The rules of section `model`.
        models: To choose among, from simple to rich.
    """
    if not features.names:
        return _nothing(features, sampled, "no dry-season feature was seen at both epochs")
    count = int(methodology.number("model.folds"))
    trained = np.flatnonzero(features.seen[sampled])
    folds = village_folds(villages, sampled[trained], count)
    if folds is None:
        named = len({villages[i] for i in sampled} - {None})
        reason = f"plots were measured in {named} named villages, and blocking needs {count}"
        if len(trained) < len(sampled):
            seen = len({villages[i] for i in sampled[trained]} - {None})
            reason = (
                f"scenes saw measured plots of {seen} named villages, and blocking needs {count}"
            )
        return _nothing(features, sampled, reason)
    rows, known = sampled[trained], observed[trained]
    held = np.clip(features.values, -WIDEST, WIDEST)
    chosen = choose_map(held, rows, folds, known, models)
    smoother = chosen.model.fitted(held[rows], known)
    weight = importance(smoother, held[rows], known)
    apart = dissimilarity(features.values, rows, folds, weight)
    inside = features.seen & applicable(apart, rows)
    prediction = np.zeros((len(inside), len(sampled)))
    prediction[:, trained] = chosen.prediction
    unseen = np.flatnonzero(~features.seen)
    prediction[unseen] = _means_of_others(stratum, sampled, folds, unseen)
    report = judge_map(
        observed,
        prediction[sampled] @ observed,
        [villages[i] for i in sampled],
        features.names,
        methodology,
        model=chosen.name,
        outside=int((~inside).sum()),
    )
    return FittedMap(report, prediction, inside, chosen.model, chosen.scores)


def _nothing(features: Features, sampled: Ints, reason: str) -> FittedMap:
    inside = np.zeros(len(features.values), np.bool_)
    return FittedMap(no_map(len(sampled), reason), None, inside, None, ())


def _means_of_others(stratum: Ints, sampled: Ints, folds: Ints, rows: Ints) -> Floats:
    """Predict plots by the mean of their stratum's measured plots outside their fold.

    Where a stratum has none there, the mean is over all strata.
    """
    others = folds[rows, None] != folds[sampled]
    same = others & (stratum[rows, None] == stratum[sampled])
    used = np.where(same.any(axis=1, keepdims=True), same, others)
    means: Floats = used / used.sum(axis=1, keepdims=True)
    return means
