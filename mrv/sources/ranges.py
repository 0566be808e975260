"""Parts of a file that can be asked for parts only: near ones in one request, several at a time.

Who answers is `remote_files.py`; what the parts mean is `tiff_headers.py`.
"""

import io
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mrv.sources.bands import BandFault

Part = bytes | memoryview

GAP_BYTES = 2**20  # at 100 MB/s as long as a request at 10 ms [P]
EXTRA_SHARE = 0.12  # bytes nobody asked for, at most, per byte asked for [P]
REQUEST_BYTES = 4 * 2**20  # longer requests are cut, so that several share the way [P]
_GROUP_BYTES = 16 * 2**20  # are asked for ahead of what is being used [P]
_AT_ONCE = 16  # requests; at 100 ms each and 0.5 MB that is 80 MB/s [P]
_PIECE_BYTES, _PIECES = 256 * 1024, 64  # of a file read by GDAL


class RangedFile(Protocol):
    """A file that can be read in parts."""

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        ...

    def fetch(self, start: int, end: int) -> Part:
        """Read exactly the bytes from start to before end.

        Raises:
            BandFault: If they cannot be had.
        """
        ...

    def parts(self, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Iterator[Part]:
        """Read many parts in the order given.

        Raises:
            BandFault: If a part cannot be had.
        """
        ...


class WholeFile:
    """A file so small that it was read at once."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.size = len(content)

    def fetch(self, start: int, end: int) -> Part:
        """Give the bytes from start to before end."""
        return self._content[start:end]

    def parts(self, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Iterator[Part]:
        """Give many parts in the order given."""
        for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
            yield self._content[start : start + length]


class NearFile:
    """A file on this machine, read in parts; not mapped, since one cut short would kill us."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        """Open it until the stack is closed.

        Raises:
            BandFault: If it cannot be read.
        """
        try:
            self._file = stack.enter_context(path.open("rb", buffering=0))
        except OSError as error:
            raise BandFault("it cannot be read") from error
        self.size = os.fstat(self._file.fileno()).st_size

    def fetch(self, start: int, end: int) -> Part:
        """Read the bytes from start to before end.

        Raises:
            BandFault: If they cannot be had.
        """
        try:
            part = os.pread(self._file.fileno(), end - start, start)
        except OSError as error:
            raise BandFault("it cannot be read") from error
        if len(part) != end - start:
            raise BandFault("it is damaged: it ends before its last block")
        return part

    def parts(self, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Iterator[Part]:
        """Read many parts in the order given.

        Raises:
            BandFault: If a part cannot be had.
        """
        for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
            yield self.fetch(start, start + length)


@dataclass(frozen=True, slots=True)
class Request:
    """Bytes to ask for at once, and which of the parts lie in them."""

    start: int
    end: int
    parts: tuple[int, ...]


def merge_parts(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> list[Request]:
    """Put parts that lie near each other into one request.

    The smallest gaps are closed first, as long as all closed gaps together stay below
    `EXTRA_SHARE` of what is asked for; so the bytes are bounded whatever the layout of the file.

    Args:
        starts: Where each part begins [byte].
        lengths: Of each part [byte].
    """
    if not len(starts):
        return []
    order = np.argsort(starts, kind="stable")
    ends = np.maximum.accumulate((starts + lengths)[order])
    gaps = np.maximum(starts[order][1:] - ends[:-1], 0)
    small_first = np.argsort(gaps, kind="stable")
    spent = np.cumsum(gaps[small_first])
    affordable = (spent <= EXTRA_SHARE * lengths.sum()) & (gaps[small_first] <= GAP_BYTES)
    closed = np.zeros(len(gaps), bool)
    closed[small_first[affordable]] = True
    requests = [Request(int(starts[order[0]]), int(ends[0]), (int(order[0]),))]
    for at, part in enumerate(order[1:].tolist()):
        last = requests[-1]
        end = int(ends[at + 1])
        if closed[at] and end - last.start <= REQUEST_BYTES:
            requests[-1] = Request(last.start, end, (*last.parts, part))
        else:
            requests.append(Request(int(starts[part]), int(starts[part] + lengths[part]), (part,)))
    return requests


def fetch_parts(
    file: RangedFile, starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> Iterator[Part]:
    """Read many parts in the order given, the next group of them while one is being used.

    Raises:
        BandFault: If a part cannot be had.
    """
    waiting: list[_Group] = []
    try:
        for begin, end in _groups(lengths):
            waiting.append(_Group(file, starts[begin:end], lengths[begin:end]))
            if len(waiting) > 1:
                yield from waiting.pop(0).parts()
        while waiting:
            yield from waiting.pop(0).parts()
    finally:
        for group in waiting:
            group.cancel()


def _groups(lengths: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Cut parts into runs of about `_GROUP_BYTES`."""
    group_of = np.cumsum(lengths) // _GROUP_BYTES
    cuts = [0, *(np.flatnonzero(np.diff(group_of)) + 1).tolist(), len(lengths)]
    return ((a, b) for a, b in pairwise(cuts) if b > a)


class _Group:
    """Requests under way for a run of parts."""

    def __init__(
        self, file: RangedFile, starts: NDArray[np.int64], lengths: NDArray[np.int64]
    ) -> None:
        self._starts, self._lengths = starts, lengths
        self._source: dict[int, tuple[int, Future[Part]]] = {}
        there = np.flatnonzero(lengths)
        for request in merge_parts(starts[there], lengths[there]):
            answer = _pool().submit(file.fetch, request.start, request.end)
            self._source |= {int(there[part]): (request.start, answer) for part in request.parts}

    def parts(self) -> Iterator[Part]:
        """Give the parts; one of length 0 is empty and was not asked for."""
        placed = zip(self._starts.tolist(), self._lengths.tolist(), strict=True)
        try:
            for part, (start, length) in enumerate(placed):
                if not length:
                    yield b""
                    continue
                begin, answer = self._source.pop(part)
                yield memoryview(answer.result())[start - begin : start - begin + length]
        finally:
            self.cancel()

    def cancel(self) -> None:
        """Take back what was not begun."""
        for _, answer in self._source.values():
            answer.cancel()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="ranges")


class ReadableRanges(io.RawIOBase):
    """A file of ranges as Python sees files, for GDAL; read in aligned pieces that are kept."""

    def __init__(self, file: RangedFile) -> None:
        self._file = file
        self._at = 0
        self._piece = lru_cache(maxsize=_PIECES)(self._fetch_piece)

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that any place in it can be read."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """Say where reading goes on."""
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Read from here on."""
        end = self._file.size if size < 0 else min(self._at + size, self._file.size)
        found = []
        while self._at < end:
            number, offset = divmod(self._at, _PIECE_BYTES)
            part = self._piece(number)[offset : offset + end - self._at]
            found.append(part)
            self._at += len(part)
        return b"".join(found)

    def _fetch_piece(self, number: int) -> Part:
        start = number * _PIECE_BYTES
        return self._file.fetch(start, min(start + _PIECE_BYTES, self._file.size))
