"""The coarse record that the public sees of each plot: a cell and an area band, no boundary."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db.models import Plot, Project
from registry_api.errors import NotFound
from registry_api.services.latest import has_left, newest_plots
from registry_api.services.views import PlotCell


def public_plots(session: Session, project_id: str) -> tuple[PlotCell, ...]:
    """List the plots that take part in a project as the public may see them.

    Raises:
        NotFound: If the project is not registered.
    """
    if session.get(Project, project_id) is None:
        raise NotFound(f"There is no project '{project_id}'.", project=project_id)
    plot = newest_plots()
    rows = session.execute(
        select(
            Plot.plot_id,
            plot.stratum,
            plot.role,
            plot.area_band,
            plot.cell_west,
            plot.cell_south,
            plot.cell_east,
            plot.cell_north,
            plot.commitment,
        )
        .join(plot, plot.plot_key == Plot.id)
        .where(Plot.project_id == project_id, ~has_left())
        .order_by(Plot.plot_id)
    )
    return tuple(PlotCell(plot_id, project_id, *shown) for plot_id, *shown in rows)


def plot_cells(session: Session, project_id: str) -> dict[str, Any]:
    """Give a project's plots as GeoJSON (RFC 7946): one coarse cell each, never a boundary."""
    return {
        "type": "FeatureCollection",
        "features": [_feature(plot) for plot in public_plots(session, project_id)],
    }


def _feature(plot: PlotCell) -> dict[str, Any]:
    west, south, east, north = plot.west, plot.south, plot.east, plot.north
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "id": f"{plot.project_id}/{plot.plot_id}",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {
            "plot_id": plot.plot_id,
            "project_id": plot.project_id,
            "stratum": plot.stratum,
            "role": plot.role,
            "area_band": plot.area_band,
            "commitment": plot.commitment,
        },
    }
