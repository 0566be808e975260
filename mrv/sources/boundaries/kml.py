"""KML: placemarks with their shapes and data, read as text and nothing else.

Read without GDAL and with defusedxml: entities and document types are refused, links, icons,
overlays and styles are passed over and never fetched. KML 2.2 is in WGS 84, longitude first.
"""

import re
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.sax import ContentHandler, SAXException

import defusedxml.sax  # type: ignore[import-untyped]  # ships no types
import numpy as np
from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]

from mrv.errors import BoundaryFileRefused
from mrv.sources.boundaries.features import Features, cap_features, columns_of
from mrv.sources.boundaries.geojson_shapes import draw_all
from mrv.sources.boundaries.reference_systems import WGS84
from mrv.sources.boundaries.rings import Broken

_MOST_TAGS = 20_000_000  # 200,000 plots with 50 elements each
_LONG = re.compile(rb"<[^<]{10000000}")  # expat looks at a tag again with each piece of it
_DEEPEST = 100  # elements within elements; real ones come to about 12
_ROOTS = {"kml", "Document", "Folder", "Placemark"}
_SHAPES = {"Point", "LineString", "LinearRing", "Polygon", "MultiGeometry", "Track", "MultiTrack"}
_NUMBERS = {"int": int, "uint": int, "short": int, "ushort": int, "float": float, "double": float}
_BLANK_COMMA = re.compile(r"\s*,\s*")
_PLACEMARK = re.compile(rb"</(?:[\w.-]+:)?Placemark")


def read(data: bytes, name: str) -> Features:
    """Read the placemarks of a KML file.

    Raises:
        BoundaryFileRefused: If it is no KML, is damaged, or brings entities.
    """
    cap_features(sum(1 for _ in _PLACEMARK.finditer(data)), name)
    if data.count(b"<") > _MOST_TAGS or _LONG.search(data):
        raise BoundaryFileRefused(
            "too_large",
            f"{name} has more than {_MOST_TAGS:,} tags or a text of more than 10 MB, which is not "
            "read from one file; split it.",
            file=name,
        )
    found = _Placemarks(name)
    parser = defusedxml.sax.make_parser()
    parser.forbid_dtd = True
    parser.setContentHandler(found)
    try:
        parser.feed(data)  # at once: in pieces, a long text is looked at again with each of them
        parser.close()
    except DefusedXmlException as error:
        raise BoundaryFileRefused(
            "entities",
            f"{name} defines its own entities or document type, which no map needs; export it "
            "again.",
            file=name,
        ) from error
    except (SAXException, ValueError, LookupError) as error:
        raise _damaged(data, error, name) from error
    if not found.rows and found.links:
        raise BoundaryFileRefused(
            "remote_link",
            f"{name} holds no plots but a link to another file, which is not followed; send the "
            "file that it links to.",
            file=name,
        )
    drawn = draw_all(found.geometries)
    shapes = np.empty(len(drawn), dtype=object)
    shapes[:] = [one.shape for one in drawn]
    return Features(
        columns=columns_of(found.rows, name),
        shapes=shapes,
        crs=WGS84,
        problems=[one.problem for one in drawn],
        remarks=[one.remark for one in drawn],
        notes=(f"{found.links} links to other files were not followed.",) if found.links else (),
    )


class _Placemarks(ContentHandler):
    """Takes the placemarks out of the stream of tags, each as a small tree of its own."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.rows: list[dict[str, Any]] = []
        self.geometries: list[dict[str, Any] | str] = []
        self.links = 0
        self._name = name
        self._depth = 0
        self._inside = 0  # depth of the placemark around us; 0 outside of any
        self._kinds: dict[str, str] = {}
        self._tree = TreeBuilder()

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802, ANN401  # as SAX has it
        tag = name.rpartition(":")[2]
        if not self._depth and tag not in _ROOTS:
            raise BoundaryFileRefused(
                "driver_mismatch",
                f"{self._name} is XML but no KML (it begins with '{tag[:40]}'); export the plots "
                "as KML.",
                file=self._name,
            )
        self._depth += 1
        if self._depth > _DEEPEST:
            raise BoundaryFileRefused(
                "too_deep",
                f"{self._name} is nested more than {_DEEPEST} deep, which no map is; export it "
                "again.",
                file=self._name,
            )
        if tag == "SimpleField":
            self._kinds[attrs.get("name", "")] = attrs.get("type", "")
        self.links += tag == "NetworkLink"
        if tag == "Placemark" and not self._inside:
            self._inside = self._depth
            self._tree = TreeBuilder()
        if self._inside:
            self._tree.start(tag, {"name": attrs.get("name", "")})

    def characters(self, content: str) -> None:
        if self._inside:
            self._tree.data(content)

    def endElement(self, name: str) -> None:  # noqa: N802  # as SAX has it
        if self._inside:
            self._tree.end(name.rpartition(":")[2])
            if self._depth == self._inside:
                self._inside = 0
                placemark = self._tree.close()
                cap_features(len(self.rows) + 1, self._name)
                self.rows.append(_attributes(placemark, self._kinds))
                self.geometries.append(_geometry(placemark))
        self._depth -= 1


def _damaged(data: bytes, error: Exception, name: str) -> BoundaryFileRefused:
    if not data.rstrip().endswith(b">") or "no element found" in str(error):
        return BoundaryFileRefused(
            "truncated", f"{name} ends in the middle; send the whole file.", file=name
        )
    told = error.getMessage() if isinstance(error, SAXException) else str(error)
    return BoundaryFileRefused(
        "damaged", f"{name} is not proper XML ({told[:80]}); export it again.", file=name
    )


def _attributes(placemark: Element, kinds: dict[str, str]) -> dict[str, Any]:
    """Take name, description and extended data, typed where the schema says so."""
    found: dict[str, Any] = {}
    for child in placemark:
        tag = child.tag
        if tag in ("name", "description"):
            found[tag] = _text(child)
        elif tag == "ExtendedData":
            for entry in child.iter():
                own = entry.get("name")
                if own and entry.tag == "SimpleData":
                    found[own] = _typed(_text(entry), kinds.get(own, ""))
                elif own and entry.tag == "Data":
                    value = next((one for one in entry if one.tag == "value"), None)
                    found[own] = None if value is None else _text(value)
    return found


def _typed(text: str | None, kind: str) -> Any:  # noqa: ANN401  # a text, a number or nothing
    if text is None or kind not in _NUMBERS:
        return text
    try:
        return _NUMBERS[kind](text)
    except ValueError:
        return text


def _geometry(placemark: Element) -> dict[str, Any] | str:
    """Say the shape of a placemark as a GeoJSON geometry, or why there is none as a text."""
    drawings = [child for child in placemark if child.tag in _SHAPES]
    if not drawings:
        return "no_geometry: it has no geometry"
    try:
        parts = [part for drawing in drawings for part in _parts(drawing)]
    except Broken as broken:
        return str(broken)
    except ValueError:
        return "bad_coordinates: a corner has something else than numbers"
    kinds = {part["type"] for part in parts}
    if len(parts) == 1:
        return parts[0]
    if len(kinds) == 1:
        return {
            "type": f"Multi{kinds.pop()}",
            "coordinates": [part["coordinates"] for part in parts],
        }
    return {"type": "GeometryCollection", "geometries": parts}


def _parts(drawing: Element) -> list[dict[str, Any]]:
    if drawing.tag in ("MultiGeometry", "MultiTrack"):
        return [part for one in drawing if one.tag in _SHAPES for part in _parts(one)]
    if drawing.tag == "Polygon":
        outer = len(drawing.findall("outerBoundaryIs/LinearRing"))
        if outer != 1:
            raise Broken(f"bad_coordinates: a polygon has {outer} outer boundaries")
        # Some programs put several rings into one innerBoundaryIs.
        rings = [
            _coordinates(ring)
            for place in ("outerBoundaryIs", "innerBoundaryIs")
            for boundary in drawing.findall(place)
            for ring in boundary.findall("LinearRing")
        ]
        return [{"type": "Polygon", "coordinates": rings}]
    if drawing.tag == "Track":
        stops = [list(map(float, (_text(one) or "").split())) for one in drawing.findall("coord")]
        return [{"type": "LineString", "coordinates": stops}]
    corners = _coordinates(drawing)
    if drawing.tag == "Point" and len(corners) == 1:
        return [{"type": "Point", "coordinates": corners[0]}]
    return [{"type": "LineString", "coordinates": corners}]


def _coordinates(drawing: Element) -> list[list[float]]:
    text = "".join(_text(child) or "" for child in drawing.findall("coordinates")[:1])
    if ", " in text or " ," in text:  # wrong and common: "lon, lat, alt"
        text = _BLANK_COMMA.sub(",", text)
    return [list(map(float, position.rstrip(",").split(","))) for position in text.split()]


def _text(element: Element) -> str | None:
    text = (element.text or "").strip()
    return text or None
