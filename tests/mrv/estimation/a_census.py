"""An invented census: units on a grid in each plot, registered as seedlings, found again later."""

from collections.abc import Collection
from datetime import date

import numpy as np
import pandas as pd

HEADER = (
    "plot_id,tree_id,species,dbh_cm,measured_on,status,origin,lon,lat,inclusion_probability,"
    "tree_fraction"
)
SPACING_M, PER_HA, DEAD = 12.0, 40, 0.12
_M_PER_DEGREE = 111_195.0


def grid(lon: float, lat: float, count: int) -> list[tuple[float, float]]:
    """Positions of so many units, in rows about a place."""
    side = int(np.ceil(np.sqrt(count)))
    steps = [(i % side - side / 2, i // side - side / 2) for i in range(count)]
    east = SPACING_M / (_M_PER_DEGREE * np.cos(np.radians(lat)))
    return [(lon + x * east, lat + y * SPACING_M / _M_PER_DEGREE) for x, y in steps]


def register(
    plots: pd.DataFrame,
    visited: Collection[str],
    start: date,
    end: date,
    *,
    seed: int,
    dead: float = DEAD,
    dbh_cm: float = 9.0,
) -> str:
    """Write the inventory of a census: every unit at the start, those of visited plots at the end.

    Args:
        plots: plot_id, area_ha, lon, lat of enrolled plots.
        visited: Plots that were drawn.
        start: Day of planting.
        end: Day of the second visit.
        seed: Of sizes and losses.
        dead: Share of units that do not live to the end.
        dbh_cm: Median diameter of a living unit then.
    """
    rng = np.random.default_rng(seed)
    chance = len(set(visited)) / len(plots)
    lines = [HEADER]
    for plot in plots.itertuples():
        places = grid(plot.lon, plot.lat, max(2, int(PER_HA * plot.area_ha)))
        for number, (lon, lat) in enumerate(places, start=1):
            unit = f"{plot.plot_id},u{number},Grevillea robusta"
            where = f"planted,{lon:.7f},{lat:.7f}"
            lines.append(f"{unit},,{start},planted,{where},,1")
            size = dbh_cm * np.exp(rng.normal(0, 0.3))
            fate = f"{size:.1f},{end},alive" if rng.random() > dead else f",{end},missing"
            if plot.plot_id in visited:
                lines.append(f"{unit},{fate},{where},{chance:.6f},1")
    return "\n".join(lines) + "\n"
