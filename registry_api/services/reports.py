"""Reports: what a run found, for the project's developer and for verifiers.

Each function asks for the newest run of the upload that has read the file. A verifier states a
purpose and is logged; the developer looks at what is their own. The tables are in the private
store; nothing here needs the session to write (the log has a transaction of its own where it
cannot use this one).
"""

import json
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy.orm import Session

from registry_api.services import paging, plot_uploads, report_tables
from registry_api.services.accounts import AccountView
from registry_api.services.private_store import PrivateStore
from registry_api.services.upload_views import FindingView
from registry_api.services.views import Page
from registry_api.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

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
) -> bytes:
    """Give every feature as GeoJSON (RFC 7946): feature, plot_id, verdict, area_ha and codes.

    While the run works, shapes are `pending`; before the file is read there are none. A feature
    that could not be placed has no geometry. It is text, for there may be 50,000: shapes are
    written out once, and never are objects of Python.

    Raises:
        NotFound, NotAcceptable: As `findings`.
    """
    tables = plot_uploads.open_report(
        session, settings, project_id, upload_id, by=by, purpose=purpose
    )
    store = PrivateStore(settings)
    table = report_tables.read(store, tables, "features")
    if table is None:
        table = report_tables.read(store, tables, "drawn")
        if table is None:
            return b'{"type":"FeatureCollection","features":[]}'
        table = table.assign(plot_id="", verdict="pending", area_ha=math.nan, codes="")
    return features_text(table)


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


def features_text(table: "pd.DataFrame") -> bytes:
    """Lay a table of features out as GeoJSON.

    Args:
        table: feature, plot_id, verdict, area_ha (NaN where there is none), codes (";" between
            them) and geometry (WKB, None where there is none).
    """
    names = ("feature", "plot_id", "verdict", "area_ha", "codes")
    cells = zip(*(table[name].tolist() for name in names), strict=True)
    properties = (
        {**dict(zip(names, row, strict=True)), "area_ha": _number(row[3]), "codes": _split(row[4])}
        for row in cells
    )
    features = ",".join(
        f'{{"type":"Feature","geometry":{shape or "null"},"properties":{json.dumps(told)}}}'
        for shape, told in zip(_shape_texts(table["geometry"]), properties, strict=True)
    )
    return f'{{"type":"FeatureCollection","features":[{features}]}}'.encode()


def _split(codes: str) -> list[str]:
    return [code for code in codes.split(";") if code]


def _collection(rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Lay rows with WKB out as GeoJSON."""
    held = list(rows)
    shapes = _shape_texts([row.pop("geometry") for row in held])
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "geometry": shape and json.loads(shape), "properties": row}
            for row, shape in zip(held, shapes, strict=True)
        ],
    }


def _shape_texts(shapes: Iterable[bytes | None]) -> list[str | None]:
    """Write WKB out as GeoJSON, flat and rounded; None where there is none."""
    import numpy as np
    import shapely

    drawn = shapely.from_wkb(np.array(list(shapes), dtype=object))
    if shapely.has_z(drawn).any():
        drawn = shapely.force_2d(drawn)
    rounded = shapely.transform(drawn, lambda corners: np.round(corners, _DECIMALS))
    texts: list[str | None] = shapely.to_geojson(rounded).tolist()
    return texts


def _number(cell: object) -> float | None:
    """Give a number of a table; None where it has none."""
    return cell if isinstance(cell, float) and math.isfinite(cell) else None
