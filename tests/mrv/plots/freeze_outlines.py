"""Make `mrv/plots/country_outlines.csv` anew: `python -m tests.mrv.plots.freeze_outlines`.

Borders of Natural Earth 1:10m (public domain) as the npm package world-atlas 2.0.2 ships them in
TopoJSON; it comes with the pages (`make web`). Codes are ISO 3166 numbers there, two letters here.
"""

import csv
import io
import json
from collections.abc import Collection
from pathlib import Path

import numpy as np
import shapely
from babel.core import get_global

from mrv.plots.countries import OUTLINE_TOLERANCE_DEGREES, country_boxes

ROOT = Path(__file__).resolve().parents[3]
ATLAS = ROOT / "registry_api/web/node_modules/world-atlas/countries-10m.json"
OUTLINES = ROOT / "mrv/plots/country_outlines.csv"
SMALLEST_DEGREES2 = 0.001  # an island of 12 km2; smaller ones are told as lying at the border


def outlines(atlas: bytes, countries: Collection[str]) -> str:
    """Give the table: country and WKT, simplified and rounded."""
    topology = json.loads(atlas)
    scale, origin = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = [np.cumsum(arc, axis=0) * scale + origin for arc in topology["arcs"]]
    letters = get_global("territory_aliases")
    shapes: dict[str, list[shapely.Geometry]] = {}
    for country in topology["objects"]["countries"]["geometries"]:
        code = letters.get(str(country.get("id", "")), [""])[0]
        if code in countries:
            shapes.setdefault(code, []).append(_shape(country, arcs))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["country", "outline"])
    for code in sorted(shapes):
        table.writerow([code, shapely.to_wkt(_plain(shapes[code]), 2, trim=True)])
    return text.getvalue()


def _shape(country: dict[str, object], arcs: list[np.ndarray]) -> shapely.Geometry:
    parts = country["arcs"] if country["type"] == "MultiPolygon" else [country["arcs"]]
    polygons = []
    for part in parts:
        rings = [
            np.concatenate([arcs[k] if k >= 0 else arcs[~k][::-1] for k in ring]) for ring in part
        ]
        outer, *holes = [ring for ring in rings if len(ring) >= 4] or [[]]  # some islets are lines
        polygons.append(shapely.Polygon(outer, holes))
    return shapely.make_valid(shapely.MultiPolygon(polygons))


def _plain(shapes: list[shapely.Geometry]) -> shapely.Geometry:
    whole = shapely.simplify(shapely.union_all(shapes), OUTLINE_TOLERANCE_DEGREES)
    parts = shapely.get_parts(shapely.get_parts(shapely.set_precision(whole, 0.01)))
    parts = parts[shapely.get_dimensions(parts) == 2]
    large = shapely.area(parts) >= SMALLEST_DEGREES2
    return shapely.MultiPolygon(parts[large if large.any() else ~large].tolist())


if __name__ == "__main__":
    OUTLINES.write_text(outlines(ATLAS.read_bytes(), country_boxes()), encoding="utf-8")
