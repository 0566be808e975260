"""Coordinate systems that the rows of a table state, by code or by the usual words for it."""

import re

from mrv.errors import BoundaryFileRefused
from mrv.plots.mapping import plain
from mrv.sources.boundaries.reference_systems import understand_crs

WGS84_CODE = "EPSG:4326"
_WGS84_WORDS = frozenset({"wgs84", "wgs_84", "wgs1984", "wgs_1984", "gps", "lat_long", "lat_lon"})
_BARE_CODE = re.compile(r"(?:EPSG)?[\s:_]*(\d{4,6})(?:[.,]0+)?", re.IGNORECASE)
_UTM = re.compile(
    r"(?:WGS[\s_]*(?:19)?84)?[\s/,_]*(?:UTM)?[\s_]*(?:zone)?[\s_]*(\d{1,2})[\s_]*([NS])",
    re.IGNORECASE,
)
_NORTH, _SOUTH, _ZONES = 32600, 32700, 60  # EPSG codes of WGS 84 / UTM are these plus the zone


def crs_code(stated: str) -> str | None:
    """Give the code of a coordinate system that a cell states; None where it is not known.

    Understood are codes, such as "32636" or "EPSG:32636", "WGS 84", and its UTM zones, such as
    "UTM 36N".
    """
    text = stated.strip()
    if plain(text) in _WGS84_WORDS:
        return WGS84_CODE
    if zone := _UTM.fullmatch(text):
        number = int(zone[1])
        base = _NORTH if zone[2].upper() == "N" else _SOUTH
        return f"EPSG:{base + number}" if 1 <= number <= _ZONES else None
    if bare := _BARE_CODE.fullmatch(text):
        text = f"EPSG:{bare[1]}"
    try:
        authority = understand_crs(text, "The row").to_authority()
    except BoundaryFileRefused:
        return None
    return ":".join(authority) if authority else None
