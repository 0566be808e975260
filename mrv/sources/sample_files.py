"""A drawn sample as files for the field: layers for QGIS, waypoints for a GPS, a list on paper.

What was drawn is decided in `mrv.sampling`; here it is only written, whole or not at all.
"""

import json
import shutil
import tempfile
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pyogrio  # type: ignore[import-untyped]  # ships no types

from mrv.errors import InputRejected
from mrv.sampling.route import lines_of
from mrv.sources.boundaries.write import to_csv

LAYERS, WAYPOINTS, LIST, RECORD = "sample.gpkg", "sample.gpx", "sample.csv", "sample.json"
_COLOURS: Final = {"enrolled": "Flag, Green", "control": "Flag, Red"}  # symbols of GPS devices


def write_sample(
    folder: Path,
    stops: gpd.GeoDataFrame,
    record: Mapping[str, Any],
    pictures: Mapping[str, bytes],
) -> None:
    """Write a sample into a folder of its own; one that was written before is replaced.

    Args:
        folder: It holds `sample.gpkg` (layers plots, waypoints, routes), `sample.gpx`,
            `sample.csv`, `sample.json` and the pictures afterwards.
        stops: As `mrv.sampling.route.field_list` gives them.
        record: How the sample came about, to draw it again.
        pictures: File name -> content.

    Raises:
        InputRejected: If the folder holds something else.
    """
    if folder.exists() and not (folder / RECORD).is_file() and any(folder.iterdir()):
        raise InputRejected(
            f"{folder} holds something else than a sample; name a new folder with --out."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        draft.chmod(0o755)
        _write_layers(draft / LAYERS, stops)
        (draft / WAYPOINTS).write_text(gpx_of(stops), "utf-8", newline="\n")
        (draft / LIST).write_bytes(_list_of(stops))
        for name, content in pictures.items():
            (draft / name).write_bytes(content)
        text = json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False)
        (draft / RECORD).write_text(text + "\n", "utf-8", newline="\n")
        _put(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def gpx_of(stops: gpd.GeoDataFrame) -> str:
    """Write GPX 1.1: a waypoint per plot, and a route per village in the order of the walk."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<gpx version="1.1" creator="Parkland" xmlns="http://www.topografix.com/GPX/1/1">',
    ]
    for row in stops.itertuples():
        lines += [f'<wpt lat="{row.lat:.7f}" lon="{row.lon:.7f}">', *_said(row), "</wpt>"]
    for number, part in stops.groupby("route", sort=True):
        village = escape(str(part["village"].iloc[0]))
        lines += ["<rte>", f"<name>{int(number):02d} {village}</name>"]
        for row in part.itertuples():
            point = f'<rtept lat="{row.lat:.7f}" lon="{row.lon:.7f}">'
            lines.append(f"{point}<name>{escape(row.waypoint)}</name></rtept>")
        lines.append("</rte>")
    return "\n".join([*lines, "</gpx>", ""])


def _said(row: Any) -> list[str]:  # noqa: ANN401  # of itertuples
    what = f"{row.village}, {row.stratum}, {row.role}, {row.area_ha:.2f} ha"
    return [
        f"<name>{escape(row.waypoint)}</name>",
        f"<desc>{escape(what)}</desc>",
        f"<sym>{_COLOURS.get(row.role, 'Flag, Blue')}</sym>",
    ]


def _list_of(stops: gpd.GeoDataFrame) -> bytes:
    """Write the list; its plot_id and inclusion_probability are those of the tree inventory."""
    points = gpd.points_from_xy(stops["lon"], stops["lat"], crs="EPSG:4326")
    listed = stops.drop(columns="geometry")
    listed["area_ha"] = stops["area_ha"].round(4)
    listed["inclusion_probability"] = [f"{p:.9f}" for p in stops["inclusion_probability"]]
    return to_csv(gpd.GeoDataFrame(listed, geometry=points))


def _write_layers(place: Path, stops: gpd.GeoDataFrame) -> None:
    points = gpd.points_from_xy(stops["lon"], stops["lat"], crs="EPSG:4326")
    layers = {"plots": stops, "waypoints": stops.set_geometry(points), "routes": lines_of(stops)}
    for name, layer in layers.items():
        pyogrio.write_dataframe(layer, place, layer=name, driver="GPKG", append=place.exists())


def _put(draft: Path, folder: Path) -> None:
    """Put a folder in its place; an older sample stands aside until the new one is there."""
    if not folder.exists():
        draft.replace(folder)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent)) / "before"
    folder.replace(aside)
    try:
        draft.replace(folder)
    except OSError:
        aside.replace(folder)
        raise
    finally:
        shutil.rmtree(aside.parent, ignore_errors=True)
