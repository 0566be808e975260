"""Reports on uploads of plots: what was found, where, what was mended, and what to mend."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response

from registry_api.api import geojson
from registry_api.api.examples import example
from registry_api.api.parameters import Findings, ProjectId, Purpose, UploadId, link_next
from registry_api.deps import Caller, ReadSession, SettingsDep
from registry_api.services import reports
from registry_api.services.reports import RejectedFormat
from registry_api.services.upload_views import FindingView
from registry_api.services.views import Page

router = APIRouter(tags=["uploads of plots"])
_UPLOAD = "/projects/{project_id}/uploads/{upload_id}"
_KINDS: dict[RejectedFormat, str] = {
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
    "csv": "text/csv",
}


@router.get(_UPLOAD + "/findings", summary="What was found", responses=example("plot_findings"))
def list_findings(
    request: Request,
    response: Response,
    session: ReadSession,
    settings: SettingsDep,
    project_id: ProjectId,
    upload_id: UploadId,
    caller: Caller,
    query: Findings,
) -> Page[FindingView]:
    """List what was found in the order of the file: code, sentence, hint, and where to look."""
    page = reports.findings(
        session,
        settings,
        project_id,
        str(upload_id),
        by=caller,
        purpose=query.purpose,
        severity=query.severity,
        limit=query.limit,
        cursor=query.cursor,
    )
    return link_next(request, response, page)


@router.get(
    _UPLOAD + "/map",
    summary="Every feature with its verdict",
    response_class=geojson.GeoJson,
    response_model=geojson.PlotShapes,
    responses=example("plot_map", geojson.MEDIA_TYPE),
)
def get_map(
    session: ReadSession,
    settings: SettingsDep,
    project_id: ProjectId,
    upload_id: UploadId,
    caller: Caller,
    query: Purpose,
) -> Response:
    """Give every feature of the file as GeoJSON; `pending` ones are not judged yet."""
    shapes = reports.map_features(
        session, settings, project_id, str(upload_id), by=caller, purpose=query.purpose
    )
    return geojson.GeoJson(shapes)


@router.get(
    _UPLOAD + "/repairs",
    summary="What was mended, before and after",
    response_class=geojson.GeoJson,
    response_model=geojson.PlotShapes,
    responses=example("plot_repairs", geojson.MEDIA_TYPE),
)
def get_repairs(
    session: ReadSession,
    settings: SettingsDep,
    project_id: ProjectId,
    upload_id: UploadId,
    caller: Caller,
    query: Purpose,
) -> Response:
    """Give two features for each repair, `side` is `before` or `after`."""
    shapes = reports.repairs(
        session, settings, project_id, str(upload_id), by=caller, purpose=query.purpose
    )
    return geojson.GeoJson(shapes)


@router.get(
    _UPLOAD + "/proposals",
    summary="Boundaries to accept or to draw again",
    response_class=geojson.GeoJson,
    response_model=geojson.PlotShapes,
    responses=example("plot_proposals", geojson.MEDIA_TYPE),
)
def get_proposals(
    session: ReadSession,
    settings: SettingsDep,
    project_id: ProjectId,
    upload_id: UploadId,
    caller: Caller,
    query: Purpose,
) -> Response:
    """Give the boundaries that would do; accept them by screening the upload again."""
    shapes = reports.proposals(
        session, settings, project_id, str(upload_id), by=caller, purpose=query.purpose
    )
    return geojson.GeoJson(shapes)


@router.get(
    _UPLOAD + "/rejected.{kind}",
    summary="The refused features, to mend and send again",
    response_class=Response,
    responses={
        200: {
            "content": {media_type: {} for media_type in _KINDS.values()},
            "description": "The file's own attributes, and why each feature was refused",
        }
    },
)
def get_rejected(
    session: ReadSession,
    settings: SettingsDep,
    project_id: ProjectId,
    upload_id: UploadId,
    kind: Annotated[Literal["geojson", "gpkg", "csv"], Path(description="format of the file")],
    caller: Caller,
    query: Purpose,
) -> Response:
    """Give the refused features with `parkland_codes`, `parkland_reasons` and `parkland_hints`."""
    data = reports.rejected(
        session,
        settings,
        project_id,
        str(upload_id),
        by=caller,
        purpose=query.purpose,
        format=kind,
    )
    name = f"{project_id}-to-mend.{kind}"
    return Response(
        data,
        media_type=_KINDS[kind],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
