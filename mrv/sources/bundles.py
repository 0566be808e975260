"""Evidence bundles on disk: a folder or a zip, written whole and read within limits.

What is in a bundle is `mrv.evidence.crate`, whether it stands `mrv.verification`.
"""

import io
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mrv.errors import InputRejected
from mrv.evidence.crate import METADATA
from mrv.sources.archives import Archive, ArchiveLimits

MEDIA_TYPE: Final = "application/zip"
_LIMITS: Final = ArchiveLimits(
    members=500,
    unpacked_bytes=4_000_000_000,
    unpacked_per_packed=1000,
    send="the bundle as it was written",
    leave_out="what does not belong into it",
)
_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say: the same files, the same zip


def zip_bundle(files: Mapping[str, bytes]) -> bytes:
    """Pack a bundle; the same files give the same zip with the same zlib."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in sorted(files.items()):
            packed.writestr(_member(name), data)
    return buffer.getvalue()


def write_bundle(files: Mapping[str, bytes], out: Path) -> None:
    """Write a bundle, whole or not at all: a zip where the name ends so, else a folder.

    Raises:
        InputRejected: If a folder of that name holds something already.
    """
    if out.suffix == ".zip":
        out.parent.mkdir(parents=True, exist_ok=True)
        draft = out.with_name(f".{out.name}.draft")
        draft.write_bytes(zip_bundle(files))
        draft.replace(out)
        return
    if out.exists() and any(out.iterdir()):
        raise InputRejected(f"{out} holds something already; name a folder that is not there yet.")
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        draft.chmod(0o755)
        for name, data in files.items():
            (draft / name).write_bytes(data)
        draft.replace(out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def read_bundle(place: Path) -> dict[str, bytes]:
    """Read a bundle, folder or zip.

    Raises:
        InputRejected: If nothing is there, or it is no bundle.
        ArchiveRefused: If it is a zip that is damaged or built to do harm.
    """
    if place.is_dir():
        files = {path.name: path.read_bytes() for path in sorted(place.iterdir()) if path.is_file()}
    elif place.is_file():
        archive = Archive(place.read_bytes(), _LIMITS)
        files = {name: archive.read(name) for name in archive.paths}
    else:
        raise InputRejected(f"There is no bundle at {place}; name the folder or zip of one.")
    if METADATA not in files:
        raise InputRejected(f"{place} is no bundle: it has no {METADATA} at its top.")
    return files


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _LONG_AGO)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    return member
