"""The pages of a holder: what one holds, retiring it in three steps, offering it to somebody."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from mrv.errors import MrvError
from registry_api.db import database
from registry_api.deps import Caller, OwnPage, ReadSession, SettingsDep
from registry_api.errors import status_of
from registry_api.services import credits as issued
from registry_api.services import holding_views, lots, order_views, orders, positions
from registry_api.web import language, trade_forms
from registry_api.web.rendering import page, tongue_of
from registry_api.web.trade_forms import SEE_OTHER, Fields

router = APIRouter(include_in_schema=False)
ISSUANCES_SHOWN = 50
RUNS_SHOWN = 50


@router.get("/holdings", name="holdings")
def holdings_page(
    request: Request,
    session: ReadSession,
    by: Caller,
    cursor: str | None = None,
    runs: str | None = None,
) -> Response:
    """Show what the visitor holds, by issuance and run by run, and what waits for an answer."""
    return page(
        request,
        "market/holdings.html",
        account=by,
        totals=positions.totals(session, by.id),
        positions=positions.positions(session, by.id, limit=ISSUANCES_SHOWN, cursor=cursor),
        runs=holding_views.of_account(session, by.id, limit=RUNS_SHOWN, cursor=runs),
        waiting=order_views.waiting_for(session, by),
    )


@router.get("/retire", name="retire")
def choose_page(
    request: Request, session: ReadSession, by: Caller, batch: str = "", serial: str = ""
) -> Response:
    """First step: choose credits; a link may have chosen an issuance or a serial already."""
    return _choose(request, session, by.id, {"serials": serial}, first=batch)


@router.get("/retire/for")
@router.get("/retire/confirm")
def start_again() -> Response:
    """A step that was left begins at the first."""
    return RedirectResponse("/retire", SEE_OTHER)


@router.post("/retire", dependencies=[OwnPage])
def choose_again(request: Request, session: ReadSession, by: Caller, fields: Fields) -> Response:
    """Go back to the first step with what was chosen."""
    return _choose(request, session, by.id, fields)


@router.post("/retire/for", dependencies=[OwnPage])
def beneficiary_page(
    request: Request, session: ReadSession, by: Caller, fields: Fields
) -> Response:
    """Second step: on whose behalf, and why."""
    try:
        chosen = lots.preview(session, trade_forms.lots(fields), by.id)
    except MrvError as fault:
        return _choose(request, session, by.id, fields, fault=fault)
    return _for_whom(request, session, chosen, fields)


@router.post("/retire/confirm", dependencies=[OwnPage])
def confirm_page(request: Request, session: ReadSession, by: Caller, fields: Fields) -> Response:
    """Third step: read it once more."""
    try:
        chosen = lots.preview(session, trade_forms.lots(fields), by.id)
    except MrvError as fault:
        return _choose(request, session, by.id, fields, fault=fault)
    try:
        stated = trade_forms.terms(fields).stated()
    except MrvError as fault:
        return _for_whom(request, session, chosen, fields, fault=fault)
    return page(
        request,
        "market/retire_confirm.html",
        **_chosen(session, chosen),
        terms=stated,
        key=trade_forms.new_key(),
    )


@router.post("/retire/done", dependencies=[OwnPage])
def retire(request: Request, settings: SettingsDep, by: Caller, fields: Fields) -> Response:
    """Retire, and show the certificate; what cannot be done leads back to the choice."""
    opened = database(settings.database)
    try:
        with opened.writing() as session:
            placed = orders.retire(
                session,
                trade_forms.lots(fields),
                trade_forms.terms(fields),
                fields.get("key", ""),
                by=by.id,
            )
    except MrvError as fault:
        with opened.reading() as session:
            return _choose(request, session, by.id, fields, fault=fault)
    return RedirectResponse(f"/retirements/{quote(placed.id)}", SEE_OTHER)


@router.get("/offer", name="offer")
def offer_page(
    request: Request, session: ReadSession, by: Caller, batch: str = "", serial: str = ""
) -> Response:
    """Ask which credits are offered, and to whom."""
    return _offer(request, session, by.id, {"serials": serial}, first=batch)


@router.post("/offer", dependencies=[OwnPage])
def offer(request: Request, settings: SettingsDep, by: Caller, fields: Fields) -> Response:
    """Offer credits, and show the order."""
    opened = database(settings.database)
    try:
        with opened.writing() as session:
            placed = orders.offer(
                session,
                trade_forms.lots(fields),
                fields.get("to", "").lower(),
                fields.get("note", ""),
                fields.get("key", ""),
                by=by.id,
            )
    except MrvError as fault:
        with opened.reading() as session:
            return _offer(request, session, by.id, fields, fault=fault)
    return RedirectResponse(f"/orders/{quote(placed.id)}", SEE_OTHER)


def choice(session: Session, holder: str, first: str) -> dict[str, Any]:
    """Give what a form needs to choose from: the issuances of which something is free to move."""
    free = positions.positions(session, holder, free_only=True, limit=ISSUANCES_SHOWN)
    ordered = sorted(free.items, key=lambda each: each.batch.id != first)
    return {"free": ordered, "more_than_shown": free.next_cursor is not None}


def _choose(
    request: Request,
    session: Session,
    holder: str,
    fields: Mapping[str, str],
    *,
    first: str = "",
    fault: MrvError | None = None,
) -> Response:
    return page(
        request,
        "market/retire_choose.html",
        status_code=status_of(fault) if fault else 200,
        **choice(session, holder, first),
        fields=fields,
        fault=fault.message if fault else "",
    )


def _for_whom(
    request: Request,
    session: Session,
    chosen: lots.Chosen,
    fields: Mapping[str, str],
    *,
    fault: MrvError | None = None,
) -> Response:
    return page(
        request,
        "market/retire_for.html",
        status_code=status_of(fault) if fault else 200,
        **_chosen(session, chosen),
        fields=fields,
        countries=language.countries(tongue_of(request)),
        fault=fault.message if fault else "",
    )


def _chosen(session: Session, chosen: lots.Chosen) -> dict[str, Any]:
    return {"chosen": chosen, "batches": issued.batches_of(session, chosen.serials)}


def _offer(
    request: Request,
    session: Session,
    holder: str,
    fields: Mapping[str, str],
    *,
    first: str = "",
    fault: MrvError | None = None,
) -> Response:
    return page(
        request,
        "market/offer.html",
        status_code=status_of(fault) if fault else 200,
        **choice(session, holder, first),
        fields=fields,
        key=trade_forms.new_key(),
        fault=fault.message if fault else "",
    )
