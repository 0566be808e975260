"""The frame: every plot that may be drawn, with its stratum, its village and its place."""

import hashlib
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from mrv.errors import InputRejected
from mrv.estimation.greg import Floats, Ints
from mrv.plots.measure import metres_per_degree

CONTROL: Final = "control"
"""Name of the controls, which are sampled as a stratum of their own."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Plots to draw from, as arrays.

    Attributes:
        plots: The table they came from, sorted by plot_id, rows as below.
        names: Of the strata; controls last, where there are any.
        group: Stratum of each plot [plot].
        village_names: Of the villages; a plot of unknown village is one by itself.
        village: Of each plot [plot].
        area_ha: Of each plot [plot].
        lonlat: A point inside each plot, WGS 84 [plot, 2], degree.
        xy_m: The same on a metric grid around the middle of all plots [plot, 2].
        stands_for_ha: Land on which the mean growth of each stratum counts [stratum]: its own, and
            for controls all that is enrolled, because their growth is charged everywhere.
    """

    plots: gpd.GeoDataFrame
    names: tuple[str, ...]
    group: Ints
    village_names: tuple[str, ...]
    village: Ints
    area_ha: Floats
    lonlat: Floats
    xy_m: Floats
    stands_for_ha: Floats

    @property
    def size(self) -> Ints:
        """Number of plots in each stratum [stratum]."""
        return np.bincount(self.group, minlength=len(self.names))

    @property
    def is_control(self) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """Whether each stratum is that of the controls [stratum]."""
        return np.array([name == CONTROL for name in self.names])

    @property
    def enrolled_ha(self) -> float:
        """Area of the enrolled plots [ha]."""
        return float(self.stands_for_ha[~self.is_control].sum())

    @property
    def digest(self) -> str:
        """Give the sha-256 of what can be drawn: plots, strata, villages and places."""
        columns = (self.plots["plot_id"], self.group, self.village, *self.lonlat.round(6).T)
        lines = (
            f"{plot_id}\t{self.names[h]}\t{self.village_names[v]}\t{lon:.6f}\t{lat:.6f}"
            for plot_id, h, v, lon, lat in zip(*columns, strict=True)
        )
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def frame_of(plots: gpd.GeoDataFrame) -> Frame:
    """Lay accepted plots out as a frame; plots that left the programme are not in it.

    Args:
        plots: plot_id, area_ha, stratum, role, village, left_on where known; shapes in WGS 84.

    Raises:
        InputRejected: If no enrolled plot is left.
    """
    there = plots.sort_values("plot_id", ignore_index=True)
    if "left_on" in there:
        there = there[there["left_on"].isna()].reset_index(drop=True)
    control = (there["role"] == CONTROL).to_numpy()
    if control.all():
        raise InputRejected("No enrolled plot is there to draw from; accept plots first.")
    strata = there["stratum"].astype(str)
    if CONTROL in set(strata[~control]):
        raise InputRejected(
            f"A stratum is called '{CONTROL}', which is the name of the plots without planting; "
            "call it something else."
        )
    names = tuple(sorted(set(strata[~control]))) + ((CONTROL,) if control.any() else ())
    label = np.where(control, CONTROL, strata.to_numpy(dtype=object))
    group = np.array([names.index(name) for name in label], dtype=np.int64)
    area = there["area_ha"].to_numpy(np.float64)
    stands_for = np.bincount(group, area, minlength=len(names)).astype(np.float64)
    if control.any():
        stands_for[-1] = stands_for[:-1].sum()
    village_names, village = np.unique(_villages(there), return_inverse=True)
    lonlat = shapely.get_coordinates(shapely.point_on_surface(there.geometry.to_numpy()))
    return Frame(
        plots=there,
        names=names,
        group=group,
        village_names=tuple(map(str, village_names)),
        village=village.astype(np.int64),
        area_ha=area,
        lonlat=lonlat,
        xy_m=_in_metres(lonlat),
        stands_for_ha=stands_for,
    )


def _villages(plots: pd.DataFrame) -> list[str]:
    known = plots["village"] if "village" in plots else pd.Series(None, index=plots.index)
    return [
        name if isinstance(name, str) and name else f"plot {plot_id}"
        for name, plot_id in zip(known, plots["plot_id"], strict=True)
    ]


def _in_metres(lonlat: Floats) -> Floats:
    middle = lonlat.mean(axis=0)
    across, along = metres_per_degree(middle[1:])
    metres: Floats = (lonlat - middle) * np.array([across[0], along[0]])
    return metres
