"""Which pixels of a scene are clear, from its scene classification (SCL).

Vegetation and bare soil are kept; everything else is dropped, unclassified too; clouds and their
shadows are widened, because their edges are the part that classifications miss.

Source: methodology reference 5.3 [V practice for the classes, P for the buffer].
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

VEGETATION, NOT_VEGETATED, WATER = 4, 5, 6
CLEAR = (VEGETATION, NOT_VEGETATED)
CLOUDY = (3, 8, 9, 10)  # cloud shadow, cloud of medium and high probability, thin cirrus


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
