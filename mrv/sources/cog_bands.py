"""Bands in plain tiled GeoTIFFs, here or far away, read without opening them in GDAL.

Headers of far files are kept by their version, so that another band, date or run asks only for
pixels.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mrv.sources.bands import BandFacts
from mrv.sources.ranges import RangedFile
from mrv.sources.remote_files import FileChanged, RemoteFile
from mrv.sources.tiff_headers import HEAD_BYTES, TiffHeader, read_header
from mrv.sources.tiles import decode_tiles, tiles_at_once

_HEADERS_KEPT = 512  # of 484 tiles each they take 5 MB [P]


class CogBand:
    """A plain tiled GeoTIFF whose header is known."""

    def __init__(self, header: TiffHeader, file: RangedFile) -> None:
        self._header = header
        self._file = file
        self.facts: BandFacts = header.facts

    def blocks(self, numbers: Sequence[int]) -> Iterator[tuple[int, NDArray[Any]]]:
        """Decode blocks in the order asked, each valid until the next is taken.

        Raises:
            BandFault: If the file is damaged, cannot be had or is no longer the same.
        """
        header, facts = self._header, self.facts
        wanted = np.asarray(numbers, dtype=np.int64)
        parts = self._file.parts(header.offsets[wanted], header.lengths[wanted])
        at_once = tiles_at_once(header)
        across = -(-facts.width // facts.block_width)
        room = None
        for begin in range(0, len(wanted), at_once):
            batch = wanted[begin : begin + at_once].tolist()
            room = decode_tiles(header, [next(parts) for _ in batch], room)
            for number, block in zip(batch, room, strict=False):
                down, right = divmod(number, across)
                yield (
                    number,
                    block[
                        : facts.height - down * facts.block_height,
                        : facts.width - right * facts.block_width,
                    ],
                )


def near_cog(file: RangedFile) -> CogBand:
    """Read the header of a GeoTIFF on this machine.

    Raises:
        BandFault: If it is damaged.
        HeaderUnusual: If it is not a plain one.
    """
    return CogBand(read_header(file.size, file.fetch), file)


class RemoteCog:
    """A plain tiled GeoTIFF on a server."""

    def __init__(self, href: str) -> None:
        """Read its header, or take it from an earlier time.

        Raises:
            BandFault: If it is damaged or cannot be had.
            HeaderUnusual: If it is not a plain one.
        """
        self._href = href
        known = _headers.get(_name(href))
        self._remembered = known is not None
        self._band = _band(href, known) if known else self._read()
        self.facts: BandFacts = self._band.facts

    def blocks(self, numbers: Sequence[int]) -> Iterator[tuple[int, NDArray[Any]]]:
        """Decode blocks in the order asked, each valid until the next is taken.

        If the file was replaced since its header was kept, the header is read anew; if it is
        replaced while it is read, or lies otherwise than was said, that is a fault.

        Raises:
            BandFault: If the file is damaged, cannot be had or is no longer the same.
        """
        given = False
        try:
            for block in self._band.blocks(numbers):
                given = True
                yield block
        except FileChanged:
            _headers.forget(_name(self._href))
            if given or not self._remembered:
                raise
            self._band = self._read()
            if self._band.facts != self.facts:
                raise
            yield from self._band.blocks(numbers)
        self._remembered = False

    def _read(self) -> CogBand:
        file = RemoteFile(self._href)
        file.open(HEAD_BYTES)
        header = read_header(file.size, file.fetch)
        _headers.keep(_name(self._href), _Known(file.size, file.version, header))
        return CogBand(header, file)


@dataclass(frozen=True, slots=True)
class _Known:
    size: int
    version: str
    header: TiffHeader


def _band(href: str, known: _Known) -> CogBand:
    return CogBand(known.header, RemoteFile(href, known.size, known.version))


def _name(href: str) -> str:
    return href.split("?", maxsplit=1)[0]  # a signature changes every hour, the file does not


class _Kept:
    """The headers used last, for all threads."""

    def __init__(self) -> None:
        self._found: OrderedDict[str, _Known] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str) -> _Known | None:
        with self._lock:
            if name in self._found:
                self._found.move_to_end(name)
            return self._found.get(name)

    def keep(self, name: str, known: _Known) -> None:
        with self._lock:
            self._found[name] = known
            if len(self._found) > _HEADERS_KEPT:
                self._found.popitem(last=False)

    def forget(self, name: str) -> None:
        with self._lock:
            self._found.pop(name, None)

    def clear(self) -> None:
        with self._lock:
            self._found.clear()


_headers = _Kept()


def forget_headers() -> None:
    """Let the next opening of every far file read its header again."""
    _headers.clear()
