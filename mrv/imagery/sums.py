"""Sums over the pixels of plots: what a scene says of each plot, in numbers that add up.

For plot p, pixel i and scene t, with share w, clear mask m and index x,

    mean = sum(w m x) / sum(w m)    clear = sum(w m) / area    n_eff = sum(w m)^2 / sum((w m)^2)

The index is computed first and averaged second. A pixel has data where the classification is not 0
and, if its class is clear, no band in use is 0: so a plot's sums never depend on which other plots
made a block be fetched. Squares are taken about the first value of a run and runs are merged by
Chan's rule, against cancellation.

Source: performance reference 2.7; Chan, Golub and LeVeque 1983 for the merge [V].
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mrv.imagery.cloud_mask import CLEAR_CLASS, GREEN, SEEN, states_around
from mrv.imagery.compiled import compiled
from mrv.imagery.gather import Gathered
from mrv.imagery.indices import INDICES
from mrv.imagery.offsets import first_percentile
from mrv.imagery.packing import pack, unpack
from mrv.imagery.plan import Plan
from mrv.imagery.recipes import Recipe
from mrv.imagery.scenes import Scene

_PIECE_PIXELS = 1 << 15  # pixels worked on at once; their reflectances stay in the cache
_LOWEST = -(1 << 15)  # digital numbers are counted from here [DN]
_COUNTED = (1 << 15) + (1 << 16)


@dataclass(frozen=True, slots=True)
class SceneSums:
    """What one scene says of the plots of a plan; arrays have one value per plot.

    Attributes:
        clear: Sum of shares of clear pixels [pixels].
        clear_squares: Sum of the squares of these shares.
        unseen: Sum of shares of pixels without data [pixels].
        weights: Per index, sum of shares of clear pixels with a believable value [pixels].
        values: Per index, sum of shares times value.
        squares: Per index, sum of shares times squared deviation from the mean.
        levels: Band -> first percentile over clear vegetation [reflectance], and its pixels.
    """

    clear: NDArray[np.float64]
    clear_squares: NDArray[np.float64]
    unseen: NDArray[np.float64]
    weights: Mapping[str, NDArray[np.float64]]
    values: Mapping[str, NDArray[np.float64]]
    squares: Mapping[str, NDArray[np.float64]]
    levels: Mapping[str, tuple[float, int]]

    @property
    def effective_pixels(self) -> NDArray[np.float64]:
        """Number of whole pixels that would be as sure; NaN where none is clear."""
        return _ratio(self.clear**2, self.clear_squares)

    def mean(self, index: str) -> NDArray[np.float64]:
        """Mean of an index over the clear pixels of each plot; NaN where there is none."""
        return _ratio(self.values[index], self.weights[index])

    def sd(self, index: str) -> NDArray[np.float64]:
        """Spatial standard deviation of an index inside each plot; NaN where there is no value."""
        return np.sqrt(_ratio(self.squares[index], self.weights[index]))

    def to_bytes(self) -> bytes:
        """Write as bytes."""
        arrays = {"clear": np.stack([self.clear, self.clear_squares, self.unseen])}
        for name, weights in self.weights.items():
            arrays[name] = np.stack([weights, self.values[name], self.squares[name]])
        levels = {b: [None if np.isnan(p) else p, n] for b, (p, n) in self.levels.items()}
        return pack(levels, arrays)

    @classmethod
    def from_bytes(cls, data: bytes | None) -> Self | None:
        """Read back; None where there is nothing or it is damaged."""
        packed = unpack(data)
        if packed is None:
            return None
        by_index = {name: array for name, array in packed.arrays.items() if name != "clear"}
        clear, clear_squares, unseen = packed.arrays["clear"]
        return cls(
            clear,
            clear_squares,
            unseen,
            weights={name: array[0] for name, array in by_index.items()},
            values={name: array[1] for name, array in by_index.items()},
            squares={name: array[2] for name, array in by_index.items()},
            levels={b: (np.nan if p is None else p, n) for b, (p, n) in packed.head.items()},
        )


@np.errstate(divide="ignore", invalid="ignore", over="ignore")  # such values are left out
def summarise(plan: Plan, gathered: Gathered, scene: Scene, recipe: Recipe) -> SceneSums:
    """Mask a scene, compute its indices on the plots' pixels and add them up per plot.

    Args:
        plan: Whose pixels.
        gathered: The pixels.
        scene: Whose scale and offset apply.
        recipe: Which indices, which mask.
    """
    around = plan.around
    states = states_around(
        gathered.classes, around.boxes, around.starts, around.layout.grid.pixel_m,
        recipe.cloud_buffer_m,
    )  # fmt: skip
    totals = np.zeros((3, len(plan.totals)))
    sums = np.zeros((len(recipe.indices), 3, len(plan.totals)))
    valid = np.array([INDICES[name].valid for name in recipe.indices]).reshape(-1, 2)
    witnesses = recipe.witnesses(scene)
    counts = {band: np.zeros(_COUNTED, np.int64) for band in witnesses}
    for first, last in _pieces(plan):
        piece = slice(plan.base.starts[first], plan.base.starts[last])
        state, pixels, places = _states(states, plan.classes[piece])
        numbers = {band: _near(plan, gathered, band, piece) for band in gathered.numbers}
        reflectance = {
            band: _reflectance(
                numbers[band], pixels, scene.offset.scale, scene.offset.offset, state
            )
            for band in recipe.bands
        }
        values = _values(recipe.indices, reflectance, len(pixels))
        for band in witnesses:
            _count(numbers[band], state, pixels, counts[band])
        runs = slice(plan.block_runs[first], plan.block_runs[last])
        _add(
            plan.pixels, plan.shares, plan.run_starts[runs.start : runs.stop + 1],
            plan.run_plots[runs], int(piece.start), (state, places), (values, valid),
            (totals, sums),
        )  # fmt: skip
    clear, clear_squares, unseen = totals
    return SceneSums(
        clear,
        clear_squares,
        unseen,
        weights=dict(zip(recipe.indices, sums[:, 0], strict=True)),
        values=dict(zip(recipe.indices, sums[:, 1], strict=True)),
        squares=dict(zip(recipe.indices, sums[:, 2], strict=True)),
        levels={band: first_percentile(counts[band], _LOWEST, scene.offset) for band in witnesses},
    )


def _pieces(plan: Plan) -> list[tuple[int, int]]:
    """Cut the blocks into groups of about the same number of pixels."""
    pieces, first = [], 0
    starts = plan.base.starts.tolist()
    while first < len(starts) - 1:
        last = max(bisect_right(starts, starts[first] + _PIECE_PIXELS) - 1, first + 1)
        pieces.append((first, last))
        first = last
    return pieces


def _near(plan: Plan, gathered: Gathered, band: str, piece: slice) -> NDArray[Any]:
    """Give a band's digital numbers at base pixels, by parent pixel where the band is coarser."""
    numbers = gathered.numbers[band]
    if plan.bands[band] is plan.base:
        return numbers[piece]
    near: NDArray[Any] = numbers[plan.parents[band][piece]]
    return near


def _values(
    indices: Sequence[str], reflectance: Mapping[str, NDArray[np.float64]], pixels: int
) -> NDArray[np.float64]:
    """Compute indices of some pixels, one index per row."""
    values = np.empty((len(indices), pixels))
    for row, name in zip(values, indices, strict=True):
        index = INDICES[name]
        index.formula(*(reflectance[band] for band in index.bands), row)
    return values


def _ratio(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide; NaN, not zero and not infinity, where there is nothing to divide by."""
    return np.divide(a, b, out=np.full_like(a, np.nan), where=b > 0)


@compiled
def _states(
    states: NDArray[np.uint8], places: NDArray[np.int32]
) -> tuple[NDArray[np.uint8], NDArray[np.uint32], NDArray[np.uint32]]:
    """Take the states of base pixels.

    Returns:
        The states; the pixels of a clear class; and for each of these its place in their list.
    """
    taken = np.empty(len(places), np.uint8)
    # Numbers without a sign spare the question whether they count from the end.
    pixels, listed = np.empty(len(places), np.uint32), np.empty(len(places), np.uint32)
    found = 0
    for i in range(len(places)):
        state = states[np.uint32(places[i])]
        taken[i] = state
        pixels[found] = i  # written anyway and kept if clear: no branch to guess
        listed[i] = found
        found += (state & CLEAR_CLASS) != 0
    return taken, pixels[:found], listed


@compiled
def _reflectance(
    numbers: NDArray[Any],
    pixels: NDArray[np.uint32],
    scale: float,
    offset: float,
    state: NDArray[np.uint8],
) -> NDArray[np.float64]:
    """Reflectance of some pixels, not below 0; says of those where the band is empty: no data."""
    values = np.empty(len(pixels), np.float64)
    for i in range(len(pixels)):
        number = numbers[pixels[i]]
        values[i] = max(number * scale + offset, 0.0)
        if number == 0:
            state[pixels[i]] = 0
    return values


@compiled
def _add(
    pixels: NDArray[np.int32],
    shares: NDArray[np.float32],
    run_starts: NDArray[np.int64],
    run_plots: NDArray[np.int32],
    first_pixel: int,
    looks: tuple[NDArray[np.uint8], NDArray[np.uint32]],
    valued: tuple[NDArray[np.float64], NDArray[np.float64]],
    sums: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    """Add the runs of some blocks; values outside their range, or no number, are left out.

    Values are those of the pixels of a clear class, in the order of their places.
    """
    (state, places), (values, valid) = looks, valued
    longest = 0
    for run in range(len(run_plots)):
        longest = max(longest, run_starts[run + 1] - run_starts[run])
    clear, weights = np.empty(longest, np.uint32), np.empty(longest, np.float64)
    for run in range(len(run_plots)):
        plot = run_plots[run]
        total = squares = unseen = 0.0
        found = 0
        for entry in range(run_starts[run], run_starts[run + 1]):
            pixel, share = np.uint32(pixels[entry] - first_pixel), np.float64(shares[entry])
            if state[pixel] & SEEN:
                clear[found], weights[found] = places[pixel], share
                found += 1
                total += share
                squares += share * share
            elif state[pixel] == 0:
                unseen += share
        sums[0][0, plot] += total
        sums[0][1, plot] += squares
        sums[0][2, plot] += unseen
        if found:
            for index in range(len(values)):
                _add_index(
                    clear[:found], weights[:found], values[index], valid[index],
                    sums[1][index, :, plot],
                )  # fmt: skip


@compiled
def _add_index(
    pixels: NDArray[np.uint32],
    weights: NDArray[np.float64],
    values: NDArray[np.float64],
    valid: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    low, high = valid
    weight = total = squares = middle = 0.0
    for entry in range(len(pixels)):
        value = values[pixels[entry]]
        if low <= value <= high:
            share = weights[entry]
            if weight == 0.0:
                middle = value
            apart = value - middle
            weight += share
            total += share * apart
            squares += share * apart * apart
    if weight == 0.0:
        return
    squares = max(squares - total * total / weight, 0.0)
    total += weight * middle
    before = sums[0]
    if before > 0.0:
        apart = total / weight - sums[1] / before
        squares += apart * apart * before * weight / (before + weight)
    sums[0] += weight
    sums[1] += total
    sums[2] += squares


@compiled
def _count(
    numbers: NDArray[Any],
    state: NDArray[np.uint8],
    pixels: NDArray[np.uint32],
    counts: NDArray[np.int64],
) -> None:
    """Count the digital numbers of clear vegetation; those off the scale at its ends."""
    both = GREEN | SEEN
    for i in pixels:
        if state[i] & both == both and numbers[i] != 0:
            counts[min(max(int(numbers[i]) - _LOWEST, 0), _COUNTED - 1)] += 1
