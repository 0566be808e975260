"""How plots came to be measured: their chances, the strata they stand for, and what was drawn.

What is estimated from them is `greg.py`; planning a sample is `mrv.sampling`.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from mrv.estimation.greg import Floats, Ints

MIN_DEGREES_OF_FREEDOM: Final = 2
"""Below two a t interval has no usable scale [P]; the gates refuse such a sample anyway."""
_TOO_FEW_SD: Final = 3.0  # villages missed by chance alone lie within so many SD [P]


def standing_for_all(probability: Floats, stratum: Ints, plots_per_stratum: Ints) -> Floats:
    """Rescale inclusion probabilities so that the sample stands for every enrolled plot.

    A plot that could not be measured again, or a probability claimed too high, then widens the
    interval instead of narrowing it.

    Args:
        probability: As recorded [sample].
        stratum: Of each measured plot [sample].
        plots_per_stratum: Enrolled plots in each stratum [stratum].

    Returns:
        Probabilities whose inverses add up to the number of plots in each stratum, at most 1.
    """
    rescaled = probability.astype(np.float64)
    for h, plots in enumerate(plots_per_stratum):
        of = stratum == h
        if of.any():
            rescaled[of] *= (1.0 / probability[of]).sum() / plots
    return np.minimum(rescaled, 1.0)


def sampling_multipliers(
    rng: np.random.Generator, draws: int, sample: int, degrees_of_freedom: int
) -> Floats:
    """Draw one standard multiplier per draw and plot, widened where clusters are few.

    A scale shared by all plots of a draw makes sums of them follow Student's t.

    Args:
        rng: Source of randomness.
        draws: Number of draws.
        sample: Number of measured plots.
        degrees_of_freedom: Clusters less strata; fewer than two count as two.
    """
    freedom = max(MIN_DEGREES_OF_FREEDOM, degrees_of_freedom)
    normal = rng.standard_normal((draws, sample))
    scale = np.sqrt(freedom / rng.chisquare(freedom, size=draws))
    multipliers: Floats = normal * scale[:, None]
    return multipliers


def collapse(stratum: Ints, measured: Ints, strata: int) -> Ints:
    """Join strata with fewer than two measured plots to the one with the most.

    Args:
        stratum: Of each enrolled plot [plot].
        measured: Positions of the measured plots.
        strata: Number of strata.

    Returns:
        New stratum index of each plot, from 0 without gaps [plot].
    """
    counts = np.bincount(stratum[measured], minlength=strata)
    target = np.where(counts < 2, int(counts.argmax()), np.arange(strata))  # noqa: PLR2004
    _, renumbered = np.unique(target[stratum], return_inverse=True)
    return renumbered.astype(np.int64)


def drawn_villages(
    villages: Sequence[str | None], stratum: Ints, sampled: Ints
) -> tuple[Ints, float] | None:
    """Tell whether whole villages were drawn first, from how many villages have a measured plot.

    Plots drawn one by one reach nearly every village that has several of them. Where far fewer
    were reached than chance allows, villages were drawn, and plots of one village are not so many
    independent looks at the project.

    Args:
        villages: Of each enrolled plot; None where unknown [plot].
        stratum: Of each enrolled plot [plot].
        sampled: Positions of the measured plots.

    Returns:
        Index of each measured plot's village [sample] and the share of villages that was drawn;
        None where plots were drawn one by one. A plot of unknown village is one by itself.
    """
    names = [v or f"\0{i}" for i, v in enumerate(villages)]
    distinct, village = np.unique(np.asarray(names, dtype=object).astype(str), return_inverse=True)
    share = np.bincount(stratum[sampled], minlength=int(stratum.max()) + 1) / np.bincount(stratum)
    with np.errstate(divide="ignore"):  # a stratum that is measured whole misses no village
        missed = np.exp(np.bincount(village, np.log1p(-share[stratum])))
    expected, sd = float((1.0 - missed).sum()), float(np.sqrt((missed * (1.0 - missed)).sum()))
    reached = len(np.unique(village[sampled]))
    if reached >= expected - max(1.0, _TOO_FEW_SD * sd):
        return None
    return village[sampled].astype(np.int64), reached / len(distinct)
