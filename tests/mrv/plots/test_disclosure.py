"""What the public sees of a plot, and how a coarse record is bound to the exact one."""

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from mrv.plots.disclosure import area_band, coarse_cell, commit_boundary, matches_commitment

SALT = bytes(range(16))
PLOT = shapely.box(34.5, -0.2, 34.501, -0.199)


def test_a_cell_is_a_tenth_of_a_degree() -> None:
    assert coarse_cell(34.5123, -0.2345) == (34.55, -0.25)
    assert coarse_cell(34.5999, -0.2001) == (34.55, -0.25)


@given(st.floats(-180, 179.9), st.floats(-90, 89.9))
def test_a_point_lies_in_its_cell_and_the_cell_says_no_more(lon: float, lat: float) -> None:
    x, y = coarse_cell(lon, lat)
    assert abs(lon - x) <= 0.05 + 1e-6
    assert abs(lat - y) <= 0.05 + 1e-6
    assert coarse_cell(x, y) == (x, y)


@pytest.mark.parametrize(
    ("area_ha", "band"),
    [
        (0.05, "below 0.1 ha"),
        (0.1, "0.1-0.5 ha"),
        (0.49, "0.1-0.5 ha"),
        (1.0, "1-2 ha"),
        (10.0, "10 ha or more"),
    ],
)
def test_bands_hold_their_lower_limit(area_ha: float, band: str) -> None:
    assert area_band(area_ha) == band


def test_the_commitment_is_to_the_ground_not_to_how_it_was_drawn() -> None:
    commitment = commit_boundary(PLOT, SALT)
    turned = shapely.Polygon([*PLOT.exterior.coords[2:-1], *PLOT.exterior.coords[:3]])
    for same in (turned, PLOT.reverse(), shapely.force_3d(PLOT, 1130.0)):
        assert matches_commitment(commitment, same, SALT)


def test_a_moved_corner_or_another_salt_does_not_match() -> None:
    commitment = commit_boundary(PLOT, SALT)
    moved = shapely.box(34.5, -0.2, 34.501, -0.1989999999)
    assert not matches_commitment(commitment, moved, SALT)
    assert not matches_commitment(commitment, PLOT, SALT[::-1])


def test_the_commitment_is_the_published_digest() -> None:
    """sha-256 of salt and little-endian WKB of the normalised boundary, computed apart."""
    import hashlib

    wkb = shapely.to_wkb(shapely.normalize(PLOT), byte_order=1)
    assert commit_boundary(PLOT, SALT) == hashlib.sha256(SALT + wkb).hexdigest()


def test_a_short_salt_hides_nothing() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes"):
        commit_boundary(PLOT, b"1234")
