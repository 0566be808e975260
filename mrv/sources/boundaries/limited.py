"""Boundaries of strangers, read in a limited child process."""

from pathlib import Path

import pyarrow as pa

from mrv.errors import BoundaryFileRefused
from mrv.sources.boundaries.features import BoundaryFile, to_frame
from mrv.sources.limited import Limits, Refusal, damaged, read_limited, shown_name

_READER = "mrv.sources.boundaries.child"
_LONGEST_CRS = 255


def read_boundaries(
    data: bytes | Path, name: str, *, crs: str = "", limits: Limits | None = None
) -> BoundaryFile:
    """Read a boundary file that somebody else made.

    Args:
        data: The file, or where it lies.
        name: As its sender calls it; the extension says the format.
        crs: Coordinate system such as "EPSG:32636", for a file that states none.
        limits: What reading may take.

    Raises:
        BoundaryFileRefused: If the file as a whole cannot be taken in, or took too much.
    """
    asked = {"crs": crs[:_LONGEST_CRS]}
    found = read_limited(data, name, reader=_READER, limits=limits or Limits(), asked=asked)
    if not isinstance(found, Refusal):
        try:
            return to_frame(found)
        except (pa.ArrowException, ValueError, KeyError):
            found = damaged(shown_name(name))
    raise BoundaryFileRefused(found.fault, found.message, file=shown_name(name))
