"""Projects, their periods and their plots, and the registry in a few numbers."""

from fastapi import APIRouter, Request, Response

from registry_api.api import geojson
from registry_api.api.examples import example
from registry_api.api.parameters import Plain, ProjectId, Projects, link_next
from registry_api.deps import ReadSession
from registry_api.services import plot_cells, portfolio, projects
from registry_api.services.views import Page, PeriodCard, Portfolio, ProjectCard, ProjectDetail

router = APIRouter(tags=["projects"])


@router.get("/portfolio", summary="The registry in a few numbers", responses=example("portfolio"))
def get_portfolio(session: ReadSession, _query: Plain) -> Portfolio:
    """Add up what the registry holds, by country and by vintage."""
    return portfolio.portfolio(session)


@router.get("/projects", summary="List projects", responses=example("projects"))
def list_projects(
    request: Request, response: Response, session: ReadSession, query: Projects
) -> Page[ProjectCard]:
    """List projects by id."""
    page = projects.list_projects(
        session, country=query.country, limit=query.limit, cursor=query.cursor
    )
    return link_next(request, response, page)


@router.get("/projects/{project_id}", summary="One project", responses=example("project"))
def get_project(session: ReadSession, project_id: ProjectId, _query: Plain) -> ProjectDetail:
    """Show a project with its periods and issuances."""
    return projects.project(session, project_id)


@router.get(
    "/projects/{project_id}/periods",
    summary="Monitoring periods of a project",
    responses=example("periods"),
)
def list_periods(
    session: ReadSession, project_id: ProjectId, _query: Plain
) -> tuple[PeriodCard, ...]:
    """List a project's monitoring periods, oldest first, and how far each has come."""
    return projects.project(session, project_id).periods


@router.get(
    "/projects/{project_id}/plots",
    summary="Plots of a project, as coarse cells",
    response_class=geojson.GeoJson,
    response_model=geojson.PlotCells,
    responses=example("plots", geojson.MEDIA_TYPE),
)
def list_plots(session: ReadSession, project_id: ProjectId, _query: Plain) -> Response:
    """Give a project's plots as GeoJSON: the coarse cell each lies in and the band of its area."""
    return geojson.GeoJson(plot_cells.plot_cells(session, project_id))
