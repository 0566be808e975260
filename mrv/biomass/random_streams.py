"""Random numbers by the hundred million: named streams of normal numbers and of rare events.

numpy's generator calls through a pointer for each number, which is most of what a Monte Carlo of
trees costs; here generator and sampler are compiled together. Small draws stay with numpy, see
`mrv.biomass.shared_errors.stream`.

Source:
    Generator sfc64 of PractRand (Doty-Humphrey), as numpy has it; normal numbers by the ziggurat
    of Marsaglia & Tsang 2000, doi:10.18637/jss.v005.i08, with 256 layers.
"""

import hashlib
import math
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

_LAYERS = 256
_TAIL_BEGINS = 3.6541528853610088  # abscissa of the lowest layer for 256 of them [V]
_LAYER_AREA = 0.00492867323399  # [V]
_MANTISSA = float(2**52)
_WARM_UP = 12  # outputs thrown away after seeding, as sfc64 asks for


def _layers() -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Lay 256 strips of one area under exp(-x^2 / 2).

    Returns:
        Per layer: below which mantissa a number lies surely under the curve, what to scale
        mantissas by, and the curve's height at the layer's end.
    """
    edge = np.empty(_LAYERS + 1)
    edge[0] = _LAYER_AREA / np.exp(-0.5 * _TAIL_BEGINS**2)
    edge[1] = _TAIL_BEGINS
    for i in range(2, _LAYERS):
        edge[i] = np.sqrt(
            -2.0 * np.log(_LAYER_AREA / edge[i - 1] + np.exp(-0.5 * edge[i - 1] ** 2))
        )
    edge[_LAYERS] = 0.0
    sure = (edge[1:] / edge[:-1] * _MANTISSA).astype(np.int64)
    return sure, edge[:-1] / _MANTISSA, np.exp(-0.5 * edge**2)


_SURE, _SCALE, _HEIGHT = _layers()
_SIGNED_SCALE = np.concatenate([_SCALE, -_SCALE])  # by nine bits: the layer, above it the sign


@numba.njit(inline="always")
def _next(state: Any) -> Any:  # noqa: ANN401  (compiled)
    """Advance sfc64 and give 64 bits."""
    out = state[0] + state[1] + state[3]
    state[3] += np.uint64(1)
    state[0] = state[1] ^ (state[1] >> np.uint64(11))
    state[1] = state[2] + (state[2] << np.uint64(3))
    state[2] = ((state[2] << np.uint64(24)) | (state[2] >> np.uint64(40))) + out
    return out


@numba.njit(inline="always")
def _unit(state: Any) -> Any:  # noqa: ANN401  (compiled)
    """Give a number in (0, 1]."""
    return (np.float64(_next(state) >> np.uint64(11)) + 1.0) * (1.0 / 9007199254740992.0)


@numba.njit(inline="always")
def _outside_the_layers(state: Any, layer: Any, x: float) -> Any:  # noqa: ANN401  (compiled)
    """Say whether a number that is not surely under the curve is taken, and which one."""
    if layer == 0:  # beyond the lowest layer: Marsaglia's tail
        while True:
            beyond = -np.log(_unit(state)) / _TAIL_BEGINS
            if -2.0 * np.log(_unit(state)) > beyond * beyond:
                return True, math.copysign(_TAIL_BEGINS + beyond, x)
    low, high = _HEIGHT[layer], _HEIGHT[layer + 1]
    return low + (high - low) * _unit(state) < np.exp(-0.5 * x * x), x


@numba.njit(nogil=True, cache=True)
def _fill(state: Any, out: Any) -> None:  # noqa: ANN401  (compiled)
    a, b, c, count = state[0], state[1], state[2], state[3]  # in registers, as `_next` has them
    for i in range(out.size):
        while True:
            bits = a + b + count
            count += np.uint64(1)
            a = b ^ (b >> np.uint64(11))
            b = c + (c << np.uint64(3))
            c = ((c << np.uint64(24)) | (c >> np.uint64(40))) + bits
            layer = np.int64(bits & np.uint64(0xFF))
            mantissa = np.int64(bits >> np.uint64(12))
            x = np.float64(mantissa) * _SIGNED_SCALE[np.int64(bits & np.uint64(0x1FF))]
            if mantissa < _SURE[layer]:
                break
            state[0], state[1], state[2], state[3] = a, b, c, count
            taken, x = _outside_the_layers(state, layer, x)
            a, b, c, count = state[0], state[1], state[2], state[3]
            if taken:
                break
        out[i] = x
    state[0], state[1], state[2], state[3] = a, b, c, count


@numba.njit(nogil=True, cache=True)
def _mark(state: Any, ahead: int, numbers: int, per_log: float, found: Any) -> Any:  # noqa: ANN401
    """Write the positions of rare events; gives how many, and how far ahead the next one is."""
    count = 0
    while ahead < numbers and count < found.size:
        found[count] = ahead
        count += 1
        ahead += 1 + int(np.log(_unit(state)) * per_log)
    return count, ahead


class NormalStream:
    """Standard normal numbers of one component of the error, by its name and block of draws."""

    def __init__(self, seed: int, component: str, block: int) -> None:
        self._state = _seeded(seed, component, block)

    def normal(self, shape: tuple[int, int]) -> NDArray[np.float32]:
        """Draw the next numbers, row after row."""
        out = np.empty(shape, np.float32)
        _fill(self._state, out.ravel())
        return out


class RareEvents:
    """Where events of a given share lie in an endless row of trials."""

    def __init__(self, seed: int, component: str, block: int, share: float) -> None:
        self._state = _seeded(seed, component, block)
        self._share = share
        self._per_log = 1.0 / float(np.log1p(-share)) if 0 < share < 1 else 0.0
        _, self._ahead = _mark(self._state, -1, 0, self._per_log, np.empty(1, np.int64))

    def among(self, trials: int) -> NDArray[np.int64]:
        """Give the positions of events among the next so many trials."""
        if self._share <= 0:
            return np.empty(0, np.int64)
        room = int(trials * self._share + 8 * (trials * self._share) ** 0.5) + 16
        parts: list[NDArray[np.int64]] = []
        while self._ahead < trials:
            found = np.empty(room, np.int64)
            count, self._ahead = _mark(self._state, self._ahead, trials, self._per_log, found)
            parts.append(found[:count])
        self._ahead -= trials
        return np.concatenate(parts) if parts else np.empty(0, np.int64)


def _seeded(seed: int, component: str, block: int) -> NDArray[np.uint64]:
    digest = hashlib.sha256(f"{seed}/{block}/{component}".encode()).digest()
    state = np.array([*np.frombuffer(digest[:24], "<u8"), 1], np.uint64)
    _fill(state, np.empty(_WARM_UP, np.float32))
    return state
