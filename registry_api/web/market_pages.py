"""The pages of the market: what is for sale, reserving of it, listing one's own, asking a price."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from mrv.errors import MrvError
from registry_api.db import database
from registry_api.deps import Caller, OwnPage, ReadSession, SettingsDep, Visitor
from registry_api.errors import status_of
from registry_api.services import estimates, listing_views, listings, order_views, projects
from registry_api.services.accounts import AccountView
from registry_api.services.listings import LONGEST_RESERVATION_H, Price
from registry_api.web import trade_forms
from registry_api.web.holding_pages import choice
from registry_api.web.rendering import page
from registry_api.web.trade_forms import SEE_OTHER, Fields

router = APIRouter(include_in_schema=False)
LISTINGS_SHOWN = 50
_HOURS = 72


@router.get("/listings", name="listings")
def listings_page(
    request: Request, session: ReadSession, project: str = "", cursor: str | None = None
) -> Response:
    """Show what anybody may buy now."""
    listed = listing_views.public_listings(
        session, project_id=project or None, limit=LISTINGS_SHOWN, cursor=cursor
    )
    return page(
        request,
        "market/listings.html",
        listings=listed,
        project=projects.project(session, project).card if project else None,
        u90=estimates.u90s(session, [one.batch.estimate_sha256 for one in listed.items]),
    )


@router.get("/listings/{listing_id}", name="listing")
def listing_page(
    request: Request, listing_id: str, session: ReadSession, visitor: Visitor
) -> Response:
    """Show one listing, and the form that reserves of it."""
    return _listing(request, session, listing_id, visitor, {})


@router.post("/listings/{listing_id}/reserve", dependencies=[OwnPage])
def reserve(
    request: Request, listing_id: str, settings: SettingsDep, by: Caller, fields: Fields
) -> Response:
    """Reserve credits, and show the order."""
    opened = database(settings.database)
    try:
        with opened.writing() as session:
            placed = listings.reserve(
                session,
                listing_id,
                trade_forms.whole(fields.get("quantity", "")),
                fields.get("key", ""),
                by=by.id,
                hours=trade_forms.whole(fields.get("hours", "")),
                note=fields.get("note", ""),
            )
    except MrvError as fault:
        with opened.reading() as session:
            return _listing(request, session, listing_id, by, fields, fault=fault)
    return RedirectResponse(f"/orders/{quote(placed.id)}", SEE_OTHER)


@router.get("/list", name="list")
def list_page(
    request: Request,
    session: ReadSession,
    by: Caller,
    batch: str = "",
    serial: str = "",
    asked: str = "",
) -> Response:
    """Ask which credits are listed at which price; `asked` names a request for a quote."""
    return _list(request, session, by, {"serials": serial, "asked": asked}, first=batch)


@router.post("/list", dependencies=[OwnPage])
def list_credits(request: Request, settings: SettingsDep, by: Caller, fields: Fields) -> Response:
    """List credits, and show the order."""
    opened = database(settings.database)
    try:
        last_day = trade_forms.day(fields.get("valid_until", ""))
        until = datetime.combine(last_day + timedelta(days=1), time(), UTC) if last_day else None
        with opened.writing() as session:
            placed = listings.list_credits(
                session,
                trade_forms.lots(fields),
                Price.read(fields.get("price", ""), fields.get("currency", "").upper()),
                fields.get("key", ""),
                by=by.id,
                valid_until=until,
                request_id=fields.get("asked", ""),
                note=fields.get("note", ""),
            )
    except MrvError as fault:
        with opened.reading() as session:
            return _list(request, session, by, fields, fault=fault)
    return RedirectResponse(f"/orders/{quote(placed.id)}", SEE_OTHER)


@router.get("/projects/{project_id}/quote", name="quote")
def quote_page(request: Request, project_id: str, session: ReadSession, by: Caller) -> Response:
    """Ask what is wanted of a project, for its developer to make a price."""
    return _quote(request, session, project_id, by, {})


@router.post("/projects/{project_id}/quote", dependencies=[OwnPage])
def ask_quote(
    request: Request, project_id: str, settings: SettingsDep, by: Caller, fields: Fields
) -> Response:
    """Ask the developer, and show the order."""
    opened = database(settings.database)
    try:
        with opened.writing() as session:
            card = projects.project(session, project_id).card
            placed = listings.ask_quote(
                session,
                card.developer_id,
                project_id,
                trade_forms.whole(fields.get("quantity", "")),
                fields.get("key", ""),
                by=by.id,
                note=fields.get("note", ""),
            )
    except MrvError as fault:
        with opened.reading() as session:
            return _quote(request, session, project_id, by, fields, fault=fault)
    return RedirectResponse(f"/orders/{quote(placed.id)}", SEE_OTHER)


def _told(fields: Mapping[str, str], fault: MrvError | None) -> dict[str, Any]:
    return {
        "status_code": status_of(fault) if fault else 200,
        "fields": fields,
        "key": trade_forms.new_key(),
        "fault": fault.message if fault else "",
    }


def _listing(
    request: Request,
    session: Session,
    listing_id: str,
    visitor: AccountView | None,
    fields: Mapping[str, str],
    *,
    fault: MrvError | None = None,
) -> Response:
    shown = listing_views.listing(session, listing_id, by=visitor.id if visitor else None)
    return page(
        request,
        "market/listing.html",
        **_told({"hours": str(_HOURS), **fields}, fault),
        listing=shown,
        visitor=visitor,
        longest_h=LONGEST_RESERVATION_H,
        u90=estimates.u90s(session, [shown.batch.estimate_sha256]),
    )


def _list(
    request: Request,
    session: Session,
    by: AccountView,
    fields: Mapping[str, str],
    *,
    first: str = "",
    fault: MrvError | None = None,
) -> Response:
    asked = fields.get("asked", "")
    return page(
        request,
        "market/list.html",
        **_told(fields, fault),
        **choice(session, by.id, first),
        asked=order_views.order(session, asked, by=by.id) if asked else None,
    )


def _quote(
    request: Request,
    session: Session,
    project_id: str,
    by: AccountView,
    fields: Mapping[str, str],
    *,
    fault: MrvError | None = None,
) -> Response:
    return page(
        request,
        "market/quote.html",
        **_told(fields, fault),
        project=projects.project(session, project_id).card,
        account=by,
    )
