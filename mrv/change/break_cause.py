"""What a break resembles: fire, flood or clearing, from the looks just after it and from hotspots.

A hint for whoever goes and looks, never a classification: that is a person's, and decides who pays.
The limits are policy: set so that simulated fires and floods are told from clearing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Likely = Literal["fire", "flood", "clearing"]

_AFTER_DAYS = 45  # of looks that show what happened
_FIRE_NBR_DROP, _FIRE_NBR_OVER_NDVI, _FIRE_NBR_MAX = 0.12, 1.25, -0.10
_FLOOD_NDVI_MAX, _FLOOD_NDMI_MIN = 0.15, 0.10  # standing water: dark in the infrared, yet wet
_BEFORE_DAYS, _AFTER_FIRE_DAYS = 45, 10  # clouds and smoke hide a fire's first low look
_HOTSPOT_M = 500.0  # a VIIRS pixel is 375 m wide
_M_PER_DEGREE = 111_320.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """Medians of the looks just after a break; NaN where there was none.

    Attributes:
        ndvi, nbr, ndmi: As seen [1].
        ndvi_drop, nbr_drop: Below what was expected [1].
    """

    ndvi: float
    nbr: float
    ndmi: float
    ndvi_drop: float
    nbr_drop: float


def evidence_after(
    days: NDArray[np.datetime64],
    index: Mapping[str, Floats],
    departures: Mapping[str, Floats],
    breaks: Mapping[int, np.datetime64],
) -> dict[int, Evidence]:
    """Gather what the looks after each break say.

    Args:
        days: Dates [date].
        index: Per index what was seen [plot, date].
        departures: Per index seen less expected [plot, date].
        breaks: Row of a plot -> first low look.
    """
    return {
        plot: Evidence(
            *(_median_after(days, index.get(name), plot, day) for name in ("ndvi", "nbr", "ndmi")),
            *(-_median_after(days, departures.get(name), plot, day) for name in ("ndvi", "nbr")),
        )
        for plot, day in breaks.items()
    }


def likely_cause(evidence: Evidence) -> Likely:
    """Say what a break resembles; comparisons with NaN are false, so little seen is clearing."""
    if evidence.ndvi <= _FLOOD_NDVI_MAX and evidence.ndmi >= _FLOOD_NDMI_MIN:
        return "flood"
    charred = evidence.nbr <= _FIRE_NBR_MAX
    steep = evidence.nbr_drop >= _FIRE_NBR_OVER_NDVI * evidence.ndvi_drop
    if evidence.nbr_drop >= _FIRE_NBR_DROP and (charred or steep):
        return "fire"
    return "clearing"


def near_fires(
    hotspots: pd.DataFrame | None,
    places: pd.DataFrame | None,
    breaks: Mapping[int, np.datetime64],
) -> frozenset[int]:
    """Find the breaks with a fire near in place and time; a flat earth will do over 500 m.

    Args:
        hotspots: As FIRMS hands them out: longitude, latitude [degree], acq_date.
        places: Centres of the plots: lon, lat [degree] [plot].
        breaks: Row of a plot -> first low look.
    """
    if hotspots is None or places is None or hotspots.empty:
        return frozenset()
    on = pd.to_datetime(hotspots["acq_date"]).to_numpy().astype("datetime64[D]")
    lon, lat = (hotspots[name].to_numpy(np.float64) for name in ("longitude", "latitude"))
    burnt = set()
    for plot, day in breaks.items():
        x, y = (float(places[name].iloc[plot]) for name in ("lon", "lat"))
        east_m = (lon - x) * np.cos(np.radians(y)) * _M_PER_DEGREE
        near = np.hypot(east_m, (lat - y) * _M_PER_DEGREE) <= _HOTSPOT_M
        later = (day - on).astype(np.int64)
        if (near & (later <= _BEFORE_DAYS) & (later >= -_AFTER_FIRE_DAYS)).any():
            burnt.add(plot)
    return frozenset(burnt)


def _median_after(
    days: NDArray[np.datetime64], table: Floats | None, plot: int, day: np.datetime64
) -> float:
    if table is None:
        return float("nan")
    values = table[plot, (days >= day) & (days <= day + np.timedelta64(_AFTER_DAYS, "D"))]
    seen = values[np.isfinite(values)]
    return float(np.median(seen)) if len(seen) else float("nan")
