"""Which pixels of a band are wanted, block by block: what to fetch, and what to keep of it.

The blocks are those of the file. Each block's list of pixels has a digest, by which pixels that
were kept are found again as long as the list stays the same.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mrv.imagery.compiled import compiled
from mrv.imagery.grids import BandLayout, Grid, Window

_SQUARE = 128  # side of the squares that neighbourhoods are cut into; bounds a window [pixels] [P]


@dataclass(frozen=True, slots=True)
class Touched:
    """Pixels of a band in the order they are kept: block after block, row after row.

    Attributes:
        layout: How the band lies in its file.
        blocks: Numbers of the blocks that hold wanted pixels, ascending.
        starts: Where the pixels of each block begin, and after the last one their number.
        offsets: Of each pixel in its block, cut to the grid and laid out row by row.
        digests: Of each block's list of pixels.
    """

    layout: BandLayout
    blocks: NDArray[np.int32]
    starts: NDArray[np.int64]
    offsets: NDArray[np.int32]
    digests: tuple[str, ...]

    @classmethod
    def of(
        cls, layout: BandLayout, rows: NDArray[np.int32], cols: NDArray[np.int32]
    ) -> tuple[Self, NDArray[np.int32], NDArray[np.int32]]:
        """List pixels, each once.

        Args:
            layout: Of the band.
            rows: Of the pixels, any order, repeated or not.
            cols: Of the pixels.

        Returns:
            The list; for each given pixel its place in the list; and the order that sorts the given
            ones by block and leaves them as they were inside a block.
        """
        blocks, starts, offsets, places, order = _by_block(
            rows, cols, layout.block_height, layout.block_width,
            layout.blocks_across, layout.blocks_down, layout.grid.width,
        )  # fmt: skip
        said = _said(layout)
        digests = tuple(
            _digest(said, int(number), offsets[start:stop].tobytes())
            for number, start, stop in zip(blocks, starts[:-1], starts[1:], strict=True)
        )
        return cls(layout, blocks, starts, offsets, digests), places, order

    def rows_and_cols(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Give row and column of each pixel in the grid."""
        rows, cols = np.empty_like(self.offsets), np.empty_like(self.offsets)
        for number, start, stop in zip(self.blocks, self.starts[:-1], self.starts[1:], strict=True):
            window = self.layout.window(int(number))
            down, across = np.divmod(self.offsets[start:stop], window.width)
            rows[start:stop], cols[start:stop] = down + window.row, across + window.col
        return rows, cols


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Rectangles of a band around wanted pixels, laid one behind the other.

    Attributes:
        layout: How the band lies in its file.
        boxes: First row, first column, height and width of each rectangle.
        starts: Where each rectangle begins, and after the last one the number of pixels.
        digests: Of each rectangle.
    """

    layout: BandLayout
    boxes: NDArray[np.int32]
    starts: NDArray[np.int64]
    digests: tuple[str, ...]

    @classmethod
    def of(
        cls, layout: BandLayout, rows: NDArray[np.int32], cols: NDArray[np.int32], reach_m: float
    ) -> tuple[Self, NDArray[np.int32]]:
        """Draw rectangles that reach a distance around pixels.

        Returns:
            The rectangles, and for each given pixel its place among theirs.
        """
        grid = layout.grid
        reach = int(np.ceil(reach_m / grid.pixel_m))
        across = -(-grid.width // _SQUARE)
        boxes, squares = _boxes(rows, cols, across, -(-grid.height // _SQUARE))
        grown = np.array(
            [
                (window.row, window.col, window.height, window.width)
                for top, left, bottom, right in boxes.tolist()
                for window in [Window(top, left, bottom - top, right - left).grown(reach, grid)]
            ],
            dtype=np.int32,
        ).reshape(-1, 4)
        starts = np.concatenate(([0], np.cumsum(grown[:, 2].astype(np.int64) * grown[:, 3])))
        said = _said(layout)
        digests = tuple(_digest(said, -1, box.tobytes()) for box in grown)
        mine = grown[squares]
        places = starts[squares] + (rows - mine[:, 0]) * mine[:, 3].astype(np.int64)
        places += cols - mine[:, 1]
        return cls(layout, grown, starts, digests), places.astype(np.int32)

    def blocks_of(self, index: int) -> list[int]:
        """Name the blocks that a rectangle lies on."""
        return self.layout.blocks_under(Window(*map(int, self.boxes[index])))


def layout_to_json(layout: BandLayout) -> dict[str, Any]:
    """Write a layout as JSON."""
    return asdict(layout)


def layout_from_json(kept: Mapping[str, Any]) -> BandLayout:
    """Read back what `layout_to_json` wrote."""
    return BandLayout(**{**kept, "grid": Grid(**kept["grid"])})


def _said(layout: BandLayout) -> bytes:
    return json.dumps(layout_to_json(layout), sort_keys=True).encode()


def _digest(layout: bytes, number: int, pixels: bytes) -> str:
    return hashlib.sha256(b"%s %d %s" % (layout, number, pixels)).hexdigest()[:32]


@compiled
def _by_block(
    rows: NDArray[np.int32],
    cols: NDArray[np.int32],
    block_height: int,
    block_width: int,
    across: int,
    down: int,
    grid_width: int,
) -> tuple[Any, Any, Any, Any, Any]:
    count = len(rows)
    number = np.empty(count, np.int32)
    begin = np.zeros(across * down + 1, np.int64)
    for i in range(count):
        number[i] = rows[i] // block_height * across + cols[i] // block_width
        begin[number[i] + 1] += 1
    used = np.flatnonzero(begin[1:])
    begin = np.cumsum(begin)
    order, room = np.empty(count, np.int32), begin.copy()
    for i in range(count):
        order[room[number[i]]] = i
        room[number[i]] += 1
    places, offsets = np.empty(count, np.int32), np.empty(count, np.int32)
    starts = np.zeros(len(used) + 1, np.int64)
    found = 0
    for k in range(len(used)):
        members = order[begin[used[k]] : begin[used[k] + 1]]
        first_row = used[k] // across * block_height
        first_col = used[k] % across * block_width
        width = min(block_width, grid_width - first_col)
        top, left, bottom, right = rows[members[0]], cols[members[0]], 0, 0
        for i in members:
            top, bottom = min(top, rows[i]), max(bottom, rows[i] + 1)
            left, right = min(left, cols[i]), max(right, cols[i] + 1)
        place = np.full((bottom - top, right - left), -1, np.int32)
        for i in members:
            place[rows[i] - top, cols[i] - left] = 0
        for row in range(bottom - top):
            for col in range(right - left):
                if place[row, col] == 0:
                    place[row, col] = found
                    offsets[found] = (row + top - first_row) * width + col + left - first_col
                    found += 1
        for i in members:
            places[i] = place[rows[i] - top, cols[i] - left]
        starts[k + 1] = found
    return used.astype(np.int32), starts, offsets[:found].copy(), places, order


@compiled
def _boxes(
    rows: NDArray[np.int32], cols: NDArray[np.int32], across: int, down: int
) -> tuple[Any, Any]:
    """Box of the pixels of each square that has any, and for each pixel which box is its own."""
    boxes = np.empty((across * down, 4), np.int32)
    boxes[:, :2], boxes[:, 2:] = 2**31 - 1, 0
    squares = np.empty(len(rows), np.int32)
    for i in range(len(rows)):
        square = rows[i] // _SQUARE * across + cols[i] // _SQUARE
        squares[i] = square
        box = boxes[square]
        box[0], box[1] = min(box[0], rows[i]), min(box[1], cols[i])
        box[2], box[3] = max(box[2], rows[i] + 1), max(box[3], cols[i] + 1)
    used = np.flatnonzero(boxes[:, 2])
    rank = np.zeros(across * down, np.int32)
    rank[used] = np.arange(len(used))
    return boxes[used], rank[squares]
