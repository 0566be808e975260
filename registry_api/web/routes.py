"""The addresses of the pages; each asks the services once or twice and renders one template."""

from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import quote

from fastapi import APIRouter, FastAPI
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from mrv.errors import MrvError
from registry_api.deps import ReadSession
from registry_api.errors import status_of
from registry_api.services import (
    batches,
    estimates,
    plot_cells,
    portfolio,
    projects,
)
from registry_api.services import credits as issued
from registry_api.services.views import BatchCard, CreditFilter
from registry_api.web import (
    assets,
    certificates,
    credit_pages,
    dashboard,
    field_forms,
    holding_pages,
    lineage_pages,
    market_pages,
    methodology_pages,
    notice_pages,
    order_pages,
    places,
    plot_evidence,
    plot_pages,
    signing_in,
    uploads,
    verification_pages,
)
from registry_api.web.rendering import page, texts_for, words_for
from registry_api.web.visitors import ask_to_sign_in

PROJECTS_SHOWN = 50
BATCHES_SHOWN = 12

_PARTS = (
    credit_pages,
    lineage_pages,
    signing_in,
    uploads,
    plot_pages,
    plot_evidence,
    field_forms,
    holding_pages,
    order_pages,
    notice_pages,
    market_pages,
    methodology_pages,
    dashboard,
    certificates,
    verification_pages,
)
router = APIRouter(include_in_schema=False)


def mount(app: FastAPI) -> None:
    """Serve the pages, our own files and, where built, the islands."""
    for part in _PARTS:
        app.include_router(part.router)
    app.include_router(router)
    app.mount("/static", StaticFiles(directory=assets.STATIC), name="static")
    app.mount("/assets", StaticFiles(directory=assets.DIST, check_dir=False), name="assets")


def error_page(request: Request, status: int, title: str, detail: str) -> Response:
    """Say what went wrong to a person; who is not signed in is led to where that is done."""
    if status == HTTPStatus.UNAUTHORIZED:
        return ask_to_sign_in(request)
    return page(
        request,
        "problem.html",
        status_code=status,
        status=status,
        title=words_for(request).problem.get(status, title),
        detail=detail,
    )


@router.get("/", name="home")
def home(request: Request, session: ReadSession, cursor: str | None = None) -> Response:
    """Show what the registry is and what it holds."""
    listed = projects.list_projects(session, limit=PROJECTS_SHOWN, cursor=cursor)
    recent = issued.batches(session, CreditFilter(), limit=BATCHES_SHOWN).items
    newest = batches.newest_by_project(session, [card.id for card in listed.items])
    return page(
        request,
        "home.html",
        portfolio=portfolio.portfolio(session),
        projects=listed.items,
        next_cursor=listed.next_cursor,
        places=places.projects(listed.items, texts_for(request)),
        batches=recent,
        newest=newest,
        u90=_u90(session, [*recent, *newest.values()]),
    )


def _u90(session: Session, cards: Iterable[BatchCard]) -> dict[str, float]:
    return estimates.u90s(session, [card.estimate_sha256 for card in cards])


@router.get("/projects/{project_id}", name="project")
def project_page(request: Request, project_id: str, session: ReadSession) -> Response:
    """Show one project: where, under which rules, and how far each period has come."""
    project = projects.project(session, project_id)
    cells = plot_cells.public_plots(session, project_id)
    bands, strata = places.by_stratum(cells)
    return page(
        request,
        "project.html",
        project=project,
        u90=_u90(session, project.batches),
        place=places.projects([project.card], texts_for(request)),
        cells=places.cells(cells, texts_for(request)),
        bands=bands,
        strata=strata,
        periods=[
            (
                period,
                estimates.estimate(session, period.estimate_sha256, with_plots=False)
                if period.estimate_sha256
                else None,
            )
            for period in reversed(project.periods)
        ],
    )


@router.get("/serials", name="serials")
def find_serial_page(request: Request, session: ReadSession, serial: str = "") -> Response:
    """Find a credit by its serial, or say why there is none."""
    asked = serial.strip()
    if not asked:
        return page(request, "serials.html", asked="", fault="")
    try:
        found = issued.find_serial(session, asked)
    except MrvError as fault:
        return page(
            request,
            "serials.html",
            status_code=status_of(fault),
            asked=asked,
            fault=fault.message,
        )
    return RedirectResponse(f"/credits/{quote(found.serial, safe='')}", status_code=303)


@router.get("/about", name="about")
def about(request: Request) -> Response:
    """Explain the path of a tonne and the terms."""
    return page(request, "about.html")
