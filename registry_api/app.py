"""Putting the web application together: the API under /v1, and the pages if they exist."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import Any

from anyio import to_thread
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.trustedhost import TrustedHostMiddleware

from registry_api.api import router, well_known
from registry_api.api.examples import fill_in
from registry_api.api.headers import EntityTags, SecurityHeaders
from registry_api.api.problems import API_PREFIX, ErrorPage, Problem, answer_errors
from registry_api.bodies import BodyLimit
from registry_api.db import database
from registry_api.rates import RateLimits
from registry_api.services import sandbox, signing
from registry_api.settings import Settings
from registry_api.worker import start_worker

_DESCRIPTION = """
Smallholder tree-carbon credits that anyone can check: projects, issuances, serials, and the way
down from a serial to the scenes and trees it stands on. Places are coarse cells and areas are
bands; who farms where is not told.
"""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the application.

    Args:
        settings: By default those of the environment.
    """
    settings = settings or Settings()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # Made and brought to its newest shape before the first request.
        with database(settings.database).writing() as session:
            sandbox.demand_one_kind(session, settings)
            signing.adopt(session, settings)
        stop = start_worker(settings) if settings.worker else None
        yield
        if stop is not None:
            await to_thread.run_sync(stop)

    app = FastAPI(
        title="Parkland registry",
        description=_DESCRIPTION,
        version="1",
        openapi_url=f"{API_PREFIX}/openapi.json",
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        lifespan=lifespan,
    )
    app.state.settings = settings
    app.include_router(router, prefix=API_PREFIX)
    app.include_router(well_known.router)
    answer_errors(app, _mount_pages(app))
    _complete_description(app)
    app.add_middleware(EntityTags, prefix=API_PREFIX)
    app.add_middleware(BodyLimit)
    app.add_middleware(
        RateLimits,
        per_address=settings.calls_per_minute,
        per_key=settings.calls_per_minute_with_key,
    )
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=settings.hosts)
    app.add_middleware(
        SecurityHeaders,
        https=settings.public_url.scheme == "https",
        basemap=settings.basemap_style,
    )
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name


def _mount_pages(app: FastAPI) -> ErrorPage | None:
    if find_spec("registry_api.web.routes") is None:
        return None
    from registry_api.web import routes

    routes.mount(app)
    return routes.error_page


def _complete_description(app: FastAPI) -> None:
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = describe()
            shape = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schema["components"]["schemas"] |= {**shape.pop("$defs"), "Problem": shape}
            fill_in(schema)
        return describe()

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it
