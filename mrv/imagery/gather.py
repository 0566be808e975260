"""The pixels of one scene that lie under plots: from the cube, and what is missing from its files.

The classification comes first: blocks whose plots are all under cloud or without data are not
fetched. Pixels of blocks that were not fetched are 0, and no mask keeps them.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mrv.imagery.cloud_mask import HOPELESS, classes_table
from mrv.imagery.compiled import compiled
from mrv.imagery.cube import keep_pixels, kept_pixels
from mrv.imagery.grids import OpenedScene, Window, copy_shared
from mrv.imagery.keeping import Keeper
from mrv.imagery.plan import Plan
from mrv.imagery.scenes import SCL, Scene
from mrv.imagery.touched import Touched


@dataclass(slots=True)
class Opening:
    """A scene that is opened when something of it is first needed.

    Attributes:
        scene: The scene.
        open_scene: Opens it.
        blocks: Blocks that were decoded.
        bytes: Their size [byte].
    """

    scene: Scene
    open_scene: Callable[[Scene], AbstractContextManager[OpenedScene]]
    blocks: int = 0
    bytes: int = 0
    _opened: OpenedScene | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    @property
    def opened(self) -> OpenedScene:
        """The opened scene."""
        if self._opened is None:
            self._opened = self._stack.enter_context(self.open_scene(self.scene))
        return self._opened


@dataclass(frozen=True, slots=True)
class Gathered:
    """What one scene shows of the plots.

    Attributes:
        classes: Class codes of the plan's neighbourhood.
        numbers: Band -> digital numbers of the plan's pixels of that band.
    """

    classes: NDArray[np.integer[Any]]
    numbers: Mapping[str, NDArray[np.integer[Any]]]


def gather(opening: Opening, plan: Plan, bands: Collection[str], keeper: Keeper | None) -> Gathered:
    """Bring the pixels of a scene together.

    Args:
        opening: The scene.
        plan: Which pixels.
        bands: Which bands, beside the classification.
        keeper: Where pixels are kept; None keeps none.

    Raises:
        SceneUnreadable: If a file is damaged.
    """
    classes = _classes(opening, plan, keeper)
    hopeful = ~classes_table(HOPELESS)
    wanted: dict[int, NDArray[np.bool_]] = {}  # by list of pixels, which bands share

    def blocks_wanted(band: str) -> NDArray[np.bool_]:
        touched = plan.bands[band]
        if id(touched) not in wanted:
            wanted[id(touched)] = (
                _base_blocks_with(hopeful, classes, plan.classes, touched.starts)
                if touched is plan.base
                else _blocks_with(
                    hopeful, classes, plan.classes, plan.parents[band], touched.starts
                )
            )
        return wanted[id(touched)]

    numbers = {
        band: _band(opening, band, plan.bands[band], partial(blocks_wanted, band), keeper)
        for band in bands
    }
    return Gathered(classes, numbers)


def _classes(opening: Opening, plan: Plan, keeper: Keeper | None) -> NDArray[Any]:
    around = plan.around
    before = kept_pixels(keeper, opening.scene, SCL)
    if before.holds_just(around.digests, around.layout.dtype):
        return before.values
    kept = before.records()
    values = np.zeros(int(around.starts[-1]), np.dtype(around.layout.dtype))
    parts = {
        index: values[start:stop].reshape(height, width)
        for index, (start, stop, (_, _, height, width)) in enumerate(
            zip(around.starts[:-1], around.starts[1:], around.boxes, strict=True)
        )
    }
    missing: dict[int, list[int]] = {}
    for index, digest in enumerate(around.digests):
        if digest in kept:
            parts[index][:] = kept[digest].reshape(parts[index].shape)
        else:
            for number in around.blocks_of(index):
                missing.setdefault(number, []).append(index)
    if not missing:
        return values
    for number, block in opening.opened.blocks(SCL, sorted(missing)):
        opening.blocks, opening.bytes = opening.blocks + 1, opening.bytes + block.nbytes
        window = around.layout.window(number)
        for index in missing[number]:
            copy_shared(block, window, parts[index], Window(*map(int, around.boxes[index])))
    if keeper:
        fresh = {digest: parts[index].ravel() for index, digest in enumerate(around.digests)}
        keep_pixels(keeper, opening.scene, SCL, fresh | kept)
    return values


def _band(
    opening: Opening,
    band: str,
    touched: Touched,
    wanted: Callable[[], NDArray[np.bool_]],
    keeper: Keeper | None,
) -> NDArray[Any]:
    before = kept_pixels(keeper, opening.scene, band)
    if before.holds_just(touched.digests, touched.layout.dtype):
        return before.values
    kept = before.records()
    values = np.zeros(int(touched.starts[-1]), np.dtype(touched.layout.dtype))
    missing: dict[int, int] = {}
    for index in np.flatnonzero(wanted()).tolist():
        start, stop = touched.starts[index], touched.starts[index + 1]
        if (record := kept.get(touched.digests[index])) is not None:
            values[start:stop] = record
        else:
            missing[int(touched.blocks[index])] = index
    if not missing:
        return values
    fresh = {}
    for number, block in opening.opened.blocks(band, list(missing)):
        opening.blocks, opening.bytes = opening.blocks + 1, opening.bytes + block.nbytes
        index = missing[number]
        part = slice(touched.starts[index], touched.starts[index + 1])
        _take(np.ascontiguousarray(block).reshape(-1), touched.offsets[part], values[part])
        fresh[touched.digests[index]] = values[part]
    if keeper:
        known = kept | fresh
        ordered = {digest: known.pop(digest) for digest in touched.digests if digest in known}
        keep_pixels(keeper, opening.scene, band, ordered | known)
    return values


@compiled
def _base_blocks_with(
    hopeful: NDArray[np.bool_],
    classes: NDArray[Any],
    places: NDArray[np.int32],
    starts: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Say of each block of the finest band whether any of its plots' pixels may be clear."""
    wanted = np.zeros(len(starts) - 1, np.bool_)
    for block in range(len(wanted)):
        for i in range(starts[block], starts[block + 1]):
            if hopeful[classes[places[i]]]:
                wanted[block] = True
                break
    return wanted


@compiled
def _blocks_with(
    hopeful: NDArray[np.bool_],
    classes: NDArray[Any],
    places: NDArray[np.int32],
    parents: NDArray[np.int32],
    starts: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Say the same of the blocks of a coarser band."""
    wanted = np.zeros(len(starts) - 1, np.bool_)
    block, first, last = 0, starts[0], starts[1]
    i = 0
    while i < len(parents):
        if not first <= parents[i] < last:
            block = np.searchsorted(starts, parents[i], side="right") - 1
            first, last = starts[block], starts[block + 1]
        if wanted[block]:  # most pixels follow their neighbours: none of this block is asked again
            while i < len(parents) and first <= parents[i] < last:
                i += 1
            continue
        wanted[block] = hopeful[classes[places[i]]]
        i += 1
    return wanted


@compiled
def _take(block: NDArray[Any], offsets: NDArray[np.int32], values: NDArray[Any]) -> None:
    for i in range(len(offsets)):
        values[i] = block[offsets[i]]
