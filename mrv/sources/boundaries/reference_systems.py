"""Coordinate systems by name: what a file may say of where its numbers lie, and nothing fetched.

Only a code of a known authority is understood, or a WKT text that is one of them or needs no file:
whatever else PROJ would take may name grids on this machine or on the network.
"""

import re
from functools import lru_cache

from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from mrv.errors import BoundaryFileRefused

WGS84 = CRS.from_epsg(4326)
_AUTHORITIES = {"EPSG", "OGC", "ESRI", "IGNF"}  # PROJ has these in its own table
_NAMED = re.compile(
    r"(?:urn:(?:x-)?ogc:def:crs:(?P<urn>\w+):[\w.]*:(?P<urn_code>\w+)"
    r"|https?://www\.opengis\.net/def/crs/(?P<web>\w+)/[\w.]+/(?P<web_code>\w+)"
    r"|(?P<plain>\w+):(?P<code>\w+))",
    re.IGNORECASE,
)
_LONGEST_WKT = 20_000
_NEEDS_FILES = re.compile(r"grid|extension\s*[\[(]|boundcrs|pipeline|/|\\", re.IGNORECASE)
_SURE_ENOUGH = 70  # [%], as pyproj rates how well a WKT agrees with a code


def understand_crs(stated: str, name: str) -> CRS:
    """Understand a coordinate system by the code of its authority.

    Args:
        stated: Such as "EPSG:32636" or "urn:ogc:def:crs:OGC:1.3:CRS84".
        name: Of the file, for messages.

    Raises:
        BoundaryFileRefused: If it is not known.
    """
    match = _NAMED.fullmatch(stated.strip()[:200])
    if match:
        authority = (match["urn"] or match["web"] or match["plain"]).upper()
        code = match["urn_code"] or match["web_code"] or match["code"]
        if authority in _AUTHORITIES:
            known = _of_authority(authority, code.upper())
            if known is not None:
                return known
    raise _unknown(stated, name)


@lru_cache(maxsize=256)  # every feature of a file may state the same one
def _of_authority(authority: str, code: str) -> CRS | None:
    try:
        known = WGS84 if code == "CRS84" else CRS.from_authority(authority, code)
    except CRSError:
        return None
    return known if _is_on_the_map(known) else None


def understand_wkt(wkt: str, name: str) -> CRS:
    """Understand a coordinate system that is written out, as beside a shapefile.

    Raises:
        BoundaryFileRefused: If it is not known, or leans on a file.
    """
    if len(wkt) > _LONGEST_WKT:
        raise _unknown(wkt, name)
    try:
        crs = CRS.from_wkt(wkt)
        authority = crs.to_authority(min_confidence=_SURE_ENOUGH)
        if authority is not None and authority[0] in _AUTHORITIES:
            crs = CRS.from_authority(*authority)
            wkt = ""  # what is looked up needs no file
    except (CRSError, UnicodeError) as error:
        raise _unknown(wkt, name) from error
    if crs.is_bound or _NEEDS_FILES.search(wkt) or not _is_on_the_map(crs):
        raise _unknown(wkt, name)
    return crs


def _is_on_the_map(crs: CRS) -> bool:
    """Say whether two numbers in this system are a place on Earth: not a height, not on Mars."""
    if crs.is_geocentric or crs.is_vertical:
        return False
    try:
        Transformer.from_crs(crs, WGS84, always_xy=True)
    except ProjError:
        return False
    return True


def _unknown(stated: str, name: str) -> BoundaryFileRefused:
    told = " ".join(stated.split())
    told = told if len(told) <= 80 else f"{told[:80]}..."  # noqa: PLR2004  # fits a sentence
    return BoundaryFileRefused(
        "unknown_crs",
        f"{name} names an unknown coordinate system '{told}'; save it in WGS 84 (EPSG:4326).",
        file=name,
    )
