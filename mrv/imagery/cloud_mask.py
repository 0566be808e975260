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
_FAR = 255  # farther than any buffer reaches [pixels]


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
_HIDDEN, _SHOWN = ~SEEN, np.uint8(0xFF)


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
    reach = max(0, min(floor(cloud_buffer_m / pixel_m), _FAR - 1))
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
        dtype=np.uint8,
    )
    table = np.full(_CLASSES, HAS_CLASS, np.uint8)
    table[0] = 0
    table[list(CLEAR)] |= CLEAR_CLASS | SEEN
    table[VEGETATION] |= GREEN
    table[list(CLOUDY)] |= CLOUD
    states = np.empty(len(scl), np.uint8)
    _look_up(scl, table, states)
    if reach:
        _widen_clouds(boxes, starts, half_widths, states)
    return states


@compiled
def _look_up(
    scl: NDArray[np.integer[Any]], table: NDArray[np.uint8], states: NDArray[np.uint8]
) -> None:
    for i in range(len(scl)):
        states[i] = table[scl[i]]


@compiled
def _all_said(states: NDArray[np.uint8]) -> np.uint8:
    said = np.uint8(0)
    for i in range(len(states)):
        said |= states[i]
    return said


@compiled
def _distances(states: NDArray[np.uint8], far: NDArray[np.uint8]) -> None:
    """Of each pixel of a row the distance to the next cloudy one in it, 255 where that is far."""
    distance = _FAR
    for col in range(len(states)):
        distance = 0 if states[col] & CLOUD else min(distance + 1, _FAR)
        far[col] = distance
    distance = _FAR
    for col in range(len(states) - 1, -1, -1):
        distance = min(int(far[col]), distance + 1)
        far[col] = distance


@compiled
def _widen_clouds(
    boxes: NDArray[np.int32],
    starts: NDArray[np.int64],
    half_widths: NDArray[np.uint8],
    states: NDArray[np.uint8],
) -> None:
    """Per row the distance to the next cloudy pixel in it, then a look at the rows around."""
    reach = len(half_widths) - 1
    both = CLOUD | SEEN
    for k in range(len(boxes)):
        height, width = boxes[k, 2], boxes[k, 3]
        if _all_said(states[starts[k] : starts[k + 1]]) & both != both:
            continue
        here = states[starts[k] : starts[k + 1]].reshape(height, width)
        far = np.empty((height, width), np.uint8)
        said = np.empty(height, np.uint8)
        for row in range(height):
            said[row] = _all_said(here[row])
            if said[row] & CLOUD:
                _distances(here[row], far[row])
        for row in range(height):
            if not said[row] & SEEN:
                continue
            for other in range(max(row - reach, 0), min(row + reach + 1, height)):
                if not said[other] & CLOUD:
                    continue
                half = half_widths[abs(other - row)]
                line, beside = here[row], far[other]
                for col in range(width):  # chosen without a branch, many pixels at a time
                    line[col] = line[col] & (_HIDDEN if beside[col] <= half else _SHOWN)
