"""A plot as a picture: true to scale, over itself, and never the reason a page fails."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_api.web.drawing import HEIGHT, WIDTH, Drawing, draw

EQUATOR_M = 111_320.0  # of a degree


def square(west: float, south: float, side: float) -> dict[str, object]:
    east, north = west + side, south + side
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def corners(drawing: Drawing, role: str) -> list[tuple[float, float]]:
    path = next(each.path for each in drawing.outlines if each.role == role)
    return [
        (float(x), float(y)) for x, y in (pair.split(",") for pair in path.strip("MZ").split("L"))
    ]


@pytest.mark.parametrize("latitude", [0.0, 13.3, 41.2, -33.0])
def test_square_on_the_ground_is_square_in_the_picture(latitude: float) -> None:
    """Degrees of longitude shrink with the latitude; metres do not."""
    side = 0.001
    wide = side / math.cos(math.radians(latitude + side / 2))
    ring = [[30.0, latitude], [30 + wide, latitude], [30 + wide, latitude + side],
            [30.0, latitude + side], [30.0, latitude]]  # fmt: skip
    drawing = draw([("kept", {"type": "Polygon", "coordinates": [ring]})])
    assert drawing is not None
    drawn = corners(drawing, "kept")
    width = max(x for x, _ in drawn) - min(x for x, _ in drawn)
    height = max(y for _, y in drawn) - min(y for _, y in drawn)
    assert width == pytest.approx(height, abs=0.3)


def test_scale_bar_is_as_long_as_it_says() -> None:
    """A hundred metres of bar are as long as a hundred metres of plot."""
    drawing = draw([("kept", square(34.0, 0.0, 300 / EQUATOR_M))])
    assert drawing is not None
    drawn = corners(drawing, "kept")
    height = max(y for _, y in drawn) - min(y for _, y in drawn)
    assert drawing.bar_px / drawing.bar_m == pytest.approx(height / 300, rel=0.01)
    assert drawing.bar_m in {1, 2, 5, 10, 20, 50, 100}


def test_places_are_numbered_where_they_lie() -> None:
    """A corner is marked on the corner; a place far away is left out."""
    plot = square(34.0, 0.0, 0.001)
    drawing = draw([("sent", plot)], [(1, 34.0, 0.0), (2, 36.0, 0.0)])
    assert drawing is not None
    assert [place.number for place in drawing.places] == [1]
    assert (drawing.places[0].x, drawing.places[0].y) in corners(drawing, "sent")


def test_holes_and_parts_are_drawn_too() -> None:
    """Every ring of every part becomes a stroke of one path."""
    inner = square(34.0003, 0.0003, 0.0002)["coordinates"]
    outer = square(34.0, 0.0, 0.001)["coordinates"]
    other = square(34.002, 0.0, 0.001)["coordinates"]
    assert isinstance(inner, list)
    assert isinstance(outer, list)
    shape = {"type": "MultiPolygon", "coordinates": [[*outer, *inner], other]}
    drawing = draw([("kept", shape)])
    assert drawing is not None
    assert drawing.outlines[0].path.count("M") == 3


def test_point_without_extent_still_has_a_place() -> None:
    """A plot of one point is a dot."""
    drawing = draw([("sent", {"type": "Point", "coordinates": [34.0, 0.0]})])
    assert drawing is not None
    assert drawing.outlines[0].point == (WIDTH / 2, HEIGHT / 2)


def test_nothing_to_draw_is_no_picture() -> None:
    """Without a finite position there is none."""
    nowhere = {"type": "Polygon", "coordinates": [[[math.nan, 0.0], [math.inf, 1.0]]]}
    assert draw([("sent", None), ("kept", nowhere)]) is None


numbers = st.floats(allow_nan=True, allow_infinity=True) | st.integers(-(10**9), 10**9)
nested = st.recursive(st.lists(numbers, max_size=4), lambda part: st.lists(part, max_size=4))


@given(coordinates=nested)
def test_any_coordinates_are_drawn_or_not_but_never_fail(coordinates: list[object]) -> None:
    """Whatever came in a file, the page comes out."""
    drawing = draw([("sent", {"type": "Polygon", "coordinates": coordinates})])
    for outline in drawing.outlines if drawing else ():
        assert "nan" not in outline.path
        assert "inf" not in outline.path
