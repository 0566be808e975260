"""Attacks on what reads boundary files: each a file, and the fault that must answer it.

The ids are those of the list that the project keeps of attacks on uploads: U01 virtual formats, U03
and U04 coordinate systems, U06 archives, U07 KML, U08 GeoPackage, U09 shapefile, U10 tables,
U11 GeoParquet, U12 JSON, U14 wrong names, and "size" for what is only too much.
"""

import gzip
import io
import json
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.hostile.files import (
    altered_geopackage,
    collection,
    feature,
    frame,
    geopackage,
    geoparquet,
    kml,
    placemark,
    shapefile,
    zipped,
    zipped_shapefile,
)

READ = "read"  # the attack is harmless, and the plots beside it are read


class Bait(NamedTuple):
    """What an attack tries to reach: an address that counts its visitors, a file with a secret."""

    address: str
    secret: str


@dataclass(frozen=True, slots=True)
class Attack:
    name: str
    make: Callable[[Bait], bytes]
    answer: str


def _vrt(source: str) -> bytes:
    return (
        f'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>{source}</SrcDataSource>'
        f"<SrcLayer>x</SrcLayer></OGRVRTLayer></OGRVRTDataSource>"
    ).encode()


def _crs(crs: object) -> bytes:
    return collection(feature(), crs=crs)


def _named(name: str) -> bytes:
    return _crs({"type": "name", "properties": {"name": name}})


def _patched(body: bytes, field: int, value: int, size: str = "<H") -> bytes:
    """Change a number in the first entry of a zip's list of contents."""
    raw = bytearray(body)
    struct.pack_into(size, raw, raw.index(b"PK\x01\x02") + field, value)
    return bytes(raw)


def _member(name: str, attributes: int = 0) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = attributes
        archive.writestr(info, collection(feature()))
    return body.getvalue()


def _overlapping() -> bytes:
    body = zipped({"a.geojson": collection(feature()), "b.txt": b"x" * 1000}, zipfile.ZIP_STORED)
    raw = bytearray(body)
    struct.pack_into("<I", raw, raw.rindex(b"PK\x01\x02") + 42, 0)
    return bytes(raw)


def _laughs() -> str:
    """Ten entities, each of which says the one before it ten times."""
    first = '<!ENTITY l0 "ha">'
    others = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f"<!DOCTYPE kml [{first}{others}]>"


def _injected(bait: Bait) -> bytes:
    """Name a layer so that it would end the question it is put into."""
    name = f"plots\"; ATTACH ''{bait.secret}'' AS a; --"
    return altered_geopackage(
        f"UPDATE gpkg_contents SET table_name = '{name}'",  # noqa: S608  # that is the attack
        "UPDATE gpkg_geometry_columns SET table_name = (SELECT table_name FROM gpkg_contents)",
    )


def _view() -> bytes:
    return altered_geopackage(
        "ALTER TABLE plots RENAME TO hidden",
        "CREATE VIEW plots AS SELECT * FROM hidden",
    )


def _corrupt(body: bytes, first: int = 4096) -> bytes:
    """Overwrite every third byte behind the first page."""
    raw = bytearray(body)
    raw[first::3] = bytes(len(raw[first::3]))
    return bytes(raw)


def _parquet(table: pa.Table, geo: object = None, **options: object) -> bytes:
    about = {"primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB"}}}
    metadata = {b"geo": json.dumps(about if geo is None else geo).encode()}
    body = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(metadata), body, **options)
    return body.getvalue()


def _points(count: int) -> pa.Array:
    return pa.array([struct.pack("<BIdd", 1, 1, 34.0, 0.0)] * count, pa.binary())


def _dictionary_bomb() -> bytes:
    """A hundred thousand rows that all point at one text of a megabyte: 0.1 TB unpacked."""
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), ["x" * 1_000_000])
    return _parquet(pa.table({"geometry": _points(100_000), "a": text}))


def _pickled_extension() -> bytes:
    storage = pa.array([b"a"] * 3, pa.binary())
    own = {b"ARROW:extension:name": b"arrow.py_extension_type"}
    own[b"ARROW:extension:metadata"] = b"cposix\nsystem\n(S'true'\ntR."
    schema = pa.schema(
        [pa.field("geometry", pa.binary()), pa.field("a", pa.binary(), metadata=own)]
    )
    return _parquet(pa.table([_points(3), storage], schema=schema))


def _many_rows() -> bytes:
    return _parquet(pa.table({"geometry": pa.nulls(300_000, pa.binary())}))


def _lying_shx() -> bytes:
    raw = bytearray(shapefile()[".shx"])
    struct.pack_into(">i", raw, 100, 0x7FFFFFF0)
    return bytes(raw)


def _two_shapefiles() -> bytes:
    return zipped({f"{n}{part}": data for n in "ab" for part, data in shapefile().items()})


def _tiny(count: int) -> str:
    return ",".join(
        ['{"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[0,0]}}']
        * count
    )


def _ring(count: int) -> str:
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return ",".join(
        f"[{x:.7f},{y:.7f}]" for x, y in zip(34 + np.cos(angle), np.sin(angle), strict=True)
    )


_MILLION = 1_000_000
_WGS_GRID = "+proj=longlat +nadgrids={} +type=crs"

ATTACKS: tuple[tuple[str, Attack], ...] = (
    # A virtual format points at a file or an address; the name says it is a map.
    ("U01", Attack("plots.kml", lambda bait: _vrt(bait.secret), "driver_mismatch")),
    ("U01", Attack("plots.geojson", lambda bait: _vrt(bait.secret), "driver_mismatch")),
    ("U01", Attack("plots.gpkg", lambda bait: _vrt(bait.secret), "driver_mismatch")),
    (
        "U01",
        Attack("plots.zip", lambda bait: zipped_shapefile({".shp": _vrt(bait.secret)}), "damaged"),
    ),
    ("U01", Attack("plots.vrt", lambda bait: _vrt(bait.secret), "unknown_format")),
    ("U02", Attack("plots.kml", lambda bait: _vrt(f"/vsicurl/{bait.address}"), "driver_mismatch")),
    (
        "U02",
        Attack(
            "plots.zip",
            lambda bait: zipped({"a.kml": _vrt(f"/vsizip//vsicurl/{bait.address}")}),
            "driver_mismatch",
        ),
    ),
    # Where a file says that its coordinates lie.
    (
        "U03",
        Attack(
            "plots.geojson",
            lambda bait: _crs(
                {"type": "link", "properties": {"href": bait.address, "type": "proj4"}}
            ),
            "remote_crs",
        ),
    ),
    (
        "U03",
        Attack(
            "plots.geojson",
            lambda bait: _crs({"type": "name", "properties": {"href": bait.address}}),
            "remote_crs",
        ),
    ),
    ("U03", Attack("plots.geojson", lambda bait: _named(bait.address), "unknown_crs")),
    ("U04", Attack("plots.geojson", lambda _bait: _named("EPSG:32637"), READ)),
    ("U04", Attack("plots.geojson", lambda _bait: _named("EPSG:999999"), "unknown_crs")),
    (
        "U04",
        Attack("plots.geojson", lambda bait: _named(_WGS_GRID.format(bait.secret)), "unknown_crs"),
    ),
    (
        "U04",
        Attack(
            "plots.zip", lambda bait: zipped_shapefile({".prj": _grid_wkt(bait)}), "unknown_crs"
        ),
    ),
    # Archives.
    (
        "U06",
        Attack(
            "plots.zip", lambda _bait: zipped({"plots.geojson": bytes(50 * _MILLION)}), "zip_bomb"
        ),
    ),
    (
        "U06",
        Attack("plots.kmz", lambda _bait: zipped({"doc.kml": b" " * (50 * _MILLION)}), "zip_bomb"),
    ),
    (
        "U06",
        Attack(
            "plots.xlsx",
            lambda _bait: zipped({"xl/sharedStrings.xml": bytes(50 * _MILLION)}),
            "zip_bomb",
        ),
    ),
    ("U06", Attack("plots.zip", lambda _bait: _overlapping(), "zip_bomb")),
    (
        "U06",
        Attack(
            "plots.zip",
            lambda _bait: _patched(zipped({"a.geojson": bytes(_MILLION)}), 24, 1000, "<I"),
            "damaged",
        ),
    ),
    (
        "U06",
        Attack(
            "plots.zip",
            lambda _bait: zipped({"inner.zip": zipped({"a.geojson": b"{}"})}),
            "nested_archive",
        ),
    ),
    (
        "U06",
        Attack(
            "plots.zip",
            lambda _bait: zipped({f"{n}.txt": b"" for n in range(100_000)}),
            "too_many_members",
        ),
    ),
    ("U06", Attack("plots.zip", lambda _bait: _patched(_member("a.geojson"), 8, 0x1), "encrypted")),
    ("U06", Attack("plots.zip", lambda _bait: _member("a.geojson", 0o120777 << 16), "symlink")),
    ("U06", Attack("plots.zip", lambda _bait: _member("../../a.geojson"), "path_traversal")),
    ("U06", Attack("plots.zip", lambda _bait: _member("/etc/a.geojson"), "path_traversal")),
    (
        "U06",
        Attack(
            "plots.zip", lambda _bait: zipped({"a.geojson": collection(feature())})[:-40], "damaged"
        ),
    ),
    # KML.
    (
        "U07",
        Attack(
            "plots.kml", lambda _bait: kml(f"<name>&l9;</name>{placemark()}", _laughs()), "entities"
        ),
    ),
    (
        "U07",
        Attack(
            "plots.kml",
            lambda bait: kml(
                placemark("<description>&x;</description>"),
                f'<!DOCTYPE kml [<!ENTITY x SYSTEM "file://{bait.secret}">]>',
            ),
            "entities",
        ),
    ),
    (
        "U07",
        Attack(
            "plots.kml",
            lambda bait: kml(placemark(), f'<!DOCTYPE kml SYSTEM "{bait.address}">'),
            "entities",
        ),
    ),
    (
        "U07",
        Attack(
            "plots.kml",
            lambda bait: kml(
                f"<NetworkLink><Link><href>{bait.address}</href></Link></NetworkLink>"
            ),
            "remote_link",
        ),
    ),
    (
        "U07",
        Attack(
            "plots.kml",
            lambda bait: kml(
                f"<NetworkLink><Link><href>{bait.address}</href></Link></NetworkLink><Style><IconStyle><Icon><href>{bait.address}</href></Icon></IconStyle></Style>{placemark('<description><![CDATA[<script>alert(1)</script>]]></description>')}",
                f'<?xml-stylesheet href="{bait.address}"?>',
            ),
            READ,
        ),
    ),
    (
        "U07",
        Attack(
            "plots.kml", lambda _bait: kml("<Folder>" * 200_000 + "</Folder>" * 200_000), "too_deep"
        ),
    ),
    ("U07", Attack("plots.kml", lambda _bait: kml(placemark())[:-60], "truncated")),
    (
        "U07",
        Attack(
            "plots.kml", lambda _bait: b'<kml a="' + b"x" * (20 * _MILLION) + b'"/>', "too_large"
        ),
    ),
    # GeoPackage.
    (
        "U08",
        Attack(
            "plots.gpkg",
            lambda _bait: altered_geopackage(
                "CREATE TRIGGER t AFTER INSERT ON plots BEGIN DELETE FROM plots; END"
            ),
            READ,
        ),
    ),
    ("U08", Attack("plots.gpkg", lambda _bait: _view(), "not_a_table")),
    (
        "U08",
        Attack(
            "plots.gpkg",
            lambda _bait: altered_geopackage(
                "ALTER TABLE plots ADD COLUMN x AS (hex(zeroblob(900000000)))"
            ),
            "damaged",
        ),
    ),
    (
        "U08",
        Attack(
            "plots.gpkg",
            lambda bait: altered_geopackage(
                f"ALTER TABLE plots ADD COLUMN x AS (load_extension('{bait.secret}'))"
            ),
            "damaged",
        ),
    ),
    (
        "U08",
        Attack(
            "plots.gpkg",
            _injected,
            "not_a_table",
        ),
    ),
    (
        "U08",
        Attack(
            "plots.gpkg",
            lambda _bait: altered_geopackage(
                "UPDATE plots SET geom = zeroblob(90000000) WHERE fid = 1"
            ),
            READ,
        ),
    ),
    (
        "U08",
        Attack(
            "plots.gpkg",
            lambda _bait: altered_geopackage("UPDATE gpkg_contents SET data_type = 'tiles'"),
            "no_geometry",
        ),
    ),
    ("U08", Attack("plots.gpkg", lambda _bait: _corrupt(geopackage()), "damaged")),
    ("U08", Attack("plots.gpkg", lambda _bait: geopackage()[:50_000], "damaged")),
    (
        "U08",
        Attack(
            "plots.gpkg",
            lambda _bait: b"SQLite format 3\0" + bytes(52) + b"GPKG" + bytes(4096),
            "damaged",
        ),
    ),
    ("U08", Attack("plots.gpkg", lambda _bait: b"SQLite format 3\0" + bytes(4096), "damaged")),
    # Shapefile.
    ("U09", Attack("plots.zip", lambda _bait: zipped_shapefile({".prj": None}), READ)),
    ("U09", Attack("plots.zip", lambda _bait: zipped_shapefile({".shx": None}), "missing_part")),
    ("U09", Attack("plots.zip", lambda _bait: zipped_shapefile({".shp": None}), "missing_part")),
    ("U09", Attack("plots.shp", lambda _bait: shapefile()[".shp"], "missing_part")),
    (
        "U09",
        Attack("plots.zip", lambda _bait: zipped_shapefile({".cpg": b"../../etc/passwd"}), READ),
    ),
    ("U09", Attack("plots.zip", lambda _bait: _two_shapefiles(), "two_layers")),
    ("U09", Attack("plots.zip", lambda _bait: zipped_shapefile({".shx": _lying_shx()}), READ)),
    # Tables.
    ("U10", Attack("plots.csv", lambda _bait: b'plot_id,wkt\n=cmd(),"POINT (34 0)"\n', READ)),
    (
        "U10",
        Attack(
            "plots.csv",
            lambda _bait: ",".join(f"c{n}" for n in range(_MILLION)).encode() + b"\n1\n",
            "too_many_columns",
        ),
    ),
    (
        "U10",
        Attack(
            "plots.csv",
            lambda _bait: b"plot_id,wkt\n" + b'a,"POINT (34 0)"\n' * 300_000,
            "too_many_features",
        ),
    ),
    # GeoParquet.
    ("U11", Attack("plots.parquet", lambda _bait: _dictionary_bomb(), "zip_bomb")),
    ("U11", Attack("plots.parquet", lambda _bait: _many_rows(), "too_many_features")),
    ("U11", Attack("plots.parquet", lambda _bait: _pickled_extension(), READ)),
    (
        "U11",
        Attack(
            "plots.parquet",
            lambda _bait: _parquet(
                pa.table({"geometry": _points(3)}),
                {
                    "primary_column": "geometry",
                    "columns": {"geometry": {"encoding": "WKB", "bbox": [1e400, "x"]}},
                },
            ),
            READ,
        ),
    ),
    (
        "U11",
        Attack("plots.parquet", lambda _bait: _parquet(pa.table({"a": [1]}), {}), "no_geometry"),
    ),
    ("U11", Attack("plots.parquet", lambda _bait: geoparquet()[:-20], "damaged")),
    # JSON.
    ("U12", Attack("plots.geojson", lambda _bait: b"[" * 200_000, "too_deep")),
    (
        "U12",
        Attack(
            "plots.geojson", lambda _bait: b'{"a":' * 200_000 + b"1" + b"}" * 200_000, "too_deep"
        ),
    ),
    (
        "U12",
        Attack(
            "plots.geojson",
            lambda _bait: b'{"type": "Feature", "type": "FeatureCollection", "features": []}',
            "duplicate_members",
        ),
    ),
    (
        "U12",
        Attack(
            "plots.geojson",
            lambda _bait: collection(
                feature(coordinates=[[[float("nan"), 0], [1, float("inf")], [1, 1], [0, 0]]])
            ),
            READ,
        ),
    ),
    (
        "U12",
        Attack(
            "plots.geojson", lambda _bait: collection(feature()).replace(b"34.001", b"1e400"), READ
        ),
    ),
    (
        "U12",
        Attack(
            "plots.geojson",
            lambda _bait: collection(feature()).replace(b"34.001", b"9" * 400),
            READ,
        ),
    ),
    (
        "U12",
        Attack(
            "plots.geojson",
            lambda _bait: collection(feature({"a": "\ud800", "b": 2**63, "c": "\0"})),
            READ,
        ),
    ),
    (
        "U12",
        Attack(
            "plots.geojson",
            lambda _bait: collection(feature()).replace(b"34.001", b"9" * 5000),
            "damaged",
        ),
    ),
    ("U12", Attack("plots.geojson", lambda _bait: collection(feature()) + b"<script>", "damaged")),
    ("U12", Attack("plots.geojson", lambda _bait: collection(feature())[:-30], "truncated")),
    (
        "U12",
        Attack(
            "plots.geojson", lambda _bait: gzip.compress(collection(feature())), "driver_mismatch"
        ),
    ),
    (
        "U12",
        Attack(
            "plots.geojson",
            lambda _bait: (
                collection(feature({"a": "é"})).decode("unicode-escape").encode("latin-1")
            ),
            "encoding",
        ),
    ),
    # A name that is not true.
    ("U14", Attack("plots.gpkg", lambda _bait: collection(feature()), "driver_mismatch")),
    ("U14", Attack("plots.geojson", lambda _bait: geopackage(), "driver_mismatch")),
    (
        "U14",
        Attack(
            "plots.geojson",
            lambda _bait: b"<!DOCTYPE html><html>" + collection(feature()),
            "driver_mismatch",
        ),
    ),
    (
        "U14",
        Attack(
            "plots.geojson",
            lambda _bait: collection(feature({"a": "<html><script>alert(1)</script>"})),
            READ,
        ),
    ),
    (
        "U14",
        Attack(
            "plots.zip",
            lambda _bait: b"%PDF-1.7" + zipped({"a.geojson": collection(feature())}),
            "driver_mismatch",
        ),
    ),
    ("U14", Attack("plots.exe", lambda _bait: b"MZ", "unknown_format")),
    ("U14", Attack("plots.geojson", lambda _bait: b"", "empty")),
    # Only too much.
    (
        "size",
        Attack(
            "plots.geojson",
            lambda _bait: f'{{"type":"FeatureCollection","features":[{_tiny(_MILLION)}]}}'.encode(),
            "too_many_features",
        ),
    ),
    (
        "size",
        Attack(
            "plots.geojsonl",
            lambda _bait: _tiny(_MILLION).replace("},{", "}\n{").encode(),
            "too_many_features",
        ),
    ),
    ("size", Attack("plots.kml", lambda _bait: kml(placemark() * 300_000), "too_many_features")),
    (
        "size",
        Attack(
            "plots.geojson",
            lambda _bait: f'{{"type":"Polygon","coordinates":[[{_ring(_MILLION)}]]}}'.encode(),
            READ,
        ),
    ),
    (
        "size",
        Attack(
            "plots.geojson",
            lambda _bait: (
                b'{"type":"FeatureCollection","features":[' + b"[]," * (30 * _MILLION) + b"[]]}"
            ),
            "too_large",
        ),
    ),
    (
        "size",
        Attack(
            "plots.geojson",
            lambda _bait: collection(feature({f"k{n}": 1 for n in range(200_000)})),
            "too_many_columns",
        ),
    ),
)


def _grid_wkt(bait: Bait) -> bytes:
    return (
        'GEOGCS["x",DATUM["x",SPHEROID["x",6378137,298.25],'
        f'EXTENSION["PROJ4_GRIDS","{bait.secret}"]],PRIMEM["x",0],UNIT["degree",0.0174]]'
    ).encode()


def honest() -> bytes:
    """Give a file that is what it says."""
    return collection(*(feature({"plot_id": f"KE-{n}"}) for n in range(len(frame()))))
