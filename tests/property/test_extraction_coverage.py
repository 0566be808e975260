"""Own coverage fractions against exactextract's: the same area, the same pixels, whatever shape."""

from time import process_time

import exactextract
import geopandas as gpd
import numpy as np
import pytest
import shapely
from exactextract.raster import NumPyRasterSource
from hypothesis import given, settings
from hypothesis import strategies as st

from mrv.imagery import coverage as module
from mrv.imagery.coverage import Coverage, cover, place
from mrv.imagery.grids import Grid

GRID = Grid(32736, 700_000.0, 9_990_000.0, 10.0, 40, 30)


def theirs(shapes: list[shapely.Geometry], grid: Grid = GRID) -> dict[tuple[int, int], float]:
    """Give (shape, pixel) -> share, by exactextract."""
    west, south, east, north = grid.bounds
    blank = np.broadcast_to(np.uint8(0), (grid.height, grid.width))
    features = gpd.GeoDataFrame(
        {"plot": range(len(shapes))}, geometry=shapes, crs=f"EPSG:{grid.epsg}"
    )
    found = exactextract.exact_extract(
        NumPyRasterSource(blank, west, south, east, north),
        features,
        ["cell_id", "coverage"],
        output="pandas",
        include_cols=["plot"],
    )
    return {
        (plot, int(cell)): float(share)
        for plot, cells, shares in zip(
            found["plot"], found["cell_id"], found["coverage"], strict=True
        )
        for cell, share in zip(cells, shares, strict=True)
    }


def ours(coverage: Coverage, grid: Grid = GRID) -> dict[tuple[int, int], float]:
    cells = coverage.rows.astype(np.int64) * grid.width + coverage.cols
    keys = list(zip(coverage.plots.tolist(), cells.tolist(), strict=True))
    assert len(set(keys)) == len(keys)
    return dict(zip(keys, coverage.shares.tolist(), strict=True))


@st.composite
def stars(draw: st.DrawFn) -> shapely.Polygon:
    """A field of 3-14 corners around a middle, from less than a pixel to twenty across."""
    corners = draw(st.integers(3, 14))
    size = draw(st.floats(0.8, 90))
    middle = draw(st.tuples(st.floats(100, 300), st.floats(100, 200)))
    reach = draw(st.lists(st.floats(0.3, 1.0), min_size=corners, max_size=corners))
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False) + draw(st.floats(0, 1))
    x = GRID.left + middle[0] + size * np.array(reach) * np.cos(angles)
    y = GRID.top - middle[1] + size * np.array(reach) * np.sin(angles)
    return shapely.Polygon(np.column_stack([x, y]))


@st.composite
def plots(draw: st.DrawFn) -> shapely.Geometry:
    """Fields, fields with a hole, fields in two parts, and boxes on the very lines of the grid."""
    kind = draw(st.sampled_from(["plain", "hole", "parts", "lines"]))
    if kind == "lines":
        x, y, w, h = (draw(st.integers(0, 12)) for _ in range(4))
        half = draw(st.sampled_from([0.0, 5.0]))
        left, top = GRID.left + 10 * x + half, GRID.top - 10 * y
        return shapely.box(left, top - 10 * (h + 1), left + 10 * (w + 1), top)
    one = draw(stars())
    if kind == "plain":
        return one
    other = draw(stars())
    both = one.difference(other.buffer(-0.2)) if kind == "hole" else one.union(other)
    return both if both.geom_type in ("Polygon", "MultiPolygon") and not both.is_empty else one


@settings(deadline=None, max_examples=150)
@given(st.lists(plots(), min_size=1, max_size=4))
def test_shares_are_those_of_exactextract(shapes: list[shapely.Geometry]) -> None:
    mine = ours(cover(np.array(shapes, dtype=object), GRID))
    others = theirs(shapes)
    for key in mine.keys() | others.keys():
        assert mine.get(key, 0.0) == pytest.approx(others.get(key, 0.0), abs=1e-6)
    for key in mine.keys() ^ others.keys():
        assert max(mine.get(key, 0.0), others.get(key, 0.0)) < 1e-7


@settings(deadline=None, max_examples=150)
@given(plots())
def test_shares_add_up_to_the_area(shape: shapely.Geometry) -> None:
    covered = cover(np.array([shape], dtype=object), GRID).shares.sum() * GRID.pixel_m**2
    assert covered == pytest.approx(shape.area, rel=1e-9, abs=1e-6)


@settings(deadline=None, max_examples=40)
@given(plots(), st.integers(1, 90))
def test_strips_of_a_plot_give_the_same_bits(shape: shapely.Geometry, pixels: int) -> None:
    """A plot too large to be worked on at once is worked on in strips of rows."""
    shapes = np.array([shape], dtype=object)
    kind, points, offsets = shapely.to_ragged_array(shapely.orient_polygons(shapes))
    rings = offsets[1][offsets[2]] if kind is shapely.GeometryType.MULTIPOLYGON else offsets[1]
    places = np.column_stack([(points[:, 0] - GRID.left) / 10, (GRID.top - points[:, 1]) / 10])
    arguments = (places, offsets[0].astype(np.int64), rings.astype(np.int64), 30, 40)
    whole = module._shares(*arguments, module._STRIP_PIXELS)
    strips = module._shares(*arguments, pixels)
    for one, other in zip(whole, strips, strict=True):
        assert np.array_equal(one, other)


@settings(deadline=None, max_examples=60)
@given(stars(), st.floats(-320, 320), st.floats(-220, 220))
def test_a_plot_over_the_edge_keeps_what_is_inside(
    shape: shapely.Polygon, right: float, down: float
) -> None:
    moved = shapely.affinity.translate(shape, right, -down)
    frame = gpd.GeoDataFrame({"plot_id": ["p"]}, geometry=[moved], crs=32736).to_crs(4326)
    placed = place(frame, GRID)
    inside = moved.intersection(shapely.box(*GRID.bounds)).area
    covered = cover(placed.shapes, GRID).shares.sum() * 100
    assert covered == pytest.approx(inside, rel=1e-6, abs=1e-4)
    if len(placed.plots):
        share = 1 - inside / moved.area
        assert placed.outside_fraction[0] == pytest.approx(share, abs=1e-6)


def test_covering_is_ten_times_as_fast_as_exactextract() -> None:
    grid = Grid(32736, 600_000.0, 9_990_000.0, 10.0, 2000, 2000)
    rng = np.random.default_rng(5)
    corner = np.array([grid.left, grid.top - 20_000])
    middles = corner + rng.uniform(500, 19_500, (400, 2))
    shapes = shapely.buffer(shapely.points(middles), rng.uniform(30, 120, 400), quad_segs=3)
    cover(shapes[:2], grid)
    ratios = []
    for _ in range(3):
        start = process_time()
        cover(shapes, grid)
        middle = process_time()
        theirs(list(shapes), grid)
        ratios.append((process_time() - middle) / (middle - start))
    assert np.median(ratios) > 10
