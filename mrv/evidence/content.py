"""Names of files by what they say: the same rows give the same digest, whoever wrote the file.

A table becomes a head and its rows. The head names the columns by their names' order, each with its
kind and, where it holds measured numbers, with how many of their decimals count; the rows follow as
canonical JSON arrays, one a line, in the order of their bytes. So neither the version of a Parquet
writer, nor compression, nor the order of rows and columns decides anything. JSON is named by its
canonical form, arrays by their values; every other file by its bytes.

Source:
    RFC 8785, JSON canonicalization scheme; the form of tables is our own and stands above.
"""

import hashlib
import io
import json
import math
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import rfc8785
import shapely
from numpy.typing import NDArray

from mrv.errors import InputRejected

PARQUET: Final = "application/vnd.apache.parquet"
JSON: Final = "application/json"
NPZ: Final = "application/x-npz"
_DECIMALS_BY_UNIT: Final = {
    "_cm": 3,  # a hundredth of a millimetre
    "_m": 4,
    "_kg": 6,
    "_t_ha": 9,
    "_ha": 8,  # a square centimetre
    "_tco2e": 9,  # a milligram
    "_percent": 6,
}
_DECIMALS: Final = 9  # shares, indices and degrees; 0.1 mm on the ground
_ROWS_AT_ONCE: Final = 100_000


def content_digest(data: bytes, media_type: str) -> str:
    """Give the sha-256 of what a file says, in hex.

    Args:
        data: The file.
        media_type: Of it; anything but Parquet, JSON and NPZ is named by its bytes.

    Raises:
        InputRejected: If it is not of that media type.
    """
    try:
        if media_type == PARQUET:
            return table_digest(pq.ParquetFile(io.BytesIO(data)).read())
        if media_type == JSON:
            return json_digest(json.loads(data))
        if media_type == NPZ:
            return _arrays_digest(data)
    except (pa.ArrowInvalid, ValueError, KeyError, EOFError, OSError) as error:
        raise InputRejected(
            f"This is no {media_type} that can be read ({type(error).__name__}); take the file "
            "from where it came once more."
        ) from error
    return hashlib.sha256(data).hexdigest()


def decimals(column: str) -> int:
    """Say how many decimals of a column's numbers count, by the unit in its name."""
    longest_first = sorted(_DECIMALS_BY_UNIT, key=len, reverse=True)
    unit = next((unit for unit in longest_first if column.endswith(unit)), None)
    return _DECIMALS if unit is None else _DECIMALS_BY_UNIT[unit]


def table_digest(table: pa.Table) -> str:
    """Give the sha-256 of a table's canonical form, in hex.

    Raises:
        ValueError: If two columns share a name.
    """
    names = sorted(table.column_names)
    if len(set(names)) < len(names):
        raise ValueError("two columns share a name")
    kinds = {name: _kind(name, table[name]) for name in names}
    head = {
        "form": "parkland/table/1",
        "columns": [
            {"name": name, "kind": kind}
            | ({"decimals": decimals(name)} if kind == "number" else {})
            for name, kind in kinds.items()
        ],
        "rows": table.num_rows,
    }
    digest = hashlib.sha256(rfc8785.dumps(head) + b"\n")
    cells = [_cells(name, table[name], kind) for name, kind in kinds.items()]
    if cells and table.num_rows:
        rows = pc.binary_join_element_wise(*cells, pa.scalar(",", pa.large_string()))
        rows = rows.take(pc.sort_indices(rows))
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            lines = rows.slice(first, _ROWS_AT_ONCE).to_pylist()
            digest.update("".join(f"[{line}]\n" for line in lines).encode())
    return digest.hexdigest()


def json_digest(document: object) -> str:
    """Give the sha-256 of a JSON value's canonical form, in hex; what is no number is its name."""
    return hashlib.sha256(rfc8785.dumps(_finite(document))).hexdigest()


def _arrays_digest(data: bytes) -> str:
    digest = hashlib.sha256(rfc8785.dumps({"form": "parkland/arrays/1"}) + b"\n")
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        for name in sorted(archive.files):
            array: NDArray[Any] = archive[name]
            head = {"name": name, "kind": array.dtype.str.lstrip("<>|=")}
            digest.update(rfc8785.dumps(head | {"shape": list(array.shape)}) + b"\n")
            values = array.astype(array.dtype.newbyteorder("<"))
            digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def _kind(name: str, column: pa.ChunkedArray) -> str:
    stored = column.type
    if column.null_count == len(column):
        return "null"  # an empty column of dates and one of texts say the same: nothing
    if name == "geometry" and (pa.types.is_binary(stored) or pa.types.is_large_binary(stored)):
        return "geometry"
    return next((kind for kind, holds in _KINDS.items() if holds(stored)), "json")


def _is_text(stored: pa.DataType) -> bool:
    if pa.types.is_dictionary(stored):
        return _is_text(stored.value_type)
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(holds(stored) for holds in kinds)


def _cells(name: str, column: pa.ChunkedArray, kind: str) -> pa.Array:
    """Write each cell as canonical JSON."""
    if kind == "null":
        return pa.array(["null"] * len(column), pa.large_string())
    written = _WRITERS[kind](column, decimals(name))
    return pc.fill_null(_one(written).cast(pa.large_string()), "null")


def _one(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _numbers(column: pa.ChunkedArray, counted: int) -> pa.Array:
    """Count numbers in units of their last decimal: whole numbers need no rule for writing them."""
    values = column.to_numpy(zero_copy_only=False).astype(np.float64)
    scaled = np.rint(values * 10.0**counted)
    known = ~np.isnan(scaled)
    small = np.abs(np.where(known, scaled, 0.0)) < 2.0**62
    if small.all():
        whole = np.where(known, scaled, 0.0).astype(np.int64)
        return pa.array(whole, mask=~known).cast(pa.large_string())
    texts = [
        None if math.isnan(n) else f"{n:.0f}" if math.isfinite(n) else f'"{n}"' for n in scaled
    ]
    return pa.array(texts, pa.large_string())


def _texts(column: pa.ChunkedArray, _counted: int) -> pa.Array:
    coded = _one(column if pa.types.is_dictionary(column.type) else column.dictionary_encode())
    words = [None if word is None else _json(word) for word in coded.dictionary.to_pylist()]
    return pa.array(words, pa.large_string()).take(coded.indices)


def _truths(column: pa.ChunkedArray, _counted: int) -> pa.Array:
    return pc.if_else(column, "true", "false")


def _wholes(column: pa.ChunkedArray, _counted: int) -> pa.Array:
    return column.cast(pa.large_string())


def _days(column: pa.ChunkedArray, _counted: int) -> pa.Array:
    days = column.cast(pa.date32())
    return days.cast(pa.int32()).cast(pa.large_string())  # since 1970-01-01


def _moments(column: pa.ChunkedArray, _counted: int) -> pa.Array:
    moments = column.cast(pa.timestamp("us", tz=column.type.tz))
    return moments.cast(pa.int64()).cast(pa.large_string())  # microseconds since 1970, UTC


def _geometries(column: pa.ChunkedArray, _counted: int) -> pa.Array:
    shapes = shapely.from_wkb(np.array(column.to_pylist(), dtype=object))
    there = ~shapely.is_missing(shapes)
    shapes[there] = shapely.transform(shapes[there], lambda corners: np.round(corners, _DECIMALS))
    written = shapely.to_wkb(shapes, hex=True, byte_order=1)
    return pa.array([None if text is None else f'"{text}"' for text in written], pa.large_string())


def _others(column: pa.ChunkedArray, _counted: int) -> pa.Array:
    values = column.to_pylist()
    return pa.array([None if v is None else _json(v) for v in values], pa.large_string())


def _json(value: Any) -> str:  # noqa: ANN401  (a cell of a table)
    plain = value.hex() if isinstance(value, bytes) else _finite(value)
    return rfc8785.dumps(plain).decode()


def _finite(value: Any) -> Any:  # noqa: ANN401  (any value JSON has)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {str(name): _finite(part) for name, part in value.items()}
    return [_finite(part) for part in value] if isinstance(value, list | tuple) else value


_KINDS: Final = {
    "truth": pa.types.is_boolean,
    "whole": pa.types.is_integer,
    "number": pa.types.is_floating,
    "day": pa.types.is_date,
    "moment": pa.types.is_timestamp,
    "text": _is_text,
}
_WRITERS: Final = {
    "truth": _truths,
    "whole": _wholes,
    "number": _numbers,
    "day": _days,
    "moment": _moments,
    "text": _texts,
    "geometry": _geometries,
    "json": _others,
}
