"""Compressed tiles of a GeoTIFF into arrays of digital numbers.

Deflated tiles, which is what Sentinel-2 archives hold, are inflated by ISA-L and their differences
are added up by compiled code: together 0.63 of what GDAL's zlib and libtiff take (`make bench`).
Every other codec GDAL decodes: the tiles are laid into a small TIFF of our own in memory, one tile
wide, so that whatever GDAL knows is known here.
"""

import struct
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import rasterio
from isal.igzip_lib import IsalError
from isal.isal_zlib import decompressobj
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.io import MemoryFile

from mrv.imagery.compiled import compiled
from mrv.sources.bands import BandFault
from mrv.sources.ranges import Part
from mrv.sources.tiff_headers import DEFLATE, LERC, NONE, OLD_DEFLATE, TiffHeader

_BATCH_BYTES = 8 * 2**20  # GDAL takes 0.3 ms to begin; sixteen blocks of 512 x 512 share it
_DIFFERENCES = 2


def tiles_at_once(header: TiffHeader) -> int:
    """Say how many tiles are best decoded together: what GDAL opens for, or one, still in cache."""
    return 1 if _plain(header) else max(1, _BATCH_BYTES // header.tile_bytes)


def decode_tiles(
    header: TiffHeader, tiles: Sequence[Part], out: NDArray[Any] | None = None
) -> NDArray[Any]:
    """Decode tiles of one file; an empty one is a tile that is left out, all no data.

    Args:
        header: Of the file they come from.
        tiles: Compressed bytes.
        out: Is filled and returned if given; as many tiles or more.

    Returns:
        Array of tiles x block height x block width.

    Raises:
        BandFault: If a tile is damaged.
    """
    facts = header.facts
    shape = (len(tiles), facts.block_height, facts.block_width)
    numbers = np.empty(shape, facts.dtype) if out is None else out[: len(tiles)]
    if _plain(header):
        for tile, into in zip(tiles, numbers, strict=True):
            _inflate(header, tile, into)
    else:
        _decode_by_gdal(header, tiles, numbers)
    return numbers


def _plain(header: TiffHeader) -> bool:
    return (
        header.codec in (NONE, DEFLATE, OLD_DEFLATE)
        and header.predictor <= _DIFFERENCES
        and np.dtype(header.facts.dtype).kind in "iu"
    )


def _inflate(header: TiffHeader, tile: Part, into: NDArray[Any]) -> None:
    if not tile:
        into[:] = 0
        return
    raw: Part = tile
    if header.codec != NONE:
        stream = decompressobj()
        try:
            raw = stream.decompress(tile, header.tile_bytes + 1)
        except IsalError as error:  # type: ignore[misc]  # its stub gives an instance
            raise BandFault("it is damaged") from error
        if not stream.eof:
            raise BandFault("it is damaged")
    if len(raw) != header.tile_bytes:
        raise BandFault("it is damaged")
    whole = np.dtype(f"u{into.itemsize}")  # differences wrap around alike with and without a sign
    stored = np.frombuffer(raw, f"{header.byte_order}u{into.itemsize}").astype(whole, copy=False)
    if header.predictor == _DIFFERENCES:
        _add_up(stored.reshape(into.shape), into.view(whole))
    else:
        into.view(whole)[:] = stored.reshape(into.shape)


@compiled
def _add_up(differences: NDArray[Any], values: NDArray[Any]) -> None:
    """Turn differences along rows into values (TIFF 6.0, section 14)."""
    for row in range(differences.shape[0]):
        value = differences[row, 0]
        values[row, 0] = value
        for column in range(1, differences.shape[1]):
            value += differences[row, column]
            values[row, column] = value


def _decode_by_gdal(header: TiffHeader, tiles: Sequence[Part], into: NDArray[Any]) -> None:
    flat = into.reshape(-1, into.shape[2])
    try:
        with (
            MemoryFile(_small_tiff(header, tiles)) as memory,
            rasterio.open(memory.name, driver="GTiff", sharing=False) as file,
        ):
            file.read(1, out=flat)
    except RasterioError as error:
        raise BandFault("it is damaged") from error


def _small_tiff(header: TiffHeader, tiles: Sequence[Part]) -> bytes:
    """Lay tiles one below the other into a classic TIFF."""
    facts, order = header.facts, header.byte_order
    dtype = np.dtype(facts.dtype)
    lengths = [len(tile) for tile in tiles]

    def directory(offsets: Sequence[int]) -> bytes:
        return _directory(
            order,
            [
                (256, "I", [facts.block_width]),
                (257, "I", [facts.block_height * len(tiles)]),
                (258, "H", [dtype.itemsize * 8]),
                (259, "H", [header.codec]),
                (262, "H", [1]),
                (277, "H", [1]),
                (284, "H", [1]),
                *([(317, "H", [header.predictor])] if header.predictor > 1 else []),
                (322, "I", [facts.block_width]),
                (323, "I", [facts.block_height]),
                (324, "I", offsets),
                (325, "I", lengths),
                (339, "H", [{"u": 1, "i": 2, "f": 3}[dtype.kind]]),
                # A place of its own keeps rasterio from warning that there is none.
                (33550, "d", [1.0, 1.0, 0.0]),
                (33922, "d", [0.0] * 6),
                *([(50674, "I", header.lerc)] if header.codec == LERC else []),
            ],
        )

    begin = len(directory(lengths))
    ends = accumulate(lengths, initial=begin)
    offsets = [at if length else 0 for at, length in zip(ends, lengths, strict=False)]
    return b"".join([directory(offsets), *tiles])


_INLINE = 4  # bytes of a value that stay in its entry
_KINDS = {"H": 3, "I": 4, "d": 12}


def _directory(order: str, entries: Sequence[tuple[int, str, Sequence[Any]]]) -> bytes:
    """Pack a TIFF's signature and its only directory."""
    listed, beyond = [struct.pack(order + "H", len(entries))], []
    place = 8 + 2 + 12 * len(entries) + 4
    for tag, kind, values in entries:
        value = struct.pack(f"{order}{len(values)}{kind}", *values)
        if len(value) > _INLINE:
            beyond.append(value)
            value = struct.pack(order + "I", place)
            place += len(beyond[-1])
        head = struct.pack(order + "HHI", tag, _KINDS[kind], len(values))
        listed.append(head + value.ljust(_INLINE, b"\0"))
    signature = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    return b"".join([signature, *listed, bytes(4), *beyond])
