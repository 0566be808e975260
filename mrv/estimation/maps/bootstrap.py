"""What a map's predictions are unsure of because other villages could have been measured.

Clusters are drawn again with replacement and the map is fitted again. Which clusters a replicate
holds depends on the seed alone, so that predictions of two epochs, two plots or two models of one
replicate stand side by side, and their covariance over replicates is what it is.

Source: separable bootstrap of Saarela et al. 2024 (methodology 4.3); one cluster fewer is drawn
than there are, which makes the variance of a linear estimator unbiased (Rao & Wu 1988).
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from mrv.biomass.shared_errors import stream
from mrv.errors import InputRejected
from mrv.estimation.greg import Floats, Ints
from mrv.estimation.maps.smoothers import MapModel, Smoother


def bootstrap_predictions(
    model: MapModel,
    values: Floats,
    sampled: Ints,
    clusters: Sequence[object],
    observed: Floats,
    replicates: int,
    seed: int,
) -> Floats:
    """Predict every plot by maps fitted to resampled clusters.

    Args:
        model: A tuned model; its structure is fitted again in each replicate.
        values: Features of all plots [plot, feature].
        sampled: Positions of the measured plots.
        clusters: Of the measured plots [sample].
        observed: Their mean values [sample]; or a draw of them for each replicate
            [replicate, sample], which is the hierarchical bootstrap: the structure is then chosen
            on the mean and the draw is predicted with.
        replicates: How many.
        seed: Of the clusters drawn; the same for epochs and models that are to be compared.

    Returns:
        [replicate, plot].

    Raises:
        InputRejected: If there are fewer than two clusters.
    """
    predictions = np.empty((replicates, len(values)))
    refits = _refits(model, values, sampled, clusters, observed, replicates, seed)
    for replicate, (smoother, _, measured) in enumerate(refits):
        predictions[replicate] = smoother.predict(values, measured)
    return predictions


def bootstrap_totals(
    model: MapModel,
    values: Floats,
    sampled: Ints,
    clusters: Sequence[object],
    observed: Floats,
    plot_weight: Floats,
    replicates: int,
    seed: int,
) -> Floats:
    """Give totals of `bootstrap_predictions`, never holding the predictions themselves.

    Args:
        model: As there, like all that is not named here.
        values: As there.
        sampled: As there.
        clusters: As there.
        observed: As there.
        plot_weight: What each plot counts in each total, such as its area [group, plot].
        replicates: As there.
        seed: As there.

    Returns:
        [replicate, group].

    Raises:
        InputRejected: If there are fewer than two clusters.
    """
    refits = _refits(model, values, sampled, clusters, observed, replicates, seed)
    return np.stack(
        [smoother.total_weights(values, plot_weight) @ measured for smoother, _, measured in refits]
    )


def bootstrap_weights(
    model: MapModel,
    values: Floats,
    sampled: Ints,
    clusters: Sequence[object],
    observed: Floats,
    plot_weight: Floats,
    replicates: int,
    seed: int,
) -> Floats:
    """Give what each measured value counts in the totals of each replicate.

    For callers who put many draws of the measured values through every replicate.

    Args:
        model: As in `bootstrap_totals`, like all that is not named here.
        values: As there.
        sampled: As there.
        clusters: As there.
        observed: Mean values, which choose the structure [sample].
        plot_weight: As there.
        replicates: As there.
        seed: As there.

    Returns:
        [replicate, group, sample]; a plot that is drawn twice counts with both.

    Raises:
        InputRejected: If there are fewer than two clusters.
    """
    weights = np.zeros((replicates, len(plot_weight), len(sampled)))
    refits = _refits(model, values, sampled, clusters, observed, replicates, seed)
    for replicate, (smoother, rows, _) in enumerate(refits):
        drawn = smoother.total_weights(values, plot_weight)
        np.add.at(weights[replicate].T, rows, drawn.T)
    return weights


def resampled_clusters(clusters: Sequence[object], replicates: int, seed: int) -> Iterator[Ints]:
    """Draw clusters with replacement, one fewer than there are.

    Args:
        clusters: Of the measured plots [sample].
        replicates: How many.
        seed: Of the draws.

    Yields:
        Positions in the sample; of a cluster drawn twice each plot stands there twice.

    Raises:
        InputRejected: If there are fewer than two clusters.
    """
    label, names = pd.factorize(np.asarray(clusters, object), use_na_sentinel=False)
    if len(names) < 2:  # noqa: PLR2004  one cluster has no spread
        raise InputRejected(
            "All measured plots lie in one cluster, so nothing tells how a map would differ had "
            "others been measured; measure plots in at least two."
        )
    members = [np.flatnonzero(label == cluster) for cluster in range(len(names))]
    rng = stream(seed, "map/clusters")
    for drawn in rng.integers(0, len(names), (replicates, len(names) - 1)):
        yield np.concatenate([members[cluster] for cluster in drawn])


def _refits(
    model: MapModel,
    values: Floats,
    sampled: Ints,
    clusters: Sequence[object],
    observed: Floats,
    replicates: int,
    seed: int,
) -> Iterator[tuple[Smoother, Ints, Floats]]:
    """Fit to one resample after the other; with it, its rows and the values to predict from."""
    train = values[sampled]
    drawn = np.broadcast_to(observed, (replicates, len(sampled)))
    mean = drawn.mean(axis=0) if observed.ndim > 1 else observed
    for replicate, rows in enumerate(resampled_clusters(clusters, replicates, seed)):
        yield model.fitted(train[rows], mean[rows]), rows, drawn[replicate][rows]
