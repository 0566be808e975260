"""GeoParquet 1.1: a column of shapes with what the file says of it, and the columns beside it.

What the file says of its own size is checked before anything is unpacked, and unpacked in pieces
with a cap, because a dictionary can repeat a long value for nothing. Metadata of pandas is ignored.
"""

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyproj import CRS
from pyproj.exceptions import CRSError

from mrv.errors import BoundaryFileRefused
from mrv.sources.boundaries.features import (
    MAX_CELLS,
    MAX_COLUMNS,
    MAX_VERTICES,
    Features,
    cap_features,
)
from mrv.sources.boundaries.reference_systems import WGS84, understand_wkt
from mrv.sources.boundaries.well_known_binary import NO_GEOMETRY, draw

_LARGEST_UNPACKED_BYTES = 1 << 30  # [P]
_ROWS_AT_ONCE = 2_000
_MOST_ROW_GROUPS = 20_000
_NATIVE = {"point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"}
_LONGEST_TEXT = 10_000_000  # [byte] of anything in the footer


def read(data: bytes, name: str) -> Features:
    """Read a GeoParquet file.

    Raises:
        BoundaryFileRefused: If it is damaged, holds no shapes or more than is read.
    """
    try:
        file = pq.ParquetFile(
            io.BytesIO(data),
            read_dictionary=_texts(data),
            thrift_string_size_limit=_LONGEST_TEXT,
            thrift_container_size_limit=_LONGEST_TEXT,
        )
        _cap(file.metadata, name)
        geo = json.loads((file.metadata.metadata or {}).get(b"geo", b"null"))
        place, about = _geometry_column(geo, name)
        table = _unpacked(file, name)
    except (pa.ArrowException, OSError, ValueError, TypeError, RecursionError) as error:
        raise _damaged(name, str(error)) from error
    if place not in table.column_names:
        raise _damaged(name, f"it has no column {place[:40]}")
    shapes, problems = _shapes(table[place], about, name)
    return Features(
        columns={
            column: table[column].to_pylist()
            for column in table.column_names
            if column not in (place, "bbox")
        },
        shapes=shapes,
        problems=problems,
        crs=_crs(about, name),
        crs_by_default="crs" not in about,
    )


def _texts(data: bytes) -> list[str]:
    schema = pq.read_schema(io.BytesIO(data))
    return [
        field.name
        for field in schema
        if pa.types.is_string(field.type) or pa.types.is_binary(field.type)
    ]


def _cap(metadata: pq.FileMetaData, name: str) -> None:
    cap_features(metadata.num_rows, name)
    if metadata.num_columns > MAX_COLUMNS or metadata.num_row_groups > _MOST_ROW_GROUPS:
        raise _damaged(
            name, f"it has {metadata.num_columns} columns in {metadata.num_row_groups} groups"
        )
    values = sum(
        metadata.row_group(group).column(column).num_values
        for group in range(metadata.num_row_groups)
        for column in range(metadata.num_columns)
    )
    if values > MAX_CELLS + 3 * MAX_VERTICES:  # lists hold as many values as they like
        raise BoundaryFileRefused(
            "too_large",
            f"{name} holds {values:,} values, which is more than is read from one file; split it.",
            file=name,
        )


def _geometry_column(geo: Any, name: str) -> tuple[str, Mapping[str, Any]]:  # noqa: ANN401
    columns = geo.get("columns") if isinstance(geo, dict) else None
    primary = geo.get("primary_column") if isinstance(geo, dict) else None
    about = columns.get(primary) if isinstance(columns, dict) and primary is not None else None
    if not isinstance(about, dict):
        raise BoundaryFileRefused(
            "no_geometry",
            f"{name} is a Parquet file that names no column of shapes; export it as GeoParquet.",
            file=name,
        )
    return str(primary), about


def _unpacked(file: pq.ParquetFile, name: str) -> pa.Table:
    """Unpack a table whose texts stay in their dictionaries until their size is known."""
    batches, size = [], 0
    for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, use_threads=False):
        columns = []
        for column in batch.columns:
            size += _size(column)
            if size > _LARGEST_UNPACKED_BYTES:
                raise BoundaryFileRefused(
                    "zip_bomb",
                    f"{name} unpacks to more than {_LARGEST_UNPACKED_BYTES >> 20:,} MB; leave out "
                    "long texts and pictures.",
                    file=name,
                )
            columns.append(
                column.dictionary_decode() if isinstance(column, pa.DictionaryArray) else column
            )
        batches.append(pa.RecordBatch.from_arrays(columns, names=batch.schema.names))
    return pa.Table.from_batches(batches)


def _size(column: pa.Array) -> int:
    """Say how large a column is when it is unpacked [byte]."""
    if not isinstance(column, pa.DictionaryArray):
        return int(column.nbytes)
    lengths = pc.binary_length(column.dictionary).take(column.indices)
    return int(pc.sum(lengths).as_py() or 0)


def _shapes(
    column: pa.ChunkedArray, about: Mapping[str, Any], name: str
) -> tuple[Any, list[str | None]]:
    encoding = str(about.get("encoding")).lower()
    binary = pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)
    if encoding == "wkb" and binary:
        return draw(column.to_numpy())
    if encoding not in _NATIVE:
        raise _damaged(name, f"its shapes are written as {encoding[:40]}")
    import geopandas as gpd

    field = pa.field("geometry", column.type).with_metadata(
        {"ARROW:extension:name": f"geoarrow.{encoding}"}
    )
    try:
        frame = gpd.GeoDataFrame.from_arrow(pa.table([column], schema=pa.schema([field])))
        shapes = np.array(frame.geometry.to_numpy(), dtype=object)
    except (pa.ArrowException, ValueError, TypeError, LookupError) as error:
        raise _damaged(name, str(error)) from error
    return shapes, [NO_GEOMETRY if shape is None else None for shape in shapes]


def _crs(about: Mapping[str, Any], name: str) -> CRS | None:
    if "crs" not in about:
        return WGS84  # the default of GeoParquet 1.1: OGC:CRS84
    stated = about["crs"]
    if stated is None:
        return None
    try:
        return understand_wkt(CRS.from_json(json.dumps(stated)).to_wkt(), name)
    except CRSError as error:
        raise BoundaryFileRefused(
            "unknown_crs",
            f"{name} names a coordinate system that is not known; save it in WGS 84 (EPSG:4326).",
            file=name,
        ) from error


def _damaged(name: str, why: str) -> BoundaryFileRefused:
    told = " ".join(why.split())[:120]
    return BoundaryFileRefused(
        "damaged", f"{name} cannot be read as GeoParquet ({told}); export it again.", file=name
    )
