"""How much level ground the trees of a row stand for: nested circles, and slopes.

Trees of different sizes are measured on circles of different radii about one point; where the
crew laid them out along a slope, they hold less ground than they seem to.
"""

import numpy as np
import pandas as pd

_M2_PER_HA = 10_000.0
# Below, a slope takes less than half a per cent off the area [V2: BioCarbon sourcebook on
# AR-AM-TOOL03, "slope correction above 10 %"].
SLOPE_FROM_PERCENT = 10.0


def circle_ha(radius_m: pd.Series) -> pd.Series:
    """Give the area of circles [ha] from their radii [m]."""
    return np.pi * radius_m**2 / _M2_PER_HA


def level_share(slope_percent: pd.Series) -> pd.Series:
    """Give how much of an area laid out along a slope [%] is level ground [1].

    A circle of radius r along a slope of angle a is an ellipse of r and r cos a seen from above.
    """
    cosine = 1.0 / np.sqrt(1.0 + (slope_percent / 100.0) ** 2)
    share: pd.Series = cosine.where(slope_percent > SLOPE_FROM_PERCENT, 1.0)
    return share
