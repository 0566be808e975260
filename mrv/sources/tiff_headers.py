"""TIFF headers: how a tiled GeoTIFF of one band lies in its bytes, read without GDAL.

GDAL takes about a millisecond to open a file, most of it for the projection, and asks a server as
often as it likes. What is plain is read here, from the first 32 KiB wherever they hold it: one band
in tiles, a projection by its code, a codec that needs no tables. Whatever else TIFF allows is
`HeaderUnusual` and left to GDAL; whatever contradicts itself or the length of the file is a fault.
Only the first image is read and no chain of images is followed.

Source: TIFF 6.0; BigTIFF; OGC GeoTIFF 1.1 (19-008r4). [V]
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mrv.sources.bands import MAX_PIXELS, BandFacts, BandFault
from mrv.sources.ranges import Part

HEAD_BYTES = 32 * 1024  # hold the header of a Sentinel-2 COG with all overviews
_MAX_ENTRIES = 1_000  # a COG of GDAL has about 20 [P]
_MAX_TILES = 2**20  # 30,000 x 30,000 pixels in tiles of 32 x 32 [P]
_MAX_TILE_PIXELS = 2**24  # 4,096 x 4,096; COGs have 256 to 2,048 [P]
_MAX_TEXT = 4_096
_TILE_MULTIPLE = 16

Fetch = Callable[[int, int], Part]  # from (start, end) of the file to exactly these bytes

_TYPES = {
    1: "u1", 2: "u1", 3: "u2", 4: "u4", 6: "i1", 7: "u1", 8: "i2", 9: "i4", 11: "f4", 12: "f8",
    13: "u4", 16: "u8", 17: "i8", 18: "u8",
}  # fmt: skip
_WHOLE = {1: "B", 3: "H", 4: "I"}  # fit into an entry, whatever the size of pointers
_WIDTH, _HEIGHT, _BITS, _CODEC, _PHOTOMETRIC, _FILL_ORDER = 256, 257, 258, 259, 262, 266
_ORIENTATION, _SAMPLES, _PLANAR, _PREDICTOR, _TILE_WIDTH, _TILE_HEIGHT = (
    274,
    277,
    284,
    317,
    322,
    323,
)
_TILE_OFFSETS, _TILE_BYTES, _SAMPLE_FORMAT, _SUBFILE, _LERC = 324, 325, 339, 254, 50674
_PIXEL_SCALE, _TIE_POINT, _MATRIX, _GEO_KEYS, _NO_DATA = 33550, 33922, 34264, 34735, 42113
_PLAIN = {  # the only values, first the one that holds where a file does not say
    _SUBFILE: (0,),
    _PHOTOMETRIC: (1, 0, 3),
    _FILL_ORDER: (1,),
    _ORIENTATION: (1,),
    _SAMPLES: (1,),
    _PLANAR: (1, 2),
    _PREDICTOR: (1, 2, 3),
}
NONE, LZW, DEFLATE, OLD_DEFLATE, LERC, LZMA, ZSTD = 1, 5, 8, 32946, 34887, 34925, 50000
_CODECS = (NONE, LZW, DEFLATE, OLD_DEFLATE, LERC, LZMA, ZSTD)
_KINDS = {1: "uint", 2: "int", 3: "float"}
_MODEL, _RASTER, _PROJECTED, _UNITS = 1024, 1025, 3072, 3076
_KNOWN_KEYS = {_MODEL, _RASTER, 1026, 2048, 2049, 2054, 2057, 2059, _PROJECTED, 3073, _UNITS}
_METRE, _PROJECTED_MODEL, _PIXEL_IS_AREA = 9001, 1, 1
_EPSG_CODES = range(1024, 32767)


class HeaderUnusual(Exception):
    """A TIFF that may be sound but is not plain; GDAL knows."""


@dataclass(frozen=True, slots=True)
class TiffHeader:
    """Where the tiles of a plain GeoTIFF lie and how they are packed.

    Attributes:
        facts: What it says of its band.
        byte_order: `<` or `>`.
        codec: TIFF's number of the compression.
        predictor: 1 none, 2 differences along rows, 3 of floats.
        lerc: LERC's parameters, empty for other codecs.
        offsets: Of each tile in the file; row by row.
        lengths: Compressed bytes of each tile; 0 where the tile is left out, which is no data.
    """

    facts: BandFacts
    byte_order: str
    codec: int
    predictor: int
    lerc: tuple[int, ...]
    offsets: NDArray[np.int64]
    lengths: NDArray[np.int64]

    @property
    def tile_bytes(self) -> int:
        """Bytes of a decoded tile."""
        facts = self.facts
        return facts.block_height * facts.block_width * np.dtype(facts.dtype).itemsize


def read_header(size: int, fetch: Fetch) -> TiffHeader:
    """Read the header of a TIFF.

    Args:
        size: Bytes of the whole file.
        fetch: Reads bytes of it; asked for the first `HEAD_BYTES` and, where these do not hold all
            that is needed, for what is missing.

    Raises:
        BandFault: If it is no TIFF, or points or counts beyond what is there.
        HeaderUnusual: If it is no plain one.
    """
    tags = _Tags(size, fetch)
    for tag, allowed in _PLAIN.items():
        if tags.number(tag, allowed[0]) not in allowed:
            raise HeaderUnusual
    if _TILE_WIDTH not in tags or tags.number(_CODEC, NONE) not in _CODECS:
        raise HeaderUnusual
    width, height = tags.number(_WIDTH), tags.number(_HEIGHT)
    across, down = tags.number(_TILE_WIDTH), tags.number(_TILE_HEIGHT)
    if not (0 < width * height <= MAX_PIXELS and across > 0 and down > 0):
        raise BandFault(f"it says it has {width} x {height} pixels in tiles of {across} x {down}")
    if across * down > _MAX_TILE_PIXELS:
        raise BandFault(f"one of its blocks has {across} x {down} pixels")
    if across % _TILE_MULTIPLE or down % _TILE_MULTIPLE:
        raise HeaderUnusual
    projection, epsg = _projection(tags)
    facts = BandFacts(
        projection=projection,
        epsg=epsg,
        transform=_transform(tags),
        dtype=_dtype(tags),
        nodata=_nodata(tags),
        width=width,
        height=height,
        block_height=down,
        block_width=across,
    )
    tiles = -(-width // across) * -(-height // down)
    header = TiffHeader(
        facts=facts,
        byte_order=tags.order,
        codec=tags.number(_CODEC, NONE),
        predictor=tags.number(_PREDICTOR, 1),
        lerc=tuple(tags.values(_LERC).tolist()) if _LERC in tags else (),
        offsets=_index(tags, _TILE_OFFSETS, tiles),
        lengths=_index(tags, _TILE_BYTES, tiles),
    )
    _check_tiles(header, size)
    return header


class _Tags:
    """The entries of a file's first directory; values are fetched when they are asked for."""

    def __init__(self, size: int, fetch: Fetch) -> None:
        self._size, self._fetch = size, fetch
        self._head = fetch(0, min(size, HEAD_BYTES))
        signature = bytes(self._head[:4])
        big = signature in (b"II+\0", b"MM\0+")
        if not big and signature not in (b"II*\0", b"MM\0*"):
            raise BandFault("it is no TIFF")
        self.order = "<" if signature[0] == ord("I") else ">"
        self._pointer, self._entry = ("Q", "HHQ8s") if big else ("I", "HHI4s")
        (start,) = self._unpack(self._pointer, 8 if big else 4)
        (count,) = self._unpack("Q" if big else "H", start)
        if not 0 < count <= _MAX_ENTRIES:
            raise BandFault(f"its header lists {count} entries")
        begin = start + (8 if big else 2)
        length = count * struct.calcsize("<" + self._entry)
        entries = struct.iter_unpack(self.order + self._entry, self._take(begin, length))
        self._entries = {tag: (kind, many, value) for tag, kind, many, value in entries}
        (following,) = self._unpack(self._pointer, begin + length)
        if following == start:
            raise BandFault("its header leads back to itself")

    def __contains__(self, tag: int) -> bool:
        return tag in self._entries

    def number(self, tag: int, otherwise: int | None = None) -> int:
        """Give a tag's only value."""
        if tag not in self._entries:
            if otherwise is None:
                raise BandFault(f"its header lacks entry {tag}")
            return otherwise
        kind, many, value = self._entries[tag]
        if many != 1 or kind not in _WHOLE:
            raise HeaderUnusual
        number: int = struct.unpack_from(self.order + _WHOLE[kind], value)[0]
        return number

    def values(self, tag: int, at_most: int = _MAX_TEXT) -> NDArray[Any]:
        """Give all values of a tag.

        Raises:
            BandFault: If they are missing, too many or lie beyond the file.
        """
        if tag not in self._entries:
            raise BandFault(f"its header lacks entry {tag}")
        kind, many, value = self._entries[tag]
        if kind not in _TYPES:
            raise HeaderUnusual
        if many > at_most:
            raise BandFault(f"entry {tag} of its header claims {many} values")
        dtype = np.dtype(self.order + _TYPES[kind])
        length = many * dtype.itemsize
        if length > len(value):
            (start,) = struct.unpack(self.order + self._pointer, value)
            value = self._take(start, length)
        return np.frombuffer(value, dtype, many)

    def _unpack(self, layout: str, start: int) -> tuple[int, ...]:
        layout = self.order + layout
        return struct.unpack(layout, self._take(start, struct.calcsize(layout)))

    def _take(self, start: int, length: int) -> Part:
        end = start + length
        if end > self._size:
            raise BandFault("its header points beyond its end")
        return self._head[start:end] if end <= len(self._head) else self._fetch(start, end)


def _projection(tags: _Tags) -> tuple[str, int | None]:
    """Give the projection's name and code, where it is one that a code alone names."""
    if _GEO_KEYS not in tags:
        return "not given", None
    table = tags.values(_GEO_KEYS)
    if len(table) < 4 or len(table) % 4 or table[3] != len(table) // 4 - 1:  # noqa: PLR2004  # four numbers each
        raise HeaderUnusual
    keys = {key: (place, value) for key, place, _, value in table[4:].reshape(-1, 4).tolist()}
    direct = {key: value for key, (place, value) in keys.items() if place == 0}
    code = direct.get(_PROJECTED, 0)
    plain = (
        keys.keys() <= _KNOWN_KEYS
        and direct.get(_MODEL) == _PROJECTED_MODEL
        and direct.get(_RASTER, _PIXEL_IS_AREA) == _PIXEL_IS_AREA
        and direct.get(_UNITS, _METRE) == _METRE
        and code in _EPSG_CODES
    )
    if not plain:
        raise HeaderUnusual
    return f"EPSG:{code}", code


def _transform(tags: _Tags) -> tuple[float, float, float, float, float, float]:
    if _MATRIX in tags or _PIXEL_SCALE not in tags or _TIE_POINT not in tags:
        raise HeaderUnusual
    scale, tie = tags.values(_PIXEL_SCALE), tags.values(_TIE_POINT)
    if len(scale) != 3 or len(tie) != 6:  # noqa: PLR2004  # x, y, z of a pixel; of one tie point
        raise HeaderUnusual
    across, down = float(scale[0]), float(scale[1])
    left = float(tie[3]) - float(tie[0]) * across
    top = float(tie[4]) + float(tie[1]) * down
    return across, 0.0, left, 0.0, -down, top


def _dtype(tags: _Tags) -> str:
    kind = _KINDS.get(tags.number(_SAMPLE_FORMAT, 1))
    bits = tags.number(_BITS, 1)
    if kind is None or bits not in (8, 16, 32, 64) or (kind, bits) == ("float", 8):
        raise HeaderUnusual
    return f"{kind}{bits}"


def _nodata(tags: _Tags) -> float | None:
    if _NO_DATA not in tags:
        return None
    try:
        return float(tags.values(_NO_DATA).tobytes().split(b"\0")[0])
    except ValueError:
        raise HeaderUnusual from None


def _index(tags: _Tags, tag: int, tiles: int) -> NDArray[np.int64]:
    """Give one number per tile.

    Raises:
        BandFault: If there are fewer or more of them than tiles, or too many.
    """
    values = tags.values(tag, _MAX_TILES)
    if len(values) != tiles or values.dtype.kind != "u":
        raise BandFault(f"its header places {len(values)} tiles of {tiles}")
    if values.max() > np.iinfo(np.int64).max // 2:
        raise BandFault("its header points beyond its end")
    return values.astype(np.int64)


def _check_tiles(header: TiffHeader, size: int) -> None:
    there = header.lengths > 0
    if (header.offsets + header.lengths)[there].max(initial=0) > size:
        raise BandFault("it is damaged: it ends before its last block")
    # A codec that makes a tile twice as long is no codec, and its bytes would fill the memory.
    if header.lengths.max() > 2 * header.tile_bytes + _MAX_TEXT:
        raise BandFault(f"one of its tiles claims {header.lengths.max()} bytes")
