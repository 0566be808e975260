"""Files that are only too much: features, corners, values, columns."""

import numpy as np

from tests.hostile.attack import READ, Bait, attack
from tests.hostile.files import collection, feature, kml, placemark

TINY = '{"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[0,0]}}'


@attack("size", "plots.geojson", "too_many_features")
def million_tiny_features(_bait: Bait) -> bytes:
    return f'{{"type":"FeatureCollection","features":[{",".join([TINY] * 1_000_000)}]}}'.encode()


@attack("size", "plots.geojsonl", "too_many_features")
def million_lines(_bait: Bait) -> bytes:
    return "\n".join([TINY] * 1_000_000).encode()


@attack("size", "plots.kml", "too_many_features")
def three_hundred_thousand_placemarks(_bait: Bait) -> bytes:
    return kml(placemark() * 300_000)


@attack("size", "plots.geojson", READ)
def million_corners(_bait: Bait) -> bytes:
    """The shape is a row with its problem."""
    angle = np.linspace(0, 2 * np.pi, 1_000_000)
    ring = np.column_stack([34 + np.cos(angle), np.sin(angle)]).round(7).tolist()
    return collection(feature(), feature(coordinates=[ring]))


@attack("size", "plots.kml", READ)
def million_corners_of_a_track(_bait: Bait) -> bytes:
    track = "34.1,0.1 " * 1_000_000
    line = f"<Placemark><LineString><coordinates>{track}</coordinates></LineString></Placemark>"
    return kml(placemark() + line)


@attack("size", "plots.geojson", "too_large")
def thirty_million_lists(_bait: Bait) -> bytes:
    return b'{"type":"FeatureCollection","features":[' + b"[]," * 30_000_000 + b"[]]}"


@attack("size", "plots.geojson", "too_many_columns")
def two_hundred_thousand_columns(_bait: Bait) -> bytes:
    return collection(feature({f"k{number}": 1 for number in range(200_000)}))
