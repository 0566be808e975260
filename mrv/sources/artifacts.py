"""Artifacts: bytes and tables kept under the digest of their content.

A folder by default, any fsspec store by its address. What is stored never changes, so writing the
same twice is writing once, and whatever is read is checked against its name. What an artifact means
is said by the evidence that names it.
"""

import contextlib
import hashlib
import io
from uuid import uuid4

import fsspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mrv.errors import SourceFailed


class ArtifactStore:
    """A content-addressed store.

    Args:
        root: A folder, or an fsspec address such as `s3://bucket/prefix`.
    """

    def __init__(self, root: str) -> None:
        self._files, self._root = fsspec.core.url_to_fs(root)

    def put_bytes(self, data: bytes) -> str:
        """Keep bytes and give their sha-256; there is never a half-written artifact to be seen."""
        sha256 = hashlib.sha256(data).hexdigest()
        place = self._place(sha256)
        if not self._files.exists(place):
            unfinished = f"{self._root}/unfinished/{uuid4().hex}"
            self._files.makedirs(unfinished.rsplit("/", 1)[0], exist_ok=True)
            self._files.makedirs(place.rsplit("/", 1)[0], exist_ok=True)
            self._files.pipe_file(unfinished, data)
            self._files.mv(unfinished, place)
        return sha256

    def get_bytes(self, sha256: str) -> bytes:
        """Read an artifact.

        Raises:
            SourceFailed: If it is not there, or its content is no longer what its name says.
        """
        try:
            data: bytes = self._files.cat_file(self._place(sha256))
        except FileNotFoundError as error:
            raise SourceFailed(
                f"Artifact {sha256} is not in the store; run the step that writes it again.",
                sha256=sha256,
            ) from error
        found = hashlib.sha256(data).hexdigest()
        if found != sha256:
            raise SourceFailed(
                f"Artifact {sha256} has been changed: its content now has the digest {found}; "
                "restore it from a copy or run the step that writes it again.",
                sha256=sha256,
                found=found,
            )
        return data

    def put_table(self, table: pd.DataFrame) -> tuple[str, int]:
        """Keep a table as `table_bytes` writes it; gives its sha-256 and its number of rows."""
        data, rows = table_bytes(table)
        return self.put_bytes(data), rows

    def get_table(self, sha256: str) -> pd.DataFrame:
        """Read a table.

        Raises:
            SourceFailed: As `get_bytes`.
        """
        return read_table(self.get_bytes(sha256))

    def remove(self, sha256: str) -> None:
        """Remove an artifact that must not lie here; one that does not is none to remove."""
        with contextlib.suppress(FileNotFoundError):
            self._files.rm_file(self._place(sha256))

    def has(self, sha256: str) -> bool:
        """Say whether an artifact is there; its content is checked when it is read."""
        return bool(self._files.exists(self._place(sha256)))

    def _place(self, sha256: str) -> str:
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):  # noqa: PLR2004  # sha-256
            raise SourceFailed(f"'{sha256[:80]}' is not the digest of an artifact.", sha256=sha256)
        return f"{self._root}/{sha256[:2]}/{sha256}"


def table_bytes(table: pd.DataFrame) -> tuple[bytes, int]:
    """Write a table as Parquet; named index levels become columns, NaN becomes null.

    The same table gives the same bytes with the same pyarrow version, which the file records.

    Returns:
        The bytes and the number of rows.
    """
    flat = table.reset_index() if any(table.index.names) else table
    arrow = pa.Table.from_pandas(flat, preserve_index=False).replace_schema_metadata(None)
    buffer = io.BytesIO()
    pq.write_table(arrow, buffer, compression="zstd", version="2.6")
    return buffer.getvalue(), arrow.num_rows


def read_table(data: bytes, *, where: tuple[str, str] | None = None) -> pd.DataFrame:
    """Read what `table_bytes` wrote; with a column and a value, only the rows that have it."""
    filters = None if where is None else [(where[0], "=", where[1])]
    frame: pd.DataFrame = pq.read_table(io.BytesIO(data), filters=filters).to_pandas()
    return frame
