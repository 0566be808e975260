"""The cloud mask keeps vegetation and soil and stays clear of clouds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from mrv.imagery.cloud_mask import CLOUDY, clear_mask


@pytest.mark.parametrize("scl", range(12))
def test_only_vegetation_and_soil_are_clear(scl: int) -> None:
    mask = clear_mask(np.full((2, 2), scl), 20.0, 0.0)
    assert mask.all() == (scl in (4, 5))


def test_water_is_kept_when_asked() -> None:
    assert clear_mask(np.full((2, 2), 6), 20.0, 0.0, keep_water=True).all()


def test_the_buffer_is_a_distance_in_metres() -> None:
    scl = np.full((1, 12), 4)
    scl[0, 0] = 9
    assert clear_mask(scl, 20.0, 100.0)[0].tolist() == [False] * 6 + [True] * 6


@settings(deadline=None)
@given(
    nps.arrays(np.uint8, (12, 12), elements=st.sampled_from([0, 3, 4, 5, 6, 8, 11])),
    st.floats(0, 120),
)
def test_every_clear_pixel_is_farther_from_cloud_than_the_buffer(
    scl: np.ndarray, buffer_m: float
) -> None:
    mask = clear_mask(scl, 20.0, buffer_m)
    clouds = np.argwhere(np.isin(scl, CLOUDY))
    for pixel in np.argwhere(mask):
        assert scl[tuple(pixel)] in (4, 5)
        if len(clouds):
            distances = 20.0 * np.hypot(*(clouds - pixel).T)
            assert distances.min() > buffer_m
