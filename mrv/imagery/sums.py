"""Sums over the pixels of plots: what a scene says of each plot, in numbers that add up.

For plot p, pixel i and scene t, with share w, clear mask m and index x,

    mean = sum(w m x) / sum(w m)    clear = sum(w m) / area    n_eff = sum(w m)^2 / sum((w m)^2)

The index is computed first and averaged second. A pixel has data where the classification is not 0
and, if its class is clear, no band in use is 0: so a plot's sums never depend on which other plots
made a block be fetched. Squares are taken about the first value of a run and runs are merged by
Chan's rule, against cancellation.

Source: performance reference 2.7; Chan, Golub and LeVeque 1983 for the merge [V].
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mrv.imagery.cloud_mask import CLEAR, VEGETATION, classes_table, clear_around
from mrv.imagery.compiled import compiled
from mrv.imagery.gather import Gathered
from mrv.imagery.indices import INDICES, Index
from mrv.imagery.offsets import OffsetRule, first_percentile
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


def summarise(plan: Plan, gathered: Gathered, scene: Scene, recipe: Recipe) -> SceneSums:
    """Mask a scene, compute its indices on the plots' pixels and add them up per plot.

    Args:
        plan: Whose pixels.
        gathered: The pixels.
        scene: Whose scale and offset apply.
        recipe: Which indices, which mask.
    """
    plots, around = len(plan.totals), plan.around
    seen = clear_around(
        gathered.classes, around.boxes, around.starts, around.layout.grid.pixel_m,
        recipe.cloud_buffer_m,
    )  # fmt: skip
    totals = np.zeros((3, plots))
    sums = {name: np.zeros((3, plots)) for name in recipe.indices}
    witnesses = recipe.witnesses(scene)
    counts = {band: np.zeros(_COUNTED, np.int64) for band in witnesses}
    clear_class = classes_table(CLEAR)
    for first, last in _pieces(plan):
        start, stop = plan.base.starts[first], plan.base.starts[last]
        runs = plan.block_runs[first], plan.block_runs[last]
        empty = np.zeros(stop - start, np.bool_)
        reflectance = {
            band: _reflectance(
                gathered.numbers[band], plan.parents[band][start:stop], *_scale(scene), empty
            )
            for band in recipe.bands
        }
        has_data, sunlit, green = _states(
            gathered.classes, seen, plan.classes[start:stop], empty, clear_class
        )
        begin, end = plan.run_starts[runs[0]], plan.run_starts[runs[1]]
        pixels = plan.pixels[begin:end] - np.int32(start)
        run_starts = plan.run_starts[runs[0] : runs[1] + 1]
        run_plots = plan.run_plots[runs[0] : runs[1]]
        weights = _add_clear(
            pixels, plan.shares[begin:end], run_starts, run_plots, has_data, sunlit, totals
        )
        for name in recipe.indices:
            index = INDICES[name]
            _add_index(
                pixels, weights, run_starts, run_plots, _values(index, reflectance),
                index.valid, sums[name],
            )  # fmt: skip
        for band in witnesses:
            _count(gathered.numbers[band], plan.parents[band][start:stop], green, counts[band])
    clear, clear_squares, unseen = totals
    return SceneSums(
        clear,
        clear_squares,
        unseen,
        weights={name: found[0] for name, found in sums.items()},
        values={name: found[1] for name, found in sums.items()},
        squares={name: found[2] for name, found in sums.items()},
        levels={band: first_percentile(counts[band], _LOWEST, scene.offset) for band in witnesses},
    )


def _scale(scene: Scene) -> tuple[float, float]:
    rule: OffsetRule = scene.offset
    return rule.scale, rule.offset


def _pieces(plan: Plan) -> list[tuple[int, int]]:
    """Cut the blocks into groups of about the same number of pixels."""
    pieces, first = [], 0
    starts = plan.base.starts
    while first < len(starts) - 1:
        last = int(np.searchsorted(starts, starts[first] + _PIECE_PIXELS, side="right")) - 1
        last = max(last, first + 1)
        pieces.append((first, last))
        first = last
    return pieces


def _values(index: Index, reflectance: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return index.formula(*(reflectance[band] for band in index.bands))


def _ratio(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide; NaN, not zero and not infinity, where there is nothing to divide by."""
    return np.divide(a, b, out=np.full_like(a, np.nan), where=b > 0)


@compiled
def _reflectance(
    numbers: NDArray[Any],
    parents: NDArray[np.int32],
    scale: float,
    offset: float,
    empty: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Reflectance of base pixels, not below 0; marks those without a digital number."""
    values = np.empty(len(parents), np.float64)
    for i in range(len(parents)):
        number = numbers[parents[i]]
        empty[i] |= number == 0
        values[i] = max(number * scale + offset, 0.0)
    return values


@compiled
def _states(
    classes: NDArray[Any],
    seen: NDArray[np.bool_],
    places: NDArray[np.int32],
    empty: NDArray[np.bool_],
    clear_class: NDArray[np.bool_],
) -> tuple[Any, Any, Any]:
    """Of base pixels: has data, is clear, is clear vegetation."""
    count = len(places)
    has_data, clear = np.empty(count, np.bool_), np.empty(count, np.bool_)
    green = np.empty(count, np.bool_)
    for i in range(count):
        code = classes[places[i]]
        has_data[i] = code != 0 and not (clear_class[code] and empty[i])
        clear[i] = has_data[i] and seen[places[i]]
        green[i] = clear[i] and code == VEGETATION
    return has_data, clear, green


@compiled
def _add_clear(
    pixels: NDArray[np.int32],
    shares: NDArray[np.float32],
    run_starts: NDArray[np.int64],
    run_plots: NDArray[np.int32],
    has_data: NDArray[np.bool_],
    clear: NDArray[np.bool_],
    totals: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Add shares of clear and of unseen pixels; give the shares that count, 0 where not clear."""
    weights = np.zeros(len(pixels), np.float32)
    begin = run_starts[0]
    for run in range(len(run_plots)):
        total = squares = unseen = 0.0
        for entry in range(run_starts[run] - begin, run_starts[run + 1] - begin):
            pixel, share = pixels[entry], np.float64(shares[entry])
            if clear[pixel]:
                weights[entry] = shares[entry]
                total += share
                squares += share * share
            elif not has_data[pixel]:
                unseen += share
        plot = run_plots[run]
        totals[0, plot] += total
        totals[1, plot] += squares
        totals[2, plot] += unseen
    return weights


@compiled
def _add_index(
    pixels: NDArray[np.int32],
    weights: NDArray[np.float32],
    run_starts: NDArray[np.int64],
    run_plots: NDArray[np.int32],
    values: NDArray[np.float64],
    valid: tuple[float, float],
    sums: NDArray[np.float64],
) -> None:
    """Add an index; values outside its range, and those that are no number, are left out."""
    begin, (low, high) = run_starts[0], valid
    for run in range(len(run_plots)):
        weight = total = squares = middle = 0.0
        for entry in range(run_starts[run] - begin, run_starts[run + 1] - begin):
            if weights[entry] > 0:
                value = values[pixels[entry]]
                if low <= value <= high:
                    share = np.float64(weights[entry])
                    if weight == 0.0:
                        middle = value
                    weight += share
                    total += share * (value - middle)
                    squares += share * (value - middle) ** 2
        if weight == 0.0:
            continue
        squares = max(squares - total * total / weight, 0.0)
        total += weight * middle
        plot = run_plots[run]
        before = sums[0, plot]
        if before > 0.0:
            apart = total / weight - sums[1, plot] / before
            squares += apart * apart * before * weight / (before + weight)
        sums[0, plot] += weight
        sums[1, plot] += total
        sums[2, plot] += squares


@compiled
def _count(
    numbers: NDArray[Any],
    parents: NDArray[np.int32],
    green: NDArray[np.bool_],
    counts: NDArray[np.int64],
) -> None:
    """Count the digital numbers of clear vegetation; those off the scale at its ends."""
    for i in range(len(parents)):
        if green[i]:
            number = numbers[parents[i]]
            if number != 0:
                counts[min(max(int(number) - _LOWEST, 0), _COUNTED - 1)] += 1
