"""Which pixels of a scene are clear, from its scene classification (SCL).

Vegetation and bare soil are kept; everything else is dropped, unclassified too; clouds and their
shadows are widened, because their edges are the part that classifications miss.

Source: methodology reference 5.3 [V practice for the classes, P for the buffer].
"""

from math import floor, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mrv.imagery.compiled import compiled

VEGETATION, NOT_VEGETATED, WATER = 4, 5, 6
CLEAR = (VEGETATION, NOT_VEGETATED)
CLOUDY = (3, 8, 9, 10)  # cloud shadow, cloud of medium and high probability, thin cirrus
HOPELESS = (0, 1, *CLOUDY)  # no mask would keep these: no data, saturated, clouds and shadows
_CLASSES = 256


def clear_mask(
    scl: NDArray[np.integer[Any]],
    pixel_m: float,
    cloud_buffer_m: float,
    *,
    keep_water: bool = False,
) -> NDArray[np.bool_]:
    """Say for each pixel whether the ground is seen.

    Args:
        scl: Scene classification, rows by columns, class codes 0-11.
        pixel_m: Side of a pixel [m].
        cloud_buffer_m: Pixels whose centre lies this near a cloudy one are dropped [m].
        keep_water: Keep class 6 as well; for plots with ponds or flooded rice.
    """
    clear = np.isin(scl, (*CLEAR, WATER) if keep_water else CLEAR)
    cloudy = np.isin(scl, CLOUDY)
    if cloud_buffer_m <= 0 or not cloudy.any():
        return clear
    distance_m = ndimage.distance_transform_edt(~cloudy, sampling=pixel_m)
    return np.asarray(clear & (distance_m > cloud_buffer_m), dtype=np.bool_)


def classes_table(classes: tuple[int, ...]) -> NDArray[np.bool_]:
    """Give a table that says of each class code whether it is one of these."""
    table = np.zeros(_CLASSES, np.bool_)
    table[list(classes)] = True
    return table


# What `states_around` says of a pixel.
HAS_CLASS, CLEAR_CLASS, SEEN, GREEN = np.uint8(1), np.uint8(2), np.uint8(4), np.uint8(8)
CLOUD = np.uint8(16)


def states_around(
    scl: NDArray[np.integer[Any]],
    boxes: NDArray[np.int32],
    starts: NDArray[np.int64],
    pixel_m: float,
    cloud_buffer_m: float,
) -> NDArray[np.uint8]:
    """Say of each pixel in rectangles around plots what its classification makes of it.

    The rectangles hold all cloud that matters to the plots' pixels; for these it says the same as
    `clear_mask`.

    Args:
        scl: Class codes of the rectangles, one behind the other.
        boxes: Row, column, height and width of each rectangle.
        starts: Where each rectangle begins.
        pixel_m: Side of a pixel [m].
        cloud_buffer_m: Pixels whose centre lies this near a cloudy one are dropped [m].

    Returns:
        Sum of `HAS_CLASS`, `CLEAR_CLASS` (kept by its class), `SEEN` (and no cloud near), `GREEN`
        (vegetation), `CLOUD` (cloud or its shadow).
    """
    reach = max(0, floor(cloud_buffer_m / pixel_m))
    half_widths = np.array(
        [
            max(
                column
                for column in range(reach + 1)
                if sqrt((column * pixel_m) ** 2 + (row * pixel_m) ** 2) <= cloud_buffer_m
                or column == 0
            )
            for row in range(reach + 1)
        ],
        dtype=np.int64,
    )
    states = np.empty(len(scl), np.uint8)
    _look_up(scl, states)
    if reach:
        _widen_clouds(boxes, starts, half_widths, states)
    return states


@compiled
def _look_up(scl: NDArray[np.integer[Any]], states: NDArray[np.uint8]) -> None:
    """Compare instead of reading a table: many pixels at a time."""
    for i in range(len(scl)):
        state = HAS_CLASS if scl[i] else np.uint8(0)
        for clear in CLEAR:
            state |= CLEAR_CLASS | SEEN if scl[i] == clear else np.uint8(0)
        for cloudy in CLOUDY:
            state |= CLOUD if scl[i] == cloudy else np.uint8(0)
        states[i] = state | (GREEN if scl[i] == VEGETATION else np.uint8(0))


@compiled
def _all_said(states: NDArray[np.uint8]) -> np.uint8:
    said = np.uint8(0)
    for i in range(len(states)):
        said |= states[i]
    return said


@compiled
def _widen_clouds(
    boxes: NDArray[np.int32],
    starts: NDArray[np.int64],
    half_widths: NDArray[np.int64],
    states: NDArray[np.uint8],
) -> None:
    """Lay clouds over themselves, shifted by every step that the buffer reaches.

    Rows lie one behind the other with a gap between them and around them, so that a whole rectangle
    is shifted at once and nothing comes in at the other side.
    """
    reach = len(half_widths) - 1
    for k in range(len(boxes)):
        here = states[starts[k] : starts[k + 1]]
        said = _all_said(here)
        if not (said & CLOUD and said & SEEN):
            continue
        height, width = boxes[k, 2], boxes[k, 3]
        length = width + reach
        first = reach * length + reach
        last = first + height * length
        clouds = np.zeros(last + first, np.uint8)
        for row in range(height):
            at = first + row * length
            _clouds_of(here[row * width : (row + 1) * width], clouds[at : at + width])
        wide, near = clouds.copy(), np.zeros(last - first, np.uint8)
        half = 0
        for down in range(reach, -1, -1):  # the farther the row, the narrower the buffer in it
            while half < half_widths[down]:
                half += 1
                _lay_over(
                    wide[first:last],
                    clouds[first - half : last - half],
                    clouds[first + half : last + half],
                )
            by = down * length
            _lay_over(near, wide[first - by : last - by], wide[first + by : last + by])
        for row in range(height):
            _hide(near[row * length : row * length + width], here[row * width : (row + 1) * width])


@compiled
def _clouds_of(states: NDArray[np.uint8], clouds: NDArray[np.uint8]) -> None:
    for i in range(len(states)):
        clouds[i] = SEEN if states[i] & CLOUD else 0


@compiled
def _lay_over(under: NDArray[np.uint8], one: NDArray[np.uint8], other: NDArray[np.uint8]) -> None:
    for i in range(len(under)):
        under[i] |= one[i] | other[i]


@compiled
def _hide(near: NDArray[np.uint8], states: NDArray[np.uint8]) -> None:
    for i in range(len(states)):
        states[i] &= ~near[i]
