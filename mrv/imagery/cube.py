"""The pixel cube: the plots' pixels of every scene and band, kept once they were fetched.

Another mask, another index, a verifier's re-performance start from here and open no file. One
entry holds one band of one scene, as records of one block each, named by the digest of the block's
list of pixels: when a plot changes, the records of all other blocks still fit. Two writers of one
entry may lose each other's records, which are then fetched again; no wrong number can come of it.

Neighbouring pixels are alike: differences are kept, low and high bytes apart, and compressed.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mrv.imagery.compiled import compiled
from mrv.imagery.keeping import Keeper
from mrv.imagery.packing import pack, unpack
from mrv.imagery.scenes import Scene

_CODEC = "zstd"


def kept_pixels(keeper: Keeper, scene: Scene, band: str) -> dict[str, NDArray[Any]]:
    """Give what is kept of a band: digest of a list of pixels -> their digital numbers."""
    packed = unpack(keeper.get(_place(scene, band)))
    if packed is None:
        return {}
    digests, dtype = packed.head["digests"], np.dtype(packed.head["dtype"])
    starts = packed.arrays["starts"]
    planes = np.frombuffer(
        pa.decompress(
            packed.arrays["pixels"], int(starts[-1]) * dtype.itemsize, _CODEC, asbytes=True
        ),
        np.uint8,
    ).reshape(dtype.itemsize, -1)
    values = np.empty(planes.shape[1], dtype)
    _join(planes, _mask(dtype), values.view(_signed(dtype)))
    return {
        digest: values[start:stop]
        for digest, start, stop in zip(digests, starts[:-1], starts[1:], strict=True)
    }


def keep_pixels(
    keeper: Keeper, scene: Scene, band: str, records: Mapping[str, NDArray[Any]]
) -> None:
    """Keep pixels of a band under the digests of their lists; all of one type."""
    values = np.concatenate(list(records.values()))
    starts = np.cumsum([0, *(len(record) for record in records.values())])
    planes = np.empty((values.itemsize, len(values)), np.uint8)
    _split(values.view(_signed(values.dtype)), _mask(values.dtype), planes)
    squeezed = pa.compress(planes, _CODEC, asbytes=True)
    head = {"digests": list(records), "dtype": values.dtype.str}
    pixels = np.frombuffer(squeezed, np.uint8)
    keeper.put(_place(scene, band), pack(head, {"starts": starts, "pixels": pixels}))


def _place(scene: Scene, band: str) -> str:
    return f"pixels/{scene.item_sha256[:2]}/{scene.item_sha256}-{band}"


def _signed(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(f"i{dtype.itemsize}")


def _mask(dtype: np.dtype[Any]) -> np.int64:
    bits = 8 * dtype.itemsize
    return np.int64(-1 if bits == 64 else (1 << bits) - 1)  # noqa: PLR2004  # the whole word


@compiled
def _split(values: NDArray[Any], mask: Any, planes: NDArray[np.uint8]) -> None:  # noqa: ANN401  # one word
    """Differences, small ones of either sign as small numbers (zigzag), byte by byte."""
    sign, before = 8 * planes.shape[0] - 1, np.int64(0)
    for i in range(len(values)):
        now = np.int64(values[i])
        step = (now - before) & mask
        before = now
        folded = ((step << 1) & mask) ^ (mask if (step >> sign) & 1 else np.int64(0))
        for plane in range(planes.shape[0]):
            planes[plane, i] = (folded >> (8 * plane)) & 255


@compiled
def _join(planes: NDArray[np.uint8], mask: Any, values: NDArray[Any]) -> None:  # noqa: ANN401  # one word
    top, now = 8 * (planes.shape[0] - 1), np.int64(0)
    for i in range(planes.shape[1]):
        folded = np.int64(0)
        for plane in range(planes.shape[0]):
            folded |= np.int64(planes[plane, i]) << (8 * plane)
        half = (folded >> 1) & ((np.int64(128) << top) - 1)
        now = (now + (half ^ (mask if folded & 1 else np.int64(0)))) & mask
        values[i] = now
