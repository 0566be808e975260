"""Reports: what a run found, for the project's developer and for verifiers.

Each function asks for the newest run of the upload that has read the file. A verifier states a
purpose and is logged; the developer looks at what is their own. The tables are in the private
store; nothing here needs the session to write (the log has a transaction of its own where it
cannot use this one).
"""

import json
import math
from collections.abc import Iterable
from typing import Any, Literal

from sqlalchemy.orm import Session

from registry_api.services import paging, plot_uploads, report_tables
from registry_api.services.accounts import AccountView
from registry_api.services.private_store import PrivateStore
from registry_api.services.upload_views import FindingView
from registry_api.services.views import Page
from registry_api.settings import Settings

RejectedFormat = Literal["geojson", "gpkg", "csv"]
_DECIMALS = 7  # of a degree: a centimetre [P]


def findings(  # noqa: PLR0913  (who, what for, and which page)
    session: Session,
    settings: Settings,
    project_id: str,
    upload_id: str,
    *,
    by: AccountView,
    purpose: str = "",
    severity: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[FindingView]:
    """List what was found, in the order of the file; nothing before the run is done.

    Raises:
        NotFound: If there is no such project or upload for this account.
        NotAcceptable: If a verifier states no purpose.
    """
    (start,) = paging.decode(cursor, int) or (0,)
    tables = plot_uploads.open_report(
        session, settings, project_id, upload_id, by=by, purpose=purpose
    )
    table = report_tables.read(PrivateStore(settings), tables, "findings")
    if table is None:
        return Page(())
    if severity is not None:
        table = table[table["severity"] == severity]
    start = max(0, start)
    shown = table.iloc[start : start + limit]
    views = tuple(
        FindingView(
            feature=int(row["feature"]),
            plot_id=row["plot_id"],
            code=row["code"],
            severity=row["severity"],
            message=row["message"],
            hint=row["hint"],
            lon=_number(row["lon"]),
            lat=_number(row["lat"]),
        )
        for row in shown.to_dict("records")
    )
    more = start + limit < len(table)
    return Page(views, paging.encode(start + limit) if more else None)


def map_features(
    session: Session,
    settings: Settings,
    project_id: str,
    upload_id: str,
    *,
    by: AccountView,
    purpose: str = "",
) -> dict[str, Any]:
    """Give every feature as GeoJSON (RFC 7946): feature, plot_id, verdict, area_ha and codes.

    While the run works, shapes are `pending`; before the file is read there are none. A feature
    that could not be placed has no geometry.

    Raises:
        NotFound, NotAcceptable: As `findings`.
    """
    tables = plot_uploads.open_report(
        session, settings, project_id, upload_id, by=by, purpose=purpose
    )
    store = PrivateStore(settings)
    judged = report_tables.read(store, tables, "features")
    if judged is not None:
        return _collection(
            {
                "feature": int(row["feature"]),
                "plot_id": row["plot_id"],
                "verdict": row["verdict"],
                "area_ha": _number(row["area_ha"]),
                "codes": [code for code in row["codes"].split(";") if code],
                "geometry": row["geometry"],
            }
            for row in judged.to_dict("records")
        )
    drawn = report_tables.read(store, tables, "drawn")
    return _collection(
        {
            "feature": int(row["feature"]),
            "plot_id": "",
            "verdict": "pending",
            "area_ha": None,
            "codes": [],
            "geometry": row["geometry"],
        }
        for row in ([] if drawn is None else drawn.to_dict("records"))
    )


def repairs(
    session: Session,
    settings: Settings,
    project_id: str,
    upload_id: str,
    *,
    by: AccountView,
    purpose: str = "",
) -> dict[str, Any]:
    """Give what was mended as GeoJSON: two features for each, `side` is `before` or `after`.

    Properties: feature, plot_id, code, side, area_change.

    Raises:
        NotFound, NotAcceptable: As `findings`.
    """
    tables = plot_uploads.open_report(
        session, settings, project_id, upload_id, by=by, purpose=purpose
    )
    table = report_tables.read(PrivateStore(settings), tables, "repairs")
    return _collection(
        {
            "feature": int(row["feature"]),
            "plot_id": row["plot_id"],
            "code": row["code"],
            "side": side,
            "area_change": _number(row["area_change"]),
            "geometry": row[column],
        }
        for row in ([] if table is None else table.to_dict("records"))
        for side, column in (("before", "before"), ("after", "geometry"))
    )


def proposals(
    session: Session,
    settings: Settings,
    project_id: str,
    upload_id: str,
    *,
    by: AccountView,
    purpose: str = "",
) -> dict[str, Any]:
    """Give proposed boundaries as GeoJSON: feature, plot_id, code and text.

    Raises:
        NotFound, NotAcceptable: As `findings`.
    """
    tables = plot_uploads.open_report(
        session, settings, project_id, upload_id, by=by, purpose=purpose
    )
    table = report_tables.read(PrivateStore(settings), tables, "proposals")
    return _collection(
        {
            "feature": int(row["feature"]),
            **{name: row[name] for name in ("plot_id", "code", "text", "geometry")},
        }
        for row in ([] if table is None else table.to_dict("records"))
    )


def rejected(
    session: Session,
    settings: Settings,
    project_id: str,
    upload_id: str,
    *,
    by: AccountView,
    purpose: str = "",
    format: RejectedFormat = "geojson",  # noqa: A002  (what a caller calls it)
) -> bytes:
    """Give the refused features with their own attributes, to mend and to send again.

    `parkland_codes`, `parkland_reasons` and `parkland_hints` stand beside the attributes. Without
    a refused feature, and before the run is done, there is a file without features.

    Raises:
        NotFound, NotAcceptable: As `findings`.
    """
    from mrv.plots.report import none_rejected, shaped
    from mrv.sources.boundaries import write

    tables = plot_uploads.open_report(
        session, settings, project_id, upload_id, by=by, purpose=purpose
    )
    table = report_tables.read(PrivateStore(settings), tables, "rejected")
    frame = none_rejected() if table is None else shaped(table)
    if format == "geojson":
        return write.to_geojson(frame)
    return write.to_gpkg(frame, "refused") if format == "gpkg" else write.to_csv(frame)


def _collection(rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Lay rows with WKB out as GeoJSON."""
    import numpy as np
    import shapely

    held = list(rows)
    shapes = shapely.from_wkb(np.array([row.pop("geometry") for row in held], dtype=object))
    rounded = shapely.transform(
        shapely.force_2d(shapes), lambda corners: np.round(corners, _DECIMALS)
    )
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "geometry": shape and json.loads(shape), "properties": row}
            for row, shape in zip(held, shapely.to_geojson(rounded), strict=True)
        ],
    }


def _number(cell: object) -> float | None:
    """Give a number of a table; None where it has none."""
    return cell if isinstance(cell, float) and math.isfinite(cell) else None
