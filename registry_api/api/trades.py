"""The market: listings that anybody may read, reserving of them, and asking for a quote."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response, status
from pydantic import AwareDatetime, Field

from registry_api.api.examples import example
from registry_api.api.orders import AccountId, Body, Key, LotsBody, Text, located
from registry_api.api.parameters import PageQuery, Plain, link_next
from registry_api.deps import Caller, ReadSession, WriteSession
from registry_api.services import listing_views, listings
from registry_api.services.holdings import BIGGEST_SERIAL
from registry_api.services.listing_views import ListingView
from registry_api.services.listings import LONGEST_RESERVATION_H, Price
from registry_api.services.order_views import OrderView
from registry_api.services.views import Page

router = APIRouter(tags=["market"])

ListingId = Annotated[UUID, Path(description="id of the listing")]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$")]
Quantity = Annotated[int, Field(ge=1, le=BIGGEST_SERIAL)]


class ListingBody(LotsBody):
    """What is listed, all of one issuance, and at which price for each credit."""

    price: Annotated[str, Field(pattern=r"^[0-9]{1,8}(\.[0-9]{1,2})?$", examples=["12.50"])]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217")]
    valid_until: AwareDatetime | None = None
    request_id: Annotated[
        UUID | None, Field(description="the request for a quote that this answers, for it alone")
    ] = None
    note: Text = ""


class ReservationBody(Body):
    """How much of a listing is reserved, and for how long."""

    listing_id: UUID
    quantity_t: Quantity
    hours: Annotated[int, Field(ge=1, le=LONGEST_RESERVATION_H)] = 72
    note: Text = ""


class QuoteBody(Body):
    """What somebody is asked to make a price for."""

    account_id: AccountId
    project_id: Slug
    quantity_t: Quantity
    note: Text = ""


class ListingQuery(PageQuery):
    """Which listings."""

    project: Slug | None = None


@router.get("/listings", summary="What is for sale", responses=example("listings"))
def list_listings(
    request: Request,
    response: Response,
    session: ReadSession,
    query: Annotated[ListingQuery, Query()],
) -> Page[ListingView]:
    """List what anybody may buy now, the newest listing first."""
    page = listing_views.public_listings(
        session, project_id=query.project, limit=query.limit, cursor=query.cursor
    )
    return link_next(request, response, page)


@router.get("/listings/{listing_id}", summary="One listing", responses=example("listing"))
def get_listing(session: ReadSession, listing_id: ListingId, _query: Plain) -> ListingView:
    """Show a public listing, also when it has ended. A quote is among the orders of its buyer."""
    return listing_views.listing(session, str(listing_id), by=None)


@router.post(
    "/listings",
    status_code=status.HTTP_201_CREATED,
    summary="List credits at a price",
    responses=example("listed_order", status=201),
)
def list_credits_for_sale(
    body: ListingBody, key: Key, caller: Caller, session: WriteSession, response: Response
) -> OrderView:
    """Set credits aside for whoever reserves them, or as the quote that somebody asked for."""
    placed = listings.list_credits(
        session,
        body.chosen(),
        Price.read(body.price, body.currency),
        key,
        by=caller.id,
        valid_until=body.valid_until,
        request_id=str(body.request_id) if body.request_id else "",
        note=body.note,
    )
    return located(response, placed)


@router.post(
    "/reservations",
    status_code=status.HTTP_201_CREATED,
    summary="Reserve credits of a listing",
    responses=example("reservation", status=201),
)
def reserve_credits(
    body: ReservationBody, key: Key, caller: Caller, session: WriteSession, response: Response
) -> OrderView:
    """Reserve credits at the listed price. They are yours when the seller accepts the order."""
    placed = listings.reserve(
        session,
        str(body.listing_id),
        body.quantity_t,
        key,
        by=caller.id,
        hours=body.hours,
        note=body.note,
    )
    return located(response, placed)


@router.post(
    "/quotes",
    status_code=status.HTTP_201_CREATED,
    summary="Ask a holder for a quote",
    responses=example("quote", status=201),
)
def ask_for_quote(
    body: QuoteBody, key: Key, caller: Caller, session: WriteSession, response: Response
) -> OrderView:
    """Ask for a price; the answer is a listing for you alone, or the order is declined."""
    placed = listings.ask_quote(
        session,
        body.account_id,
        body.project_id,
        body.quantity_t,
        key,
        by=caller.id,
        note=body.note,
    )
    return located(response, placed)
