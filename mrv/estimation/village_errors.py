"""Map errors of many plots, drawn so that neighbours are wrong together: village by village.

Drawn independently, the errors of fifty thousand plots would average away and the total look tens
of times surer than it is. A full covariance matrix of them would not fit; but plots come in
villages. Each village has a mean error, drawn together with all the others'; about it, a village's
plots are drawn with their exact covariance. The sum over pairs in `covariance.py` says what the
spread of the total must be.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrv.biomass.random_streams import NormalStream
from mrv.errors import InputRejected
from mrv.estimation.covariance import Correlogram
from mrv.estimation.greg import Floats, Ints

DRAWS_AT_ONCE = 1_000
"""Draws of a block; part of what a seed means, so that memory stays flat however many there are."""

_MOST_VILLAGES = 5_000  # their covariance is held whole: 200 MB
_MOST_PLOTS = 3_000  # of one village: the same, and a Cholesky factor of it
_STAND_INS = 8_000  # plots that stand for all villages in what these share with each other
_JITTER = 1e-6  # of a variance of one, for what rounding makes indefinite


@dataclass(frozen=True, slots=True)
class Village:
    """Plots of one village.

    Attributes:
        name: Of the village.
        rows: Positions of its plots.
        load: What each plot's error is for one unit of the village's mean error [plot].
        factor: Cholesky factor of the plots' errors about it [plot, plot].
    """

    name: str
    rows: Ints
    load: NDArray[np.float32]
    factor: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class VillageErrors:
    """Errors of SD one, ready to be drawn.

    Attributes:
        villages: Sorted by name.
        factor: Cholesky factor of the villages' mean errors [village, village].
        plots: How many.
    """

    villages: tuple[Village, ...]
    factor: Floats
    plots: int


def correlate_villages(
    xy_m: Floats, villages: Sequence[str], correlation: Correlogram, weight: Floats | None = None
) -> VillageErrors:
    """Prepare errors of SD one that are correlated by distance.

    Inside a village the covariance is exact. Between villages it is that of their weighted means,
    for which some plots of a large village stand, so that it stays positive definite.

    Args:
        xy_m: Positions on a metric grid [plot, 2].
        villages: Of each plot.
        correlation: Of two different plots, by distance.
        weight: What each plot's error counts in the total, such as its area times its SD [plot];
            the total's spread is truest for these weights.

    Raises:
        InputRejected: If there are too many villages, or one is too large.

    Source:
        e = (c / m) z + r, with z the village's mean error, m its variance, c = Cov(e, z) and
        Cov(r) = C - c c' / m: the normal distribution given a linear function of it.
    """
    label, names = pd.factorize(np.asarray(villages, object), sort=True)
    sizes = np.bincount(label, minlength=len(names))
    if len(names) > _MOST_VILLAGES or sizes.max(initial=0) > _MOST_PLOTS:
        raise InputRejected(
            f"There are {len(names):,} villages, the largest with {sizes.max():,} plots; errors "
            f"are drawn for at most {_MOST_VILLAGES:,} villages of {_MOST_PLOTS:,} plots. Join "
            "small ones, or divide the largest."
        )
    share = np.ones(len(xy_m)) if weight is None else np.asarray(weight, np.float64)
    rng = np.random.default_rng(0)  # which plots stand for a village is no matter of luck
    most = min(int(sizes.max(initial=1)), max(2, _STAND_INS // max(1, len(names))))
    made, means = [], []
    for village, name in enumerate(names):
        rows = np.flatnonzero(label == village)
        of_mean = share[rows] / share[rows].sum()
        matrix = correlation.among(xy_m[rows])
        with_mean = matrix @ of_mean
        variance = float(of_mean @ with_mean)
        about = matrix - np.outer(with_mean, with_mean) / variance
        about[np.diag_indices_from(about)] += _JITTER
        load, factor = with_mean / variance, np.linalg.cholesky(about)
        made.append(Village(str(name), rows, load.astype("f4"), factor.astype("f4")))
        apart = (1.0 - sum(correlation.shares)) * float(of_mean @ of_mean)
        means.append(_Mean.of(xy_m[rows], of_mean, variance, apart, most, rng))
    return VillageErrors(tuple(made), _between(means, most, correlation), len(xy_m))


def draw_errors(
    errors: VillageErrors, draws: int, seed: int
) -> Iterator[tuple[slice, Ints, NDArray[np.float32]]]:
    """Draw errors of SD one, block by block of draws and village by village.

    Args:
        errors: From `correlate_villages`.
        draws: How many.
        seed: Of all random streams, one per village.

    Yields:
        Which draws, which plots, and their errors [plot, draw].
    """
    for which, village, mean, own in _normals(errors, draws, seed):
        yield which, village.rows, village.factor @ own + village.load[:, None] * mean


def _normals(
    errors: VillageErrors, draws: int, seed: int
) -> Iterator[tuple[slice, Village, NDArray[np.float32], NDArray[np.float32]]]:
    """Draw what errors are made of: each village's mean [draw], and numbers for plots [plot, draw].

    Whole blocks are drawn even where fewer are asked for, so that more draws only add to those
    before.
    """
    for block, first in enumerate(range(0, draws, DRAWS_AT_ONCE)):
        which = slice(first, min(first + DRAWS_AT_ONCE, draws))
        size = which.stop - first
        z = NormalStream(seed, "villages", block).normal((len(errors.villages), DRAWS_AT_ONCE))
        mean = (errors.factor @ z[:, :size]).astype(np.float32)
        for number, village in enumerate(errors.villages):
            stream = NormalStream(seed, f"village/{village.name}", block)
            own = stream.normal((len(village.rows), DRAWS_AT_ONCE))[:, :size]
            yield which, village, mean[number], own


def draw_totals(
    errors: VillageErrors, weight: Floats, draws: int, seed: int, groups: Ints | None = None
) -> Floats:
    """Draw the totals of weighted errors; memory grows with neither the plots nor the draws of one.

    Args:
        errors: From `correlate_villages`.
        weight: What each plot's error counts in the total, such as its area times its SD [plot].
        draws: How many.
        seed: Of all random streams.
        groups: Which total each plot belongs to, from 0 [plot]; by default there is one.

    Returns:
        [draw, group].
    """
    group = np.zeros(errors.plots, np.int64) if groups is None else groups
    totals = np.zeros((draws, int(group.max(initial=0)) + 1))
    count = totals.shape[1]
    projected: dict[str, tuple[Floats, NDArray[np.float32]]] = {}
    for which, village, mean, own in _normals(errors, draws, seed):
        if village.name not in projected:  # weights first: no plot's own error is ever needed
            belongs = group[village.rows] == np.arange(count)[:, None]
            weights = np.where(belongs, weight[village.rows], 0.0)
            projected[village.name] = (
                weights @ village.load,
                (weights @ village.factor).astype("f4"),
            )
        load, factor = projected[village.name]
        totals[which] += (load[:, None] * mean + factor @ own).T
    return totals


@dataclass(frozen=True, slots=True)
class _Mean:
    """The mean error of a village.

    Attributes:
        xy_m: Of plots that stand for it [plot, 2].
        share: What each counts [plot]; together one.
        variance: Of the mean.
        nugget: The part of it that no other village shares.
    """

    xy_m: Floats
    share: Floats
    variance: float
    nugget: float

    @classmethod
    def of(
        cls,
        xy_m: Floats,
        share: Floats,
        variance: float,
        nugget: float,
        most: int,
        rng: np.random.Generator,
    ) -> "_Mean":
        """Let all plots stand for a village, or as many as there may be."""
        if len(xy_m) <= most:
            return cls(xy_m, share, variance, nugget)
        some = rng.choice(len(xy_m), most, replace=False, p=share)
        return cls(xy_m[some], np.full(most, 1.0 / most), variance, nugget)


def _between(means: Sequence[_Mean], most: int, correlation: Correlogram) -> Floats:
    """Factorise the covariance of the villages' means.

    Means over the same plots for every pair of villages are S C S', which cannot be indefinite; it
    stays so where a row and its column shrink and where a diagonal grows.
    """
    count = len(means)
    place, share = np.zeros((count, most, 2)), np.zeros((count, most))
    for village, mean in enumerate(means):
        place[village, : len(mean.share)] = mean.xy_m
        share[village, : len(mean.share)] = mean.share
    covariance = np.empty((count, count))
    for village in range(count):
        difference = place[village][None, :, None, :] - place[:, None, :, :]
        together = correlation(np.hypot(difference[..., 0], difference[..., 1]))
        covariance[village] = np.einsum("a,vab,vb->v", share[village], together, share)
    variance = np.array([mean.variance for mean in means])
    shared = variance - np.array([mean.nugget for mean in means])
    shrink = np.sqrt(np.minimum(1.0, shared / np.maximum(np.diag(covariance), _JITTER)))
    covariance *= shrink[:, None] * shrink
    covariance[np.diag_indices(count)] = variance * (1.0 + _JITTER)
    return np.asarray(np.linalg.cholesky(covariance), np.float64)
