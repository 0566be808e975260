"""KML: placemarks with their shapes and data, read as text and nothing else.

Read without GDAL and with defusedxml: entities and document types are refused, links, icons,
overlays and styles are passed over and never fetched. KML 2.2 is in WGS 84, longitude first.
"""

import io
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import numpy as np
import shapely
from defusedxml import ElementTree  # type: ignore[import-untyped]  # ships no types
from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]

from mrv.errors import BoundaryFileRefused
from mrv.sources.boundaries.features import Features, cap_features, cap_vertices, columns_of
from mrv.sources.boundaries.reference_systems import WGS84
from mrv.sources.boundaries.rings import (
    Broken,
    Corners,
    corners_of,
    line_of,
    point_of,
    polygon_of,
)

_DEEPEST = 100  # elements within elements; real ones come to about 12
_ROOTS = {"kml", "Document", "Folder", "Placemark"}
_SHAPES = {"Point", "LineString", "LinearRing", "Polygon", "MultiGeometry", "Track", "MultiTrack"}
_NUMBERS = {"int": int, "uint": int, "short": int, "ushort": int, "float": float, "double": float}
_MULTI: dict[str, Callable[[list[Any]], shapely.Geometry]] = {
    "Point": shapely.MultiPoint,
    "LineString": shapely.MultiLineString,
    "Polygon": shapely.MultiPolygon,
}


def read(data: bytes, name: str) -> Features:
    """Read the placemarks of a KML file.

    Raises:
        BoundaryFileRefused: If it is no KML, is damaged, or brings entities.
    """
    rows: list[dict[str, Any]] = []
    shapes: list[shapely.Geometry | None] = []
    problems: list[str | None] = []
    remarks: list[str | None] = []
    kinds: dict[str, str] = {}
    links = 0
    cap_vertices(data.count(b",") // 2 - 5_000_000, name)
    for element in _elements(data, name):
        tag = _local(element)
        if tag == "SimpleField":
            kinds[element.get("name", "")] = element.get("type", "")
        elif tag == "NetworkLink":
            links += 1
        elif tag == "Placemark":
            shape, problem, remark = _shape(element)
            rows.append(_attributes(element, kinds))
            shapes.append(shape)
            problems.append(problem)
            remarks.append(remark)
            cap_features(len(rows), name)
            element.clear()
    if not rows and links:
        raise BoundaryFileRefused(
            "remote_link",
            f"{name} holds no plots but a link to another file, which is not followed; send the "
            "file that it links to.",
            file=name,
        )
    notes = (f"{links} links to other files were not followed.",) if links else ()
    drawn = np.empty(len(shapes), dtype=object)
    drawn[:] = shapes
    return Features(columns_of(rows, name), drawn, WGS84, problems, remarks, notes=notes)


def _elements(data: bytes, name: str) -> Iterator[Element]:
    """Give each element when it ends; refuse what is no KML or nested beyond reason."""
    depth = 0
    try:
        for event, element in ElementTree.iterparse(
            io.BytesIO(data), events=("start", "end"), forbid_dtd=True
        ):
            if event == "end":
                depth -= 1
                yield element
                continue
            if not depth and _local(element) not in _ROOTS:
                raise BoundaryFileRefused(
                    "driver_mismatch",
                    f"{name} is XML but no KML (it begins with '{_local(element)[:40]}'); export "
                    "the plots as KML.",
                    file=name,
                )
            depth += 1
            if depth > _DEEPEST:
                raise BoundaryFileRefused(
                    "too_deep",
                    f"{name} is nested more than {_DEEPEST} deep, which no map is; export it "
                    "again.",
                    file=name,
                )
    except DefusedXmlException as error:
        raise BoundaryFileRefused(
            "entities",
            f"{name} defines its own entities or document type, which no map needs; export it "
            "again.",
            file=name,
        ) from error
    except (ParseError, ValueError, LookupError) as error:
        raise _damaged(data, error, name) from error


def _damaged(data: bytes, error: Exception, name: str) -> BoundaryFileRefused:
    if not data.rstrip().endswith(b">") or "no element found" in str(error):
        return BoundaryFileRefused(
            "truncated", f"{name} ends in the middle; send the whole file.", file=name
        )
    return BoundaryFileRefused(
        "damaged", f"{name} is not proper XML ({str(error)[:80]}); export it again.", file=name
    )


def _attributes(placemark: Element, kinds: dict[str, str]) -> dict[str, Any]:
    """Take name, description and extended data, typed where the schema says so."""
    found: dict[str, Any] = {}
    for child in placemark:
        tag = _local(child)
        if tag in ("name", "description"):
            found[tag] = _text(child)
        elif tag == "ExtendedData":
            for entry in child.iter():
                own = entry.get("name")
                if own and _local(entry) == "SimpleData":
                    found[own] = _typed(_text(entry), kinds.get(own, ""))
                elif own and _local(entry) == "Data":
                    value = next((one for one in entry if _local(one) == "value"), None)
                    found[own] = None if value is None else _text(value)
    return found


def _typed(text: str | None, kind: str) -> Any:  # noqa: ANN401  # a text, a number or nothing
    if text is None or kind not in _NUMBERS:
        return text
    try:
        return _NUMBERS[kind](text)
    except ValueError:
        return text


def _shape(placemark: Element) -> tuple[shapely.Geometry | None, str | None, str | None]:
    drawings = [child for child in placemark if _local(child) in _SHAPES]
    if not drawings:
        odd = next((_local(c) for c in placemark if _local(c) == "Model"), None)
        told = "it is a 3D model" if odd else "it has no geometry"
        return None, f"no_geometry: {told}", None
    remarks: set[str] = set()
    try:
        parts = [part for drawing in drawings for part in _parts(drawing, remarks, 0)]
        shape = parts[0] if len(parts) == 1 else _together(parts)
    except Broken as broken:
        return None, str(broken), None
    except (shapely.errors.ShapelyError, ValueError) as error:
        return None, f"bad_coordinates: {' '.join(str(error).split())[:120]}", None
    return shape, None, ";".join(sorted(remarks)) or None


def _parts(drawing: Element, remarks: set[str], depth: int) -> list[shapely.Geometry]:
    tag = _local(drawing)
    if tag in ("MultiGeometry", "MultiTrack"):
        members = [child for child in drawing if _local(child) in _SHAPES]
        return [part for one in members for part in _parts(one, remarks, depth + 1)]
    if tag == "Polygon":
        outer = _boundaries(drawing, "outerBoundaryIs", remarks)
        if len(outer) != 1:
            raise Broken(f"bad_coordinates: a polygon has {len(outer)} outer boundaries")
        return [polygon_of(outer + _boundaries(drawing, "innerBoundaryIs", remarks), remarks)]
    if tag == "Track":
        stops = [(_text(child) or "").split() for child in drawing if _local(child) == "coord"]
        return [line_of(_numbers(stops, remarks))]
    corners = _coordinates(drawing, remarks)
    if tag == "Point":
        if len(corners) != 1:
            raise Broken(f"bad_coordinates: a point has {len(corners)} positions")
        return [point_of(corners[0])]
    return [line_of(corners)]


def _boundaries(polygon: Element, tag: str, remarks: set[str]) -> list[Corners]:
    # Some programs put several rings into one innerBoundaryIs.
    return [
        _coordinates(ring, remarks)
        for boundary in polygon
        if _local(boundary) == tag
        for ring in boundary
        if _local(ring) == "LinearRing"
    ]


def _coordinates(drawing: Element, remarks: set[str]) -> Corners:
    text = next((_text(child) for child in drawing if _local(child) == "coordinates"), None) or ""
    # "lon, lat, alt" with blanks after the commas is wrong and common.
    while ", " in text or " ," in text:
        text = text.replace(", ", ",").replace(" ,", ",")
    return _numbers([position.split(",") for position in text.split()], remarks)


def _numbers(positions: list[list[str]], remarks: set[str]) -> Corners:
    try:
        return corners_of([list(map(float, p if p[-1] else p[:-1])) for p in positions], remarks)
    except ValueError as error:
        raise Broken("bad_coordinates: a corner has something else than numbers") from error


def _together(parts: list[shapely.Geometry]) -> shapely.Geometry:
    kinds = {type(part).__name__ for part in parts}
    make = _MULTI.get(kinds.pop()) if len(kinds) == 1 else None
    return make(parts) if make else shapely.GeometryCollection(parts)


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _text(element: Element) -> str | None:
    text = (element.text or "").strip()
    return text or None
