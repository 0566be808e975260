"""Errors of a total that are as lopsided as the few villages behind it.

Where a dozen villages were drawn and one of them grew far more than the rest, an estimate that
missed such villages is too low and thinks itself too sure at once. Symmetric intervals then hold
the truth too seldom, and nearly always fail below it.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LEAST = 3  # fewer units have no skewness
_STRAIGHT = 1e-6  # below it the transformation is the identity to the last digits


def standing_skewness(scores: Floats) -> float:
    """Estimate the skewness of a sum from what each drawn unit adds to its variance [1].

    Args:
        scores: Signed square roots of the units' parts of the variance [unit]; zeros are no units.

    Returns:
        Skewness of the units over the square root of their number; 0 with fewer than three.

    Source:
        Adjusted Fisher-Pearson coefficient (G1 of Joanes and Gill 1998).
    """
    units = scores[scores != 0]
    count = len(units)
    if count < _LEAST:
        return 0.0
    of_sum = float((units**3).sum() / (units**2).sum() ** 1.5)
    return of_sum * float(np.sqrt(count * (count - 1.0))) / (count - 2.0)


def lean(errors: Floats, se: float, skewness: float) -> Floats:
    """Give symmetric errors of a total the skewness that its studentised form has.

    With a the skewness of the sum, an error of x standard errors becomes one of
    (3 / a) (1 - cbrt(1 - a x - a^2 / 6)), which rises with x.

    Args:
        errors: Symmetric about zero [draw], in the unit of the total.
        se: Their standard error, without what few degrees of freedom widen.
        skewness: From `standing_skewness` [1].

    Source:
        Inverse of the cubic transformation of Hall 1992 (On the removal of skewness by
        transformation, Journal of the Royal Statistical Society B 54), whose first terms are the
        modified t of Johnson 1978.
    """
    if abs(skewness) < _STRAIGHT or se <= 0:
        return errors
    leaning: Floats = (
        se * 3.0 / skewness * (1.0 - np.cbrt(1.0 - skewness * errors / se - skewness**2 / 6.0))
    )
    return leaning
