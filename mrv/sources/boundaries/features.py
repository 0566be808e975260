"""Features of a boundary file on their way: attributes by column, shapes, and what was odd.

Every reader gives `Features`; `to_table` makes of them the one Arrow table in which they travel out
of the child process, and `to_frame` the table of shapes that everybody else works with. Arrow and
not pickle, because what came out of a stranger's file must never be able to run.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from mrv.errors import BoundaryFileRefused

if TYPE_CHECKING:
    import geopandas as gpd

# Limits of one file; each is told in the sentence that refuses it. [P]
MAX_FEATURES = 200_000
MAX_VERTICES = 5_000_000
MAX_SHAPE_VERTICES = 200_000
MAX_COLUMNS = 500
MAX_CELLS = 20_000_000
MAX_SYSTEMS = 100  # coordinate systems that rows state; a continent has fewer UTM zones

GEOMETRY = "geometry"
GEOMETRY_PROBLEM = "geometry_problem"  # why a row has no geometry: "code: sentence"
GEOMETRY_NOTE = "geometry_note"  # codes, joined by ";", of what had to be understood kindly
GEOMETRY_CRS = "geometry_crs"  # the coordinate system of the row, where rows state their own
_OURS = (GEOMETRY, GEOMETRY_PROBLEM, GEOMETRY_NOTE, GEOMETRY_CRS)
_LONGEST_COLUMN_NAME = 100
_HEADER = b"parkland"  # key of the schema's metadata


@dataclass(frozen=True, slots=True)
class Features:
    """What a reader found, in the order of the file.

    Attributes:
        columns: Attribute -> its values, one per feature.
        shapes: shapely geometries, valid or not; None where a shape could not be understood.
        problems: Why a shape is None: "code: sentence"; None where it is there.
        remarks: Codes, joined by ";", of what had to be understood kindly; None where nothing.
        row_crs: Coordinate systems that single features state, such as "EPSG:32636"; else None.
        crs: Coordinate system that the file states; None where it states none.
        crs_by_default: Whether `crs` follows from the format and is not stated in the file.
        notes: Sentences about the file as a whole.
    """

    columns: Mapping[str, Sequence[Any]]
    shapes: NDArray[np.object_]
    crs: CRS | None
    problems: Sequence[str | None] = ()
    remarks: Sequence[str | None] = ()
    row_crs: Sequence[str | None] = ()
    crs_by_default: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BoundaryFile:
    """A boundary file as it was read.

    Attributes:
        frame: One row per feature in file order: its attributes as they are, `geometry` (may be
            invalid, may be 3D, None where it could not be understood), and where needed the columns
            `geometry_problem`, `geometry_note` and `geometry_crs`. Its `crs` is None where the file
            does not say.
        format: Name of the format, such as "GeoJSON".
        notes: Sentences about the file as a whole.
    """

    frame: "gpd.GeoDataFrame"
    format: str
    notes: tuple[str, ...] = ()


def columns_of(rows: Sequence[Mapping[str, Any]], name: str) -> dict[str, list[Any]]:
    """Lay rows with differing attributes out as columns; absent becomes None.

    Raises:
        BoundaryFileRefused: If there are more columns or cells than a table of plots has.
    """
    names = dict.fromkeys(key for row in rows for key in row)
    _cap_columns(len(names), len(rows), name)
    return {key: [row.get(key) for row in rows] for key in names}


def to_table(features: Features, file_format: str, name: str) -> pa.Table:
    """Lay features out as the Arrow table in which they travel.

    Args:
        features: Of a reader.
        file_format: Name of the format.
        name: Of the file, for messages.

    Raises:
        BoundaryFileRefused: If there are none, or more than are read.
    """
    count = len(features.shapes)
    if not count:
        raise BoundaryFileRefused(
            "empty", f"{name} holds no feature; it should hold one per plot.", file=name
        )
    cap_features(count, name)
    _cap_columns(len(features.columns), count, name)
    cap_systems(len(set(features.row_crs)), name)
    vertices = shapely.get_num_coordinates(features.shapes)
    cap_vertices(int(vertices.sum()), name)
    shapes, problems = features.shapes, list(features.problems or [None] * count)
    for row in np.flatnonzero(vertices > MAX_SHAPE_VERTICES):
        shapes[row] = None
        problems[row] = too_many_corners(int(vertices[row]))
    arrays: dict[str, pa.Array] = {}
    for theirs, values in features.columns.items():
        arrays[_free_name(theirs, arrays)] = _plain(values)
    arrays[GEOMETRY] = pa.array(shapely.to_wkb(shapes), pa.large_binary(), from_pandas=True)
    for column, texts in (
        (GEOMETRY_PROBLEM, [printable(told) for told in problems]),
        (GEOMETRY_NOTE, features.remarks),
        (GEOMETRY_CRS, features.row_crs),
    ):
        if any(texts):
            arrays[column] = pa.array([text or None for text in texts], pa.string())
    crs = None if features.crs is None else features.crs.to_json()
    header = {"format": file_format, "notes": features.notes, "crs": crs}
    return pa.table(arrays).replace_schema_metadata({_HEADER: json.dumps(header).encode()})


def to_frame(table: pa.Table) -> BoundaryFile:
    """Make the table of shapes out of the Arrow table in which it travelled.

    Raises:
        ValueError: If it is no such table.
    """
    import geopandas as gpd

    header = json.loads((table.schema.metadata or {})[_HEADER])
    with np.errstate(invalid="ignore"):  # a corner that is no number is said in the notes
        shapes = shapely.from_wkb(table[GEOMETRY].to_numpy())
    # Whole numbers stay whole where a cell is missing: 7 must not come back as 7.0.
    frame = table.drop_columns([GEOMETRY]).to_pandas(integer_object_nulls=True)
    crs = None if header["crs"] is None else CRS.from_json(header["crs"])
    return BoundaryFile(
        frame=gpd.GeoDataFrame(frame, geometry=shapes, crs=crs),
        format=str(header["format"]),
        notes=tuple(map(str, header["notes"])),
    )


def of_frame(frame: "gpd.GeoDataFrame") -> Features:
    """Take the features out of a table of shapes."""
    own = {name: frame[name].tolist() if name in frame else [] for name in _OURS[1:]}
    geometry = frame.geometry.name if frame.active_geometry_name else None
    shapes = frame.geometry.to_numpy() if geometry else np.full(len(frame), None)
    return Features(
        columns={
            str(name): frame[name].tolist()
            for name in frame.columns
            if name != geometry and name not in _OURS
        },
        shapes=np.array(shapes, dtype=object),
        crs=frame.crs if geometry else None,
        problems=_texts(own[GEOMETRY_PROBLEM]),
        remarks=_texts(own[GEOMETRY_NOTE]),
        row_crs=_texts(own[GEOMETRY_CRS]),
        crs_by_default=bool(frame.attrs.get("crs_by_default")),
        notes=tuple(frame.attrs.get("notes", ())),
    )


def with_crs(features: Features, crs: CRS, name: str) -> Features:
    """Fill in the coordinate system that the sender states, where the file states none.

    Raises:
        BoundaryFileRefused: If the file states another one.
    """
    if features.crs is not None and not features.crs_by_default and features.crs != crs:
        raise BoundaryFileRefused(
            "crs_contradiction",
            f"{name} states the coordinate system {features.crs.name}, and {crs.name} was given "
            "with it; leave one of the two out.",
            file=name,
        )
    return replace(features, crs=crs, crs_by_default=False)


def cap_features(count: int, name: str) -> None:
    """Refuse a file with more features than are read.

    Raises:
        BoundaryFileRefused: Above `MAX_FEATURES`.
    """
    if count > MAX_FEATURES:
        raise BoundaryFileRefused(
            "too_many_features",
            f"{name} holds {count:,} features, and at most {MAX_FEATURES:,} are read from one "
            "file; split it, for example by village.",
            file=name,
        )


def cap_vertices(count: int, name: str) -> None:
    """Refuse a file with more corners than are read.

    Raises:
        BoundaryFileRefused: Above `MAX_VERTICES`.
    """
    if count > MAX_VERTICES:
        raise BoundaryFileRefused(
            "too_many_vertices",
            f"{name} holds {count:,} corners, and at most {MAX_VERTICES:,} are read from one "
            "file; split it, or simplify walked tracks to one corner per metre.",
            file=name,
        )


def cap_systems(count: int, name: str) -> None:
    """Refuse a file whose rows state more coordinate systems than any land has.

    Raises:
        BoundaryFileRefused: Above `MAX_SYSTEMS`; each takes time to look up.
    """
    if count > MAX_SYSTEMS:
        raise BoundaryFileRefused(
            "too_many_systems",
            f"The rows of {name} state {count:,} coordinate systems, and at most {MAX_SYSTEMS} are "
            "read from one file; look at the column that names them, or save the file in WGS 84.",
            file=name,
        )


def too_many_corners(count: int) -> str:
    """Say that one shape has more corners than are read."""
    return (
        f"too_many_vertices: it has {count:,} corners, and at most {MAX_SHAPE_VERTICES:,} are "
        "read of one plot"
    )


def printable(text: str | None) -> str | None:
    """Replace signs that cannot be shown, or would turn the rest of a sentence round."""
    if text is None or text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)


def _cap_columns(columns: int, rows: int, name: str) -> None:
    if columns > MAX_COLUMNS or columns * rows > MAX_CELLS:
        raise BoundaryFileRefused(
            "too_many_columns",
            f"{name} has {columns:,} columns in {rows:,} rows, and at most {MAX_COLUMNS} columns "
            f"and {MAX_CELLS:,} cells are read; keep the columns that say something of the plots.",
            file=name,
        )


def _free_name(theirs: str, taken: Mapping[str, object]) -> str:
    name = _clean(str(theirs)).strip()[:_LONGEST_COLUMN_NAME] or "column"
    while name in taken or name in _OURS:
        name += "_"
    return name


def _plain(values: Sequence[Any]) -> pa.Array:
    """Bring a column to whole numbers, numbers, truth values or texts; mixed becomes text."""
    try:
        array = pa.array(values, from_pandas=True)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        array = pa.nulls(0, pa.binary())  # of mixed kinds, beyond 64 bits, or with half characters
    kind = array.type
    if pa.types.is_boolean(kind) or pa.types.is_null(kind) or pa.types.is_signed_integer(kind):
        return array
    if pa.types.is_floating(kind):
        return pc.if_else(pc.is_finite(array), array, None)
    if pa.types.is_string(kind) and not pc.any(pc.match_substring(array, "\0")).as_py():
        return array
    return pa.array([_as_text(value) for value in values], pa.large_string())


def _as_text(value: Any) -> str | None:  # noqa: ANN401  # anything may stand in a file
    if value is None or isinstance(value, bytes) or value != value:  # noqa: PLR0124  # NaN, NaT
        return None
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, bool | int | float | list | dict):
        return _clean(json.dumps(value, ensure_ascii=False, default=str))
    return _clean(value.isoformat() if hasattr(value, "isoformat") else str(value))


def _clean(text: str) -> str:
    """Replace what databases and encodings choke on: half characters and the zero character."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")


def _texts(values: Sequence[Any]) -> list[str | None]:
    return [value if isinstance(value, str) else None for value in values]
