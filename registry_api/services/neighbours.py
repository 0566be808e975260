"""Registered plots in force around boxes, in the shape that screening asks for."""

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db.models import Plot, PlotVersion
from registry_api.db.nearby import plots_near

if TYPE_CHECKING:
    from mrv.plots.surroundings import Floats, Neighbours, Shapes

_ROWS_AT_ONCE = 10_000


def neighbours(session: Session, boxes: "Floats", *, after: int = 0) -> "Neighbours":
    """Find the registered plots in force around boxes.

    Args:
        session: A transaction.
        boxes: West, south, east, north [degree], shape [n, 4]; those with NaN have no neighbours.
        after: Only versions registered after the one of this id.
    """
    import numpy as np
    import shapely

    from mrv.plots.surroundings import Neighbours

    pairs = [
        (near.asked, near.version_id) for near in plots_near(session, boxes.tolist(), after=after)
    ]
    ids = sorted({version_id for _asked, version_id in pairs})
    rows: list[Any] = []
    for first in range(0, len(ids), _ROWS_AT_ONCE):
        rows += session.execute(
            select(
                PlotVersion.id,
                PlotVersion.boundary_wkb,
                PlotVersion.attributes,
                Plot.plot_id,
                Plot.project_id,
            )
            .join(Plot, Plot.id == PlotVersion.plot_key)
            .where(PlotVersion.id.in_(ids[first : first + _ROWS_AT_ONCE]))
        ).all()
    place = {row.id: position for position, row in enumerate(rows)}
    entries = np.array([place[version_id] for _asked, version_id in pairs], dtype=np.int64)

    def column(values: list[Any]) -> "Shapes":
        return np.array(values, dtype=object)[entries]

    return Neighbours(
        asked=np.array([asked for asked, _version_id in pairs], dtype=np.int64),
        plot_id=column([row.plot_id for row in rows]),
        project_id=column([row.project_id for row in rows]),
        farmer_id=column([json.loads(row.attributes).get("farmer_id") or "" for row in rows]),
        shape=shapely.from_wkb(column([row.boundary_wkb for row in rows])),
    )
