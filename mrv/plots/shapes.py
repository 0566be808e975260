"""Whether a boundary is a sound shape: crossings, holes, spikes, repeated and too many corners.

What hardly changes the area is mended and shown; a mending that would change more is proposed to
whoever drew the plot. A sound shape passes bit for bit. Shapes are in WGS 84 here.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd
import shapely

from mrv.plots.bench import Bench, Flags, Place, Rows
from mrv.plots.measure import in_metres, metres_per_degree
from mrv.plots.surroundings import Floats, Shapes

REPAIR_MAX_AREA_CHANGE = 0.001  # a repair that changes the area by more is not ours to make [P]
MANY_VERTICES = 2_000  # a walk of half an hour at one fix a second; more is noise [P]
KEPT_VERTICES = 1_000  # what a track is simplified to, if its area allows [P]
MOST_VERTICES = 20_000  # beyond this a boundary that cannot be simplified is refused [P]
# Crossings, and what a repair takes, grow with the square of corners: 1,000 may take 9 s.
REPAIRABLE_VERTICES = 1_000  # in one invalid boundary [P]
REPAIRABLE_SQUARED = 3e7  # sum of squares over a file: some minutes at worst [P]
SIMPLIFY_M = (0.1, 0.25, 0.5, 1.0, 2.0)  # tolerances tried, all below the error of GPS [P]
SPIKE_DEGREES = 2.0  # a sharper corner is no corner of a field [P]
SPIKE_MIN_LEG_M = 2.0  # shorter legs are jitter of the receiver [P]
THIN_M = 5.0  # mean width; half a pixel of Sentinel-2, nothing pure is seen inside [P]
SMALL_HOLE_M2 = 10.0  # smaller than a hut [P]
GPS_POOR_M = 10.0  # twice what a phone gives under open sky [P]
EUDR_DECIMALS = 6  # Regulation (EU) 2023/1115, article 2(28): at least six decimal digits [M]

_AREAS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
_LINES = (shapely.GeometryType.LINESTRING, shapely.GeometryType.LINEARRING)
_TRIANGLE = 3
_ODD = MappingProxyType(
    {
        "extra_numbers": "corners with more than three numbers",
        "mixed_dimensions": "heights at some corners only",
    }
)  # remarks of the reader -> words; its others show in the shape itself
_FAULTS: Mapping[str, str] = MappingProxyType(
    {  # how GEOS calls it -> our code
        "self-intersection": "self_crossing",
        "ring self-intersection": "self_crossing",
        "hole lies outside shell": "hole_outside",
        "holes are nested": "nested_parts",
        "nested shells": "nested_parts",
        "too few points in geometry component": "zero_area",
    }
)


def check_presence(bench: Bench, problems: Sequence[object]) -> None:
    """Refuse rows where nothing is drawn, or a corner is no number.

    Args:
        bench: Its shapes may still be in any coordinate system.
        problems: By row, why the reader found no shape; anything but text where it did.
    """
    kinds, empty = shapely.get_type_id(bench.shapes), shapely.is_empty(bench.shapes)
    for row in np.flatnonzero((kinds < 0) | empty).tolist():
        told = problems[row]
        said = told.partition(": ")[2] or told if isinstance(told, str) else "it has no geometry"
        bench.reject(row, "no_geometry", f"has no usable boundary: {said.rstrip('.')}")
    rows = bench.rows()
    coordinates, of = shapely.get_coordinates(bench.shapes[rows], return_index=True)
    broken = rows[np.unique(of[~np.isfinite(coordinates).all(axis=1)])]
    for row in broken.tolist():
        bench.reject(row, "not_finite", "has a corner without a proper number")


def check_kinds(bench: Bench) -> None:
    """Refuse points and lines; propose the area that a walked line encloses."""
    for row in bench.rows(~np.isin(shapely.get_type_id(bench.shapes), _AREAS)).tolist():
        shape = bench.shapes[row]
        what = f"is drawn as a {shape.geom_type}, not as an area"
        area = _enclosed(shape)
        if area is None:
            bench.reject(row, "not_an_area", what)
        else:
            bench.propose(row, "not_an_area", what, "Take the land that the lines enclose.", area)


def flatten(bench: Bench) -> None:
    """Leave out heights."""
    high = bench.rows(shapely.has_z(bench.shapes))
    if len(high):
        bench.shapes[high] = shapely.force_2d(bench.shapes[high])
        bench.tell_file("three_dimensional", f"Heights of {len(high)} boundaries were left out.")


def remove_empty_parts(bench: Bench) -> None:
    """Remove parts and holes without a corner, on which GEOS 3.14 ends the whole process."""
    for row in bench.rows(has_empty_parts(bench.shapes)).tolist():
        what = "had a part or a hole without corners, now removed"
        bench.mend(row, "empty_part", what, without_empty_parts(bench.shapes[row]))


def has_empty_parts(shapes: Shapes) -> Flags:
    """Say which areas have a part or a hole without a corner."""
    parts, of_part = shapely.get_parts(shapes, return_index=True)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    found = np.zeros(len(shapes), dtype=bool)
    found[of_part[shapely.is_empty(parts)]] = True
    found[of_part[of_ring[shapely.is_empty(rings)]]] = True
    return found


def without_empty_parts(shape: shapely.Geometry) -> shapely.Geometry:
    """Leave out the parts and holes of an area that have no corner."""
    full = []
    for part in shapely.get_parts(shape):
        rings = [ring for ring in shapely.get_rings(part) if not shapely.is_empty(ring)]
        if not shapely.is_empty(part):
            full.append(shapely.Polygon(rings[0], rings[1:]))
    return full[0] if len(full) == 1 else shapely.MultiPolygon(full)


def check_notes(bench: Bench, notes: Sequence[object]) -> None:
    """Show what the reader had to understand kindly, such as a ring that was not closed.

    Args:
        bench: In WGS 84.
        notes: By row, ";"-joined codes of the reader; anything but text where there are none.
    """
    for row in bench.rows(
        np.array([isinstance(note, str) and note != "" for note in notes])
    ).tolist():
        shape, codes = bench.shapes[row], str(notes[row]).split(";")
        is_area = shapely.get_type_id(shape) in _AREAS and not shapely.is_empty(shape)
        if "unclosed_ring" in codes and is_area:  # whatever else it is will be refused
            last, gap_m = _widest_closing(shape)
            what = f"was not closed; its last corner was joined to its first over {gap_m:.1f} m"
            bench.mend(row, "unclosed_ring", what, shape, at=(float(last[0]), float(last[1])))
        odd = [words for code, words in _ODD.items() if code in codes]
        if odd:
            bench.tell(row, "odd_positions", f"has {' and '.join(odd)}, which were left out")


def _widest_closing(shape: shapely.Geometry) -> tuple[Floats, float]:
    """Give the longest closing side of all rings: where it begins, and its length [m].

    Which ring was open is not kept by the reader; where there are several, it is most likely this.
    """
    rings = [shapely.get_coordinates(ring) for ring in shapely.get_rings(shapely.get_parts(shape))]
    sides = [(ring[-2], _distance_m(ring[-2], ring[-1])) for ring in rings if len(ring)]
    return max(sides, key=lambda side: side[1])


def simplify_tracks(bench: Bench) -> None:
    """Thin out walked tracks with thousands of corners, by the least tolerance that does it."""
    for row in bench.rows(shapely.get_num_coordinates(bench.shapes) > MANY_VERTICES).tolist():
        shape = bench.shapes[row]
        before = shapely.get_num_coordinates(shape)
        for tolerance_m in SIMPLIFY_M:
            simpler = _simplified(shape, tolerance_m)
            after = shapely.get_num_coordinates(simpler)
            if after <= KEPT_VERTICES and _change(shape, simpler) <= REPAIR_MAX_AREA_CHANGE:
                what = (
                    f"was drawn with {before} corners and simplified to {after} with a tolerance "
                    f"of {tolerance_m:g} m; its area changed by {_change(shape, simpler):.3%}"
                )
                bench.mend(row, "simplified", what, simpler)
                break
        else:
            what = f"has {before} corners, which no tolerance up to {SIMPLIFY_M[-1]:g} m makes few"
            if before > MOST_VERTICES:
                bench.reject(row, "too_many_vertices", what)
            else:
                bench.tell(row, "many_vertices", what)


def check_validity(bench: Bench) -> None:
    """Repair an invalid boundary where that hardly changes its area, else propose the repair."""
    invalid = bench.rows(~shapely.is_valid(bench.shapes))
    corners = shapely.get_num_coordinates(bench.shapes[invalid]).astype(float)
    dear = (corners > REPAIRABLE_VERTICES) | (np.cumsum(corners**2) > REPAIRABLE_SQUARED)
    for row, many in zip(invalid[dear].tolist(), corners[dear].tolist(), strict=True):
        bench.reject(row, "invalid_boundary", f"crosses itself and has {many:.0f} corners")
    invalid = invalid[~dear]
    shapes = bench.shapes[invalid]
    mended = shapely.make_valid(shapes, method="structure", keep_collapsed=False)
    for row, shape, better, told in zip(
        invalid.tolist(),
        shapes,
        shapely.orient_polygons(mended),
        shapely.is_valid_reason(shapes),
        strict=True,
    ):
        _repair(bench, row, shape, better, told)


def remove_repeated(bench: Bench) -> None:
    """Remove corners that repeat the one before."""
    rows = bench.rows()
    shapes = bench.shapes[rows]
    fewer = shapely.remove_repeated_points(shapes, 0.0)
    gone = shapely.get_num_coordinates(shapes) - shapely.get_num_coordinates(fewer)
    for k in np.flatnonzero((gone > 0) & shapely.is_valid(fewer)):
        said = "a corner" if gone[k] == 1 else f"{gone[k]} corners"
        bench.mend(rows[k], "duplicate_vertices", f"repeated {said}, now removed", fewer[k])


def cut_spikes(bench: Bench) -> None:
    """Cut off corners far too sharp for a field where that hardly changes the area, else tell."""
    rows = bench.rows()
    for row, sharp in _spikes(bench.shapes[rows], rows).items():
        shape = bench.shapes[row]
        at = (float(sharp[0][0]), float(sharp[0][1]))
        blunt = _without(shape, sharp)
        said = "a spike" if len(sharp) == 1 else f"{len(sharp)} spikes"
        if blunt is not None and _change(shape, blunt) <= REPAIR_MAX_AREA_CHANGE:
            what = f"had {said}, now cut off; its area changed by {_change(shape, blunt):.3%}"
            bench.mend(row, "spike_cut", what, blunt, at=at)
        else:
            bench.tell(row, "spike", f"has {said} of less than {SPIKE_DEGREES:g} degrees", at=at)


def turn_rings(bench: Bench) -> None:
    """Let outer rings run counter-clockwise, as GeoJSON asks; others stay bit for bit."""
    rows = bench.rows()
    shapes = bench.shapes[rows]
    right = shapely.orient_polygons(shapes)
    wrong = np.flatnonzero(~shapely.equals_identical(shapes, right))
    bench.shapes[rows[wrong]] = right[wrong]
    if len(wrong):
        first = ", ".join(str(row + 1) for row in rows[wrong[:5]])
        more = ", ..." if len(wrong) > 5 else ""  # noqa: PLR2004  # as many as are listed
        bench.tell_file(
            "winding",
            f"Rings of {len(wrong)} boundaries ran the other way around than GeoJSON asks and were "
            f"turned (rows {first}{more}).",
        )


def look_at(bench: Bench, degrees: np.ndarray) -> None:
    """Warn of shapes that are sound and yet odd: parts, holes, triangles, slivers, few decimals.

    Args:
        bench: In WGS 84, repaired.
        degrees: Where the file itself was in degrees, so that its decimals mean something.
    """
    rows = bench.rows()
    shapes = bench.shapes[rows]
    metres = in_metres(shapes)
    for k in np.flatnonzero(shapely.get_num_geometries(shapes) > 1):
        parts = shapely.get_num_geometries(shapes[k])
        bench.tell(rows[k], "multipart", f"consists of {parts} parts")
    _small_holes(bench, rows, metres)
    corners = shapely.get_num_coordinates(shapes) - 1
    for k in np.flatnonzero(corners == _TRIANGLE):
        bench.tell(rows[k], "few_vertices", "has three corners only")
    width_m = 2.0 * shapely.area(metres) / shapely.length(metres)
    for k in np.flatnonzero((width_m > 0.0) & (width_m < THIN_M)):
        bench.tell(rows[k], "thin_plot", f"is {width_m[k]:.1f} m wide on average")
    _few_decimals(bench, bench.rows(degrees))


def check_gps(bench: Bench, accuracy_m: pd.Series) -> None:
    """Warn where the receiver itself said that it erred much [m]."""
    told = pd.to_numeric(accuracy_m, errors="coerce").to_numpy(dtype=float)
    for row in bench.rows(told > GPS_POOR_M).tolist():
        bench.tell(row, "gps_poor", f"was mapped with a GPS error of {told[row]:.0f} m")


def _enclosed(shape: shapely.Geometry) -> shapely.Geometry | None:
    """Give the area a line goes around or a collection holds; None where that is not clear."""
    if shapely.get_type_id(shape) == shapely.GeometryType.GEOMETRYCOLLECTION:
        areas = [part for part in shapely.get_parts(shape) if shapely.get_type_id(part) in _AREAS]
        return areas[0] if len(areas) == 1 else None
    corners = shapely.get_coordinates(shape)
    if shapely.get_type_id(shape) not in _LINES or len(np.unique(corners, axis=0)) < _TRIANGLE:
        return None
    area = shapely.Polygon(corners)
    return area if area.is_valid else None


def _repair(
    bench: Bench, row: int, shape: shapely.Geometry, mended: shapely.Geometry, told: str
) -> None:
    reason, _, place = told.partition("[")
    reason, at = reason.strip().lower(), _place(place)
    change = _change(shape, mended)
    if shapely.get_type_id(mended) not in _AREAS or shapely.is_empty(mended):
        bench.reject(row, "zero_area", f"encloses no land ({reason})", at=at)
    elif change <= REPAIR_MAX_AREA_CHANGE:
        what = f"had an invalid boundary ({reason}), now repaired; its area changed by {change:.3%}"
        bench.mend(row, "repaired", what, mended, at=at)
    else:
        code = _FAULTS.get(reason, "invalid_boundary")
        what = f"has an invalid boundary ({reason}); a repair would change its area by {change:.0%}"
        text = "Take the repaired boundary, with every loop that the drawn lines enclose."
        bench.propose(
            row, "invalid_boundary" if code == "zero_area" else code, what, text, mended, at=at
        )


def _place(told: str) -> Place | None:
    numbers = told.rstrip("]").split()
    try:
        return float(numbers[0]), float(numbers[1])
    except (ValueError, IndexError):
        return None


def _change(before: shapely.Geometry, after: shapely.Geometry) -> float:
    """Give the change of area as a share of the larger; the loops of a crossed ring cancel out."""
    one, two = shapely.area(before), shapely.area(after)
    return float(abs(two - one) / max(one, two, 1e-300))


def _simplified(shape: shapely.Geometry, tolerance_m: float) -> shapely.Geometry:
    across, along = metres_per_degree(np.array([shapely.bounds(shape)[1::2].mean()]))
    degrees = tolerance_m / float(max(across[0], along[0]))  # never more than this many metres
    return shapely.simplify(shape, degrees, preserve_topology=bool(shapely.is_valid(shape)))


def _distance_m(one: Floats, two: Floats) -> float:
    across, along = metres_per_degree(np.array([(one[1] + two[1]) / 2]))
    return float(np.hypot((two[0] - one[0]) * across[0], (two[1] - one[1]) * along[0]))


def _spikes(shapes: Shapes, rows: Rows) -> dict[int, Floats]:
    """Find corners sharper than `SPIKE_DEGREES`: row -> their longitudes and latitudes."""
    metres, of_shape = shapely.get_rings(in_metres(shapes), return_index=True)
    degrees = shapely.get_coordinates(shapely.get_rings(shapes))
    laid, of_ring = shapely.get_coordinates(metres, return_index=True)
    if not len(laid):
        return {}
    first = np.r_[True, of_ring[1:] != of_ring[:-1]]
    last = np.r_[first[1:], True]
    index = np.arange(len(laid))
    ends = np.zeros(len(metres), dtype=int)
    ends[of_ring[last]] = index[last]  # a ring without corners has none and is never asked
    closing = ends[of_ring]
    before = np.where(first, closing - 1, index - 1)  # a ring's last corner repeats its first
    after = np.minimum(index + 1, len(laid) - 1)
    back, on = laid[before] - laid, laid[after] - laid
    legs = np.hypot(*back.T), np.hypot(*on.T)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = (back * on).sum(axis=1) / (legs[0] * legs[1])
    sharp = ~last & (cosine > np.cos(np.radians(SPIKE_DEGREES)))
    sharp &= np.minimum(*legs) > SPIKE_MIN_LEG_M
    found = np.flatnonzero(sharp)
    of = of_shape[of_ring[found]]
    return {int(rows[k]): degrees[found[of == k]] for k in np.unique(of)}


def _without(shape: shapely.Geometry, corners: Floats) -> shapely.Geometry | None:
    """Drop corners of a plain polygon; None where no sound polygon is left."""
    if shapely.get_type_id(shape) != shapely.GeometryType.POLYGON:
        return None
    gone = {(lon, lat) for lon, lat in corners.tolist()}
    rings = [
        [tuple(xy) for xy in shapely.get_coordinates(ring)[:-1].tolist() if tuple(xy) not in gone]
        for ring in shapely.get_rings(shape)
    ]
    if any(len(ring) < _TRIANGLE for ring in rings):
        return None
    blunt = shapely.Polygon(rings[0], rings[1:])
    return blunt if blunt.is_valid else None


def _small_holes(bench: Bench, rows: Rows, metres: Shapes) -> None:
    parts, of_part = shapely.get_parts(metres, return_index=True)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    inner = np.r_[False, of_ring[1:] == of_ring[:-1]] if len(rings) else np.array([], dtype=bool)
    area_m2: Floats = np.atleast_1d(shapely.area(shapely.polygons(rings[inner])))
    small = area_m2 < SMALL_HOLE_M2
    of = of_part[of_ring[inner]][small]
    for k in np.unique(of):
        held = area_m2[small][of == k]
        bench.tell(rows[k], "small_hole", f"has a hole of {held.min():.1f} m2")


def _few_decimals(bench: Bench, rows: Rows) -> None:
    coordinates, of = shapely.get_coordinates(bench.shapes[rows], return_index=True)
    decimals = np.zeros(len(rows), dtype=int)
    for places in range(EUDR_DECIMALS - 1, -1, -1):
        scaled = coordinates * 10.0**places
        finer = (np.abs(scaled - np.round(scaled)) > 1e-6).any(axis=1)  # noqa: PLR2004  # rounding
        np.maximum.at(decimals, of[finer], places + 1)
    across, _ = metres_per_degree(np.zeros(1))
    for k in np.flatnonzero(decimals < EUDR_DECIMALS):
        step_m = float(across[0]) / 10.0 ** decimals[k]
        what = f"is drawn with {decimals[k]} decimals, to {step_m:.3g} m"
        bench.tell(rows[k], "coarse_coordinates", what)
