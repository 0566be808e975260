"""The pages around plots that are in: each one's boundaries, its leaving, its farmer, contests."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from registry_api.bodies import keep_body
from registry_api.db import database
from registry_api.deps import Caller, OwnPage, ReadSession, SettingsDep, WriteSession
from registry_api.errors import NotAcceptable, NotFound, status_of
from registry_api.form_files import read_form
from registry_api.services import (
    contests,
    people,
    plot_history,
    plot_search,
    private_reads,
    projects,
)
from registry_api.services.private_store import PrivateStore
from registry_api.services.upload_views import FarmerView
from registry_api.settings import Settings
from registry_api.web.drawing import draw
from registry_api.web.finding_texts import title
from registry_api.web.plot_reports import contestable
from registry_api.web.rendering import page, texts_for
from registry_api.web.visitors import ProjectVisit, Visit, sender

router = APIRouter(prefix="/projects/{project_id}", include_in_schema=False)

PLOTS_SHOWN = 100
READS_SHOWN = 50
LARGEST_EVIDENCE_BYTES = 20_000_000
_FORM_BYTES = 100_000  # around a file
_SEE_OTHER = 303


def _told(visit: Visit) -> dict[str, Any]:
    return {"project": visit.project, "purpose": visit.purpose, "may_send": visit.may_send}


@router.get("/plots", name="plots")
def plots_page(
    request: Request,
    visit: ProjectVisit,
    session: ReadSession,
    q: Annotated[str, Query(max_length=200)] = "",
    cursor: str | None = None,
) -> Response:
    """List a project's plots by name."""
    query = q.strip()
    found = plot_search.plots_named(
        session, visit.project.id, by=visit.by, query=query, limit=PLOTS_SHOWN, cursor=cursor
    )
    more = {"q": query, "cursor": found.next_cursor}
    return page(
        request,
        "uploads/plots.html",
        **_told(visit),
        query=query,
        total=plot_search.plots_taking_part(session, visit.project.id, by=visit.by),
        plots=found.items,
        estimated=[
            (period.id, period.estimate_sha256)
            for period in projects.project(session, visit.project.id).periods
            if period.estimate_sha256
        ],
        next_href=f"?{urlencode(more)}" if found.next_cursor else "",
    )


@router.get("/plots/{plot_id:path}", name="plot_history")
def history_page(
    request: Request, plot_id: str, visit: ProjectVisit, session: ReadSession, settings: SettingsDep
) -> Response:
    """Show every boundary a plot has had."""
    return _history(request, plot_id, visit, session, settings)


def _history(  # noqa: PLR0913  # the page, and what a form on it came to
    request: Request,
    plot_id: str,
    visit: Visit,
    session: Session,
    settings: Settings,
    *,
    farmer: FarmerView | None = None,
    fault: str = "",
    filled: tuple[str, str] = ("", ""),
    status: int = 200,
) -> Response:
    versions = plot_history.versions(
        session, settings, visit.project.id, plot_id, by=visit.by, purpose=visit.purpose
    )
    before = [*(each.geometry for each in versions[1:]), None]
    texts = texts_for(request)
    return page(
        request,
        "uploads/plot_history.html",
        status_code=status,
        **_told(visit),
        plot_id=plot_id,
        versions=versions,
        drawings=[
            draw([("kept", each.geometry), ("before", old)])
            for each, old in zip(versions, before, strict=True)
        ],
        left=plot_history.exit_of(session, visit.project.id, plot_id, by=visit.by),
        contests=[
            (title(each.code, texts), each)
            for each in contests.contests(session, visit.project.id, by=visit.by)
            if each.plot_id == plot_id
        ],
        farmer=farmer,
        fault=fault,
        left_on=filled[0],
        reason=filled[1],
    )


@router.post("/plots/{plot_id:path}/leave", dependencies=[OwnPage])
def leave(  # a form's fields
    request: Request,
    plot_id: str,
    visit: ProjectVisit,
    session: WriteSession,
    settings: SettingsDep,
    left_on: Annotated[str, Form(max_length=20)] = "",
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Let a plot leave the programme."""
    try:
        day = date.fromisoformat(left_on)
    except ValueError:
        said = texts_for(request).gettext("The day is not a date; write it as 2026-03-31.")
        return _history(
            request, plot_id, visit, session, settings,
            fault=said, filled=("", reason), status=status_of(NotAcceptable(said)),
        )  # fmt: skip
    try:
        plot_history.leave(session, visit.project.id, plot_id, day, reason, by=visit.by)
    except NotAcceptable as fault:
        return _history(
            request, plot_id, visit, session, settings,
            fault=fault.message, filled=(left_on, reason), status=status_of(fault),
        )  # fmt: skip
    return RedirectResponse(_plot(visit, plot_id), _SEE_OTHER)


@router.post("/plots/{plot_id:path}/farmer", dependencies=[OwnPage])
def farmer(  # whose, and what for
    request: Request,
    plot_id: str,
    visit: ProjectVisit,
    session: WriteSession,
    settings: SettingsDep,
    purpose: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Show once who farms a plot; the look is logged."""
    found = people.farmer(
        session, settings, visit.project.id, plot_id, by=visit.by, purpose=purpose
    )
    answer = _history(request, plot_id, visit, session, settings, farmer=found)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _plot(visit: Visit, plot_id: str) -> str:
    return f"/projects/{visit.project.id}/plots/{quote(plot_id)}"


@router.get("/contests", name="contests")
def contests_page(  # which finding of which plot
    request: Request,
    visit: ProjectVisit,
    session: ReadSession,
    upload: Annotated[str, Query(max_length=64)] = "",
    plot: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """Show what was contested, and the form where a finding was chosen."""
    texts = texts_for(request)
    held = contests.contests(session, visit.project.id, by=visit.by)
    return page(
        request,
        "uploads/contests.html",
        **_told(visit),
        contests=held,
        titles={each.code: title(each.code, texts) for each in held},
        may_decide=visit.by.role == "verifier",
        upload_id=upload if contestable(code) else "",
        plot_id=plot,
        code=code,
        code_title=title(code, texts) if contestable(code) else "",
    )


@router.post("/contests", dependencies=[Depends(sender), OwnPage])
async def file_contest(
    request: Request, project_id: str, settings: SettingsDep, by: Caller
) -> Response:
    """Hand a contest in, with its evidence if there is any."""
    kind = request.headers.get("content-type", "")

    def keep(body: Iterator[bytes]) -> None:
        def stored(pieces: Iterator[bytes]) -> str:
            return PrivateStore(settings).put_stream(pieces, limit_bytes=LARGEST_EVIDENCE_BYTES)[0]

        fields, name, sha256 = read_form(body, kind, stored)
        objection = contests.Objection(
            upload_id=fields.get("upload", ""),
            plot_id=fields.get("plot", ""),
            code=fields.get("code", ""),
            statement=fields.get("statement", "").strip(),
            evidence_name=name.replace("\\", "/").rpartition("/")[2],
            evidence_sha256=sha256 or "",
        )
        with database(settings.database).writing() as session:
            contests.file(session, settings, project_id, objection, by=by)

    await keep_body(request, keep, largest_bytes=LARGEST_EVIDENCE_BYTES + _FORM_BYTES)
    return RedirectResponse(f"/projects/{quote(project_id)}/contests#so-far", _SEE_OTHER)


@router.post("/contests/{contest_id}/decision", dependencies=[OwnPage])
def decide(
    contest_id: str,
    visit: ProjectVisit,
    session: WriteSession,
    upheld: Annotated[str, Form(pattern="^(yes|no)$")],
    statement: Annotated[str, Form(max_length=4000)] = "",
) -> Response:
    """Let a verifier decide."""
    held = contests.contests(session, visit.project.id, by=visit.by)
    if contest_id not in {each.id for each in held}:
        raise NotFound("There is no such contest in this project.", contest=contest_id)
    contests.decide(
        session, contest_id, upheld=upheld == "yes", statement=statement.strip(), by=visit.by
    )
    return RedirectResponse(
        f"/projects/{visit.project.id}/contests#contest-{contest_id}", _SEE_OTHER
    )


@router.get("/private-reads", name="private_reads")
def private_reads_page(
    request: Request, visit: ProjectVisit, session: ReadSession, cursor: str | None = None
) -> Response:
    """Show who looked at what is private."""
    listed = private_reads.reads(
        session, visit.project.id, by=visit.by, limit=READS_SHOWN, cursor=cursor
    )
    return page(
        request,
        "uploads/private_reads.html",
        **_told(visit),
        reads=listed.items,
        next_href=f"?{urlencode({'cursor': listed.next_cursor})}" if listed.next_cursor else "",
    )
