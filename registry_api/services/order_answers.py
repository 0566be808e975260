"""Answers: which an order that waits may get, from whom, and what becomes of its credits then."""

from dataclasses import dataclass
from typing import Literal, cast, get_args
from uuid import UUID

from sqlalchemy.orm import Session

from registry_api.db.models import CreditOrder, OrderOutcome
from registry_api.errors import Contradiction, NotAcceptable, NotAllowed
from registry_api.services import accounts, ledger, reservations
from registry_api.services.accounts import AccountView
from registry_api.services.holdings import State
from registry_api.services.order_views import Outcome

_Who = Literal["holder", "taker", "placer", "registrar", "another registrar"]
_VERBS: dict[Outcome, str] = {
    "accepted": "accept",
    "declined": "decline",
    "withdrawn": "withdraw",
    "released": "release",
}
_CALLED: dict[_Who, str] = {
    "holder": "the holder of the credits",
    "taker": "whom they were offered to",
    "placer": "who placed the order",
    "registrar": "a registrar",
    "another registrar": "another registrar",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One way in which an order may end.

    Attributes:
        event: The ledger entry it becomes.
        become: State of the order's credits afterwards; None where it moves none.
        who: May answer so.
    """

    event: ledger.Kind
    become: State | None
    who: _Who


_ANSWERS: dict[tuple[str, Outcome], Answer] = {
    ("transfer", "accepted"): Answer("transfer_accepted", "active", "taker"),
    ("transfer", "declined"): Answer("transfer_declined", "active", "taker"),
    ("transfer", "withdrawn"): Answer("transfer_withdrawn", "active", "placer"),
    ("cancel", "accepted"): Answer("cancellation_accepted", "cancelled", "another registrar"),
    ("cancel", "declined"): Answer("cancellation_declined", "active", "another registrar"),
    ("cancel", "withdrawn"): Answer("cancellation_withdrawn", "active", "placer"),
    ("list", "withdrawn"): Answer("listing_withdrawn", "active", "placer"),
    ("reserve", "accepted"): Answer("credits_sold", "active", "holder"),
    ("reserve", "declined"): Answer("reservation_declined", None, "holder"),
    ("reserve", "withdrawn"): Answer("reservation_withdrawn", None, "placer"),
    ("quote", "declined"): Answer("quote_declined", None, "holder"),
    ("quote", "withdrawn"): Answer("quote_withdrawn", None, "placer"),
    ("hold", "released"): Answer("credits_released", "active", "registrar"),
}


def outcome_of(text: str) -> Outcome:
    """Read an outcome.

    Raises:
        NotAcceptable: If it is none.
    """
    for outcome in get_args(Outcome):
        if text == outcome:
            return cast("Outcome", outcome)
    raise NotAcceptable("Say how the order is answered: accept it, or decline or withdraw it.")


def verb(outcome: Outcome) -> str:
    """Say what is done to an order that ends so."""
    return _VERBS[outcome]


def demand(session: Session, placed: CreditOrder, outcome: Outcome, by: str) -> Answer:
    """Insist that an order may end so, by this account, and has not ended.

    Raises:
        NotAllowed: If it is not for the account to answer like that.
        Contradiction: If such an order never ends so, or it was answered already.
    """
    answer = _ANSWERS.get((placed.kind, outcome))
    if answer is None:
        raise Contradiction(
            f"An order of the kind {placed.kind} cannot be {outcome}.", order=str(placed.id)
        )
    if not _may(placed, answer.who, accounts.account(session, by)):
        raise NotAllowed(
            f"Only {_CALLED[answer.who]} may {_VERBS[outcome]} this.", order=str(placed.id)
        )
    earlier = session.get(OrderOutcome, placed.id)
    if earlier is not None:
        raise Contradiction(
            f"This order was {earlier.outcome} on {earlier.decided_at:%Y-%m-%d}.",
            order=str(placed.id),
        )
    return answer


def open_to(session: Session, order_id: str, by: AccountView) -> tuple[Outcome, ...]:
    """List how an account may answer an order now; nothing where it has ended."""
    placed = session.get_one(CreditOrder, UUID(order_id))
    if session.get(OrderOutcome, placed.id) is not None:
        return ()
    if (
        placed.kind == "list"
        and not reservations.unsold_t(session, [placed.sequence])[placed.sequence]
    ):
        return ()
    return tuple(
        outcome
        for (kind, outcome), answer in _ANSWERS.items()
        if kind == placed.kind and _may(placed, answer.who, by)
    )


def _may(placed: CreditOrder, who: _Who, by: AccountView) -> bool:
    if who == "holder":
        return by.id == placed.account_id
    if who == "taker":
        return by.id == placed.to_account_id
    if who == "placer":
        return by.id == placed.placed_by
    # Four eyes: a registrar does not decide on a wish of their own.
    return by.role == "registrar" and (who == "registrar" or by.id != placed.placed_by)
