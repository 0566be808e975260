"""Readiness: all that reading a file needs is loaded before the child shuts its doors.

Libraries load parts of themselves late, and after the doors are shut they could not: so the readers
of the file are imported, and a first small file of ours goes through them.
"""

import importlib
import sys
from importlib.abc import MetaPathFinder
from pathlib import PurePosixPath

from mrv.errors import BoundaryFileRefused
from mrv.sources.boundaries import zipped
from mrv.sources.boundaries.formats import FORMATS, table_of

_FIRST_MAP = (
    b'{"type":"Feature","properties":{"a":"b"},"geometry":{"type":"Point","coordinates":[0,0]}}'
)
_FIRST_TABLES = (
    b"plot_id,wkt\na,POINT (0 0)\n",
    b"plot_id,latitude,longitude\na,0,0\na,0,1\na,1,1\n",
)
_ANY_PROJECTED = "EPSG:32636"
_WITHOUT_PANDAS = {"zipped", "geojson", "kml", "geopackage", "shapefile"}
_TABLES = {"delimited", "spreadsheets", "field_exports"}


class _WithoutPandas(MetaPathFinder):
    """Says that pandas is not there.

    Arrow loads it only to ask whether a list is one of its columns, for a third of all the time
    that a small file takes.
    """

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        """Refuse pandas; leave everything else to the finders after this one."""
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname)


def make_ready(data: bytes, name: str) -> None:
    """Load everything that reading this file may need, so that no other file is opened later."""
    needed = _readers(data, name)
    if _WITHOUT_PANDAS.issuperset(needed):
        sys.meta_path.insert(0, _WithoutPandas())
    for module in needed:
        reader = importlib.import_module(f"{__package__}.{module}")
        getattr(reader, "make_ready", lambda: None)()
    # Arrow asks for pandas when it makes its first column, PROJ opens its table of systems.
    table_of(_FIRST_MAP, "first.geojson", _ANY_PROJECTED)
    if not _TABLES.isdisjoint(needed):
        for first in _FIRST_TABLES:
            table_of(first, "first.csv")


def _readers(data: bytes, name: str) -> list[str]:
    own = FORMATS.get(PurePosixPath(name).suffix.lower())
    if own is None:
        return []
    if own.module != "zipped":
        return [own.module]
    try:
        return ["zipped", *zipped.readers_needed(data, name)]
    except (BoundaryFileRefused, MemoryError):
        return ["zipped"]  # reading it will say why
