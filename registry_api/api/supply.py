"""Where all credits are: now, at a past time, and as the registry signed it day by day."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from registry_api.api.examples import example
from registry_api.api.parameters import BatchId, Paged, Past, Plain, link_next
from registry_api.deps import ReadSession
from registry_api.services import credits as issued
from registry_api.services import holding_views, supply_statements
from registry_api.services.holding_views import Supply
from registry_api.services.supply_statements import SignedStatement, StatementCard
from registry_api.services.views import Page

router = APIRouter(tags=["supply"])

Day = Annotated[date, Path(description="UTC", examples=["2026-03-01"])]


@router.get("/supply", summary="Where all credits are", responses=example("supply"))
def get_supply(session: ReadSession, query: Past) -> Supply:
    """Add up the registry's credits by state; what was issued is somewhere, once."""
    return holding_views.supply(session, as_of=query.as_of())


@router.get(
    "/batches/{batch_id}/supply",
    summary="Where the credits of an issuance are",
    responses=example("supply"),
)
def get_batch_supply(session: ReadSession, batch_id: BatchId, _query: Plain) -> Supply:
    """Add up an issuance's credits by state."""
    return holding_views.supply(session, UUID(issued.batch(session, batch_id).card.id))


@router.get(
    "/supply/statements",
    summary="Signed daily statements of the supply",
    responses=example("supply_statements"),
)
def list_supply_statements(
    request: Request, response: Response, session: ReadSession, query: Paged
) -> Page[StatementCard]:
    """List the days of which there is a statement, newest first."""
    page = supply_statements.statements(session, limit=query.limit, cursor=query.cursor)
    return link_next(request, response, page)


@router.get(
    "/supply/statements/{day}",
    summary="The signed statement of one day",
    responses=example("supply_statement"),
)
def get_supply_statement(session: ReadSession, day: Day, _query: Plain) -> SignedStatement:
    """Say where the credits of every issuance were; the signature is over RFC 8785 JSON."""
    return supply_statements.statement_of(session, day)
