"""One boundary as the text of a cell: WKT and EWKT, hexadecimal WKB, GeoJSON, or an ODK geoshape.

Every text gives a shape or the reason why there is none, never an error. Finding the column is
`table.py`.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import shapely

from mrv.errors import TableInvalid
from mrv.field.odk import parse_geoshape, worst_accuracy_m
from mrv.sources.boundaries.geojson_shapes import draw
from mrv.sources.boundaries.rings import UNCLOSED_RING
from mrv.sources.boundaries.row_crs import WGS84_CODE
from mrv.sources.boundaries.well_known_binary import NO_GEOMETRY

_WKT = re.compile(
    r"\s*(?:SRID\s*=\s*(?P<srid>\d{1,7})\s*;)?\s*(?P<shape>(?P<kind>(?:MULTI)?(?:POLYGON|LINESTRING|"
    r"POINT|CURVE|SURFACE)|GEOMETRYCOLLECTION|CURVEPOLYGON|CIRCULARSTRING|COMPOUNDCURVE|TRIANGLE|"
    r"TIN|POLYHEDRALSURFACE)\s*(?:ZM|Z|M)?\s*(?:\(|EMPTY).*)",
    re.IGNORECASE | re.DOTALL,
)
_HEX_WKB = re.compile(r"0[01][0-9A-F]{16,}", re.IGNORECASE)
_PLACE = r"[+-]?\d[\d.,eE+-]*[ ,]\s*[+-]?\d[\d.,eE+-]*(?:[ ,]\s*[+-]?\d[\d.,eE+-]*){0,2}"
_ODK = re.compile(rf"\s*{_PLACE}\s*(?:[;\n|].*)?", re.DOTALL)
# A geopoint has all four, and decimals: +254 700 000 001 is a telephone.
_FIX = re.compile(r"\s*[+-]?\d{1,2}[.,]\d+\s+[+-]?\d{1,3}[.,]\d+(?:\s+[+-]?\d+(?:[.,]\d+)?){2}\s*")
_HEAD = 400  # letters that say what a cell holds
_DEEPEST = 8  # brackets; GEOS reads collections within collections until its stack ends
_FEWEST_CORNERS = 3
_TOLD = 60  # letters of a cell in a sentence


@dataclass(slots=True)
class Row:
    """What came of one boundary.

    Attributes:
        shape: None where it could not be understood.
        problem: Then why: "code: sentence".
        remarks: Codes of what had to be understood kindly.
        crs: Coordinate system that the row itself states; "" where it states none.
        accuracy_m: The worst fix of a walked boundary [m]; NaN where not known.
    """

    shape: shapely.Geometry | None = None
    problem: str | None = None
    remarks: list[str] = field(default_factory=list)
    crs: str = ""
    accuracy_m: float = float("nan")


def kind_of(text: str) -> Literal["area", "point", ""]:
    """Say what a cell seems to hold: an area or a line, a point, or no boundary."""
    head = text[:_HEAD]
    if match := _WKT.match(head):
        return "point" if match["kind"].upper() in {"POINT", "MULTIPOINT"} else "area"
    if _HEX_WKB.fullmatch(head.strip()) or (head.lstrip()[:1] == "{" and '"type"' in head):
        return "area"
    if _FIX.fullmatch(head):
        return "point"
    return "area" if ";" in text and _ODK.fullmatch(text) else ""


def read_cell(text: str) -> Row:
    """Understand the boundary in a cell; surrounding blanks do not matter."""
    text = text.strip()
    if not text:
        return Row(problem=NO_GEOMETRY)
    try:
        row = _understood(text)
    except TableInvalid as error:
        return Row(problem=f"bad_coordinates: {error.message}")
    except NotImplementedError:
        return Row(problem="curved: its boundary is made of arcs; save it with straight lines")
    except (ValueError, OverflowError, RecursionError, shapely.errors.ShapelyError) as error:
        told = " ".join(str(error).split())[:_TOLD]
        return Row(problem=f"bad_coordinates: its boundary cannot be read ({told})")
    return row or Row(
        problem=f"bad_coordinates: '{text[:_TOLD]}' is no boundary; write WKT such as "
        "POLYGON((34.1 0.5, ...)), or bring the geoshape of a form"
    )


def _understood(text: str) -> Row | None:
    if match := _WKT.fullmatch(text):
        return _of_wkt(match["shape"], match["srid"])
    if _HEX_WKB.fullmatch(text) and len(text) % 2 == 0:
        return _of_wkb(bytes.fromhex(text))
    if text.startswith("{"):
        drawn = draw(json.loads(text))
        remarks = drawn.remark.split(";") if drawn.remark else []
        return Row(drawn.shape, drawn.problem, remarks, crs=WGS84_CODE)  # as RFC 7946 says
    return _of_corners(text) if _ODK.fullmatch(text) else None


def _of_wkt(text: str, srid: str | None) -> Row:
    deepest = level = 0
    for bracket in re.findall(r"[()]", text):
        level += 1 if bracket == "(" else -1
        deepest = max(deepest, level)
    if deepest > _DEEPEST:
        return Row(problem=f"too_deep: its brackets stand {deepest} deep")
    remarks: list[str] = []
    with np.errstate(all="ignore"):  # an infinite coordinate is told of by screening
        shape = shapely.from_wkt(text, on_invalid="ignore")
        if shape is None:
            shape = shapely.from_wkt(text, on_invalid="fix")
            remarks = [UNCLOSED_RING]
        if shape is None:
            shapely.from_wkt(text)  # raises, and says why
    return Row(shape, remarks=remarks, crs=_code(srid))


def _of_wkb(data: bytes) -> Row:
    with np.errstate(all="ignore"):
        shape = shapely.from_wkb(data)
    return Row(shapely.set_srid(shape, 0), crs=_code(int(shapely.get_srid(shape))))


def _of_corners(text: str) -> Row:
    """Make an area of a geoshape or geotrace; heights are of the device, not of the boundary."""
    corners = parse_geoshape(text)
    places = np.array([(corner.lon, corner.lat) for corner in corners])
    row = Row(crs=WGS84_CODE, accuracy_m=worst_accuracy_m(corners))
    if len({corner[:2] for corner in corners}) < _FEWEST_CORNERS:
        row.shape = shapely.Point(places[0]) if len(places) == 1 else shapely.LineString(places)
        return row
    if corners[0][:2] != corners[-1][:2]:
        row.remarks.append(UNCLOSED_RING)
    row.shape = shapely.Polygon(places)
    return row


def _code(srid: str | int | None) -> str:
    return f"EPSG:{srid}" if srid and int(srid) else ""
