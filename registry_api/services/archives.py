"""Archives that come from outside: a zip opened in memory, whole or not at all.

Nothing is unpacked to disk and no path of the archive is ever followed. What the files in it mean
is `uploads`.
"""

import io
import stat
import struct
import zipfile
import zlib
from collections import Counter
from pathlib import PurePosixPath

from registry_api.errors import UploadRefused

LARGEST_UPLOAD_BYTES = 64_000_000
MOST_MEMBERS = 50
_LARGEST_UNPACKED_BYTES = 200_000_000
_MOST_UNPACKED_PER_PACKED = 200  # tables of numbers come to 5 to 30
_SMALL_BYTES = 1_000_000  # below this, what a file unpacks to does no harm
_LONGEST_NAME, _LONGEST_SHOWN = 200, 80
_ENTRY = b"PK\x01\x02"  # starts each entry of a zip's list of contents
_MOST_ENTRIES_READ = 20 * MOST_MEMBERS  # a stored file may be a zip itself, with entries of its own
_LOCAL_HEADER_BYTES = 30
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What Python's reader raises on the broken archives of this world.
_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, *(EOFError, RuntimeError, ValueError))


class Archive:
    """The files of a zip, by path; opened only after every member has been looked at.

    Args:
        body: The zip.

    Raises:
        UploadRefused: If it is damaged, or built in a way that an honest archive is not.
    """

    def __init__(self, body: bytes) -> None:
        if body.count(_ENTRY) > _MOST_ENTRIES_READ:  # before the list is read, which costs memory
            raise _too_many("more than a thousand")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(body))
        except _DAMAGED as error:
            raise UploadRefused(
                "damaged",
                "The body is not a zip that can be read to its end; zip the project folder again "
                "and send the file as it is.",
            ) from error
        members = self._zip.infolist()
        if len(members) > MOST_MEMBERS:
            raise _too_many(str(len(members)))
        for member in members:
            _check_name(member)
            _check_kind(member)
        _check_sizes(members)
        self._members = {str(PurePosixPath(m.filename)): m for m in members if not m.is_dir()}
        _check_unique(members)

    @property
    def paths(self) -> tuple[str, ...]:
        """List the files, in the order of the archive."""
        return tuple(self._members)

    def read(self, path: str) -> bytes:
        """Unpack one file, to its stated size and no further.

        Raises:
            UploadRefused: If it does not unpack to what the archive says of it.
        """
        member = self._members[path]
        try:
            with self._zip.open(member) as file:
                data = file.read(member.file_size + 1)  # without a number, zlib gives all there is
        except _DAMAGED as error:
            raise _damaged(path) from error
        if len(data) != member.file_size:
            raise _damaged(path)
        return data


def _check_name(member: zipfile.ZipInfo) -> None:
    name = member.orig_filename
    path = PurePosixPath(name)
    drive = ":" in "".join(path.parts[:1])
    if path.is_absolute() or ".." in path.parts or "\\" in name or drive:
        raise UploadRefused(
            "path",
            f"'{shown(name)}' leads out of the archive or is written for another system; zip the "
            "folder again with plain relative paths.",
        )
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise UploadRefused(
            "name",
            f"The name '{shown(name)}' does not have 1 to {_LONGEST_NAME} characters that can be "
            "shown; rename the file and zip the folder again.",
        )


def _check_kind(member: zipfile.ZipInfo) -> None:
    name = shown(member.filename)
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise UploadRefused(
            "link",
            f"'{name}' is a link or a device, not a file; put the file itself into the archive.",
        )
    if member.flag_bits & _ENCRYPTED:
        raise UploadRefused(
            "encrypted", f"'{name}' is encrypted; zip the folder again without a password."
        )
    if member.compress_type not in _PACKINGS:
        raise UploadRefused(
            "packing",
            f"'{name}' is packed in a way that is not read here; zip the folder again with the "
            "usual compression (deflate).",
        )


def _check_sizes(members: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(member.file_size for member in members)
    if unpacked > _LARGEST_UNPACKED_BYTES:
        raise UploadRefused(
            "unpacked_size",
            f"The archive unpacks to {unpacked / 1e6:,.0f} MB, and at most "
            f"{_LARGEST_UNPACKED_BYTES / 1e6:,.0f} MB are taken; leave out scenes and pictures.",
        )
    for member in members:
        packed = max(member.compress_size, 1)
        if member.file_size > max(_SMALL_BYTES, packed * _MOST_UNPACKED_PER_PACKED):
            raise UploadRefused(
                "ratio",
                f"'{shown(member.filename)}' unpacks to {member.file_size / packed:,.0f} times its "
                f"size, which no table does (at most {_MOST_UNPACKED_PER_PACKED}); leave it out.",
            )
    end = 0
    for member in sorted(members, key=lambda m: m.header_offset):
        if member.header_offset < end:
            raise UploadRefused(
                "overlap",
                f"'{shown(member.filename)}' lies over another file of the archive; zip the "
                "folder again.",
            )
        end = member.header_offset + _LOCAL_HEADER_BYTES + member.compress_size


def _check_unique(members: list[zipfile.ZipInfo]) -> None:
    counts = Counter(str(PurePosixPath(member.filename)) for member in members)
    twice = next((name for name, count in counts.items() if count > 1), None)
    if twice is not None:
        raise UploadRefused(
            "duplicate",
            f"'{shown(twice)}' is in the archive twice; leave one and zip the folder again.",
        )


def shown(text: str) -> str:
    """Cut somebody else's text to what fits into a sentence."""
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _too_many(count: str) -> UploadRefused:
    return UploadRefused(
        "members",
        f"The archive holds {count} files, and at most {MOST_MEMBERS} are taken; send "
        "project.toml and the tables it names, without scenes and pictures.",
    )


def _damaged(path: str) -> UploadRefused:
    return UploadRefused(
        "damaged", f"'{shown(path)}' does not unpack to what the archive says; zip it again."
    )
