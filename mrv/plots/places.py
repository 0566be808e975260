"""Whether a boundary lies where it should: coordinate system, axes, hemisphere, date line, country.

`to_degrees` brings every row to WGS 84; the checks after it look at the middle of each plot.
"""

import hashlib
from collections.abc import Collection
from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from mrv.plots.bench import Bench, Flags
from mrv.plots.countries import Outline, outline_of
from mrv.plots.measure import middles
from mrv.plots.surroundings import Floats, Shapes

NEAR_ZERO_DEGREES = 0.01  # about a kilometre around 0, 0, where no land is
_HALF_WORLD = 180.0  # no plot is wider; one that seems to be crosses the date line
FAR_DEGREES = 4.0  # a lost sign moves a plot further than neighbours of a border lie apart [P]
_POLE = 90.0
_NAME_DECIMALS = 7  # of a degree, 1 cm: what two exports of one boundary agree in [P]
_NAME_DIGITS = 16  # 64 bits: two of a million plots share a name once in 37 million registries
OLD_NAME_LENGTH = len("geo-") + 10
_SAID = 6  # coordinate systems in one sentence
_WGS84 = CRS.from_epsg(4326)
_WORLD = shapely.box(-_HALF_WORLD, -_POLE, _HALF_WORLD, _POLE)


def to_degrees(bench: Bench, file_crs: CRS | None, row_crs: pd.Series | None) -> Flags:
    """Bring every boundary to WGS 84.

    Args:
        bench: Shapes as the file has them.
        file_crs: Of the file as a whole; None where it does not say.
        row_crs: What rows state themselves; goes before the file's.

    Returns:
        By row, whether the file itself was in degrees of WGS 84.
    """
    stated = _stated(bench, row_crs)
    degrees = np.zeros(len(bench.shapes), dtype=bool)
    used = []
    which, texts = pd.factorize(stated)
    # All rows of the first system, then of the second: each row is looked at once.
    groups = np.split(np.argsort(which, kind="stable"), np.bincount(which).cumsum()[:-1])
    for text, group in zip(texts, groups, strict=True):
        rows = group[bench.sound[group]]
        if not len(rows):
            continue
        crs = file_crs if text == "" else _understood(text)
        if crs is None:
            for row in rows.tolist():
                _no_crs(bench, row, text)
            continue
        used.append(crs)
        if _is_wgs84(crs):
            degrees[rows] = True
        else:
            moved = gpd.GeoSeries(list(bench.shapes[rows]), crs=crs).to_crs(_WGS84)
            bench.shapes[rows] = moved.to_numpy()
    _tell_systems(bench, used)
    _off_the_earth(bench)
    return degrees


def across_date_line(bench: Bench) -> None:
    """Bring longitudes into -180..180, and part a boundary that crosses the date line there."""
    boxes = bench.boxes()
    beyond = (boxes[:, 0] < -_HALF_WORLD) | (boxes[:, 2] > _HALF_WORLD)
    for row in bench.rows(beyond | (boxes[:, 2] - boxes[:, 0] > _HALF_WORLD)).tolist():
        east = bench.shapes[row]
        if boxes[row, 2] - boxes[row, 0] > _HALF_WORLD:
            east = shapely.transform(east, _eastward)
        parted = shapely.orient_polygons(_within_the_world(east))
        bench.mend(row, "antimeridian", "lies at the date line and was brought to it", parted)


def name_by_shape(shapes: Shapes, known: Collection[str] = ()) -> list[str]:
    """Name boundaries by their ground: `geo-` and sixteen digits that every export of it shares.

    Args:
        shapes: In WGS 84; None is named "".
        known: Names with ten digits that were given in earlier years; whoever has one keeps it.
    """
    rounded = shapely.transform(
        shapely.force_2d(shapes), lambda c: np.round(c, _NAME_DECIMALS) + 0.0
    )
    plain = shapely.to_wkb(shapely.normalize(rounded), byte_order=1)
    names = [
        "" if wkb is None else f"geo-{hashlib.sha256(wkb).hexdigest()[:_NAME_DIGITS]}"
        for wkb in plain
    ]
    return [first if (first := name[:OLD_NAME_LENGTH]) in known else name for name in names]


def check_places(bench: Bench, country: str) -> None:
    """Refuse what lies at 0, 0 or outside the country; propose the place an exchange would give."""
    rows = bench.rows()
    lon, lat = middles(bench.shapes)
    at_zero = (np.abs(lon) < NEAR_ZERO_DEGREES) & (np.abs(lat) < NEAR_ZERO_DEGREES)
    for row in bench.rows(at_zero).tolist():
        bench.reject(row, "at_zero", "lies at latitude 0 and longitude 0, in the sea")
    outline = outline_of(country)
    if outline is None:
        for row in bench.rows(np.abs(lat) > _POLE).tolist():
            what = "has latitudes beyond the poles, so they seem to stand for longitudes"
            turned = shapely.transform(bench.shapes[row], _exchanged)
            bench.propose(row, "axes_swapped", what, "Exchange them.", turned)
        bench.tell_file(
            "country_unknown",
            f"Whether the plots lie in {country} was not checked: its extent is not known."
            if country
            else "No country was named, so where the plots should lie was not checked.",
        )
        return
    rows = bench.rows()
    for row in rows[~outline.reaches(lon[rows], lat[rows])].tolist():
        _outside(bench, row, outline, float(lon[row]), float(lat[row]))
    lon, lat = middles(bench.shapes)  # an accepted place is another one
    rows = bench.rows()
    for row in rows[~outline.holds(lon[rows], lat[rows])].tolist():
        bench.tell(
            row, "near_border", f"lies at the border or the coast of {country}, or a little beyond"
        )


def _outside(bench: Bench, row: int, outline: Outline, lon: float, lat: float) -> None:
    country, shape = outline.country, bench.shapes[row]
    tries = (
        ("axes_swapped", "if latitude and longitude are exchanged", _exchanged),
        ("wrong_hemisphere", "if its latitude has the other sign", lambda c: c * [1.0, -1.0]),
        ("wrong_hemisphere", "if its longitude has the other sign", lambda c: c * [-1.0, 1.0]),
        ("wrong_hemisphere", "if both have the other sign", lambda c: -c),
    )
    for code, how, turn in tries:
        ((there, north),) = turn(np.array([[lon, lat]]))
        if code == "wrong_hemisphere" and np.hypot(there - lon, north - lat) < FAR_DEGREES:
            continue  # it would be moved to beside where it is: rather across the border
        if outline.reaches(np.array([there]), np.array([north]))[0]:
            text = f"Take it to be at latitude {north:.3f}, longitude {there:.3f}."
            moved = shapely.transform(shape, turn)
            bench.propose(row, code, f"lies in {country} only {how}", text, moved)
            return
    what = f"lies at latitude {lat:.3f}, longitude {lon:.3f}, outside {country}"
    bench.reject(row, "outside_country", what)


def _stated(bench: Bench, row_crs: pd.Series | None) -> Shapes:
    if row_crs is None:
        return np.full(len(bench.shapes), "", dtype=object)
    return np.array(
        [cell.strip() if isinstance(cell, str) else "" for cell in row_crs], dtype=object
    )


def _understood(text: str) -> CRS | None:
    """Understand a code such as EPSG:32636; definitions and addresses are not followed."""
    authority, _, code = text.upper().partition(":")
    if authority not in ("EPSG", "OGC", "ESRI") or not code.isalnum():
        return None
    try:
        return CRS.from_user_input(text)
    except CRSError:
        return None


def _no_crs(bench: Bench, row: int, text: str) -> None:
    if text:
        bench.reject(row, "crs_unknown", f"states a coordinate system '{text[:40]}', unknown here")
    else:
        bench.reject(row, "crs_missing", "does not say in which coordinate system it is")


def _is_wgs84(crs: CRS) -> bool:
    return bool(crs.to_epsg() == 4326 or crs.equals("OGC:CRS84"))  # noqa: PLR2004  # WGS 84


def _tell_systems(bench: Bench, used: list[CRS]) -> None:
    foreign = [crs.name for crs in used if not _is_wgs84(crs)]
    if len(used) > 1:
        said = _some([crs.name for crs in used])
        bench.tell_file("mixed_crs", f"Rows are in several coordinate systems: {said}.")
    if foreign:
        bench.tell_file(
            "reprojected", f"The plots came in {_some(foreign)} and were brought to WGS 84."
        )


def _some(names: list[str]) -> str:
    more = len(names) - _SAID
    return ", ".join(names[:_SAID]) + (f" and {more} more" if more > 0 else "")


def _exchanged(coordinates: Floats) -> Floats:
    return coordinates[:, ::-1]


def _off_the_earth(bench: Bench) -> None:
    boxes = bench.boxes()
    lon, lat = middles(bench.shapes)
    reach = np.abs(boxes) <= [2 * _HALF_WORLD, _POLE, 2 * _HALF_WORLD, _POLE]
    fits: Flags = np.all(reach, axis=1)
    for row in bench.rows(~fits).tolist():
        if _swap_fits(boxes[row]):
            continue  # latitude and longitude exchanged; `check_places` proposes that
        what = f"has coordinates ({lon[row]:.0f}, {lat[row]:.0f}) that are no degrees"
        bench.reject(row, "not_degrees", what)


def _swap_fits(box: Floats) -> bool:
    west, south, east, north = np.abs(box)
    return bool(max(west, east) <= _POLE and max(south, north) <= _HALF_WORLD)


def _eastward(coordinates: Floats) -> Floats:
    """Count western longitudes on from 180."""
    turned: Floats = coordinates + np.where(coordinates < 0.0, 1.0, 0.0) * [360.0, 0.0]
    return turned


def _within_the_world(east: shapely.Geometry) -> shapely.Geometry:
    """Part an area that runs beyond a date line, and bring each piece back."""
    pieces: list[shapely.Geometry] = []
    for shift in (-360.0, 0.0, 360.0):
        moved = shapely.transform(east, partial(np.add, [shift, 0.0]))
        west, _, beyond, _ = shapely.bounds(moved)
        if west >= -_HALF_WORLD and beyond <= _HALF_WORLD:
            return moved
        whole = moved if shapely.is_valid(moved) else shapely.make_valid(moved, method="structure")
        piece = shapely.intersection(whole, _WORLD)
        pieces += [part for part in shapely.get_parts(piece) if shapely.area(part) > 0.0]
    return shapely.union_all(pieces) if pieces else east
