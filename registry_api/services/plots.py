"""Plots: taking boundaries in, with the coarse record that stands for each.

A boundary arrives screened and as WKB; reading and mending geometry, and how coarse the public's
record is, are `mrv.plots`. What the public sees of it is `plot_cells`.
"""

import hashlib
import json
import math
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db import lock_for_writing
from registry_api.db.bulk import insert_rows, new_keys
from registry_api.db.models import Plot, PlotVersion, Project
from registry_api.errors import Contradiction, NotAcceptable, NotFound
from registry_api.services import ledger
from registry_api.services.canonical import canonical_json, sha256_of_text
from registry_api.services.latest import newest_plots

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from mrv.plots.surroundings import Shapes

_SALT_BYTES = 32
_HALF_TURN, _POLE = 180.0, 90.0  # degrees
_LONGEST_ID = _LONGEST_STRATUM = 120
# Formats round differently: a line drawn this near to the one in force is that line [m] [P].
_SAME_LINE_M = 0.02
_ROWS_AT_ONCE = 10_000
# Columns of their own, and the leaving, which is an event; the others are attributes.
_HELD_APART = {"plot_id", "stratum", "role", "left_on"}


@dataclass(frozen=True, slots=True)
class PlotRecord:
    """One screened plot as it is handed in.

    Attributes:
        boundary_wkb: Polygon or multipolygon, WGS 84, longitude first.
        area_ha: Geodesic area [ha].
        attributes: The other columns of the plot table; None leaves what is held as it is.
    """

    plot_id: str
    stratum: str
    role: Literal["enrolled", "control"]
    boundary_wkb: bytes
    area_ha: float
    attributes: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Registration:
    """How many plots were taken in: new, changed, and known already."""

    new: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class _Held:
    """What is known of a plot: its key, and its newest version if it has one."""

    key: int
    version: int = 0
    stated: tuple[object, ...] = ()
    attributes: str = "{}"


@dataclass(frozen=True, slots=True)
class _Version:
    """A version to be written: where it belongs, and what nobody can guess of it."""

    row: int
    key: int
    version: int
    attributes: str
    salt: bytes
    commitment: str


def register_plots(
    session: Session,
    project_id: str,
    records: Sequence[PlotRecord],
    *,
    upload_id: UUID | None = None,
) -> Registration:
    """Take plots in; what is stated otherwise than before is a new version, the same is nothing.

    A boundary that only another format's rounding parts from the one in force is that one.

    Args:
        session: The transaction.
        project_id: Whose plots they are.
        records: What is handed in.
        upload_id: The upload they came in; None where they came in a project folder.

    Raises:
        NotFound: If the project is not registered.
        NotAcceptable: If a record is unusable, or a plot comes twice; nothing is written then.
    """
    project = session.get(Project, project_id)
    if project is None:
        raise NotFound(f"There is no project '{project_id}'.", project=project_id)
    boundaries = _read(records)
    _refuse_faults(project_id, records, boundaries)
    lock_for_writing(session)  # versions are numbered and read in the order of their ids
    held = _held(session, project_id, [record.plot_id for record in records])
    records, boundaries, sha256s = _as_in_force(session, records, boundaries, held)
    new = [record.plot_id for record in records if record.plot_id not in held]
    held |= _named(session, project_id, new)
    written = list(_changed(records, boundaries, sha256s, held))
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
        told = _Told(records, boundaries, sha256s, upload_id, entry.recorded_at)
        for first in range(0, len(written), _ROWS_AT_ONCE):
            part = written[first : first + _ROWS_AT_ONCE]
            insert_rows(session, PlotVersion, told.rows(part))
    return Registration(len(new), len(written) - len(new), len(records) - len(written))


def demand_in_force(session: Session, project_id: str, records: Sequence[PlotRecord]) -> None:
    """Insist that these boundaries are the ones in force; whoever works on others counts wrongly.

    Raises:
        Contradiction: Naming the plots that are registered with another boundary, or not at all.
    """
    held = _held(session, project_id, [record.plot_id for record in records])
    records, _boundaries, sha256s = _as_in_force(session, records, _read(records), held)
    other = sorted(
        record.plot_id
        for record, sha256 in zip(records, sha256s, strict=True)
        if record.plot_id not in held or held[record.plot_id].stated[:1] != (sha256,)
    )
    if other:
        raise Contradiction(
            f"Boundaries of {project_id} were changed meanwhile: {', '.join(other[:10])}. "
            "Start again from where they stand now.",
            plots=other[:100],
        )


def records_of(plots: Any) -> list[PlotRecord]:  # noqa: ANN401  (a GeoDataFrame)
    """Make records of screened plots.

    Args:
        plots: As `mrv.plots.screen` accepted them; every column of `mrv.plots.columns.COLUMNS`
            that has none of its own here is an attribute, blank ones are left out.
    """
    import shapely

    from mrv.plots.columns import COLUMNS

    names = [column.name for column in COLUMNS if column.name not in _HELD_APART]
    cells = zip(*(plots[name] for name in names), strict=True)
    boundaries = shapely.to_wkb(plots.geometry.to_numpy())
    stated = (plots[name] for name in ("plot_id", "stratum", "role", "area_ha"))
    return [
        PlotRecord(
            plot_id=plot_id,
            stratum=stratum,
            role=role,
            boundary_wkb=boundary,
            area_ha=float(area_ha),
            attributes={
                name: text
                for name, cell in zip(names, told, strict=True)
                if (text := cell_text(cell)) is not None
            },
        )
        for plot_id, stratum, role, area_ha, boundary, told in zip(
            *stated, boundaries, cells, strict=True
        )
    ]


def cell_text(cell: object) -> str | None:
    """Give a cell of a table as text, a date as YYYY-MM-DD; None where it is blank."""
    if cell is None or cell != cell:  # noqa: PLR0124  # NaN and NaT
        return None
    return cell.isoformat() if isinstance(cell, date) else str(cell)


@dataclass(frozen=True, slots=True)
class _Told:
    """What came, by position, and what holds for all of it."""

    records: Sequence[PlotRecord]
    boundaries: "Shapes"
    sha256s: Sequence[str]
    upload_id: UUID | None
    recorded_at: datetime

    def rows(self, versions: Sequence[_Version]) -> list[dict[str, object]]:
        """Lay versions out as rows, with the coarse record that the public sees."""
        from mrv.plots import disclosure

        half = disclosure.CELL_DEGREES / 2
        rows: list[dict[str, object]] = []
        for version in versions:
            record = self.records[version.row]
            west, south, east, north = map(float, self.boundaries[version.row].bounds)
            lon, lat = disclosure.coarse_cell((west + east) / 2, (south + north) / 2)
            rows.append(
                {
                    "plot_key": version.key,
                    "version": version.version,
                    "stratum": record.stratum,
                    "role": record.role,
                    "boundary_wkb": record.boundary_wkb,
                    "boundary_sha256": self.sha256s[version.row],
                    "west": west,
                    "south": south,
                    "east": east,
                    "north": north,
                    "area_ha": record.area_ha,
                    "salt": version.salt,
                    "commitment": version.commitment,
                    "cell_west": round(lon - half, 2),
                    "cell_south": round(lat - half, 2),
                    "cell_east": round(lon + half, 2),
                    "cell_north": round(lat + half, 2),
                    "area_band": disclosure.area_band(record.area_ha),
                    "recorded_at": self.recorded_at,
                    "attributes": version.attributes,
                    "upload_id": self.upload_id,
                }
            )
        return rows


def _changed(
    records: Sequence[PlotRecord],
    boundaries: "Shapes",
    sha256s: Sequence[str],
    held: Mapping[str, _Held],
) -> Iterator[_Version]:
    """Find the records that state something new, and salt each boundary."""
    from mrv.plots import disclosure

    for row, record in enumerate(records):
        before = held[record.plot_id]
        attributes = (
            before.attributes
            if record.attributes is None
            else json.dumps(dict(record.attributes), sort_keys=True, ensure_ascii=False)
        )
        band = disclosure.area_band(record.area_ha)
        stated = (sha256s[row], record.stratum, record.role, record.area_ha, band)
        if (stated, attributes) == (before.stated, before.attributes):
            continue
        salt = secrets.token_bytes(_SALT_BYTES)
        commitment = disclosure.commit_boundary(boundaries[row], salt)
        yield _Version(row, before.key, before.version + 1, attributes, salt, commitment)


def _read(records: Sequence[PlotRecord]) -> "Shapes":
    import shapely  # a tenth of a second that the API's start-up can do without

    read: Shapes = shapely.from_wkb(
        [record.boundary_wkb for record in records], on_invalid="ignore"
    )
    return read


def _digests(boundaries: "Shapes") -> list[str]:
    """Give the digest of each boundary in its normal form, whatever corner it was begun at."""
    import shapely

    normal = shapely.to_wkb(shapely.normalize(shapely.force_2d(boundaries)), byte_order=1)
    return [hashlib.sha256(wkb).hexdigest() for wkb in normal]


def _as_in_force(
    session: Session,
    records: Sequence[PlotRecord],
    boundaries: "Shapes",
    held: Mapping[str, _Held],
) -> tuple[Sequence[PlotRecord], "Shapes", list[str]]:
    """Put the boundary in force in place of one that is drawn on the same line; with digests."""
    import numpy as np
    import shapely

    from mrv.plots.measure import apart_m

    sha256s = _digests(boundaries)
    moved: dict[int, int] = {}  # plot key -> row
    for row, record in enumerate(records):
        before = held.get(record.plot_id)
        if before is not None and before.version and before.stated[0] != sha256s[row]:
            moved[before.key] = row
    newest = newest_plots()
    keys = list(moved)
    found: list[Any] = []
    for first in range(0, len(keys), _ROWS_AT_ONCE):
        found += session.execute(
            select(
                newest.plot_key, newest.boundary_wkb, newest.boundary_sha256, newest.area_ha
            ).where(newest.plot_key.in_(keys[first : first + _ROWS_AT_ONCE]))
        ).all()
    if not found:
        return records, boundaries, sha256s
    rows = np.array([moved[one.plot_key] for one in found])
    shapes = shapely.from_wkb(np.array([one.boundary_wkb for one in found], dtype=object))
    same = apart_m(boundaries[rows], shapes) <= _SAME_LINE_M
    stands = list(records)
    boundaries = boundaries.copy()
    for k in np.flatnonzero(same).tolist():
        row, one = int(rows[k]), found[k]
        stands[row] = replace(stands[row], boundary_wkb=one.boundary_wkb, area_ha=one.area_ha)
        boundaries[row], sha256s[row] = shapes[k], one.boundary_sha256
    return stands, boundaries, sha256s


def _refuse_faults(project_id: str, records: Sequence[PlotRecord], boundaries: "Shapes") -> None:
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


def _fault(record: PlotRecord, boundary: "BaseGeometry | None") -> str | None:
    if not record.plot_id.strip() or len(record.plot_id) > _LONGEST_ID:
        return f"'{record.plot_id[:40]}' is no usable plot id"
    if len(record.stratum) > _LONGEST_STRATUM:
        return f"plot {record.plot_id} has a stratum of more than {_LONGEST_STRATUM} characters"
    if not (math.isfinite(record.area_ha) and record.area_ha > 0):
        return f"plot {record.plot_id} has an area of {record.area_ha} ha"
    if boundary is None or boundary.is_empty:
        return f"plot {record.plot_id} has no readable boundary"
    west, south, east, north = boundary.bounds
    if not (-_HALF_TURN <= west <= east <= _HALF_TURN and -_POLE <= south <= north <= _POLE):
        return f"plot {record.plot_id} does not lie on the globe"
    return None


def _held(session: Session, project_id: str, plot_ids: Sequence[str]) -> dict[str, _Held]:
    """Find what is known of these plots."""
    newest = newest_plots()
    held: dict[str, _Held] = {}
    for first in range(0, len(plot_ids), _ROWS_AT_ONCE):
        some = plot_ids[first : first + _ROWS_AT_ONCE]
        rows = session.execute(
            select(
                Plot.plot_id,
                Plot.id,
                newest.version,
                newest.attributes,
                newest.boundary_sha256,
                newest.stratum,
                newest.role,
                newest.area_ha,
                newest.area_band,
            )
            .outerjoin(newest, newest.plot_key == Plot.id)
            .where(Plot.project_id == project_id, Plot.plot_id.in_(some))
        )
        for plot_id, key, version, attributes, *stated in rows:
            held[plot_id] = (
                _Held(key) if version is None else _Held(key, version, tuple(stated), attributes)
            )
    return held


def _named(session: Session, project_id: str, plot_ids: Sequence[str]) -> dict[str, _Held]:
    """Give new plots their keys."""
    if not plot_ids:
        return {}
    keys = dict(zip(plot_ids, new_keys(session, Plot, len(plot_ids)), strict=True))
    rows = ({"id": key, "project_id": project_id, "plot_id": name} for name, key in keys.items())
    insert_rows(session, Plot, rows)
    return {plot_id: _Held(key) for plot_id, key in keys.items()}
