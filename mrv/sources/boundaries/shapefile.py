"""Shapefile: a handful of files that only together are a map, given as what was in a zip.

The one format that is left to GDAL, through pyogrio. GDAL is handed an archive of ours in memory
with the parts that belong together under names of ours, so that nothing beside them is opened.
"""

import io
import warnings
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyogrio  # type: ignore[import-untyped]  # ships no types
import pyogrio.raw  # type: ignore[import-untyped]
from pyproj import CRS

from mrv.errors import BoundaryFileRefused
from mrv.sources.boundaries.features import Features, cap_features
from mrv.sources.boundaries.reference_systems import understand_wkt
from mrv.sources.boundaries.well_known_binary import draw

_NEEDED = (".shp", ".shx", ".dbf")
_MAGIC = b"\x00\x00\x27\x0a"
_OGR_ERRORS = (
    *(pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError),
    *(ValueError, RuntimeError),
)
# Byte 29 of a .dbf says in which encoding it was written, where it says anything.
_DBF_ENCODINGS = {
    "cp437": (0x01,),
    "cp850": (0x02,),
    "cp1252": (0x03, 0x57),
    "cp866": (0x26, 0x65),
    "cp1250": (0xC8,),
    "cp1251": (0xC9,),
    "gbk": (0x4D,),
    "cp932": (0x13,),
    "cp874": (0x50,),
}


def read(parts: Mapping[str, bytes], name: str) -> Features:
    """Read a shapefile.

    Args:
        parts: Extension, such as ".shp" -> content.
        name: Of the archive, for messages.

    Raises:
        BoundaryFileRefused: If a part is missing or damaged.
    """
    missing = [part for part in _NEEDED if part not in parts]
    if missing:
        raise BoundaryFileRefused(
            "missing_part",
            f"The shapefile in {name} lacks its {' and its '.join(missing)}; put all its parts "
            "(.shp, .shx, .dbf, .prj) into the zip.",
            file=name,
        )
    if not all(parts[part].startswith(_MAGIC) for part in (".shp", ".shx")):
        raise _damaged(name, "its .shp or .shx is none")
    cap_features((len(parts[".shx"]) - 100) // 8, name)  # a header, then 8 bytes for each record
    for encoding in _encodings(parts):
        try:
            meta, wkb, cells = _read(parts, encoding)
        except (UnicodeError, LookupError):
            continue
        except _OGR_ERRORS as error:
            raise _damaged(name, str(error)) from error
        break
    else:
        raise _damaged(name, "its texts are in no known encoding")
    shapes, problems = draw(wkb)
    stated = _stated(parts)
    lied = stated is not None and stated != encoding
    return Features(
        columns=dict(zip(map(str, meta["fields"]), map(_values, cells), strict=True)),
        shapes=shapes,
        problems=problems,
        crs=_crs(parts, name),
        notes=(f"Its .cpg says {stated[:20]}, its texts are {encoding}.",)
        if stated and lied
        else (),
    )


def _read(parts: Mapping[str, bytes], encoding: str) -> tuple[dict[str, Any], Any, Any]:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_STORED) as archive:
        for part in _NEEDED:
            archive.writestr(f"plots{part}", parts[part])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # GDAL mutters before it gives up
        meta, _fids, wkb, cells = pyogrio.raw.read(
            body.getvalue(), encoding=encoding, datetime_as_string=True
        )
    return meta, wkb, cells


def _encodings(parts: Mapping[str, bytes]) -> list[str]:
    """List encodings to try: of the .cpg, UTF-8, of the .dbf, and one that never fails."""
    written = parts[".dbf"][29:30]
    of_dbf = (name for name, codes in _DBF_ENCODINGS.items() if written and written[0] in codes)
    tries = [_stated(parts), "utf-8", *of_dbf, "cp1252", "latin-1"]
    return list(dict.fromkeys(filter(None, tries)))


def _stated(parts: Mapping[str, bytes]) -> str | None:
    text = parts.get(".cpg", b"")[:40].decode("ascii", "ignore").strip().lower()
    if text.isdigit():
        text = f"cp{text}"
    text = {"cp65001": "utf-8", "utf8": "utf-8", "cp88591": "latin-1"}.get(text, text)
    return text.removeprefix("ansi ").removeprefix("oem ") or None


def _values(cells: Any) -> list[Any]:  # noqa: ANN401  # an array of numpy
    if cells.dtype.kind == "f" and np.isnan(cells).any():
        whole = np.isnan(cells) | (cells == np.floor(cells))
        if whole.all():  # whole numbers of which some are missing came as fractions
            return [None if np.isnan(cell) else int(cell) for cell in cells]
    return list(cells.tolist())


def _crs(parts: Mapping[str, bytes], name: str) -> CRS | None:
    wkt = parts.get(".prj", b"").decode("utf-8-sig", "replace").strip()
    return understand_wkt(wkt, name) if wkt else None


def _damaged(name: str, why: str) -> BoundaryFileRefused:
    told = " ".join(why.replace("/vsimem/", "").replace("/vsizip/", "").split())[:120]
    return BoundaryFileRefused(
        "damaged",
        f"The shapefile in {name} cannot be read ({told}); export it again.",
        file=name,
    )
