"""Zipped boundaries: which of the files in an archive are the plots, and which reader takes them.

A zipped shapefile, a KMZ, the tables of a form's export, or one file of any other format. Folders
of the archive mean nothing; what a Mac adds is passed over.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath

from mrv.errors import ArchiveRefused, BoundaryFileRefused
from mrv.sources.archives import Archive, ArchiveLimits, shown

_LIMITS = ArchiveLimits(
    members=500,  # a KMZ brings a picture for each placemark
    unpacked_bytes=1_000_000_000,
    send="the files of the plots alone",
    leave_out="pictures",
)
_FAULTS = {
    "path": "path_traversal",
    "link": "symlink",
    "members": "too_many_members",
    "unpacked_size": "zip_bomb",
    "ratio": "zip_bomb",
    "overlap": "zip_bomb",
    "packing": "damaged",
    "name": "bad_name",
    "duplicate": "two_layers",
}
_ARCHIVES = {".zip", ".kmz", ".gz", ".tgz", ".tar", ".7z", ".rar", ".bz2", ".xz"}


class Members:
    """The files of an archive that are not decoration, by path.

    Args:
        body: The zip.
        name: Of the archive, for messages.

    Raises:
        BoundaryFileRefused: If it cannot be opened safely, or holds another archive.
    """

    def __init__(self, body: bytes, name: str) -> None:
        self._name = name
        with _as_ours(name):
            self._archive = Archive(body, _LIMITS)
        self.paths = tuple(p for p in map(PurePosixPath, self._archive.paths) if _matters(p))
        nested = next((path for path in self.paths if path.suffix.lower() in _ARCHIVES), None)
        if nested is not None:
            raise BoundaryFileRefused(
                "nested_archive",
                f"'{shown(str(nested))}' in {name} is an archive itself; unpack it and send what "
                "is in it.",
                file=name,
            )

    def ending_in(self, *extensions: str) -> list[PurePosixPath]:
        """List files by their extension."""
        return [path for path in self.paths if path.suffix.lower() in extensions]

    def read(self, path: PurePosixPath) -> bytes:
        """Unpack one file.

        Raises:
            BoundaryFileRefused: If it does not unpack to what the archive says of it.
        """
        with _as_ours(self._name):
            return self._archive.read(str(path))


def check_office_file(body: bytes, name: str) -> None:
    """Look at every member of a spreadsheet, which is a zip, before anything unpacks it.

    Raises:
        BoundaryFileRefused: If it cannot be opened safely.
    """
    Members(body, name)


@contextmanager
def _as_ours(name: str) -> Iterator[None]:
    try:
        yield
    except ArchiveRefused as refused:
        fault = _FAULTS.get(refused.fault, refused.fault)
        raise BoundaryFileRefused(fault, f"{name}: {refused.message}", file=name) from refused


def _matters(path: PurePosixPath) -> bool:
    return path.parts[0] != "__MACOSX" and not path.name.startswith(".")
