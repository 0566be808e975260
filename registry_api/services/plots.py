"""Plots: taking boundaries in, and showing the coarse record that stands for each.

A boundary arrives screened and as WKB; reading and mending geometry, and how coarse the public's
record is, are `mrv.plots`. The exact boundary, its box and its salt leave this module to nobody.
"""

import hashlib
import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db.models import Plot, PlotVersion, Project
from registry_api.errors import NotAcceptable, NotFound
from registry_api.services import ledger
from registry_api.services.canonical import canonical_json, sha256_of_text
from registry_api.services.latest import newest_plots
from registry_api.services.views import PlotCell

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

_SALT_BYTES = 32
_HALF_TURN, _POLE = 180.0, 90.0  # degrees
_LONGEST_ID = 120


@dataclass(frozen=True, slots=True)
class PlotRecord:
    """One screened plot as it is handed in.

    Attributes:
        boundary_wkb: Polygon or multipolygon, WGS 84, longitude first.
        area_ha: Geodesic area [ha].
    """

    plot_id: str
    stratum: str
    role: Literal["enrolled", "control"]
    boundary_wkb: bytes
    area_ha: float


@dataclass(frozen=True, slots=True)
class Registration:
    """How many plots were taken in: new, changed, and known already."""

    new: int
    changed: int
    unchanged: int


def register_plots(
    session: Session, project_id: str, records: Sequence[PlotRecord]
) -> Registration:
    """Take plots in; a changed boundary, stratum or role is a new version, the same is nothing.

    Raises:
        NotFound: If the project is not registered.
        NotAcceptable: If a record is unusable, or a plot comes twice; nothing is written then.
    """
    project = session.get(Project, project_id)
    if project is None:
        raise NotFound(f"There is no project '{project_id}'.", project=project_id)
    versions = _understood(project_id, records)
    keys = {
        row.plot_id: row
        for row in session.scalars(select(Plot).where(Plot.project_id == project_id))
    }
    held = _newest_by_key(session, project_id)
    written: list[PlotVersion] = []
    new = 0
    for record, version in zip(records, versions, strict=True):
        plot = keys.get(record.plot_id)
        if plot is None:
            plot = Plot(project_id=project_id, plot_id=record.plot_id)
            session.add(plot)
            session.flush()
            new += 1
        before = held.get(plot.id)
        if before is None or not _same(version, before):
            version.plot_key = plot.id
            version.version = before.version + 1 if before else 1
            written.append(version)
    if written:
        entry = ledger.append(
            session,
            "plots_registered",
            actor=project.developer_id,
            payload={
                "project": project_id,
                "plots": len(written),
                "commitments_sha256": sha256_of_text(
                    canonical_json(sorted(version.commitment for version in written))
                ),
            },
        )
        for version in written:
            version.recorded_at = entry.recorded_at
        session.add_all(written)
        session.flush()
    return Registration(new, len(written) - new, len(records) - len(written))


def public_plots(session: Session, project_id: str) -> tuple[PlotCell, ...]:
    """List a project's plots as the public may see them.

    Raises:
        NotFound: If the project is not registered.
    """
    if session.get(Project, project_id) is None:
        raise NotFound(f"There is no project '{project_id}'.", project=project_id)
    plot = newest_plots()
    rows = session.execute(
        select(Plot.plot_id, plot)
        .join(plot, plot.plot_key == Plot.id)
        .where(Plot.project_id == project_id)
        .order_by(Plot.plot_id)
    )
    return tuple(
        PlotCell(
            plot_id=plot_id,
            project_id=project_id,
            stratum=version.stratum,
            role=version.role,
            area_band=version.area_band,
            west=version.cell_west,
            south=version.cell_south,
            east=version.cell_east,
            north=version.cell_north,
            commitment=version.commitment,
        )
        for plot_id, version in rows
    )


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


def _understood(project_id: str, records: Sequence[PlotRecord]) -> list[PlotVersion]:
    """Read the boundaries and derive what the public sees; all of them or none."""
    import shapely  # a tenth of a second that the API's start-up can do without

    from mrv.plots import disclosure

    boundaries = shapely.from_wkb([record.boundary_wkb for record in records], on_invalid="ignore")
    faults = [
        fault
        for record, boundary in zip(records, boundaries, strict=True)
        if (fault := _fault(record, boundary))
    ]
    if len({record.plot_id for record in records}) < len(records):
        faults.append("a plot comes more than once")
    if faults:
        raise NotAcceptable(
            f"Plots of {project_id} were not taken in: {'; '.join(faults[:10])}.", faults=faults
        )
    half = disclosure.CELL_DEGREES / 2
    versions = []
    for record, boundary in zip(records, boundaries, strict=True):
        west, south, east, north = (float(edge) for edge in boundary.bounds)
        lon, lat = disclosure.coarse_cell((west + east) / 2, (south + north) / 2)
        salt = secrets.token_bytes(_SALT_BYTES)
        normal = shapely.to_wkb(shapely.normalize(shapely.force_2d(boundary)), byte_order=1)
        versions.append(
            PlotVersion(
                stratum=record.stratum,
                role=record.role,
                boundary_wkb=record.boundary_wkb,
                boundary_sha256=hashlib.sha256(normal).hexdigest(),
                west=west,
                south=south,
                east=east,
                north=north,
                area_ha=record.area_ha,
                salt=salt,
                commitment=disclosure.commit_boundary(boundary, salt),
                cell_west=round(lon - half, 2),
                cell_south=round(lat - half, 2),
                cell_east=round(lon + half, 2),
                cell_north=round(lat + half, 2),
                area_band=disclosure.area_band(record.area_ha),
            )
        )
    return versions


def _fault(record: PlotRecord, boundary: "BaseGeometry | None") -> str | None:
    if not record.plot_id.strip() or len(record.plot_id) > _LONGEST_ID:
        return f"'{record.plot_id[:40]}' is no usable plot id"
    if not (math.isfinite(record.area_ha) and record.area_ha > 0):
        return f"plot {record.plot_id} has an area of {record.area_ha} ha"
    if boundary is None or boundary.is_empty:
        return f"plot {record.plot_id} has no readable boundary"
    west, south, east, north = boundary.bounds
    if not (-_HALF_TURN <= west <= east <= _HALF_TURN and -_POLE <= south <= north <= _POLE):
        return f"plot {record.plot_id} does not lie on the globe"
    return None


def _newest_by_key(session: Session, project_id: str) -> dict[int, PlotVersion]:
    plot = newest_plots()
    rows = session.scalars(
        select(plot).join(Plot, plot.plot_key == Plot.id).where(Plot.project_id == project_id)
    )
    return {row.plot_key: row for row in rows}


def _same(found: PlotVersion, held: PlotVersion) -> bool:
    stated = ("boundary_sha256", "stratum", "role", "area_ha", "area_band")
    return all(getattr(found, name) == getattr(held, name) for name in stated)
