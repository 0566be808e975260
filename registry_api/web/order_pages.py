"""The pages of orders: those that concern the visitor, and answering the ones that wait."""

from collections.abc import Iterable, Mapping

from fastapi import APIRouter
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from mrv.errors import MrvError
from registry_api.db import database
from registry_api.deps import Caller, OwnPage, ReadSession, SettingsDep
from registry_api.errors import status_of
from registry_api.services import accounts, order_answers, order_views, orders
from registry_api.services import credits as issued
from registry_api.services.accounts import AccountView
from registry_api.services.order_views import OrderView, Outcome
from registry_api.web import trade_forms
from registry_api.web.rendering import page
from registry_api.web.trade_forms import SEE_OTHER, Fields

router = APIRouter(prefix="/orders", include_in_schema=False)
ORDERS_SHOWN = 50


@router.get("", name="orders")
def orders_page(
    request: Request, session: ReadSession, by: Caller, cursor: str | None = None
) -> Response:
    """List what the visitor ordered, was offered, or has to answer."""
    listed = order_views.orders_of(session, by.id, limit=ORDERS_SHOWN, cursor=cursor)
    waiting = order_views.waiting_for(session, by)
    return page(
        request,
        "market/orders.html",
        account=by,
        orders=listed,
        waiting=waiting,
        names=names(session, [*listed.items, *waiting]),
    )


@router.get("/{order_id}", name="order")
def order_page(request: Request, order_id: str, session: ReadSession, by: Caller) -> Response:
    """Show one order, what it moves, and the answers the visitor may give."""
    return _order(request, session, order_id, by)


@router.post("/{order_id}/answer", dependencies=[OwnPage])
def answer_order(
    request: Request, order_id: str, settings: SettingsDep, by: Caller, fields: Fields
) -> Response:
    """Answer an order, and show it again."""
    outcome: Outcome
    opened = database(settings.database)
    try:
        outcome = order_answers.outcome_of(fields.get("outcome", ""))
        with opened.writing() as session:
            orders.answer(
                session,
                order_id,
                outcome,
                fields.get("note", ""),
                fields.get("key", ""),
                by=by.id,
            )
    except MrvError as fault:
        with opened.reading() as session:
            return _order(request, session, order_id, by, fault=fault)
    return RedirectResponse(f"/orders/{order_id}", SEE_OTHER)


def names(session: Session, shown: Iterable[OrderView]) -> Mapping[str, str]:
    """Give the names of the accounts that some orders are between."""
    ids = {each for one in shown for each in (one.account_id, one.to_account_id) if each}
    return {account_id: accounts.account(session, account_id).name for account_id in sorted(ids)}


def _order(
    request: Request,
    session: Session,
    order_id: str,
    by: AccountView,
    *,
    fault: MrvError | None = None,
) -> Response:
    shown = order_views.order(session, order_id, by=by.id)
    return page(
        request,
        "market/order.html",
        status_code=status_of(fault) if fault else 200,
        account=by,
        order=shown,
        batches=issued.batches_of(session, shown.serials),
        names=names(session, [shown]),
        answers=order_answers.open_to(session, shown.id, by),
        key=trade_forms.new_key(),
        fault=fault.message if fault else "",
    )
