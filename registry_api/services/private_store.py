"""Private files at rest: encrypted to the registry's own key, named by their digest.

Files are in the age format (age-encryption.org/v1, X25519), so that an operator can open one
without Parkland. Who may read what is the callers' business; they log it in `private_reads`.
"""

import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Thread
from uuid import uuid4

import pyrage

from mrv.errors import SourceFailed
from registry_api.errors import TooLarge
from registry_api.services.private_key import identity
from registry_api.settings import Settings

_CHUNK_BYTES = 1 << 20
_UNFINISHED = "unfinished"


class PrivateStore:
    """The folder `private` under the registry's home.

    Args:
        settings: Say where it is and where its key is; the key is made where there is none.

    Raises:
        NotReady: If the key can be read by others, or is not one.
    """

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.home.absolute() / "private"
        self._identity = identity(settings)

    def put_stream(
        self, chunks: Iterable[bytes], *, limit_bytes: int | None = None
    ) -> tuple[str, int]:
        """Keep what comes, never whole in memory; the same bytes again are one file.

        Returns:
            Its sha-256 and its size [byte].

        Raises:
            TooLarge: If more than `limit_bytes` come; nothing is kept then.
        """
        incoming = _Incoming(chunks, limit_bytes)
        unfinished = self._folder / _UNFINISHED / uuid4().hex
        unfinished.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with unfinished.open("xb") as file:
                _encrypt(incoming, file, self._identity)
                file.flush()
                os.fsync(file.fileno())
            sha256 = incoming.digest.hexdigest()
            place = self._place(sha256)
            if not place.exists():
                place.parent.mkdir(mode=0o700, exist_ok=True)
                unfinished.replace(place)
        finally:
            unfinished.unlink(missing_ok=True)
        return sha256, incoming.size_bytes

    def put_bytes(self, data: bytes) -> str:
        """Keep bytes and give their sha-256."""
        return self.put_stream([data])[0]

    def read(self, sha256: str) -> bytes:
        """Read a file whole.

        Raises:
            SourceFailed: If it is not there, or is not what its name says.
        """
        plain = io.BytesIO()
        with self._encrypted(sha256) as file:
            try:
                pyrage.decrypt_io(file, plain, [self._identity])
            except (pyrage.DecryptError, OSError) as error:
                raise _spoilt(sha256) from error
        data = plain.getvalue()
        if hashlib.sha256(data).hexdigest() != sha256:
            raise _spoilt(sha256)
        return data

    def open(self, sha256: str) -> Iterator[bytes]:
        """Read a file in chunks, never whole in memory; errors as `read`.

        A file that was spoilt ends in an error and not in silence, after what came before it.
        """
        encrypted = self._encrypted(sha256)  # now, and not when the first chunk is asked for

        def chunks() -> Iterator[bytes]:
            receiving, sending = os.pipe()
            faults: list[Exception] = []
            digest = hashlib.sha256()

            def decrypt() -> None:
                with encrypted, os.fdopen(sending, "wb") as out:
                    try:
                        pyrage.decrypt_io(encrypted, out, [self._identity])
                    except (pyrage.DecryptError, OSError) as error:
                        faults.append(error)  # OSError too where the reader went away

            with os.fdopen(receiving, "rb") as plain:
                worker = Thread(target=decrypt, name="decrypting", daemon=True)
                worker.start()
                while chunk := plain.read(_CHUNK_BYTES):
                    digest.update(chunk)
                    yield chunk
            worker.join()
            if faults or digest.hexdigest() != sha256:
                raise _spoilt(sha256)

        return chunks()

    def has(self, sha256: str) -> bool:
        """Say whether a file is there."""
        return self._place(sha256).exists()

    def remove(self, sha256: str) -> None:
        """Remove a file for good; one that is not there is none to remove."""
        self._place(sha256).unlink(missing_ok=True)

    def _encrypted(self, sha256: str) -> io.BufferedReader:
        try:
            return self._place(sha256).open("rb")
        except FileNotFoundError as error:
            raise SourceFailed(
                f"The private file {sha256} is not there; restore it from a copy.",
                sha256=sha256,
            ) from error

    def _place(self, sha256: str) -> Path:
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):  # noqa: PLR2004  # sha-256
            raise SourceFailed(f"'{sha256[:80]}' is not the digest of a file.", sha256=sha256)
        return self._folder / sha256[:2] / f"{sha256}.age"


class _Incoming:
    """What comes, as a file to read from that counts and digests as it goes."""

    def __init__(self, chunks: Iterable[bytes], limit_bytes: int | None) -> None:
        self._chunks = iter(chunks)
        self._limit_bytes = limit_bytes
        self._waiting = b""
        self.digest = hashlib.sha256()
        self.size_bytes = 0
        self.fault: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        """Give at most `size` bytes, and none at the end."""
        try:
            while not self._waiting:
                self._waiting = next(self._chunks, b"")
                if not self._waiting:
                    return b""
                self._count(self._waiting)
        except BaseException as error:
            self.fault = error  # pyrage would tell only its text
            raise
        end = len(self._waiting) if size < 0 else size
        given, self._waiting = self._waiting[:end], self._waiting[end:]
        return given

    def _count(self, chunk: bytes) -> None:
        self.size_bytes += len(chunk)
        if self._limit_bytes is not None and self.size_bytes > self._limit_bytes:
            raise TooLarge(
                f"The file is larger than the {self._limit_bytes / 1e6:,.0f} MB that are taken; "
                "send it in parts, one village or district each.",
                limit_bytes=self._limit_bytes,
            )
        self.digest.update(chunk)


def _encrypt(incoming: _Incoming, file: io.BufferedWriter, key: pyrage.x25519.Identity) -> None:
    try:
        pyrage.encrypt_io(incoming, file, [key.to_public()])
    except Exception:
        if incoming.fault is not None:
            raise incoming.fault from None
        raise


def _spoilt(sha256: str) -> SourceFailed:
    return SourceFailed(
        f"The private file {sha256} cannot be opened with this registry's key or was changed; "
        "restore it, or the key, from a copy.",
        sha256=sha256,
    )
