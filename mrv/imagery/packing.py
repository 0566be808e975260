"""Numbers as bytes: a header, arrays behind it, and a checksum in front by which damage is seen.

Little-endian, no pickle: what is read back is numbers and JSON, whoever wrote it. The checksum is
against accidents; whoever may write to the store is kept out by its seal
(`mrv.sources.sealed`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

_CHECKSUM_BYTES = 8  # a CRC-32 in eight bytes, so that what follows stays aligned
_ALIGNMENT = 8
_KINDS = "biuf"


@dataclass(frozen=True, slots=True)
class Packed:
    """What was packed.

    Attributes:
        head: Anything that JSON holds.
        arrays: By name; they look into the bytes and cannot be written to.
    """

    head: Any
    arrays: Mapping[str, NDArray[Any]]


def pack(head: object, arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Write a header and arrays of numbers as bytes."""
    kept = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    told = {name: [array.dtype.str, list(array.shape)] for name, array in kept.items()}
    text = json.dumps([head, told], separators=(",", ":")).encode()
    parts: list[Any] = [len(text).to_bytes(_ALIGNMENT, "little"), text]
    parts.append(b" " * (-len(text) % _ALIGNMENT))
    for array in kept.values():  # looked at, not copied: a plan has tens of megabytes
        parts += [array.reshape(-1).view(np.uint8), bytes(-array.nbytes % _ALIGNMENT)]
    checksum = 0
    for part in parts:
        checksum = isal_zlib.crc32(part, checksum)
    return b"".join((checksum.to_bytes(_CHECKSUM_BYTES, "little"), *parts))


def unpack(data: bytes | None) -> Packed | None:
    """Read back what `pack` wrote; None where there is nothing, or it is cut short or changed."""
    if data is None or len(data) < _CHECKSUM_BYTES + _ALIGNMENT:
        return None
    body = memoryview(data)[_CHECKSUM_BYTES:]
    if isal_zlib.crc32(body) != int.from_bytes(data[:_CHECKSUM_BYTES], "little"):
        return None
    length = int.from_bytes(body[:_ALIGNMENT], "little")
    head, told = json.loads(bytes(body[_ALIGNMENT : _ALIGNMENT + length]))
    at = _ALIGNMENT + length + -length % _ALIGNMENT
    arrays = {}
    for name, (kind, shape) in told.items():
        dtype = np.dtype(kind)
        if dtype.kind not in _KINDS:
            return None
        count = int(np.prod(shape, dtype=np.int64))
        arrays[name] = np.frombuffer(body, dtype, count, at).reshape(shape)
        at += arrays[name].nbytes + -arrays[name].nbytes % _ALIGNMENT
    return Packed(head, arrays)
