"""Signing in with an account's key, signing out, and the list of one's own projects."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from registry_api import sign_in
from registry_api.db import database
from registry_api.deps import Caller, ReadSession, SettingsDep, WriteSession
from registry_api.errors import NotAuthenticated, status_of
from registry_api.services import plot_uploads, projects, web_sessions
from registry_api.services.accounts import AccountView
from registry_api.services.upload_views import UploadView
from registry_api.services.views import ProjectCard
from registry_api.web.rendering import page, texts_for
from registry_api.web.visitors import own_path, remember_purpose

router = APIRouter(include_in_schema=False)

_PROJECTS_SHOWN = 50
_SEE_OTHER = 303


@dataclass(frozen=True, slots=True)
class OwnProject:
    """A project and the newest file of plots that was sent to it."""

    card: ProjectCard
    newest: UploadView | None


@router.get("/sign-in", name="sign_in")
def sign_in_page(request: Request, next: str = "/my/projects") -> Response:  # noqa: A002  # its name in the address
    """Ask for the key."""
    return page(request, "uploads/sign_in.html", next=own_path(next), fault="")


@router.post("/sign-in")
def sign_in_with(
    request: Request,
    settings: SettingsDep,
    key: Annotated[str, Form(max_length=500)] = "",
    next: Annotated[str, Form(max_length=2000)] = "",  # noqa: A002  # as above
) -> Response:
    """Open a session for a key, or say that it is not one."""
    sign_in.demand_own_page(request, settings)
    try:
        with database(settings.database).writing() as session:
            token = web_sessions.open(session, settings, key.strip())
    except NotAuthenticated as fault:
        said = texts_for(request).gettext(
            "This key is not known here, or it was withdrawn. Check that all of it was pasted."
        )
        return page(
            request,
            "uploads/sign_in.html",
            status_code=status_of(fault),
            next=own_path(next),
            fault=said,
        )
    answer = RedirectResponse(own_path(next), _SEE_OTHER)
    sign_in.set_cookie(answer, token, settings)
    return answer


@router.post("/sign-out")
def sign_out(request: Request, session: WriteSession, settings: SettingsDep) -> Response:
    """End the session."""
    token = sign_in.token_of(request, settings)
    if token is not None:
        web_sessions.close(session, token)
    answer = RedirectResponse("/", _SEE_OTHER)
    sign_in.clear_cookie(answer, settings)
    return answer


@router.get("/my/projects", name="my_projects")
def my_projects(request: Request, session: ReadSession, by: Caller) -> Response:
    """List the projects of a developer, or all of them for a verifier, with what to do next."""
    if by.role in ("buyer", "registrar"):  # who has no plots is led to what they have
        return RedirectResponse("/holdings", _SEE_OTHER)
    rows = [OwnProject(card, _newest(session, card, by)) for card in _theirs(session, by)]
    return page(request, "uploads/your_projects.html", account=by, rows=rows)


def _theirs(session: Session, by: AccountView) -> Iterator[ProjectCard]:
    cursor: str | None = None
    while True:
        listed = projects.list_projects(session, limit=_PROJECTS_SHOWN, cursor=cursor)
        for card in listed.items:
            if by.role == "verifier" or card.developer_id == by.id:
                yield card
        cursor = listed.next_cursor
        if cursor is None:
            return


def _newest(session: Session, card: ProjectCard, by: AccountView) -> UploadView | None:
    newest = plot_uploads.uploads(session, card.id, by=by, limit=1).items
    return newest[0] if newest else None


@router.get("/projects/{project_id}/purpose", name="purpose")
def purpose_page(
    request: Request,
    project_id: str,
    session: ReadSession,
    by: Caller,
    next: str = "",  # noqa: A002  # its name in the address
) -> Response:
    """Ask a verifier what for."""
    from registry_api.web.visitors import open_project

    project = open_project(session, project_id, by)
    return page(request, "uploads/purpose.html", project=project, next=own_path(next))


@router.post("/projects/{project_id}/purpose")
def state_purpose(
    request: Request,
    project_id: str,
    by: Caller,  # noqa: ARG001  # nobody else states one
    purpose: Annotated[str, Form(min_length=1, max_length=200)],
    next: Annotated[str, Form(max_length=2000)] = "",  # noqa: A002  # as above
) -> Response:
    """Remember it and go on."""
    answer = RedirectResponse(own_path(next), _SEE_OTHER)
    remember_purpose(answer, request, project_id, purpose)
    return answer
