"""Private files at rest: encrypted to the registry's own key, named by their digest.

Files are in the age format (age-encryption.org/v1, X25519), so that an operator can open one
without Parkland. Who may read what is the callers' business; they log it in `private_reads`.
"""

from collections.abc import Iterable, Iterator

from registry_api.settings import Settings


class PrivateStore:
    """The folder `private` under the registry's home.

    Args:
        settings: Say where it is and where its key is; the key is made where there is none.

    Raises:
        NotReady: If the key can be read by others, or is not one.
    """

    def __init__(self, settings: Settings) -> None:
        raise NotImplementedError

    def put_stream(
        self, chunks: Iterable[bytes], *, limit_bytes: int | None = None
    ) -> tuple[str, int]:
        """Keep what comes, never whole in memory; the same bytes again are one file.

        Returns:
            Its sha-256 and its size [byte].

        Raises:
            TooLarge: If more than `limit_bytes` come; nothing is kept then.
        """
        raise NotImplementedError

    def put_bytes(self, data: bytes) -> str:
        """Keep bytes and give their sha-256."""
        raise NotImplementedError

    def read(self, sha256: str) -> bytes:
        """Read a file whole.

        Raises:
            SourceFailed: If it is not there, or is not what its name says.
        """
        raise NotImplementedError

    def open(self, sha256: str) -> Iterator[bytes]:
        """Read a file in chunks, never whole in memory; errors as `read`."""
        raise NotImplementedError

    def has(self, sha256: str) -> bool:
        """Say whether a file is there."""
        raise NotImplementedError
