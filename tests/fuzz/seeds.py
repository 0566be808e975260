"""Seeds of fuzzing: one small honest file of every format and of every odd but lawful kind."""

import csv
import io
import json

import openpyxl

from tests.hostile.files import (
    SQUARE,
    collection,
    feature,
    frame,
    geopackage,
    geoparquet,
    kml,
    placemark,
    shapefile,
    zipped,
)

_HOLE = [[34.0002, 0.0002], [34.0004, 0.0002], [34.0003, 0.0004], [34.0002, 0.0002]]
_WKT = "POLYGON ((34 0, 34.001 0, 34.001 0.001, 34 0.001, 34 0))"
_TRACE = "0.0 34.0 1200.5 4.2; 0.0 34.001 1201 3.9; 0.001 34.001 0 0; 0.0 34.0 1200.5 4.2"


def seeds() -> list[tuple[str, bytes]]:
    """Give names and files."""
    about = {"plot_id": "KE-1", "planted_on": "2021-03-01", "consent_given": "yes", "n": 2.5}
    odd = {"type": "MultiPolygon", "coordinates": [[SQUARE, _HOLE], [SQUARE[:4]]]}
    lines = [json.dumps(feature({**about, "plot_id": f"KE-{n}"})) for n in range(3)]
    point = {"type": "Point", "coordinates": [34.0, 0.1, 1200]}
    mixed = {"type": "GeometryCollection", "geometries": [point, odd]}
    features = (
        feature(about, [SQUARE, _HOLE]),
        feature(about, id=7, geometry=odd),
        feature(about, geometry=mixed),
        feature({"list": [1, {"a": None}], "ü": True}, geometry=None),
    )
    old_crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32636"}}
    metres = [[[635776.2, 59518.9], [635798.7, 59512.9], [635778.4, 59475.1], [635776.2, 59518.9]]]
    schema = '<Schema id="s"><SimpleField name="area" type="float"/></Schema>'
    data = (
        '<ExtendedData><SchemaData><SimpleData name="area">0.2</SimpleData></SchemaData>'
        '<Data name="farmer_id"><value>F1</value></Data></ExtendedData>'
    )
    track = (
        "<Placemark><gx:Track><gx:coord>34 0 1</gx:coord><gx:coord>34 1 1</gx:coord></gx:Track>"
        "</Placemark>"
    )
    many = (
        placemark()
        .replace("<Polygon>", "<MultiGeometry><Polygon>")
        .replace(
            "</Polygon>", "</Polygon><Point><coordinates>34,0</coordinates></Point></MultiGeometry>"
        )
    )
    whole_kml = kml(schema + placemark(data) + many + track)
    parts = {f"plots{part}": body for part, body in shapefile().items()}
    return [
        ("plots.geojson", collection(*features)),
        ("plots.geojson", collection(feature(about, metres), crs=old_crs)),
        ("plots.json", json.dumps(feature(about)).encode()),
        ("plots.geojson", json.dumps(odd).encode()),
        ("plots.geojsonl", "\n".join(lines).encode()),
        ("plots.geojson", "".join(f"\x1e{line}\n" for line in lines).encode()),
        ("plots.kml", whole_kml),
        ("plots.kmz", zipped({"doc.kml": whole_kml, "files/a.png": b"\x89PNG"})),
        ("plots.gpkg", geopackage()),
        ("plots.zip", zipped({f"fields/{name}": body for name, body in parts.items()})),
        ("plots.zip", zipped({"plots.geojson": collection(*features)})),
        ("plots.parquet", geoparquet()),
        ("plots.csv", _table([["plot_id", "wkt"], ["KE-1", _WKT], ["KE-2", f"SRID=4326;{_WKT}"]])),
        ("plots.csv", _table([["plot_id", "boundary"], ["KE-1", _TRACE]])),
        ("plots.csv", _table([["plot_id", "lat", "lon"], *_corners()])),
        (
            "plots.csv",
            _table([["plot_id", "lat", "lon"], *_corners()], ";").decode().encode("utf-16"),
        ),
        ("plots.zip", _export()),
        ("plots.xlsx", _workbook([["plot_id", "boundary"], ["KE-1", _TRACE], ["KE-2", ""]])),
    ]


def _corners() -> list[list[object]]:
    return [[row["plot_id"], y, x] for row in frame().to_dict("records") for x, y in SQUARE]


def _table(rows: list[list[object]], delimiter: str = ",") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode()


def _export() -> bytes:
    """Zip what ODK Central gives of a form with a repeat."""
    return zipped(
        {
            "plots.csv": _table(
                [["SubmissionDate", "farmer_id", "KEY"], ["2024-01-02", "F1", "uuid:a"]]
            ),
            "plots-plot.csv": _table(
                [
                    ["plot_id", "boundary", "PARENT_KEY", "KEY"],
                    ["KE-1", _TRACE, "uuid:a", "uuid:a/1"],
                ]
            ),
        }
    )


def _workbook(rows: list[list[object]]) -> bytes:
    book, body = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(body)
    return body.getvalue()
