"""How far map errors reach: a variogram of cross-validated residuals, and the correlation it tells.

Residuals of villages that the map never saw, each over its own standard deviation. What the
correlation makes of a sum of errors is `covariance.py`.
"""

from dataclasses import dataclass
from typing import Final, get_args

import numpy as np
from scipy.optimize import nnls

from mrv.errors import InputRejected
from mrv.estimation.covariance import Correlogram, Shape
from mrv.estimation.greg import Floats, Ints

MIN_PAIRS: Final = 50
"""Pairs of places behind each lag, at least [V2, digital soil mapping tool of Verra]."""
_MOST_LAGS: Final = 12  # more would follow the noise of the pairs [P]
_REACH: Final = 0.5  # of the largest distance: beyond it few places make all the pairs [P]
_RANGES: Final = 40  # tried between the shortest lag and the farthest


@dataclass(frozen=True, slots=True)
class Variogram:
    """Half the mean squared difference of residuals, by distance.

    Attributes:
        lag_m: Mean distance of the pairs [lag], m.
        semivariance: [lag], in squared units of the residuals.
        pairs: Behind each lag [lag].
    """

    lag_m: Floats
    semivariance: Floats
    pairs: Ints


def variogram(xy_m: Floats, residual: Floats, min_pairs: int = MIN_PAIRS) -> Variogram:
    """Sort all pairs of places into lags with equally many pairs.

    Args:
        xy_m: Positions on a metric grid [place, 2].
        residual: Standardised residuals of blocked cross-validation [place].
        min_pairs: Behind each lag.

    Raises:
        InputRejected: If the places make fewer than two lags.

    Source:
        Matheron 1963; lags of equal counts keep each above `min_pairs`.
    """
    first, second = np.triu_indices(len(xy_m), 1)
    distance = np.hypot(*(xy_m[first] - xy_m[second]).T)
    near = np.flatnonzero(distance <= _REACH * distance.max(initial=0.0))
    near = near[np.argsort(distance[near], kind="stable")]
    lags = min(_MOST_LAGS, len(near) // min_pairs)
    if lags < 2:  # noqa: PLR2004  one lag tells no range
        raise InputRejected(
            f"{len(xy_m)} measured plots make {len(near)} pairs of neighbours; a variogram needs "
            f"two lags of {min_pairs} pairs. Measure more plots."
        )
    half = 0.5 * (residual[first] - residual[second]) ** 2
    parts = np.array_split(near, lags)
    return Variogram(
        lag_m=np.array([distance[part].mean() for part in parts]),
        semivariance=np.array([half[part].mean() for part in parts]),
        pairs=np.array([len(part) for part in parts], dtype=np.int64),
    )


def fit_correlogram(seen: Variogram) -> Correlogram:
    """Fit nugget, sill and range, exponential or spherical, whichever lies nearer.

    Returns:
        Correlation of two different places. Without any structure it is zero at every distance.

    Source:
        Weighted least squares with N(h) / gamma(h)^2 of Cressie 1985, gamma(h) as observed;
        gamma(h) = nugget + sill (1 - rho(h)).
    """
    weight = np.sqrt(seen.pairs) / np.maximum(seen.semivariance, 1e-12)
    fits: list[tuple[float, Correlogram]] = []
    for shape in get_args(Shape):
        for range_m in np.geomspace(max(seen.lag_m[0] / 2, 1.0), seen.lag_m[-1], _RANGES):
            whole = Correlogram((1.0,), (float(range_m),), shape)
            rising = np.column_stack([np.ones_like(seen.lag_m), 1.0 - whole(seen.lag_m)])
            (nugget, sill), loss = nnls(rising * weight[:, None], seen.semivariance * weight)
            share = float(sill / (nugget + sill)) if nugget + sill > 0 else 0.0
            fits.append((float(loss), Correlogram((share,), (float(range_m),), shape)))
    return min(fits, key=lambda fit: fit[0])[1]
