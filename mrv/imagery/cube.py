"""The pixel cube: the plots' pixels of every scene and band, kept once they were fetched.

Another mask, another index, a verifier's re-performance start from here and open no file. One
entry holds one band of one scene, as records of one block each, named by the digest of the block's
list of pixels: when a plot changes, the records of all other blocks still fit. Two writers of one
entry may lose each other's records, which are then fetched again; no wrong number can come of it.

Neighbouring pixels are alike: of numbers of two bytes the differences are kept, low and high bytes
apart; all is compressed by LZ4, which gives them back in a third of zstd's time for a fifth more
bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import DTypeLike, NDArray

from mrv.imagery.compiled import compiled
from mrv.imagery.keeping import Keeper
from mrv.imagery.packing import pack, unpack
from mrv.imagery.scenes import Scene

_CODEC = "lz4_raw"
_TWO_BYTES = 2  # size of Sentinel-2's digital numbers [byte]


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one band of one scene.

    Attributes:
        digests: Of each list of pixels.
        starts: Where the pixels of each list begin, and after the last one their number.
        values: Digital numbers, list after list.
    """

    digests: tuple[str, ...]
    starts: NDArray[np.int64]
    values: NDArray[Any]

    def holds_just(self, digests: tuple[str, ...], dtype: DTypeLike) -> bool:
        """Say whether these lists are kept in this order and no others: nothing needs copying."""
        return self.digests == digests and self.values.dtype == dtype

    def records(self) -> dict[str, NDArray[Any]]:
        """Give digest of a list -> its digital numbers."""
        ends = zip(self.digests, self.starts[:-1], self.starts[1:], strict=True)
        return {digest: self.values[start:stop] for digest, start, stop in ends}


NOTHING = Kept((), np.zeros(1, np.int64), np.empty(0, np.uint8))


def kept_pixels(keeper: Keeper | None, scene: Scene, band: str) -> Kept:
    """Give what is kept of a band."""
    packed = unpack(keeper.get(_place(scene, band))) if keeper else None
    if packed is None or packed.head.get("codec") != _CODEC:
        return NOTHING
    dtype, starts = np.dtype(packed.head["dtype"]), packed.arrays["starts"]
    size = int(starts[-1]) * dtype.itemsize
    plain = pa.decompress(packed.arrays["pixels"], size, _CODEC)
    if dtype.itemsize == _TWO_BYTES:
        values = np.empty(int(starts[-1]), dtype)
        _join(np.frombuffer(plain, np.uint8).reshape(_TWO_BYTES, -1), values.view(np.uint16))
    else:
        values = np.frombuffer(plain, dtype)
    return Kept(tuple(packed.head["digests"]), starts, values)


def keep_pixels(
    keeper: Keeper, scene: Scene, band: str, records: Mapping[str, NDArray[Any]]
) -> None:
    """Keep pixels of a band under the digests of their lists; all of one type."""
    values = np.concatenate(list(records.values()))
    starts = np.cumsum([0, *(len(record) for record in records.values())])
    plain = values
    if values.itemsize == _TWO_BYTES:
        plain = np.empty((_TWO_BYTES, len(values)), np.uint8)
        _split(values.view(np.uint16), plain)
    squeezed = pa.compress(plain, _CODEC, asbytes=True)
    head = {"codec": _CODEC, "digests": list(records), "dtype": values.dtype.str}
    pixels = np.frombuffer(squeezed, np.uint8)
    keeper.put(_place(scene, band), pack(head, {"starts": starts, "pixels": pixels}))


def _place(scene: Scene, band: str) -> str:
    return f"pixels/{scene.item_sha256[:2]}/{scene.item_sha256}-{band}"


@compiled
def _split(values: NDArray[np.uint16], planes: NDArray[np.uint8]) -> None:
    """Differences, small ones of either sign as small numbers (zigzag); low and high bytes."""
    before = 0
    for i in range(len(values)):
        now = int(values[i])
        step = (now - before) & 0xFFFF
        before = now
        folded = ((step << 1) & 0xFFFF) ^ (0xFFFF * (step >> 15))
        planes[0, i] = folded & 0xFF
        planes[1, i] = folded >> 8


@compiled
def _join(planes: NDArray[np.uint8], values: NDArray[np.uint16]) -> None:
    """Undo `_split`, in two loops of which the first does many numbers at a time."""
    low, high = planes[0], planes[1]
    one, eight = np.uint16(1), np.uint16(8)
    for i in range(len(values)):
        folded = np.uint16(low[i]) | (np.uint16(high[i]) << eight)
        values[i] = (folded >> one) ^ (np.uint16(0) - (folded & one))
    now = np.uint16(0)
    for i in range(len(values)):
        now = np.uint16(now + values[i])
        values[i] = now
