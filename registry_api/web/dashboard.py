"""The dashboard: where a programme's credits are, how sure they are, and what its buffer holds."""

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from registry_api.deps import ReadSession
from registry_api.services import programme, projects
from registry_api.services.views import ProjectCard
from registry_api.web import charts
from registry_api.web.rendering import page

router = APIRouter(include_in_schema=False)
BUFFER_STEPS_SHOWN = 200


@router.get("/dashboard", name="dashboard")
def registry_page(request: Request, session: ReadSession) -> Response:
    """Show the whole registry."""
    return _dashboard(request, session, None)


@router.get("/projects/{project_id}/dashboard", name="project_dashboard")
def project_page(request: Request, project_id: str, session: ReadSession) -> Response:
    """Show one project."""
    return _dashboard(request, session, projects.project(session, project_id).card)


def _dashboard(request: Request, session: Session, card: ProjectCard | None) -> Response:
    told = programme.programme(session, card.id if card else None)
    course = told.buffer[-BUFFER_STEPS_SHOWN:]
    return page(
        request,
        "market/dashboard.html",
        project=card,
        programme=told,
        bars=charts.stacked(told.vintages),
        shares=[charts.shares_of(vintage) for vintage in told.vintages],
        intervals=charts.intervals(told.sureness),
        buffer=course,
        line=charts.steps(course),
    )
