"""Archives of project folders: opened as `mrv.sources.archives` does, refused as uploads are."""

from mrv.errors import ArchiveRefused
from mrv.sources.archives import Archive, ArchiveLimits
from registry_api.errors import UploadRefused

LARGEST_UPLOAD_BYTES = 64_000_000
MOST_MEMBERS = 50
_LIMITS = ArchiveLimits(
    members=MOST_MEMBERS,
    unpacked_bytes=200_000_000,
    send="project.toml and the tables it names, without scenes and pictures",
    leave_out="scenes and pictures",
)


class ProjectArchive:
    """The files of a zipped project folder, by path.

    Args:
        body: The zip.

    Raises:
        UploadRefused: If it is damaged, or built in a way that an honest archive is not.
    """

    def __init__(self, body: bytes) -> None:
        try:
            self._archive = Archive(body, _LIMITS)
        except ArchiveRefused as refused:
            raise UploadRefused(refused.fault, refused.message) from refused

    @property
    def paths(self) -> tuple[str, ...]:
        """List the files, in the order of the archive."""
        return self._archive.paths

    def read(self, path: str) -> bytes:
        """Unpack one file, to its stated size and no further.

        Raises:
            UploadRefused: If it does not unpack to what the archive says of it.
        """
        try:
            return self._archive.read(path)
        except ArchiveRefused as refused:
            raise UploadRefused(refused.fault, refused.message) from refused
