"""How wrong a mean of map values is when neighbours are wrong together.

Used for map-only means, where no measured plot corrects the map; the credited total is design-based
(`greg.py`) and does not rest on it.
"""

from collections.abc import Callable

import numpy as np

from mrv.estimation.greg import Floats

Correlogram = Callable[[Floats], Floats]


def exponential(range_m: float, nugget_share: float = 0.0) -> Correlogram:
    """Correlation (1 - nugget) exp(-h / range) of two different places at distance h [m]."""

    def correlation(distance_m: Floats) -> Floats:
        falling: Floats = (1.0 - nugget_share) * np.exp(-distance_m / range_m)
        return falling

    return correlation


def variance_of_mean(
    xy_m: Floats,
    sd: Floats,
    correlation: Correlogram,
    *,
    pairs: int = 200_000,
    rng: np.random.Generator | None = None,
) -> float:
    """Give the variance of the mean of spatially correlated errors.

    Args:
        xy_m: Positions on a metric grid [place, 2].
        sd: Standard deviation of each place's error [place].
        correlation: Of two different places, by distance.
        pairs: Random pairs to average over where there are more than that many.
        rng: Source of randomness; without one all pairs are taken.

    Source:
        (1/N^2) sum over k, l of sd_k sd_l rho(h_kl); random pairs after Wadoux & Heuvelink 2023.
    """
    size = len(sd)
    own = float((sd**2).sum()) / size**2
    if rng is None or size * (size - 1) <= pairs:
        first, second = np.triu_indices(size, k=1)
    else:
        first = rng.integers(0, size, pairs)
        second = (first + rng.integers(1, size, pairs)) % size
    if len(first) == 0:
        return own
    distance = np.hypot(*(xy_m[first] - xy_m[second]).T)
    together = float((sd[first] * sd[second] * correlation(distance)).mean())
    return own + together * (size - 1) / size
