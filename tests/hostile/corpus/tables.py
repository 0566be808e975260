"""U10 and U11: tables that run, repeat without end or lie about themselves."""

import io
import json
import struct

import pyarrow as pa
import pyarrow.parquet as pq

from tests.hostile.attack import READ, Bait, attack
from tests.hostile.files import geoparquet

WKB = {"encoding": "WKB"}


def parquet(table: pa.Table, about: object = None) -> bytes:
    geo = {"primary_column": "geometry", "columns": {"geometry": about or WKB}}
    body = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({b"geo": json.dumps(geo).encode()}), body)
    return body.getvalue()


def points(count: int) -> pa.Array:
    return pa.array([struct.pack("<BIdd", 1, 1, 34.0, 0.0)] * count, pa.binary())


@attack("U10", "plots.csv", READ)
def formula(_bait: Bait) -> bytes:
    return b'plot_id,wkt\n=cmd(),"POINT (34 0)"\n'


@attack("U10", "plots.csv", READ)
def wide_letters_and_semicolons(_bait: Bait) -> bytes:
    return 'plot_id;lat;lon\na;"0,1";"34,1"\na;"0,2";"34,1"\na;"0,2";"34,2"\n'.encode("utf-16")


@attack("U10", "plots.csv", "too_many_columns")
def million_columns(_bait: Bait) -> bytes:
    return ",".join(f"c{number}" for number in range(1_000_000)).encode() + b"\n1\n"


@attack("U10", "plots.csv", "too_many_features")
def table_of_300_000_rows(_bait: Bait) -> bytes:
    return b"plot_id,wkt\n" + b'a,"POINT (34 0)"\n' * 300_000


@attack("U10", "plots.csv", "too_many_systems")
def coordinate_system_for_each_row(_bait: Bait) -> bytes:
    rows = "".join(f'a{row},{2000 + row},"POINT (34 0)"\n' for row in range(50_000))
    return f"plot_id,epsg,wkt\n{rows}".encode()


@attack("U11", "plots.parquet", "zip_bomb")
def dictionary_bomb(_bait: Bait) -> bytes:
    """A hundred thousand rows that all point at one text of a megabyte: 0.1 TB unpacked."""
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), ["x" * 1_000_000])
    return parquet(pa.table({"geometry": points(100_000), "a": text}))


@attack("U11", "plots.parquet", "too_large")
def lists_without_end(_bait: Bait) -> bytes:
    """Fifty million times the same number, which packs to nothing."""
    count = 50_000_000
    numbers = pa.ListArray.from_arrays(pa.array([0, count], pa.int32()), pa.nulls(count, pa.int8()))
    return parquet(pa.table({"geometry": points(1), "a": numbers}))


@attack("U11", "plots.parquet", "too_many_features")
def table_of_300_000_nothings(_bait: Bait) -> bytes:
    return parquet(pa.table({"geometry": pa.nulls(300_000, pa.binary())}))


@attack("U11", "plots.parquet", READ)
def pickled_type(_bait: Bait) -> bytes:
    own = {b"ARROW:extension:name": b"arrow.py_extension_type"}
    own[b"ARROW:extension:metadata"] = b"cposix\nsystem\n(S'true'\ntR."
    field = pa.field("a", pa.binary(), metadata=own)
    schema = pa.schema([pa.field("geometry", pa.binary()), field])
    return parquet(pa.table([points(3), pa.array([b"a"] * 3, pa.binary())], schema=schema))


@attack("U11", "plots.parquet", READ)
def lying_box(_bait: Bait) -> bytes:
    about = WKB | {"bbox": [1, 2, "x"], "covering": {"bbox": {"xmin": ["/etc", "passwd"]}}}
    return parquet(pa.table({"geometry": points(3)}), about)


@attack("U11", "plots.parquet", "no_geometry")
def no_column_of_shapes(_bait: Bait) -> bytes:
    body = io.BytesIO()
    pq.write_table(pa.table({"a": [1]}), body)
    return body.getvalue()


@attack("U11", "plots.parquet", "damaged")
def footer_cut_short(_bait: Bait) -> bytes:
    return geoparquet()[:-20]


@attack("U11", "plots.parquet", "unknown_crs")
def system_that_is_a_text(bait: Bait) -> bytes:
    return parquet(pa.table({"geometry": points(3)}), WKB | {"crs": bait.address})
