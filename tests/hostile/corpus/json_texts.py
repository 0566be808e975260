"""U12 and U14: JSON that is deep, ambiguous or no number, and names that are not true."""

import gzip
import json

from tests.hostile.attack import READ, Bait, attack
from tests.hostile.files import collection, feature, geopackage, zipped

PLOTS = collection(feature())


@attack("U12", "plots.geojson", "too_deep")
def lists_in_lists(_bait: Bait) -> bytes:
    return b"[" * 200_000


@attack("U12", "plots.geojson", "too_deep")
def objects_in_objects(_bait: Bait) -> bytes:
    return b'{"a":' * 200_000 + b"1" + b"}" * 200_000


@attack("U12", "plots.geojson", READ)
def collections_in_collections(_bait: Bait) -> bytes:
    geometry: dict[str, object] = {"type": "Point", "coordinates": [34, 0]}
    for _ in range(200):
        geometry = {"type": "GeometryCollection", "geometries": [geometry]}
    return collection(feature(), feature(geometry=geometry))


@attack("U12", "plots.geojson", "duplicate_members")
def said_twice(_bait: Bait) -> bytes:
    return b'{"type": "Feature", "type": "FeatureCollection", "features": []}'


@attack("U12", "plots.geojson", READ)
def corners_that_are_no_numbers(_bait: Bait) -> bytes:
    nan, infinite = float("nan"), float("inf")
    return collection(feature(coordinates=[[[nan, 0], [1, infinite], [1, 1], [0, 0]]]))


@attack("U12", "plots.geojson", READ)
def number_beyond_numbers(_bait: Bait) -> bytes:
    return PLOTS.replace(b"34.001", b"1e400")


@attack("U12", "plots.geojson", READ)
def number_of_400_digits(_bait: Bait) -> bytes:
    return PLOTS.replace(b"34.001", b"9" * 400)


@attack("U12", "plots.geojson", "damaged")
def number_of_5000_digits(_bait: Bait) -> bytes:
    return PLOTS.replace(b"34.001", b"9" * 5000)


@attack("U12", "plots.geojson", READ)
def half_letters_and_endless_ids(_bait: Bait) -> bytes:
    return collection(feature({"a": "\ud800", "b": 2**63, "c": "\0"}, id=2**200))


@attack("U12", "plots.geojson", "damaged")
def something_after_the_end(_bait: Bait) -> bytes:
    return PLOTS + b"<script>"


@attack("U12", "plots.geojson", "truncated")
def json_cut_short(_bait: Bait) -> bytes:
    return PLOTS[:-30]


@attack("U12", "plots.geojson", "driver_mismatch")
def gzip_body(_bait: Bait) -> bytes:
    return gzip.compress(PLOTS)


@attack("U12", "plots.geojson", "encoding")
def letters_of_windows(_bait: Bait) -> bytes:
    return json.dumps(feature({"a": "é"}), ensure_ascii=False).encode("cp1252")


@attack("U14", "plots.gpkg", "driver_mismatch")
def geojson_as_geopackage(_bait: Bait) -> bytes:
    return PLOTS


@attack("U14", "plots.geojson", "driver_mismatch")
def geopackage_as_geojson(_bait: Bait) -> bytes:
    return geopackage()


@attack("U14", "plots.geojson", "driver_mismatch")
def page_that_is_also_a_map(_bait: Bait) -> bytes:
    return b"<!DOCTYPE html><html><script>alert(1)</script>" + PLOTS


@attack("U14", "plots.geojson", READ)
def map_that_is_also_a_page(_bait: Bait) -> bytes:
    return collection(feature({"a": "<html><script>alert(1)</script>"}))


@attack("U14", "plots.zip", "driver_mismatch")
def document_that_is_also_a_zip(_bait: Bait) -> bytes:
    return b"%PDF-1.7" + zipped({"plots.geojson": PLOTS})


@attack("U14", "plots.exe", "unknown_format")
def program(_bait: Bait) -> bytes:
    return b"MZ"


@attack("U14", "plots.geojson", "empty")
def nothing(_bait: Bait) -> bytes:
    return b""
