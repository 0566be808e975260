"""The plots file of a delivery when plots come by upload: all the registry holds, as they stand.

The pipeline runs on deliveries. Once an upload has been screened, the newest delivery's plots are
those the registry holds; before that, plots that came in a project folder are screened themselves,
so that none of them is lost.
"""

import json
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from registry_api.db.models import Plot, PlotVersion, ProjectDelivery
from registry_api.errors import NotFound
from registry_api.services import clock, deliveries
from registry_api.services.deliveries import PLOTS, PROJECT, REGISTRY_PLOTS, Delivery
from registry_api.services.latest import newest_plots, newest_projects
from registry_api.services.registry_surroundings import left_plots
from registry_api.settings import Settings

_HELD_APART = ("plot_id", "stratum", "role")  # columns of their own; the others are attributes


def unscreened(session: Session, project_id: str) -> tuple[str, str] | None:
    """Find plots that were delivered in a project folder and never registered: digest and name."""
    newest = session.scalars(
        select(ProjectDelivery)
        .where(ProjectDelivery.project_id == project_id)
        .order_by(ProjectDelivery.version.desc())
        .limit(1)
    ).first()
    if newest is None:
        return None
    files, names = json.loads(newest.files), json.loads(newest.names)
    if PLOTS not in files or names[PLOTS] == REGISTRY_PLOTS:
        return None
    # All plots of a file are registered at once, after it was delivered.
    registered = session.scalar(
        select(
            exists().where(
                PlotVersion.plot_key == Plot.id,
                Plot.project_id == project_id,
                PlotVersion.recorded_at >= newest.recorded_at,
            )
        )
    )
    return None if registered else (files[PLOTS], names[PLOTS])


def deliver(session: Session, settings: Settings, project_id: str) -> int:
    """Record a delivery with the plots held; gives its version, the same plots the same one."""
    from mrv.sources.boundaries.write import to_geoparquet
    from registry_api.services.kept_files import KeptFiles

    try:
        newest = deliveries.newest_delivery(session, project_id)
    except NotFound:
        newest = Delivery({PROJECT: _settings_sha256(session, project_id)}, {PROJECT: PROJECT}, "",
                          clock.today())  # fmt: skip
    sha256 = KeptFiles(settings).put_bytes(
        to_geoparquet(held_plots(session, project_id)), private=True
    )
    recorded = deliveries.record_delivery(
        session,
        project_id,
        Delivery(
            files={**newest.files, PLOTS: sha256},
            names={**newest.names, PLOTS: REGISTRY_PLOTS},
            catalog=newest.catalog,
            taken_in_on=clock.today(),
        ),
    )
    return recorded.version


def held_plots(session: Session, project_id: str) -> Any:  # noqa: ANN401  (a GeoDataFrame)
    """Give a project's plots under our column names, by plot id; those that left say when."""
    import pandas as pd

    from mrv.plots.columns import COLUMNS
    from mrv.plots.report import shaped

    newest = newest_plots()
    rows = session.execute(
        select(
            Plot.plot_id,
            newest.stratum,
            newest.role,
            newest.attributes,
            newest.boundary_wkb,
        )
        .join(newest, newest.plot_key == Plot.id)
        .where(Plot.project_id == project_id)
    ).all()
    rows = sorted(rows, key=lambda row: row.plot_id)  # by code point on every database
    left = left_plots(session, project_id)
    attributes = [
        json.loads(row.attributes)
        | ({"left_on": left[row.plot_id].isoformat()} if row.plot_id in left else {})
        for row in rows
    ]
    cells: dict[str, list[Any]] = {
        column.name: [getattr(row, column.name) for row in rows]
        if column.name in _HELD_APART
        else [held.get(column.name) for held in attributes]
        for column in COLUMNS
    }
    table = pd.DataFrame(cells, dtype="object").astype("string")
    table["geometry"] = pd.Series([row.boundary_wkb for row in rows], dtype=object)
    return shaped(table)


def _settings_sha256(session: Session, project_id: str) -> str:
    newest = newest_projects()
    sha256: str = session.scalars(
        select(newest.settings_sha256).where(newest.project_id == project_id)
    ).one()
    return sha256
