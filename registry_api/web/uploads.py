"""The pages around files of plots: sending one, what became of it, mending, and sending again."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from registry_api.bodies import keep_body
from registry_api.db import database
from registry_api.deps import Caller, OwnPage, ReadSession, SettingsDep, WriteSession
from registry_api.form_files import Fields, read_form
from registry_api.services import plot_uploads
from registry_api.services.private_store import PrivateStore
from registry_api.services.report_rows import ReportReader
from registry_api.services.upload_views import RunChoices, RunView, UploadView
from registry_api.settings import Settings
from registry_api.web.coordinate_systems import near
from registry_api.web.field_forms import field_forms
from registry_api.web.plot_reports import PROPOSALS_SHOWN, ROWS_SHOWN, detail, sheet
from registry_api.web.rendering import page, texts_for
from registry_api.web.visitors import ProjectVisit, Visit, sender

router = APIRouter(prefix="/projects/{project_id}", include_in_schema=False)

UPLOADS_SHOWN = 20
_SEE_OTHER = 303
_FORM_BYTES = 100_000  # around the file
_ASKS_CRS = ("crs", "not_degrees")  # faults that a stated coordinate system may mend
_COLUMN = "col-"


class Narrowing(BaseModel):
    """What of a long list is asked for; see `plot_reports.sheet`."""

    show: str = ""
    code: str = ""
    start: Annotated[int, Field(ge=0, le=10**7)] = 0
    at: Annotated[int, Field(ge=0, le=10**9)] = 0


Narrowed = Annotated[Narrowing, Query()]


@router.get("/uploads", name="uploads")
def uploads_page(
    request: Request, visit: ProjectVisit, session: ReadSession, cursor: str | None = None
) -> Response:
    """Show a project's files of plots, and where to send one."""
    listed = plot_uploads.uploads(
        session, visit.project.id, by=visit.by, limit=UPLOADS_SHOWN, cursor=cursor
    )
    return page(
        request,
        "uploads/uploads.html",
        **_told(visit),
        uploads=listed.items,
        next_cursor=listed.next_cursor,
        forms=field_forms(texts_for(request)),
    )


def _told(visit: Visit) -> dict[str, Any]:
    """What every template here is told of the visit."""
    return {
        "project": visit.project,
        "purpose": visit.purpose,
        "asked": visit.asked,
        "may_send": visit.may_send,
    }


@router.post("/uploads", dependencies=[Depends(sender), OwnPage])
async def send_file(
    request: Request, project_id: str, settings: SettingsDep, by: Caller
) -> Response:
    """Take a file from the plain form; scripts send theirs to the API."""
    limit = settings.largest_plot_file_mb * 10**6
    kind = request.headers.get("content-type", "")

    def keep(body: Iterator[bytes]) -> UploadView | None:
        def stored(pieces: Iterator[bytes]) -> tuple[str, int]:
            return PrivateStore(settings).put_stream(pieces, limit_bytes=limit)

        fields, name, kept = read_form(body, kind, stored)
        if kept is None:
            return None
        return _received(settings, project_id, by, fields, name, *kept)

    upload = await keep_body(request, keep, largest_bytes=limit + _FORM_BYTES)
    here = f"/projects/{quote(project_id)}/uploads"
    if upload is None:  # nothing was chosen
        return RedirectResponse(f"{here}#send", _SEE_OTHER)
    return RedirectResponse(f"{here}/{quote(upload.id)}", _SEE_OTHER)


def _received(  # a file and whose it is
    settings: Settings,
    project_id: str,
    by: Caller,
    fields: Fields,
    name: str,
    sha256: str,
    size_bytes: int,
) -> UploadView:
    with database(settings.database).writing() as session:
        upload, _ = plot_uploads.receive(
            session,
            project_id,
            name=name.replace("\\", "/").rpartition("/")[2],
            sha256=sha256,
            size_bytes=size_bytes,
            choices=RunChoices(columns={}, crs=fields.get("crs", "").strip()),
            by=by,
        )
        return upload


def _stage(run: RunView) -> str:
    """Say where an upload stands: working, unusable, mend or all_in."""
    if run.state in ("waiting", "working"):
        return "working"
    if run.tally is None:
        return "unusable"
    return "mend" if run.tally.refused else "all_in"


def _report(
    upload_id: str, visit: ProjectVisit, session: ReadSession, settings: SettingsDep
) -> ReportReader:
    return ReportReader(
        session, settings, visit.project.id, upload_id, by=visit.by, purpose=visit.purpose
    )


OpenReport = Annotated[ReportReader, Depends(_report)]


def _here(visit: Visit, upload_id: str) -> str:
    return f"/projects/{visit.project.id}/uploads/{upload_id}"


@router.get("/uploads/{upload_id}", name="upload")
def upload_page(  # what to show of a long list
    request: Request,
    upload_id: str,
    visit: ProjectVisit,
    session: ReadSession,
    settings: SettingsDep,
    report: OpenReport,
    wanted: Narrowed,
) -> Response:
    """Show what became of a file, where its plots lie, and what to do next."""
    upload = plot_uploads.upload(session, visit.project.id, upload_id, by=visit.by)
    stage = _stage(upload.run)
    fault = upload.run.fault_code.rpartition(".")[2]
    return page(
        request,
        "uploads/upload.html",
        **_told(visit),
        **_listed(request, visit, upload_id, report, wanted),
        upload=upload,
        stage=stage,
        proposals=report.proposals(0, 0)[1] if stage == "mend" else 0,
        asks_crs=any(word in fault for word in _ASKS_CRS),
        crs_choices=near(visit.project.country, texts_for(request)),
        basemap_style=settings.basemap_style,
    )


def _listed(
    request: Request, visit: Visit, upload_id: str, report: ReportReader, wanted: Narrowing
) -> dict[str, Any]:
    listed = sheet(
        report,
        texts_for(request),
        show=wanted.show,
        code=wanted.code,
        start=wanted.start,
        with_feature=wanted.at,
    )
    more = {"show": listed.show, "code": listed.code, "start": listed.next_start}
    return {
        "here": _here(visit, upload_id),
        "sheet": listed,
        "more": urlencode({name: value for name, value in more.items() if value}),
        "page_size": ROWS_SHOWN,
    }


@router.get("/uploads/{upload_id}/list")
def list_part(
    request: Request,
    upload_id: str,
    visit: ProjectVisit,
    report: OpenReport,
    wanted: Narrowed,
) -> Response:
    """Give another part of the list, for the page that is open."""
    told = _listed(request, visit, upload_id, report, wanted)
    return page(request, "uploads/features.html", **_told(visit), **told)


@router.get("/uploads/{upload_id}/features/{feature}", name="feature")
def feature_page(  # which feature of which file, and for whom
    request: Request,
    upload_id: str,
    feature: int,
    visit: ProjectVisit,
    session: ReadSession,
    report: OpenReport,
) -> Response:
    """Show why a plot came back and how to mend it; only the inner part where htmx asks."""
    inner = request.headers.get("HX-Request") == "true"
    return page(
        request,
        "uploads/feature_detail.html" if inner else "uploads/feature.html",
        **_told(visit),
        level=3 if inner else 2,  # of its headings
        here=_here(visit, upload_id),
        upload=plot_uploads.upload(session, visit.project.id, upload_id, by=visit.by),
        detail=detail(report.feature(feature), texts_for(request), visit, upload_id),
    )


@router.get("/uploads/{upload_id}/proposals", name="proposals")
def proposals_page(  # which part of which file, and for whom
    request: Request,
    upload_id: str,
    visit: ProjectVisit,
    session: ReadSession,
    report: OpenReport,
    start: Annotated[int, Query(ge=0, le=10**7)] = 0,
) -> Response:
    """Show the boundaries that are proposed, beside the ones that were sent."""
    upload = plot_uploads.upload(session, visit.project.id, upload_id, by=visit.by)
    features, total = report.proposals(start, PROPOSALS_SHOWN)
    here, following = _here(visit, upload_id), start + PROPOSALS_SHOWN
    return page(
        request,
        "uploads/proposals.html",
        **_told(visit),
        here=here,
        upload=upload,
        proposals=[
            detail(report.feature(number), texts_for(request), visit, upload_id)
            for number in features
        ],
        total=total,
        next_href=f"{here}/proposals?start={following}" if following < total else "",
    )


@router.post("/uploads/{upload_id}/proposals", dependencies=[OwnPage])
def accept_proposals(
    upload_id: str,
    visit: ProjectVisit,
    session: WriteSession,
    feature: Annotated[list[int] | None, Form()] = None,
) -> Response:
    """Accept some proposals beside those accepted before, and have the file checked again."""
    upload = plot_uploads.upload(session, visit.project.id, upload_id, by=visit.by)
    here = f"/projects/{visit.project.id}/uploads/{upload_id}"
    if not feature:
        return RedirectResponse(f"{here}/proposals", _SEE_OTHER)
    before = upload.run.choices
    accepted = tuple(sorted([*before.accept_proposals, *set(feature)]))
    choices = RunChoices(before.columns, before.crs, accepted)
    plot_uploads.run_again(session, visit.project.id, upload_id, choices, by=visit.by)
    return RedirectResponse(here, _SEE_OTHER)


@router.get("/uploads/{upload_id}/columns", name="columns")
def columns_page(
    request: Request,
    upload_id: str,
    visit: ProjectVisit,
    session: ReadSession,
    settings: SettingsDep,
) -> Response:
    """Show which column is taken for which, to be corrected."""
    upload = plot_uploads.upload(session, visit.project.id, upload_id, by=visit.by)
    columns = plot_uploads.columns(
        session, settings, visit.project.id, upload_id, by=visit.by, purpose=visit.purpose
    )
    texts = texts_for(request)
    guesses = [replace(each, meaning=texts.gettext(each.meaning)) for each in columns.guesses]
    return page(
        request,
        "uploads/columns.html",
        **_told(visit),
        here=f"/projects/{visit.project.id}/uploads/{upload_id}",
        upload=upload,
        columns=columns,
        guesses=guesses,
        missing=[each for each in guesses if each.required and not each.theirs],
    )


@router.post("/uploads/{upload_id}/runs", dependencies=[OwnPage])
async def check_again(
    request: Request, upload_id: str, visit: ProjectVisit, settings: SettingsDep
) -> Response:
    """Check a file again with other columns, or in another coordinate system."""
    form = {name: str(value).strip() for name, value in (await request.form()).items()}
    here = f"/projects/{visit.project.id}/uploads/{upload_id}"
    with database(settings.database).writing() as session:
        upload = plot_uploads.upload(session, visit.project.id, upload_id, by=visit.by)
        before = upload.run.choices
        columns = {
            name.removeprefix(_COLUMN): value
            for name, value in form.items()
            if name.startswith(_COLUMN)  # one of theirs, or "": leave ours out
        }
        choices = RunChoices(
            columns=columns if "mapping" in form else before.columns,
            crs=form.get("crs", before.crs),
            accept_proposals=before.accept_proposals,
        )
        plot_uploads.run_again(session, visit.project.id, upload_id, choices, by=visit.by)
    return RedirectResponse(here, _SEE_OTHER)
