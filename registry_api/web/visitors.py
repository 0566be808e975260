"""Who visits a private page, and what for: a verifier states a purpose once for each project.

The purpose stays in a cookie of that project's pages; the services log it with every look.
"""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, unquote, urlencode

from fastapi import Depends
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from registry_api.db import database
from registry_api.deps import Caller, ReadSession, SettingsDep
from registry_api.errors import NotAllowed, NotFound
from registry_api.services import projects
from registry_api.services.accounts import AccountView
from registry_api.services.views import ProjectCard

LONGEST_PURPOSE = 200
_COOKIE = "purpose"
_SEE_OTHER = 303


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit to the private pages of one project.

    Attributes:
        purpose: Of a verifier; "" for the developer, who looks at what is their own.
    """

    project: ProjectCard
    by: AccountView
    purpose: str

    @property
    def may_send(self) -> bool:
        """Whether the visitor may bring plots, mend and contest."""
        return self.by.id == self.project.developer_id

    @property
    def asked(self) -> str:
        """The query that tells the API the purpose; "" where none is needed."""
        return "?" + urlencode({"purpose": self.purpose}) if self.purpose else ""


def own_path(path: str) -> str:
    """Keep a path on this site; anything else becomes the start of the signed-in pages."""
    inside = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if inside and path.isprintable() else "/my/projects"


def open_project(session: Session, project_id: str, by: AccountView) -> ProjectCard:
    """Find a project for one of its people: its developer, or any verifier.

    Raises:
        NotFound: If there is none for this account.
    """
    card = projects.project(session, project_id).card
    if by.role != "verifier" and by.id != card.developer_id:
        raise NotFound(f"There is no project '{project_id}'.", project=project_id)
    return card


def _visit(request: Request, project_id: str, session: ReadSession, by: Caller) -> Visit:
    card = open_project(session, project_id, by)
    purpose = unquote(request.cookies.get(_COOKIE, ""))[:LONGEST_PURPOSE]
    if by.id == card.developer_id:
        return Visit(card, by, "")
    if not purpose.strip():
        here = request.url.path if request.method == "GET" else f"/projects/{project_id}/uploads"
        raise HTTPException(
            _SEE_OTHER,
            headers={"Location": f"/projects/{project_id}/purpose?{urlencode({'next': here})}"},
        )
    return Visit(card, by, purpose)


ProjectVisit = Annotated[Visit, Depends(_visit)]


def sender(project_id: str, settings: SettingsDep, by: Caller) -> None:
    """Ask whether an account may send something here, before any of it is read.

    Raises:
        NotFound: If there is no such project for this account.
        NotAllowed: If it is not the project's developer.
    """
    with database(settings.database).reading() as session:
        if open_project(session, project_id, by).developer_id != by.id:
            raise NotAllowed(
                f"This is sent by the project's developer; {by.id} is a {by.role}.", account=by.id
            )


def remember_purpose(response: Response, request: Request, project_id: str, purpose: str) -> None:
    """Keep what a verifier looks for, until the browser is closed."""
    response.set_cookie(
        _COOKIE,
        quote(purpose.strip()[:LONGEST_PURPOSE]),
        path=f"/projects/{project_id}",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def ask_to_sign_in(request: Request) -> Response:
    """Lead somebody who is not signed in to the form, and back here afterwards."""
    here = request.url.path
    if request.method != "GET":
        here = "/my/projects"
    elif request.url.query:
        here += f"?{request.url.query}"
    if request.headers.get("HX-Request") == "true":  # a part of a page: the whole page must go
        return Response(status_code=401, headers={"HX-Redirect": "/sign-in"})
    return RedirectResponse(f"/sign-in?{urlencode({'next': here})}", status_code=_SEE_OTHER)
