"""Where the stages of one run leave what they made for each other: files by content, found by name.

A shelf belongs to one project and period. Each asset's files are kept under their sha-256, private
ones encrypted; a small JSON note per asset, replaced atomically, says which digest is the latest.
Reading a name that no stage has written says in one sentence what to do.
"""

import io
import json
import os
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mrv.errors import SourceFailed
from registry_api.services.kept_files import KeptFiles

PARQUET = "application/vnd.apache.parquet"
JSON = "application/json"
NPZ = "application/x-npz"
# What tells where somebody's plots and trees are lies encrypted.
PRIVATE = frozenset(
    {
        "boundaries", "bundle", "checked_trees", "excluded_trees", "inventory", "plot_findings",
        "plots", "tree_findings", "trees",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Note:
    """One file on a shelf: what it is called, what it holds, and how many rows."""

    name: str
    sha256: str
    media_type: str
    rows: int | None = None


@dataclass(frozen=True)
class Shelf:
    """The files of one project and period."""

    store: KeptFiles
    folder: Path

    def put_table(self, name: str, frame: pd.DataFrame) -> Note:
        """Leave a table as Parquet."""
        sha256, rows = self.store.put_table(frame, private=name in PRIVATE)
        return self._note(Note(name, sha256, PARQUET, rows))

    def put_bytes(self, name: str, data: bytes, media_type: str, rows: int | None = None) -> Note:
        """Leave a file as it is."""
        sha256 = self.store.put_bytes(data, private=name in PRIVATE)
        return self._note(Note(name, sha256, media_type, rows))

    def put_json(self, name: str, document: Any) -> Note:  # noqa: ANN401 - JSON is any shape
        """Leave a JSON document."""
        text = json.dumps(document, sort_keys=True, ensure_ascii=False, default=_plain)
        return self.put_bytes(name, text.encode(), JSON)

    def put_arrays(self, name: str, **arrays: np.ndarray) -> Note:
        """Leave numeric arrays, without pickles."""
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        return self.put_bytes(name, buffer.getvalue(), NPZ)

    def note(self, name: str) -> Note:
        """Find what is known of a file.

        Raises:
            SourceFailed: If no stage has left it.
        """
        try:
            return Note(**json.loads(self._path(name).read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise SourceFailed(
                f"Nothing called '{name}' was made for {self.folder.parent.name} "
                f"{self.folder.name} yet; run the stage that makes it first.",
                name=name,
            ) from None

    def has(self, name: str) -> bool:
        """Say whether a stage has left this."""
        return self._path(name).exists()

    def table(self, name: str) -> pd.DataFrame:
        """Take a table."""
        return self.store.get_table(self.note(name).sha256)

    def data(self, name: str) -> bytes:
        """Take a file as it is."""
        return self.store.get_bytes(self.note(name).sha256)

    def json(self, name: str) -> Any:  # noqa: ANN401 - JSON is any shape
        """Take a JSON document."""
        return json.loads(self.data(name))

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        """Take numeric arrays."""
        with np.load(io.BytesIO(self.data(name)), allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _note(self, note: Note) -> Note:
        path = self._path(note.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}.draft")
        draft.write_text(json.dumps(asdict(note), sort_keys=True), encoding="utf-8")
        draft.replace(path)
        return note


def _plain(value: object) -> Any:  # noqa: ANN401 - whatever JSON can hold
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no JSON form")
