"""Files on servers: HTTP, S3, Google Cloud and Azure, asked again where an answer fails.

obstore speaks to the servers and repeats what is refused or breaks off. Here is what it leaves
open: a body that ends early without saying so is asked for the rest of it, and every answer must
be of the version that the first one was of.
"""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import obstore
from numpy.typing import NDArray
from obstore.exceptions import (
    BaseError,
    InvalidPathError,
    NotSupportedError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import HTTPStore, ObjectStore, from_url

from mrv.sources.bands import BandFault
from mrv.sources.ranges import Part, fetch_parts

SCHEMES = ("http", "https", "s3", "gs", "az", "abfs", "abfss")
_ATTEMPTS = (
    5  # in a row that bring nothing; obstore repeats each of them up to `_REPEATS` times [P]
)
_REPEATS = 4
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _GIVE_UP_S = 0.1, 5.0, 60.0
_TIMEOUT_S, _CONNECT_S = 60, 10
_CHUNK_BYTES = 256 * 1024  # of a body; what came before it broke off is kept


class FileChanged(BandFault):
    """The file at an address is no longer the one that was opened."""

    def __init__(self) -> None:
        super().__init__("it was replaced by another while it was being read")


class RemoteFile:
    """A file on a server."""

    def __init__(self, href: str, size: int = 0, version: str = "") -> None:
        """Give size and version if they are known; otherwise `open` must be called first."""
        self._store, self._path = _place(href)
        self.size = size
        self.version = version
        self._head: Part = b""
        self._lock = threading.Lock()

    def open(self, first_bytes: int) -> Part:
        """Ask for the first bytes, or all there are if fewer; now size and version are known.

        Raises:
            BandFault: If nothing is to be had there.
        """
        self._head = self.fetch(0, first_bytes)
        return self._head

    def fetch(self, start: int, end: int) -> Part:
        """Read exactly the bytes from start to before end.

        Raises:
            BandFault: If they cannot be had.
            FileChanged: If the file is no longer the one that was opened.
        """
        if end <= len(self._head):
            return self._head[start:end]
        got = bytearray()
        failures = 0
        while start + len(got) < end:
            before = len(got)
            try:
                self._ask(start, end, got)
            except (BaseError, OSError, ValueError) as error:
                _refuse_what_stays_wrong(error)
            if self.version:
                end = min(end, self.size)
            failures = 0 if len(got) > before else failures + 1
            if failures == _ATTEMPTS:
                raise BandFault(f"its server failed {failures} times")
            if failures:
                time.sleep(min(_FIRST_PAUSE_S * 2**failures, _LONGEST_PAUSE_S))
        return memoryview(got)

    def parts(self, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Iterator[Part]:
        """Read many parts in the order given.

        Raises:
            BandFault: If a part cannot be had.
        """
        return fetch_parts(self, starts, lengths)

    def _ask(self, start: int, end: int, got: bytearray) -> None:
        """Add to what was got; a body that breaks off leaves what came before it did."""
        begin = start + len(got)
        answer = obstore.get(self._store, self._path, options={"range": (begin, end)})
        meta = answer.meta
        version = f"{meta['e_tag'] or meta['last_modified']} {meta['size']}"
        with self._lock:
            if not self.version:
                self.version, self.size = version, meta["size"]
            elif version != self.version:
                raise FileChanged
        if answer.range[0] != begin:
            return
        for chunk in answer.stream(min_chunk_size=_CHUNK_BYTES):
            got += memoryview(chunk)[: end - start - len(got)]


def _refuse_what_stays_wrong(error: Exception) -> None:
    """Raise for answers that asking again will not change."""
    told = (
        (FileNotFoundError, "nothing is at its address"),
        ((PermissionDeniedError, UnauthenticatedError), "its server does not let us read it"),
        (NotSupportedError, "its server does not send parts of a file"),
        ((InvalidPathError, ValueError), "its address cannot be used"),
    )
    for kind, fault in told:
        if isinstance(error, kind):
            raise BandFault(fault) from error


def _place(href: str) -> tuple[ObjectStore, str]:
    """Give the store that an address lies in and its path there."""
    try:
        parts = urlsplit(href)
        return _store(parts.scheme, parts.netloc, parts.query), unquote(parts.path).lstrip("/")
    except (BaseError, ValueError) as error:
        raise BandFault("its address cannot be used") from error


@lru_cache(maxsize=64)
def _store(scheme: str, netloc: str, query: str) -> ObjectStore:
    """Connect to a host or bucket once, for all of its files.

    A query is a signature that opens many files. Over https every redirect must stay on https, so
    that no server can send us to one inside our own network. Buckets are asked with the settings
    and credentials that the usual variables of S3, Google Cloud and Azure give.
    """
    retry: Any = {
        "max_retries": _REPEATS,
        "retry_timeout": timedelta(seconds=_GIVE_UP_S),
        "backoff": {
            "init_backoff": timedelta(seconds=_FIRST_PAUSE_S),
            "max_backoff": timedelta(seconds=_LONGEST_PAUSE_S),
            "base": 2,
        },
    }
    if scheme not in ("http", "https"):  # further options would hide those of the variables
        return from_url(f"{scheme}://{netloc}", retry_config=retry)
    client: Any = {
        "allow_http": scheme == "http",
        "timeout": timedelta(seconds=_TIMEOUT_S),
        "connect_timeout": timedelta(seconds=_CONNECT_S),
    }
    address = f"{scheme}://{netloc}/?{query}" if query else f"{scheme}://{netloc}"
    return HTTPStore.from_url(address, client_options=client, retry_config=retry)
