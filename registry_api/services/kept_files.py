"""Files by digest, wherever they are kept: private ones encrypted, the others as they are.

What holds an exact boundary, the place of a tree or a name is private, whoever brought it and by
whichever way; results are not. Both are named by the digest of their content, so evidence says the
same of a file however it is kept.
"""

from typing import TYPE_CHECKING

from mrv.sources.artifacts import ArtifactStore, read_table, table_bytes
from registry_api.services.private_store import PrivateStore
from registry_api.settings import Settings

if TYPE_CHECKING:
    import pandas as pd


class KeptFiles:
    """The files of one registry.

    Args:
        settings: Say where the artifact store and the private store are.

    Raises:
        NotReady: If the private store's key can be read by others, or is not one.
    """

    def __init__(self, settings: Settings) -> None:
        self._open = ArtifactStore(settings.artifact_root)
        self._private = PrivateStore(settings)

    def put_bytes(self, data: bytes, *, private: bool) -> str:
        """Keep bytes and give their sha-256; no copy of what is private stays in the open."""
        if not private:
            return self._open.put_bytes(data)
        sha256 = self._private.put_bytes(data)
        self._open.remove(sha256)
        return sha256

    def get_bytes(self, sha256: str) -> bytes:
        """Read a file.

        Raises:
            SourceFailed: If it is in neither store, or is no longer what its name says.
        """
        if self._private.has(sha256):
            return self._private.read(sha256)
        return self._open.get_bytes(sha256)

    def put_table(self, table: "pd.DataFrame", *, private: bool) -> tuple[str, int]:
        """Keep a table as Parquet; gives its sha-256 and its number of rows."""
        data, rows = table_bytes(table)
        return self.put_bytes(data, private=private), rows

    def get_table(self, sha256: str, *, where: tuple[str, str] | None = None) -> "pd.DataFrame":
        """Read a table, or its rows that have a value in a column; errors as `get_bytes`."""
        return read_table(self.get_bytes(sha256), where=where)

    def has(self, sha256: str) -> bool:
        """Say whether a file is kept."""
        return self._private.has(sha256) or self._open.has(sha256)
