"""Holdings and orders: what an account has, and moving it; retirements and supply for anybody."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response, status
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from registry_api.api.examples import example
from registry_api.api.parameters import (
    Paged,
    PageQuery,
    Plain,
    SerialText,
    Unit,
    idempotency_key,
    link_next,
)
from registry_api.deps import Caller, ReadSession, WriteSession
from registry_api.services import credits as issued
from registry_api.services import holding_views, order_views, orders
from registry_api.services.holding_views import Held, Whereabouts
from registry_api.services.holdings import BIGGEST_SERIAL, Lot, State
from registry_api.services.order_views import OrderView, Outcome, Retirement
from registry_api.services.retirement_terms import Purpose, RetirementTerms
from registry_api.services.views import Page

router = APIRouter(tags=["orders"])
_MOST_LOTS = 100

OrderId = Annotated[UUID, Path(description="id of the order")]
Key = Annotated[str, Depends(idempotency_key)]
Text = Annotated[str, Field(max_length=2_000)]
Effective = Annotated[
    AwareDatetime | None,
    Field(description="since when it is in force; not after now, nor before what moved them last"),
]
AccountId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$")]


class Body(BaseModel):
    """What is sent with an order; an unknown field is a mistake."""

    model_config = ConfigDict(extra="forbid")


class LotBody(Body):
    """Credits to move: a serial, or so many of an issuance, those with the lowest numbers first."""

    serial: Annotated[str, Field(max_length=200)] = ""
    batch_id: Annotated[str, Field(max_length=40)] = ""
    quantity_t: Annotated[int, Field(ge=0, le=BIGGEST_SERIAL)] = 0


class LotsBody(Body):
    """Which credits."""

    lots: Annotated[list[LotBody], Field(min_length=1, max_length=_MOST_LOTS)]

    def chosen(self) -> list[Lot]:
        """Give the lots as the services know them."""
        return [Lot(**lot.model_dump()) for lot in self.lots]


class TransferBody(LotsBody):
    """What is offered, and to whom."""

    to_account_id: AccountId
    note: Text = ""
    effective_at: Effective = None


class RetirementBody(LotsBody):
    """What is retired, for whom and why."""

    beneficiary: Annotated[str, Field(min_length=1, max_length=500)]
    purpose: Purpose
    reason: Annotated[str, Field(max_length=500)] = ""
    beneficiary_lei: Annotated[str, Field(max_length=20, description="ISO 17442")] = ""
    consumed_from: date | None = None
    consumed_until: date | None = None
    country: Annotated[str, Field(pattern=r"^([A-Z]{2})?$")] = ""
    effective_at: Effective = None


class CancellationBody(LotsBody):
    """What is to be cancelled, why, and whether it replaces lost credits of a project."""

    reason: Annotated[str, Field(min_length=1, max_length=2_000)]
    replaces: Annotated[
        str, Field(pattern=r"^([a-z0-9][a-z0-9-]{1,38}[a-z0-9])?$", description="id of a project")
    ] = ""


class HoldBody(LotsBody):
    """Whose credits are held, and why."""

    account_id: AccountId
    reason: Annotated[str, Field(min_length=1, max_length=2_000)]


class AnswerBody(Body):
    """What an order that waits is answered."""

    outcome: Outcome
    note: Text = ""


class HoldingQuery(PageQuery):
    """Which of one's holdings."""

    state: State | None = None


@router.get("/holdings", summary="What you hold", responses=example("holdings"))
def list_holdings(
    request: Request,
    response: Response,
    caller: Caller,
    session: ReadSession,
    query: Annotated[HoldingQuery, Query()],
) -> Page[Held]:
    """List the caller's credits, those moved last first."""
    page = holding_views.of_account(
        session, caller.id, state=query.state, limit=query.limit, cursor=query.cursor
    )
    return link_next(request, response, page)


@router.get("/orders", summary="Your orders", responses=example("orders"))
def list_orders(
    request: Request, response: Response, caller: Caller, session: ReadSession, query: Paged
) -> Page[OrderView]:
    """List what the caller ordered, was offered, or had placed on its credits, newest first."""
    page = order_views.orders_of(session, caller.id, limit=query.limit, cursor=query.cursor)
    return link_next(request, response, page)


@router.get("/orders/{order_id}", summary="One order", responses=example("order"))
def get_order(caller: Caller, session: ReadSession, order_id: OrderId, _query: Plain) -> OrderView:
    """Show an order to its holder, its taker or a registrar."""
    return order_views.order(session, str(order_id), by=caller.id)


@router.post(
    "/orders/{order_id}/answer", summary="Answer an order that waits", responses=example("order")
)
def answer_order(
    body: AnswerBody, key: Key, caller: Caller, session: WriteSession, order_id: OrderId
) -> OrderView:
    """Take or decline an offer, withdraw one's own, decide on a cancellation, release a hold."""
    return orders.answer(session, str(order_id), body.outcome, body.note, key, by=caller.id)


@router.post(
    "/transfers",
    status_code=status.HTTP_201_CREATED,
    summary="Offer credits to another account",
    responses=example("order", status=201),
)
def offer_transfer(
    body: TransferBody, key: Key, caller: Caller, session: WriteSession, response: Response
) -> OrderView:
    """Offer credits; they wait until the other account takes or declines them."""
    placed = orders.offer(session, body.chosen(), body.to_account_id, body.note, key, by=caller.id,
                         effective_at=body.effective_at)  # fmt: skip
    return located(response, placed)


@router.post(
    "/retirements",
    status_code=status.HTTP_201_CREATED,
    summary="Retire credits for good",
    responses=example("retired_order", status=201),
)
def retire_credits(
    body: RetirementBody, key: Key, caller: Caller, session: WriteSession, response: Response
) -> OrderView:
    """Retire credits on behalf of a beneficiary; nothing undoes it, and anybody can read it."""
    stated = RetirementTerms(**body.model_dump(exclude={"lots", "effective_at"}))
    placed = orders.retire(
        session, body.chosen(), stated, key, by=caller.id, effective_at=body.effective_at
    )
    response.headers["Location"] = f"/v1/retirements/{placed.id}"
    return placed


@router.get("/retirements/{order_id}", summary="One retirement", responses=example("retirement"))
def get_retirement(session: ReadSession, order_id: OrderId, _query: Plain) -> Retirement:
    """Show what was retired, when, for whom and why."""
    return order_views.retirement(session, str(order_id))


@router.post(
    "/cancellations",
    status_code=status.HTTP_201_CREATED,
    summary="Ask that credits be cancelled",
    responses=example("order", status=201),
)
def ask_cancellation(
    body: CancellationBody, key: Key, caller: Caller, session: WriteSession, response: Response
) -> OrderView:
    """Ask for a cancellation; the credits are held until a registrar has decided."""
    placed = orders.ask_cancellation(
        session, body.chosen(), body.reason, key, by=caller.id, replaces=body.replaces
    )
    return located(response, placed)


@router.post(
    "/holds",
    status_code=status.HTTP_201_CREATED,
    summary="Hold an account's credits",
    responses=example("order", status=201),
)
def hold_credits(
    body: HoldBody, key: Key, caller: Caller, session: WriteSession, response: Response
) -> OrderView:
    """Hold credits until they are released. Needs a registrar's key."""
    placed = orders.hold(session, body.chosen(), body.account_id, body.reason, key, by=caller.id)
    return located(response, placed)


@router.get(
    "/serials/{serial}/state",
    summary="Where a serial's credits are, and what happened to them",
    responses=example("state"),
)
def get_state(session: ReadSession, serial: SerialText, query: Unit) -> Whereabouts:
    """Tell the state of every credit of a serial and its history; whose they are is not told."""
    found = issued.find_serial(session, serial, unit=query.unit)
    return holding_views.whereabouts(session, found.serial)


def located(response: Response, placed: OrderView) -> OrderView:
    """Say in a header where an order that was placed is."""
    response.headers["Location"] = f"/v1/orders/{placed.id}"
    return placed
