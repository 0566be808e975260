"""The walk: in which order drawn plots are visited, village after village."""

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import shapely

from mrv.estimation.greg import Floats, Ints
from mrv.sampling.frame import Frame
from mrv.sampling.selection import Selection

_BETTER_M: Final = 0.01  # a gain below a centimetre is none
_PASSES: Final = 30


@dataclass(frozen=True, slots=True, eq=False)
class FieldList:
    """What a crew takes along.

    Attributes:
        stops: One row per drawn plot in the order of the walk: waypoint (its name on the device),
            route (number of the village), stop (number in it), plot_id, village, stratum, role,
            area_ha, inclusion_probability, lon, lat, geometry (the boundary, WGS 84).
        length_km: Of all routes from first to last stop, as the crow flies [km].
    """

    stops: gpd.GeoDataFrame
    length_km: float


def field_list(frame: Frame, selection: Selection) -> FieldList:
    """Put drawn plots into the order of a walk."""
    rows = selection.rows
    names, village = np.unique(frame.village[rows], return_inverse=True)
    homes = np.array([frame.xy_m[rows[village == v]].mean(axis=0) for v in range(len(names))])
    ordered: list[int] = []
    route: list[int] = []
    stop: list[int] = []
    length_m = 0.0
    for number, v in enumerate(visiting_order(homes.reshape(-1, 2)), start=1):
        of = np.flatnonzero(village == v)
        walk = of[visiting_order(frame.xy_m[rows[of]])]
        length_m += walk_m(frame.xy_m[rows[walk]])
        ordered += walk.tolist()
        route += [number] * len(walk)
        stop += range(1, len(walk) + 1)
    order = np.array(ordered, dtype=np.int64)
    at = rows[order]
    table = frame.plots.iloc[at]
    plot_id = table["plot_id"].astype(str).to_numpy()
    stops = gpd.GeoDataFrame(
        {
            "waypoint": [
                f"{r:02d}-{s:02d} {p}" for r, s, p in zip(route, stop, plot_id, strict=True)
            ],
            "route": route,
            "stop": stop,
            "plot_id": plot_id,
            "village": [frame.village_names[v] for v in frame.village[at]],
            "stratum": table["stratum"].astype(str).to_numpy(),
            "role": table["role"].to_numpy(),
            "area_ha": table["area_ha"].to_numpy(),
            "inclusion_probability": selection.inclusion_probability[order].round(9),
            "lon": frame.lonlat[at, 0].round(7),
            "lat": frame.lonlat[at, 1].round(7),
        },
        geometry=table.geometry.to_numpy(),
        crs="EPSG:4326",
    )
    return FieldList(stops, length_m / 1000.0)


def visiting_order(xy_m: Floats) -> Ints:
    """Order places for a walk that is short: always the nearest next, then crossings undone.

    Args:
        xy_m: Positions on a metric grid [place, 2].

    Returns:
        Indices in the order of the walk, which begins in the west.

    Source:
        Nearest neighbour and 2-opt, Croes 1958, Operations Research 6, 791-812, of an open path.
    """
    apart = np.hypot(*(xy_m[:, None, :] - xy_m[None, :, :]).transpose(2, 0, 1))
    walk = np.empty(len(xy_m), dtype=np.int64)
    ahead = np.ones(len(xy_m), dtype=bool)
    here = int(np.lexsort((xy_m[:, 1], xy_m[:, 0]))[0]) if len(xy_m) else 0
    for position in range(len(xy_m)):
        walk[position], ahead[here] = here, False
        here = int(np.where(ahead, apart[here], np.inf).argmin())
    for _ in range(_PASSES):
        if not _undo_crossing(walk, apart):
            break
    return walk


def walk_m(xy_m: Floats) -> float:
    """Give the length of a walk from place to place [m]."""
    return float(np.hypot(*np.diff(xy_m, axis=0).T).sum())


def lines_of(stops: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Draw each village's route as a line; of a single stop, as a line of no length."""
    routes = [part for _, part in stops.groupby("route", sort=True)]
    ends = [[0, 0] if len(part) == 1 else range(len(part)) for part in routes]
    return gpd.GeoDataFrame(
        {
            "route": [int(part["route"].iloc[0]) for part in routes],
            "village": [str(part["village"].iloc[0]) for part in routes],
            "stops": [len(part) for part in routes],
        },
        geometry=[
            shapely.linestrings(part[["lon", "lat"]].to_numpy()[list(order)])
            for part, order in zip(routes, ends, strict=True)
        ],
        crs="EPSG:4326",
    )


def _undo_crossing(walk: Ints, apart: Floats) -> bool:
    """Turn every stretch round that makes the walk shorter so; says whether there was one."""
    found = False
    for first in range(1, len(walk) - 1):
        before = walk[first - 1]
        ends = walk[first + 1 :]
        after = np.append(walk[first + 2 :], -1)
        open_end = after < 0
        now = apart[before, walk[first]] + np.where(open_end, 0.0, apart[ends, after])
        turned = apart[before, ends] + np.where(open_end, 0.0, apart[walk[first], after])
        best = int(np.argmax(now - turned))
        if now[best] - turned[best] > _BETTER_M:
            last = first + 1 + best
            walk[first : last + 1] = walk[first : last + 1][::-1].copy()
            found = True
    return found
