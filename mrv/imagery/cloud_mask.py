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


def clear_around(
    scl: NDArray[np.integer[Any]],
    boxes: NDArray[np.int32],
    starts: NDArray[np.int64],
    pixel_m: float,
    cloud_buffer_m: float,
) -> NDArray[np.bool_]:
    """Say as `clear_mask` for rectangles around plots, which hold all cloud that matters to them.

    Args:
        scl: Class codes of the rectangles, one behind the other.
        boxes: Row, column, height and width of each rectangle.
        starts: Where each rectangle begins.
        pixel_m: Side of a pixel [m].
        cloud_buffer_m: Pixels whose centre lies this near a cloudy one are dropped [m].
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
    tables = classes_table(CLEAR), classes_table(CLOUDY)
    return _clear_around(scl, boxes, starts, *tables, half_widths)


@compiled
def _clear_around(
    scl: NDArray[np.integer[Any]],
    boxes: NDArray[np.int32],
    starts: NDArray[np.int64],
    kept: NDArray[np.bool_],
    cloudy: NDArray[np.bool_],
    half_widths: NDArray[np.uint8],
) -> NDArray[np.bool_]:
    """Per row the distance to the next cloudy pixel in it, then a look at the rows around."""
    clear = np.empty(len(scl), np.bool_)
    reach = len(half_widths) - 1
    for k in range(len(boxes)):
        height, width = boxes[k, 2], boxes[k, 3]
        here = scl[starts[k] : starts[k + 1]].reshape(height, width)
        seen = clear[starts[k] : starts[k + 1]].reshape(height, width)
        far = np.empty((height, width), np.uint8)
        clouds = False
        for row in range(height):
            distance = _FAR
            for col in range(width):
                seen[row, col] = kept[here[row, col]]
                distance = 0 if cloudy[here[row, col]] else min(distance + 1, _FAR)
                far[row, col] = distance
            if distance < _FAR:
                clouds = True
            distance = _FAR
            for col in range(width - 1, -1, -1):
                distance = min(far[row, col], distance + 1)
                far[row, col] = distance
        if not clouds or reach == 0:
            continue
        for row in range(height):
            for other in range(max(row - reach, 0), min(row + reach + 1, height)):
                half = half_widths[abs(other - row)]
                line, beside = seen[row], far[other]
                for col in range(width):
                    line[col] &= beside[col] > half
    return clear
