"""Uploads of plots: sending a file of boundaries, how far its screening is, and screening again."""

from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response, status
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from registry_api.api.examples import example
from registry_api.api.parameters import (
    Crs,
    Paged,
    Plain,
    ProjectId,
    Purpose,
    Sent,
    UploadId,
    link_next,
    optional_idempotency_key,
)
from registry_api.bodies import keep_body
from registry_api.db import database
from registry_api.deps import Caller, ReadSession, SettingsDep, WriteSession
from registry_api.errors import WrongMediaType
from registry_api.services import plot_uploads
from registry_api.services.private_store import PrivateStore
from registry_api.services.project_access import owned_by
from registry_api.services.upload_views import ColumnsView, RunChoices, UploadView
from registry_api.services.views import Page

router = APIRouter(tags=["uploads of plots"])
_UPLOADS = "/projects/{project_id}/uploads"
_SOONEST_S, _LATEST_S = 1, 30  # to ask again
_ANYTHING = "application/octet-stream"
# The name's ending says the format and the file itself is asked; these are what clients call it.
MEDIA_TYPES = (
    _ANYTHING,
    "application/geo+json",
    "application/geo+json-seq",
    "application/json",
    "application/x-ndjson",
    "application/vnd.google-earth.kml+xml",
    "application/vnd.google-earth.kmz",
    "application/geopackage+sqlite3",
    "application/vnd.sqlite3",
    "application/vnd.apache.parquet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.ms-excel",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/zip",
    "application/xml",
    "text/csv",
    "text/xml",
)


class RunRequest(BaseModel):
    """How to screen a file again."""

    model_config = ConfigDict(extra="forbid", strict=True)

    columns: Annotated[
        dict[
            Annotated[str, Field(min_length=1, max_length=40)],
            Annotated[str, Field(max_length=200)],
        ],
        Field(
            max_length=40,
            description="our column -> theirs; empty takes the saved mapping, else the guess",
            examples=[{"plot_id": "Plot No", "planted_on": "date_planted"}],
        ),
    ] = {}
    crs: Crs = ""
    accept_proposals: Annotated[
        list[Annotated[int, Field(ge=1, le=2**31)]],
        Field(
            max_length=50_000,
            description="features, counted from 1, whose proposed boundary is accepted",
            examples=[[17, 23]],
        ),
    ] = []


class KeptFile(BaseModel):
    """A body that is in the private store."""

    sha256: str
    size_bytes: int


def demand_own_project(project_id: ProjectId, caller: Caller, settings: SettingsDep) -> None:
    """Ask whether this account may bring something to the project, before any of it is read."""
    with database(settings.database).reading() as session:
        owned_by(session, project_id, caller)


async def _kept_body(
    request: Request,
    settings: SettingsDep,
    _sent: Sent,
    _access: Annotated[None, Depends(demand_own_project)],
) -> KeptFile:
    kind = request.headers.get("content-type", _ANYTHING).partition(";")[0].strip().lower()
    if kind not in MEDIA_TYPES:
        raise WrongMediaType(
            f"Send the file itself, not a form, with 'Content-Type: {_ANYTHING}'; its name in the "
            "address says what it is."
        )
    limit = settings.largest_plot_file_mb * 10**6

    def keep(pieces: Iterator[bytes]) -> tuple[str, int]:
        return PrivateStore(settings).put_stream(pieces, limit_bytes=limit)

    sha256, size_bytes = await keep_body(request, keep, largest_bytes=limit)
    return KeptFile(sha256=sha256, size_bytes=size_bytes)


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The file as it is: GeoJSON, KML or KMZ, GeoPackage, zipped Shapefile, "
        "GeoParquet, CSV, XLSX, XLS or ODS, or a zip of an ODK or Kobo export; at most what the "
        "registry's setting says, usually 512 MB.",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES
        },
    }
}
_SENT_BEFORE: dict[int | str, dict[str, Any]] = {
    200: {
        "model": UploadView,
        "description": "Exactly this file was sent before",
        **example("plot_upload")[200],
    }
}


@router.post(
    _UPLOADS,
    status_code=status.HTTP_202_ACCEPTED,
    summary="Send plots",
    responses=example("plot_upload", status=202) | _SENT_BEFORE,
    openapi_extra=_BODY,
)
def send_plots(
    project_id: ProjectId,
    kept: Annotated[KeptFile, Depends(_kept_body)],  # before the session: writers wait for nobody
    sent: Sent,
    key: Annotated[str | None, Depends(optional_idempotency_key)],
    caller: Caller,
    session: WriteSession,
    response: Response,
) -> UploadView:
    """Take a file of boundaries down and have it screened; look at `Location` for what came of it.

    Needs the key of the project's developer. The file is kept as it came, encrypted. The same file
    again is answered the same, with 200, and screened no second time; good plots go in beside bad
    ones, and a mended file does not bring twice what was taken before.
    """
    upload, new = plot_uploads.receive(
        session,
        project_id,
        name=sent.name,
        sha256=kept.sha256,
        size_bytes=kept.size_bytes,
        choices=RunChoices(sent.columns, sent.crs),
        by=caller,
        idempotency_key=key,
    )
    if not new:
        response.status_code = status.HTTP_200_OK
    return _following(response, upload)


@router.get(_UPLOADS, summary="Uploads of a project", responses=example("plot_uploads"))
def list_uploads(
    request: Request,
    response: Response,
    session: ReadSession,
    project_id: ProjectId,
    caller: Caller,
    query: Paged,
) -> Page[UploadView]:
    """List a project's uploads of plots, newest first."""
    page = plot_uploads.uploads(
        session, project_id, by=caller, limit=query.limit, cursor=query.cursor
    )
    return link_next(request, response, page)


@router.get(_UPLOADS + "/{upload_id}", summary="One upload", responses=example("plot_upload"))
def get_upload(
    response: Response,
    session: ReadSession,
    project_id: ProjectId,
    upload_id: UploadId,
    caller: Caller,
    _query: Plain,
) -> UploadView:
    """Show how far the screening of an upload is, and what came of it.

    While it works, `Retry-After` says when to ask again.
    """
    upload = plot_uploads.upload(session, project_id, str(upload_id), by=caller)
    return _following(response, upload)


@router.get(
    _UPLOADS + "/{upload_id}/columns",
    summary="Columns of an upload",
    responses=example("plot_columns"),
)
def get_columns(
    session: ReadSession,
    settings: SettingsDep,
    project_id: ProjectId,
    upload_id: UploadId,
    caller: Caller,
    query: Purpose,
) -> ColumnsView:
    """Show the columns of the file and which of ours each seems to be, for a person to correct."""
    return plot_uploads.columns(
        session, settings, project_id, str(upload_id), by=caller, purpose=query.purpose
    )


@router.post(
    _UPLOADS + "/{upload_id}/runs",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Screen an upload again",
    responses=example("plot_upload", status=202),
)
def run_upload_again(
    response: Response,
    session: WriteSession,
    project_id: ProjectId,
    upload_id: UploadId,
    body: RunRequest,
    caller: Caller,
) -> UploadView:
    """Screen the kept file again: with other columns, or with proposed boundaries accepted.

    Needs the key of the project's developer.
    """
    choices = RunChoices(dict(body.columns), body.crs, tuple(body.accept_proposals))
    upload = plot_uploads.run_again(session, project_id, str(upload_id), choices, by=caller)
    return _following(response, upload)


@router.get(
    _UPLOADS + "/{upload_id}/file",
    summary="The file as it came",
    response_class=StreamingResponse,
    responses={200: {"content": {_ANYTHING: {}}, "description": "The file, to the byte"}},
)
def get_file(
    session: WriteSession,
    settings: SettingsDep,
    project_id: ProjectId,
    upload_id: UploadId,
    caller: Caller,
    query: Purpose,
) -> StreamingResponse:
    """Give the file back as it was sent. The look is logged with its purpose."""
    upload, pieces = plot_uploads.raw_file(
        session, settings, project_id, str(upload_id), by=caller, purpose=query.purpose
    )
    return StreamingResponse(
        pieces,
        media_type=_ANYTHING,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(upload.name, safe='')}",
            "Content-Length": str(upload.size_bytes),
            "ETag": f'"{upload.sha256}"',
        },
    )


def _following(response: Response, upload: UploadView) -> UploadView:
    """Say where to look, and when it is worth it."""
    response.headers["Location"] = f"/v1/projects/{upload.project_id}/uploads/{upload.id}"
    if upload.run.state in ("waiting", "working"):
        left = upload.run.progress.seconds_left
        wait = _SOONEST_S if left is None else round(left / 2)
        response.headers["Retry-After"] = str(min(max(wait, _SOONEST_S), _LATEST_S))
    return upload
