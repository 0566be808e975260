"""Sample sizes by formula: how many plots a wanted precision takes, and how strata share them."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy import stats

from mrv.errors import InputRejected
from mrv.estimation.greg import Floats, Ints

_ROUNDS: Final = 100  # of t by its own degrees of freedom; it settles in four or five
_NO_SPREAD: Final = 1e-9  # as a share of the largest spread


def sample_size(
    plots: Sequence[float] | Floats, sd: Sequence[float] | Floats, error: float, t: float
) -> float:
    """Give the number of plots that estimates a stratified mean to within an error, unrounded.

    Args:
        plots: Plots of each stratum, N_h.
        sd: Standard deviation among the plots of each stratum, in any unit.
        error: Wanted half-width of the interval of the mean, in the same unit.
        t: Quantile of the interval, 1.645 for two-sided 90 %.

    Raises:
        InputRejected: If the error is not above zero.

    Source:
        CDM AR-AM-TOOL03, with finite populations: n = (sum N_h s_h)^2 / (N^2 E^2 / t^2 +
        sum N_h s_h^2) (methodology 2.8).
    """
    if not error > 0:
        raise InputRejected(
            f"A sample cannot be planned for an error of {error:g}; ask for one above zero."
        )
    size, spread = np.asarray(plots, np.float64), np.asarray(sd, np.float64)
    wanted = (size.sum() * error / t) ** 2
    return float((size @ spread) ** 2 / (wanted + size @ spread**2))


def sample_size_by_t(
    plots: Sequence[float] | Floats,
    sd: Sequence[float] | Floats,
    error: float,
    confidence: float = 0.90,
) -> float:
    """Give the same where t itself depends on how many plots are measured.

    Repeated with t of n - strata degrees of freedom until n stays; where it goes to and fro between
    two sizes, the larger counts.

    Args:
        plots: As in `sample_size`.
        sd: As in `sample_size`.
        error: As in `sample_size`.
        confidence: Of the two-sided interval [1].

    Source:
        CDM AR-AM-TOOL03: t by iteration, beginning with infinite degrees of freedom.
    """
    strata, seen = len(plots), []
    size = sample_size(plots, sd, error, two_sided_t(confidence, math.inf))
    for _ in range(_ROUNDS):
        seen.append(size)
        measured = max(math.ceil(size - 1e-9), strata + 1)
        size = sample_size(plots, sd, error, two_sided_t(confidence, measured - strata))
        if any(math.isclose(size, before) for before in seen):
            break
    return max(size, seen[-1])


def two_sided_t(confidence: float, freedom: float) -> float:
    """Give Student's t of a two-sided interval; infinite freedom gives the normal quantile."""
    upper = (1.0 + confidence) / 2.0
    return float(stats.norm.ppf(upper) if math.isinf(freedom) else stats.t.ppf(upper, freedom))


def allocate(total: float, weight: Floats, least: Ints, most: Ints) -> Ints:
    """Share plots out over strata in proportion to weight, within limits, rounded up.

    Args:
        total: Plots to share out.
        weight: Area times standard deviation, or N_h s_h [stratum].
        least: Fewest plots of each stratum [stratum].
        most: Most plots of each stratum, at least as many [stratum].

    Source:
        Neyman 1934; CDM AR-AM-TOOL03: n_h = n N_h s_h / sum N_h s_h.
    """
    low, high = least.astype(np.float64), most.astype(np.float64)
    total = float(np.clip(total, low.sum(), high.sum()))
    # A stratum without spread takes its least, and more only once the others are full.
    largest = float(weight.max())
    share = np.maximum(weight / largest, _NO_SPREAD) if largest > 0 else np.ones(len(weight))
    # The limits bind where a common factor would leave them, so the factor is searched.
    below, above = 0.0, float((high / share).max())
    for _ in range(_ROUNDS):
        factor = (below + above) / 2
        if np.clip(factor * share, low, high).sum() < total:
            below = factor
        else:
            above = factor
    exact = np.clip(above * share, low, high)
    return np.minimum(np.ceil(exact - 1e-6), high).astype(np.int64)


def expected_villages(chance: Floats, village: Ints) -> float:
    """Give how many villages plots that are drawn one by one reach on average.

    Args:
        chance: Inclusion probability of every plot [plot].
        village: Of every plot, from 0 [plot].
    """
    missed = np.bincount(village, np.log1p(-np.minimum(chance, 1.0 - 1e-12)))
    return float((1.0 - np.exp(missed)).sum())
