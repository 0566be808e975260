"""Country outlines: what is shipped is what the script makes, and real fields lie in theirs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mrv.plots.countries import country_boxes, outline_of
from mrv.plots.measure import middles
from mrv.sources.boundaries import parse_boundaries
from tests.mrv.plots import freeze_outlines


def test_the_shipped_outlines_are_what_the_script_makes() -> None:
    if not freeze_outlines.ATLAS.exists():
        pytest.skip("the atlas comes with the pages: make web")
    shipped = freeze_outlines.OUTLINES.read_text("utf-8")
    assert len(shipped) < 900_000
    some = ("KE", "KG", "KH", "TG", "VU")
    made = freeze_outlines.outlines(freeze_outlines.ATLAS.read_bytes(), some)
    heading, *lines = shipped.splitlines()
    assert made.splitlines() == [heading, *(line for line in lines if line.startswith(some))]


def test_every_country_with_a_box_has_a_shape_that_touches_it() -> None:
    for country, (west, south, east, north) in country_boxes().items():
        outline = outline_of(country)
        assert outline is not None
        left, low, right, high = outline.shape.bounds
        assert left <= east
        assert right >= west
        assert low <= north
        assert high >= south


@pytest.mark.parametrize(
    ("file", "country", "least_inside"),
    [
        ("kenya_busia", "KE", 1.0),
        ("mali_segou", "ML", 1.0),
        ("togo_crop", "TG", 0.8),  # many lie at the coast and at the border of Benin
        ("ethiopia_crop", "ET", 0.9),
        ("central_asia_fergana", "UZ", 1.0),
    ],
)
def test_real_fields_lie_in_their_country(
    real_data: Callable[[str], Path], file: str, country: str, least_inside: float
) -> None:
    path = real_data(f"field_boundaries/{file}.geojson")
    shapes = np.array(parse_boundaries(path.read_bytes(), path.name).frame.geometry, dtype=object)
    outline = outline_of(country)
    assert outline is not None
    assert outline.reaches(*middles(shapes)).all()
    assert outline.holds(*middles(shapes)).mean() >= least_inside


def test_the_neighbour_across_the_border_is_not_the_country() -> None:
    """Mbale in Uganda lies within Kenya's box, 40 km from its border."""
    kenya = outline_of("KE")
    assert kenya is not None
    west, south, east, north = country_boxes()["KE"]
    lon, lat = np.array([34.05]), np.array([1.08])
    assert west <= lon[0] <= east
    assert south <= lat[0] <= north
    assert not kenya.reaches(lon, lat).any()


def test_no_outline_is_known_of_no_country() -> None:
    assert outline_of("ZZ") is None
