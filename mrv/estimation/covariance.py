"""How wrong a sum of map values is when neighbours are wrong together.

Used for map-only means, where no measured plot corrects the map; the credited total is design-based
(`greg.py`) and does not rest on it. Here are the closed sum over pairs; draws of such errors are
`village_errors.py`, and each checks the other.
"""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from mrv.errors import InputRejected
from mrv.estimation.greg import Floats


@dataclass(frozen=True, slots=True)
class Correlogram:
    """Correlation of two different places: a sum of exponentials of their distance.

    Attributes:
        shares: Of the variance, one per scale; what they lack to one is the nugget, the part that
            no neighbour shares.
        ranges_m: Distance over which each share falls to 1/e [m].
    """

    shares: tuple[float, ...]
    ranges_m: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse what is no correlation.

        Raises:
            InputRejected: If a share is negative, they exceed one, or a range is not positive.
        """
        sound = len(self.shares) == len(self.ranges_m) and min(self.shares, default=0.0) >= 0
        if not sound or sum(self.shares) > 1 + 1e-12 or min(self.ranges_m, default=1.0) <= 0:
            raise InputRejected(
                f"Shares {self.shares} with ranges {self.ranges_m} m are no correlogram: one range "
                "above zero for each share, and shares that add up to one at most."
            )

    def __call__(self, distance_m: Floats) -> Floats:
        """Give the correlation of two different places at a distance [m]."""
        falling = np.zeros_like(distance_m, dtype=np.float64)
        for share, range_m in zip(self.shares, self.ranges_m, strict=True):
            falling += share * np.exp(-distance_m / range_m)
        return falling

    def among(self, xy_m: Floats) -> Floats:
        """Give the correlation matrix of places [place, place], ones on its diagonal."""
        difference = xy_m[:, None, :] - xy_m[None, :, :]
        matrix = self(np.hypot(difference[..., 0], difference[..., 1]))
        np.fill_diagonal(matrix, 1.0)
        return matrix


def exponential(range_m: float, nugget_share: float = 0.0) -> Correlogram:
    """Correlation (1 - nugget) exp(-h / range) of two different places at distance h [m]."""
    return Correlogram((1.0 - nugget_share,), (range_m,))


def variance_of_sum(xy_m: Floats, sd: Floats, correlation: Correlogram) -> float:
    """Give the variance of the sum of spatially correlated errors, over every pair of places.

    Memory does not grow with the pairs; 50,000 places are 1.25e9 of them and take seconds.

    Args:
        xy_m: Positions on a metric grid [place, 2].
        sd: Standard deviation of what each place adds to the sum [place].
        correlation: Of two different places, by distance.

    Source:
        sum over k, l of sd_k sd_l rho(h_kl) (methodology 4.4).
    """
    x, y = (np.ascontiguousarray(axis, np.float64) for axis in xy_m.T)
    pairs = _sum_of_pairs(
        x,
        y,
        np.ascontiguousarray(sd, np.float64),
        np.array(correlation.shares, np.float64),
        1.0 / np.array(correlation.ranges_m, np.float64),
    )
    return float((sd**2).sum() + 2.0 * pairs)


@numba.njit(nogil=True, cache=True)
def _sum_of_pairs(x: Any, y: Any, sd: Any, shares: Any, per_m: Any) -> float:  # noqa: ANN401
    total = 0.0
    for i in range(x.size):
        own = 0.0
        for j in range(i):
            distance = np.sqrt((x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2)
            together = 0.0
            for k in range(shares.size):
                together += shares[k] * np.exp(-distance * per_m[k])
            own += sd[j] * together
        total += sd[i] * own
    return total


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
    if rng is None or size * (size - 1) <= pairs:
        return variance_of_sum(xy_m, sd, correlation) / size**2
    first = rng.integers(0, size, pairs)
    second = (first + rng.integers(1, size, pairs)) % size
    distance = np.hypot(*(xy_m[first] - xy_m[second]).T)
    together = float((sd[first] * sd[second] * correlation(distance)).mean())
    return float((sd**2).sum()) / size**2 + together * (size - 1) / size
