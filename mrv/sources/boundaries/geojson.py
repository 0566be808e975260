"""GeoJSON: collections, single features, bare geometries, and one document per line.

Read without GDAL, which would fetch what a `crs` member links to. What RFC 7946 calls wrong but a
person understands is understood and told; a broken feature is a row with its problem.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from pyproj import CRS

from mrv.errors import BoundaryFileRefused
from mrv.sources.boundaries.features import (
    MAX_FEATURES,
    Features,
    cap_features,
    columns_of,
)
from mrv.sources.boundaries.geojson_shapes import draw, draw_all
from mrv.sources.boundaries.reference_systems import WGS84, understand_crs

_GEOMETRIES = {
    *("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"),
    "GeometryCollection",
}
_RECORD_SEPARATOR = "\x1e"  # RFC 8142
_FEATURE = re.compile(r'"type"\s*:\s*"Feature"')
# What Python takes for each thing that JSON can hold, and how much of it is read at most. [P]
_LIST_BYTES, _OBJECT_BYTES, _VALUE_BYTES, _TEXT_BYTES = 72, 240, 32, 60
_MOST_BYTES = 1_400_000_000


@dataclass(frozen=True, slots=True)
class _Twice:
    """An object that says one of its members twice, so that nobody knows which one counts."""

    member: str


class _Row(NamedTuple):
    """A feature: attributes, geometry object (or why there is none, as a text), own system."""

    attributes: dict[str, Any]
    geometry: Any
    crs: str | None = None


def read(data: bytes, name: str) -> Features:
    """Read a GeoJSON file.

    Raises:
        BoundaryFileRefused: If it is no GeoJSON as a whole, or names a coordinate system that is
            not known.
    """
    text = _text(data, name)
    _cap(text, name)
    if text.lstrip(" \t\r\n").startswith(_RECORD_SEPARATOR):
        return _features([_line(line) for line in _split(text, name)], WGS84, name, by_default=True)
    try:
        document = _decoded(text)
    except json.JSONDecodeError as error:
        lines = _split(text, name)
        if error.msg == "Extra data" and draw(_line(lines[0]).geometry).shape:
            return _features([_line(line) for line in lines], WGS84, name, by_default=True)
        raise _damaged(text, error, name) from error
    except RecursionError as error:
        raise _too_deep(name) from error
    except ValueError as error:  # a whole number of thousands of digits
        raise BoundaryFileRefused(
            "damaged", f"{name} is not proper GeoJSON: {str(error)[:80]}.", file=name
        ) from error
    return _whole(document, name)


def _whole(document: Any, name: str) -> Features:  # noqa: ANN401  # anything may stand in a file
    if isinstance(document, _Twice):
        raise BoundaryFileRefused(
            "duplicate_members",
            f"{name} says '{document.member[:40]}' twice, and nobody knows which one counts; "
            "remove one of them.",
            file=name,
        )
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "FeatureCollection":
        features = document.get("features")
        if not isinstance(features, list):
            raise _not_geojson(name, "its features are not a list")
        cap_features(len(features), name)
        rows = [_feature(feature) for feature in features]
    elif kind == "Feature":
        rows = [_feature(document)]
    elif isinstance(kind, str) and kind in _GEOMETRIES:
        rows = [_Row({}, _own(document))]
    else:
        told = f"it says it is '{kind[:40]}'" if isinstance(kind, str) else "it has no type"
        raise _not_geojson(name, told)
    crs = document.get("crs")
    stated = WGS84 if crs is None else _legacy_crs(crs, name)
    return _features(rows, stated, name, by_default=crs is None)


def _features(rows: Sequence[_Row], crs: CRS, name: str, *, by_default: bool) -> Features:
    drawn = draw_all([row.geometry for row in rows])
    shapes = np.empty(len(rows), dtype=object)
    shapes[:] = [one.shape for one in drawn]
    return Features(
        columns=columns_of([row.attributes for row in rows], name),
        shapes=shapes,
        crs=crs,
        problems=[one.problem for one in drawn],
        remarks=[one.remark for one in drawn],
        row_crs=[row.crs for row in rows],
        crs_by_default=by_default,
    )


def _feature(feature: Any) -> _Row:  # noqa: ANN401
    if isinstance(feature, _Twice):
        return _Row({}, f"duplicate_members: it says '{feature.member[:40]}' twice")
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        return _Row({}, "not_a_feature: it is not a GeoJSON feature")
    properties = feature.get("properties")
    if isinstance(properties, _Twice):
        return _Row({}, f"duplicate_members: it says '{properties.member[:40]}' twice")
    attributes = properties if isinstance(properties, dict) else {}
    own = feature.get("id")
    if isinstance(own, str | int | float) and "id" not in attributes:
        attributes = {"id": own, **attributes}
    stated = feature.get("crs")
    if stated is None:
        return _Row(attributes, _own(feature.get("geometry")))
    try:
        return _Row(attributes, _own(feature.get("geometry")), _row_crs(stated))
    except BoundaryFileRefused as refused:
        return _Row(attributes, f"{refused.fault}: {refused.message}")


def _own(geometry: Any) -> Any:  # noqa: ANN401
    """Keep a stranger's text from passing for one of our reasons."""
    return {} if isinstance(geometry, str) else geometry


def _row_crs(member: Any) -> str | None:  # noqa: ANN401
    authority = _legacy_crs(member, "the feature").to_authority()
    return None if authority is None else ":".join(authority)


def _legacy_crs(member: Any, name: str) -> CRS:  # noqa: ANN401
    """Understand the `crs` member of GeoJSON before 2016; only names, never links, are followed."""
    properties = member.get("properties") if isinstance(member, dict) else None
    stated = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(stated, str) or member.get("type") != "name":
        raise BoundaryFileRefused(
            "remote_crs",
            f"{name} points elsewhere for its coordinate system (crs member); save it in WGS 84.",
            file=name,
        )
    return understand_crs(stated, name)


def _line(line: str) -> _Row:
    """Read one line of a file with one document per line."""
    try:
        document = _decoded(line)
    except (ValueError, RecursionError):
        return _Row({}, "damaged: its line is not proper JSON")
    if isinstance(document, dict) and document.get("type") in _GEOMETRIES:
        return _Row({}, _own(document))
    return _feature(document)


def _split(text: str, name: str) -> list[str]:
    cap_features(max(text.count("\n{"), text.count(_RECORD_SEPARATOR)), name)
    parts = text.split(_RECORD_SEPARATOR) if _RECORD_SEPARATOR in text else text.split("\n")
    return [part for part in map(str.strip, parts) if part] or [""]


def _text(data: bytes, name: str) -> str:
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise BoundaryFileRefused(
            "encoding",
            f"{name} is not UTF-8 text (byte {error.start:,}); save it as UTF-8.",
            file=name,
        ) from error


def _cap(text: str, name: str) -> None:
    """Refuse what would fill the memory before it is read: counting signs costs next to nothing."""
    lists, objects = text.count("["), text.count("{")
    if objects > MAX_FEATURES:
        cap_features(sum(1 for _ in _FEATURE.finditer(text)), name)
    values, quotes = text.count(","), text.count('"')
    needed = _LIST_BYTES * lists + _OBJECT_BYTES * objects + _VALUE_BYTES * values
    needed += _TEXT_BYTES * quotes // 2
    if needed > _MOST_BYTES:
        raise BoundaryFileRefused(
            "too_large",
            f"{name} holds {lists + objects + values:,} values, which is more than is read from "
            "one file; split it.",
            file=name,
        )


def _decoded(text: str) -> Any:  # noqa: ANN401
    return json.loads(text, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Twice:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    seen: set[str] = set()
    return _Twice(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]


def _damaged(text: str, error: json.JSONDecodeError, name: str) -> BoundaryFileRefused:
    end = len(text.rstrip())
    if error.pos >= end or error.msg.startswith("Unterminated string"):
        return BoundaryFileRefused(
            "truncated",
            f"{name} ends in the middle (line {error.lineno:,}); send the whole file.",
            file=name,
        )
    return BoundaryFileRefused(
        "damaged",
        f"{name} is not proper GeoJSON (line {error.lineno:,}, column {error.colno:,}: "
        f"{error.msg.lower()}); export it again.",
        file=name,
    )


def _too_deep(name: str) -> BoundaryFileRefused:
    return BoundaryFileRefused(
        "too_deep",
        f"{name} nests lists or objects deeper than any map does; export it again.",
        file=name,
    )


def _not_geojson(name: str, told: str) -> BoundaryFileRefused:
    return BoundaryFileRefused(
        "not_geojson",
        f"{name} is JSON but no GeoJSON: {told}; export the plots as a FeatureCollection.",
        file=name,
    )
