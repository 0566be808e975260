"""What a run of benchmarks keeps: the rows of each part that is done, and all at the end."""

import hashlib
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Self

from tests.benchmarks.ratios import Row

ROOT = Path(__file__).resolve().parents[2]
_MEASURED = ("mrv", "registry_api", "pipelines", "tests/benchmarks", "requirements-bench.lock")
PACKAGES = (
    "dask", "distributed", "exactextract", "extractrs", "numba", "numpy", "obstore", "odc-stac",
    "pyarrow", "rasterio", "rasterstats", "shapely", "sqlalchemy", "xvec",
)  # fmt: skip


@dataclass(frozen=True)
class Run:
    """One run, in parts; a folder with a file of rows for each.

    Attributes:
        folder: Where.
    """

    folder: Path

    @classmethod
    def resumed(cls, folder: Path) -> Self:
        """Go on with a run that was ended; start over where the code has changed since."""
        code, stamp = code_digest(), folder / "code.txt"
        if not stamp.exists() or stamp.read_text("utf-8") != code:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            stamp.write_text(code, "utf-8")
        return cls(folder)

    def has(self, part: str) -> bool:
        """Say whether a part is done."""
        return self._file(part).exists()

    def keep(self, part: str, rows: Sequence[Row]) -> None:
        """Leave the rows of a part, whole or not at all."""
        draft = self._file(part).with_suffix(".draft")
        draft.write_text(json.dumps([asdict(row) for row in rows], indent=1), "utf-8")
        draft.replace(self._file(part))

    def rows(self, parts: Iterable[str]) -> list[Row]:
        """Give the rows of the parts that are done."""
        return [
            row_of(kept)
            for part in parts
            if self.has(part)
            for kept in json.loads(self._file(part).read_text("utf-8"))
        ]

    def finish(self, path: Path, parts: Iterable[str]) -> Path:
        """Put all rows into one file with what they were measured on; the next run starts over."""
        told = {"machine": machine(), "rows": [asdict(row) for row in self.rows(parts)]}
        path.write_text(json.dumps(told, indent=1), "utf-8")
        shutil.rmtree(self.folder)
        return path

    def renew(self, path: Path, parts: Sequence[str]) -> Path:
        """Put parts that were measured again into a whole run, with the commit they stand for."""
        told = json.loads(path.read_text("utf-8"))
        rows = {part: [asdict(row) for row in self.rows([part])] for part in parts}
        held = dict.fromkeys(row["part"] for row in told["rows"])
        kept = {part: [row for row in told["rows"] if row["part"] == part] for part in held}
        told["rows"] = [row for part in kept | rows for row in (kept | rows)[part]]
        told["again"] = told.get("again", {}) | dict.fromkeys(parts, machine()["commit"])
        path.write_text(json.dumps(told, indent=1), "utf-8")
        return path

    def _file(self, part: str) -> Path:
        return self.folder / f"{part}.json"


def row_of(kept: dict[str, Any]) -> Row:
    """Understand a row of a file."""
    return Row(**kept | {"ours": tuple(kept["ours"]), "theirs": tuple(kept["theirs"])})


def code_digest() -> str:
    """Give a digest of the code that is measured, committed or not."""
    digest = hashlib.sha256()
    for place in _MEASURED:
        path = ROOT / place
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        for file in files:
            if "node_modules" not in file.parts:
                digest.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return digest.hexdigest()


def machine() -> dict[str, Any]:
    """Say on what and with what was measured."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    installed = {str(found.name).lower(): found.version for found in distributions()}
    return {
        "measured_on": datetime.now(UTC).date().isoformat(),
        "commit": commit,
        "cores": os.cpu_count(),
        "memory_gib": round(memory_gib),
        "python": platform.python_version(),
        "packages": {name: installed[name] for name in PACKAGES if name in installed},
    }
