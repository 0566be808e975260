"""How wrong a sum of map values is when neighbours are wrong together.

Used for map-only means, where no measured plot corrects the map; the credited total is design-based
(`greg.py`) and does not rest on it. Here are the closed sum over pairs; draws of such errors are
`village_errors.py`, and each checks the other.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numba
import numpy as np

from mrv.errors import InputRejected
from mrv.estimation.greg import Floats, Ints

_WHOLE_MATRIX = 2_000  # places whose correlations are held at a time: 32 MB
_STEPS = 1 << 15  # of distance, between which the correlation is taken as straight

Shape = Literal["exponential", "spherical"]


@dataclass(frozen=True, slots=True)
class Correlogram:
    """Correlation of two different places: a sum of falling functions of their distance.

    Attributes:
        shares: Of the variance, one per scale; what they lack to one is the nugget, the part that
            no neighbour shares.
        ranges_m: Distance over which each share falls, to 1/e or, spherical, to nothing [m].
        shape: How they fall: exp(-h/r), or 1 - 1.5 h/r + 0.5 (h/r)^3 up to r.
    """

    shares: tuple[float, ...]
    ranges_m: tuple[float, ...]
    shape: Shape = "exponential"

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
            h = distance_m / range_m
            if self.shape == "exponential":
                falling += share * np.exp(-h)
            else:
                falling += share * np.where(h < 1.0, 1.0 - 1.5 * h + 0.5 * h**3, 0.0)
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


def spherical(range_m: float, nugget_share: float = 0.0) -> Correlogram:
    """Correlation that falls to nothing at the range [m]."""
    return Correlogram((1.0 - nugget_share,), (range_m,), "spherical")


def variance_of_sum(xy_m: Floats, sd: Floats, correlation: Correlogram) -> float:
    """Give the variance of the sum of spatially correlated errors, over every pair of places.

    Memory does not grow with the pairs; 50,000 places are 1.25e9 of them and take seconds, because
    beyond 2,000 places the correlation is read from a table of distances.

    Args:
        xy_m: Positions on a metric grid [place, 2].
        sd: Standard deviation of what each place adds to the sum [place].
        correlation: Of two different places, by distance.

    Source:
        sum over k, l of sd_k sd_l rho(h_kl) (methodology 4.4).
    """
    return float(covariance_of_sums(xy_m, sd, np.zeros(len(sd), np.int64), correlation)[0, 0])


def covariance_of_sums(xy_m: Floats, sd: Floats, group: Ints, correlation: Correlogram) -> Floats:
    """Give the covariance of several sums of the same field of errors, such as those of strata.

    Args:
        xy_m: Positions on a metric grid [place, 2].
        sd: Standard deviation of what each place adds to its sum [place].
        group: Which sum each place belongs to, from 0 [place].
        correlation: Of two different places, by distance.

    Returns:
        [group, group].
    """
    groups = int(group.max(initial=0)) + 1
    if len(xy_m) <= _WHOLE_MATRIX:
        adds = np.where(group == np.arange(groups)[:, None], sd, 0.0)
        whole: Floats = adds @ correlation.among(xy_m) @ adds.T
        return whole
    order = np.argsort(group, kind="stable")
    places = xy_m[order]
    x, y = (np.ascontiguousarray(axis, np.float64) for axis in places.T)
    farthest_m = float(np.hypot(np.ptp(x), np.ptp(y))) if len(x) else 0.0
    step_m = max(farthest_m, 1.0) / _STEPS
    pairs = _sums_of_pairs(
        x,
        y,
        np.ascontiguousarray(sd[order], np.float64),
        np.searchsorted(group[order], np.arange(groups + 1)),
        correlation(np.arange(_STEPS + 2, dtype=np.float64) * step_m),
        1.0 / step_m,
    )
    alone = np.bincount(group, sd**2, minlength=groups)
    covariance: Floats = pairs + pairs.T + np.diag(alone)
    return covariance


@numba.njit(nogil=True, cache=True)
def _sums_of_pairs(
    x: Any,  # noqa: ANN401  (compiled)
    y: Any,  # noqa: ANN401
    sd: Any,  # noqa: ANN401
    starts: Any,  # noqa: ANN401
    table: Any,  # noqa: ANN401
    per_m: float,
) -> Any:  # noqa: ANN401
    groups = starts.size - 1
    total = np.zeros((groups, groups))
    for mine in range(groups):
        for i in range(starts[mine], starts[mine + 1]):
            for other in range(mine + 1):
                own = 0.0
                for j in range(starts[other], min(starts[other + 1], i)):
                    step = np.sqrt((x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2) * per_m
                    low = int(step)
                    share = step - low
                    own += sd[j] * (table[low] * (1.0 - share) + table[low + 1] * share)
                total[mine, other] += sd[i] * own
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
