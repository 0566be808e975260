"""Archives that come from outside: a zip opened in memory, whole or not at all.

Nothing is unpacked to disk and no path of the archive is ever followed. What the files in it mean
is the caller's: a project (`registry_api.services.uploads`) or boundaries
(`mrv.sources.boundaries`).
"""

import io
import stat
import struct
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath

from mrv.errors import ArchiveRefused

_SMALL_BYTES = 1_000_000  # below this, what a file unpacks to does no harm
_LONGEST_NAME, _LONGEST_SHOWN = 200, 80
_ENTRY = b"PK\x01\x02"  # starts each entry of a zip's list of contents
_ENTRIES_READ_PER_MEMBER = 20  # a stored file may be a zip itself, with entries of its own
_LOCAL_HEADER_BYTES = 30
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What Python's reader raises on the broken archives of this world.
_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, *(EOFError, RuntimeError, ValueError))


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """How large an archive may be, and what belongs into it.

    Attributes:
        members: Files and folders in it.
        unpacked_bytes: All of them together.
        unpacked_per_packed: How many times its packed size a file may have; tables of numbers come
            to 5 to 30.
        send: What to send instead of more files, for the sentence.
        leave_out: What makes archives large, for the sentence.
    """

    members: int
    unpacked_bytes: int
    unpacked_per_packed: int = 200
    send: str = "the tables alone"
    leave_out: str = "pictures"


class Archive:
    """The files of a zip, by path; opened only after every member has been looked at.

    Args:
        body: The zip.
        limits: How large it may be.

    Raises:
        ArchiveRefused: If it is damaged, or built in a way that an honest archive is not.
    """

    def __init__(self, body: bytes, limits: ArchiveLimits) -> None:
        entries = body.count(_ENTRY)  # before the list is read, which costs memory
        if entries > _ENTRIES_READ_PER_MEMBER * limits.members:
            raise _too_many(f"about {entries:,}", limits)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(body))
        except _DAMAGED as error:
            raise ArchiveRefused(
                "damaged",
                "The body is not a zip that can be read to its end; zip the folder again and send "
                "the file as it is.",
            ) from error
        members = self._zip.infolist()
        if len(members) > limits.members:
            raise _too_many(str(len(members)), limits)
        for member in members:
            _check_name(member)
            _check_kind(member)
        _check_sizes(members, limits)
        self._members = {str(PurePosixPath(m.filename)): m for m in members if not m.is_dir()}
        _check_unique(members)

    @property
    def paths(self) -> tuple[str, ...]:
        """List the files, in the order of the archive."""
        return tuple(self._members)

    def read(self, path: str) -> bytes:
        """Unpack one file, to its stated size and no further.

        Raises:
            ArchiveRefused: If it does not unpack to what the archive says of it.
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
        raise ArchiveRefused(
            "path",
            f"'{shown(name)}' leads out of the archive or is written for another system; zip the "
            "folder again with plain relative paths.",
        )
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise ArchiveRefused(
            "name",
            f"The name '{shown(name)}' does not have 1 to {_LONGEST_NAME} characters that can be "
            "shown; rename the file and zip the folder again.",
        )


def _check_kind(member: zipfile.ZipInfo) -> None:
    name = shown(member.filename)
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ArchiveRefused(
            "link",
            f"'{name}' is a link or a device, not a file; put the file itself into the archive.",
        )
    if member.flag_bits & _ENCRYPTED:
        raise ArchiveRefused(
            "encrypted", f"'{name}' is encrypted; zip the folder again without a password."
        )
    if member.compress_type not in _PACKINGS:
        raise ArchiveRefused(
            "packing",
            f"'{name}' is packed in a way that is not read here; zip the folder again with the "
            "usual compression (deflate).",
        )


def _check_sizes(members: list[zipfile.ZipInfo], limits: ArchiveLimits) -> None:
    unpacked = sum(member.file_size for member in members)
    if unpacked > limits.unpacked_bytes:
        raise ArchiveRefused(
            "unpacked_size",
            f"The archive unpacks to {unpacked / 1e6:,.0f} MB, and at most "
            f"{limits.unpacked_bytes / 1e6:,.0f} MB are taken; leave out {limits.leave_out}.",
        )
    for member in members:
        packed = max(member.compress_size, 1)
        if member.file_size > max(_SMALL_BYTES, packed * limits.unpacked_per_packed):
            raise ArchiveRefused(
                "ratio",
                f"'{shown(member.filename)}' unpacks to {member.file_size / packed:,.0f} times its "
                f"size, which no table does (at most {limits.unpacked_per_packed}); leave it out.",
            )
    end = 0
    for member in sorted(members, key=lambda m: m.header_offset):
        if member.header_offset < end:
            raise ArchiveRefused(
                "overlap",
                f"'{shown(member.filename)}' lies over another file of the archive; zip the "
                "folder again.",
            )
        end = member.header_offset + _LOCAL_HEADER_BYTES + member.compress_size


def _check_unique(members: list[zipfile.ZipInfo]) -> None:
    counts = Counter(str(PurePosixPath(member.filename)) for member in members)
    twice = next((name for name, count in counts.items() if count > 1), None)
    if twice is not None:
        raise ArchiveRefused(
            "duplicate",
            f"'{shown(twice)}' is in the archive twice; leave one and zip the folder again.",
        )


def shown(text: str) -> str:
    """Cut somebody else's text to what fits into a sentence."""
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _too_many(count: str, limits: ArchiveLimits) -> ArchiveRefused:
    return ArchiveRefused(
        "members",
        f"The archive holds {count} files, and at most {limits.members} are taken; send "
        f"{limits.send}.",
    )


def _damaged(path: str) -> ArchiveRefused:
    return ArchiveRefused(
        "damaged", f"'{shown(path)}' does not unpack to what the archive says; zip it again."
    )
