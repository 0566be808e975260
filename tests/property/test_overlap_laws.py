"""Laws of overlap: brute force finds the same, and how a boundary is written changes nothing."""

from functools import partial
from itertools import combinations

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mrv.plots.measure import area_of, metres_per_degree
from mrv.plots.overlap import (
    CONTAINED_MIN_SHARE,
    DRAWING_M,
    EDGE_MAX_SHARE,
    SAME_MIN_SHARE,
    Overlap,
    overlaps,
    overlaps_among,
    overlaps_of,
)
from mrv.plots.rules import PlotRules
from mrv.plots.surroundings import Neighbours

RULES = PlotRules(0.1, 10.0, 5.0, 0.01)
LON, LAT = 34.5, 0.02  # so near the equator that a turned plot keeps its shape in degrees
ACROSS_M, ALONG_M = (float(one[0]) for one in metres_per_degree(np.array([LAT])))
Shapes = NDArray[np.object_]


def on_earth(ring_m: NDArray[np.float64]) -> shapely.Polygon:
    """Place a ring given in metres."""
    return shapely.Polygon(ring_m / [ACROSS_M, ALONG_M] + [LON, LAT])


def in_metres(shape: shapely.Geometry) -> shapely.Geometry:
    """Undo `on_earth`."""
    return shapely.transform(shape, lambda xy: (xy - [LON, LAT]) * [ACROSS_M, ALONG_M])


def field(rng: np.random.Generator, x_m: float, y_m: float, reach_m: float) -> NDArray[np.float64]:
    """Draw a field of 4 to 12 corners, seen from its middle in order."""
    corners = rng.integers(4, 13)
    angles = (np.arange(corners) + rng.uniform(-0.3, 0.3, corners)) * 2 * np.pi / corners
    reach = reach_m * rng.uniform(0.5, 1.0, corners)
    return np.column_stack((x_m + reach * np.cos(angles), y_m + reach * np.sin(angles)))


def village(seed: int, plots: int) -> Shapes:
    """Draw fields that touch, overlap, repeat and contain each other."""
    rng = np.random.default_rng(seed)
    shapes = []
    for _ in range(plots):
        x_m, y_m = rng.uniform(0, 260, 2)
        shapes.append(on_earth(field(rng, x_m, y_m, rng.choice([8.0, 30.0, 60.0]))))
    for again in rng.integers(0, plots, plots // 8):  # walked twice, with an error of GPS
        shift = rng.normal(0, 1.5, 2) / [ACROSS_M, ALONG_M]
        shapes.append(shapely.transform(shapes[again], lambda xy, by=shift: xy + by))
    return np.array(shapes, dtype=object)


def brute_force(shapes: Shapes) -> dict[tuple[int, int], float]:
    """Share of the smaller plot for every pair with ground in common, pair by pair."""
    found = {}
    for one, two in combinations(range(len(shapes)), 2):
        shared = shapes[one].intersection(shapes[two])
        eroded = in_metres(shared).buffer(-DRAWING_M / 2)
        if shared.area > 0.0 and not eroded.is_empty:
            found[two, one] = shared.area / min(shapes[one].area, shapes[two].area)
    return found


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 40))
def test_what_is_found_is_what_brute_force_finds(seed: int, plots: int) -> None:
    shapes = village(seed, plots)
    found = {(one.row, one.neighbour): one for one in overlaps_among(shapes, rules=RULES)}
    expected = brute_force(shapes)
    assert found.keys() == expected.keys()
    for pair, share in expected.items():
        assert found[pair].share == pytest.approx(share, rel=1e-12)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_registry_that_gives_more_neighbours_than_needed_changes_nothing(seed: int) -> None:
    """Whether the boxes come from a tree or every plot is asked about every other."""
    mine, theirs = village(seed, 12), village(seed + 1, 20)
    asked, other = np.divmod(np.arange(len(mine) * len(theirs)), len(theirs))
    everybody = neighbours(asked, theirs[other])
    boxed, near = shapely.STRtree(theirs).query(shapely.box(*shapely.bounds(mine).T))
    some = neighbours(boxed, theirs[near])
    by_all = {(o.row, int(other[o.neighbour])): o for o in overlaps(mine, everybody, rules=RULES)}
    by_box = {(o.row, int(near[o.neighbour])): o for o in overlaps(mine, some, rules=RULES)}
    assert by_all.keys() == by_box.keys()
    assert [(o.kind, o.share) for o in by_all.values()] == [
        (by_box[pair].kind, by_box[pair].share) for pair in by_all
    ]


def neighbours(asked: NDArray[np.int64], shapes: Shapes) -> Neighbours:
    names = np.array([f"n{k}" for k in range(len(asked))], dtype=object)
    return Neighbours(asked, names, names, names, shapes)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two fields near each other, in metres."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    away = draw(st.floats(0, 90))
    one = field(rng, 0.0, 0.0, 50.0)
    two = field(rng, away, 0.0, draw(st.sampled_from([10.0, 50.0])))
    return one, np.add(one, [away / 60, 0.0]) if draw(st.booleans()) else two


def compared(one: NDArray[np.float64], two: NDArray[np.float64]) -> Overlap | None:
    """Compare two fields given in metres; None where they share nothing."""
    return between(on_earth(one), on_earth(two))


def between(one: shapely.Geometry, two: shapely.Geometry) -> Overlap | None:
    first = np.zeros(1, dtype=np.int64)
    ones, twos = np.array([one], dtype=object), np.array([two], dtype=object)
    found = overlaps_of(ones, twos, first, first, rules=RULES)
    return found[0] if found else None


def same(one: Overlap | None, two: Overlap | None) -> bool:
    """Say whether two answers agree to what floating point can hold."""
    if one is None or two is None:
        return one is two
    return one.kind == two.kind and (one.share, one.shared_ha, one.width_m) == (
        pytest.approx(two.share, rel=1e-4),
        pytest.approx(two.shared_ha, rel=1e-4, abs=1e-9),
        pytest.approx(two.width_m, rel=0.02, abs=0.01),
    )


def clear(found: Overlap | None, larger_share: float) -> bool:
    """Say whether an answer lies off every threshold, so that rounding cannot tip it."""
    if found is None:
        return True
    limits = [
        (found.width_m, DRAWING_M),
        (found.width_m, RULES.gps_tolerance_m),
        (found.share, RULES.overlap_max_fraction),
        (found.share, EDGE_MAX_SHARE),
        (found.share, CONTAINED_MIN_SHARE),
        (larger_share, SAME_MIN_SHARE),
    ]
    return all(abs(value - limit) > 0.03 * limit for value, limit in limits)


def of_larger(one: NDArray[np.float64], two: NDArray[np.float64]) -> float:
    first, second = shapely.Polygon(one), shapely.Polygon(two)
    return float(first.intersection(second).area / max(first.area, second.area))


@settings(max_examples=100, deadline=None)
@given(pairs())
def test_overlap_is_symmetric(pair: tuple[NDArray[np.float64], NDArray[np.float64]]) -> None:
    one, two = pair
    forth, back = compared(one, two), compared(two, one)
    assume(clear(forth, of_larger(one, two)))
    assert same(forth, back)


@settings(max_examples=100, deadline=None)
@given(pairs(), st.integers(0, 11), st.booleans())
def test_where_a_ring_begins_and_which_way_it_runs_does_not_matter(
    pair: tuple[NDArray[np.float64], NDArray[np.float64]],
    start: int,
    turned: bool,  # noqa: FBT001  # a case
) -> None:
    one, two = pair
    written = np.roll(one, start, axis=0)[:: -1 if turned else 1]
    plain = compared(one, two)
    assume(clear(plain, of_larger(one, two)))
    assert same(plain, compared(written, two))


@settings(max_examples=100, deadline=None)
@given(pairs(), st.floats(-170, 140))
def test_moving_both_along_a_parallel_changes_nothing(
    pair: tuple[NDArray[np.float64], NDArray[np.float64]], east_degrees: float
) -> None:
    one, two = on_earth(pair[0]), on_earth(pair[1])
    east = partial(np.add, [east_degrees, 0.0])
    moved = [shapely.transform(shape, east) for shape in (one, two)]
    plain = between(one, two)
    assume(clear(plain, of_larger(*pair)))
    assert same(plain, between(*moved))


@settings(max_examples=100, deadline=None)
@given(pairs(), st.floats(0, 2 * np.pi))
def test_turning_both_changes_nothing(
    pair: tuple[NDArray[np.float64], NDArray[np.float64]], angle: float
) -> None:
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    plain = compared(*pair)
    assume(clear(plain, of_larger(*pair)))
    assert same(plain, compared(pair[0] @ turn, pair[1] @ turn))


@settings(max_examples=100, deadline=None)
@given(pairs())
def test_kinds_are_what_they_are_called(
    pair: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    """Each kind by its own geometry: buffers and differences, not the numbers of the function."""
    one, two = (shapely.Polygon(ring) for ring in pair)
    found = compared(*pair)
    shared = one.intersection(two)
    small, large = sorted((one, two), key=lambda shape: shape.area)
    if found is None:
        assert shared.buffer(-DRAWING_M).is_empty
        return
    assume(clear(found, of_larger(*pair)))
    fits_gps = shared.buffer(-RULES.gps_tolerance_m / 2).is_empty
    outside = small.difference(large).area / small.area
    alike = one.symmetric_difference(two).area / large.area
    assert found.shared_ha == pytest.approx(shared.area / 10_000, rel=1e-3)
    if found.kind == "same":
        assert alike < 2 * (1 - SAME_MIN_SHARE)
    elif found.kind == "contained":
        assert outside < 1 - CONTAINED_MIN_SHARE
    elif found.kind == "shared_edge":
        assert fits_gps
        assert outside > 1 - EDGE_MAX_SHARE
    elif found.kind == "sliver":
        assert not fits_gps
        assert outside > 1 - RULES.overlap_max_fraction
    else:
        assert outside < 1 - RULES.overlap_max_fraction
        assert not fits_gps or outside < 1 - EDGE_MAX_SHARE


def test_every_kind_comes_up() -> None:
    """The villages above are no easy ones: they hold each kind many times."""
    kinds = [
        one.kind for seed in range(12) for one in overlaps_among(village(seed, 40), rules=RULES)
    ]
    assert min(map(kinds.count, ("same", "contained", "partial", "sliver", "shared_edge"))) >= 5


@settings(max_examples=60, deadline=None)
@given(pairs(), st.floats(-60, 60))
def test_shared_ground_is_geodesic_ground(
    pair: tuple[NDArray[np.float64], NDArray[np.float64]], lat: float
) -> None:
    """At any latitude the shared hectares are those of the ellipsoid to 0.1 %."""
    north = partial(np.add, [0.0, lat - LAT])
    one, two = (shapely.transform(on_earth(ring), north) for ring in pair)
    found = between(one, two)
    assume(found is not None and found.shared_ha > 0.001)
    shared = one.intersection(two)
    areas = [area_of(part) for part in getattr(shared, "geoms", [shared]) if part.area]
    assert found.shared_ha == pytest.approx(sum(areas), rel=1e-3)
