"""Listings, reservations and requests for quotes: how credits find a buyer at a price.

A listing sets credits of one issuance aside at a price; a reservation keeps some of them for one
buyer until a time; the seller says that it was settled, and they are the buyer's. A quote is a
listing for the one account that asked for it. The registry moves credits, not money: how a sale was
settled is a reference in the seller's words.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from registry_api.db.models import CreditOrder, Listing, OrderOutcome, Project, Reservation
from registry_api.errors import Contradiction, NotAcceptable, NotAllowed, NotFound
from registry_api.services import clock, order_answers, orders, reservations
from registry_api.services.accounts import account
from registry_api.services.holdings import BIGGEST_SERIAL, Lot
from registry_api.services.lots import chosen
from registry_api.services.order_views import OrderView, demand_seen

_TRADERS = ("buyer", "developer")
LONGEST_RESERVATION_H = 14 * 24
_DEAREST_CENTS = 10**9
_PRICE = re.compile(r"([0-9]{1,8})(?:\.([0-9]{1,2}))?")
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Price:
    """What one credit costs.

    Attributes:
        cents: In hundredths of the currency's unit.
        currency: ISO 4217.
    """

    cents: int
    currency: str

    def __post_init__(self) -> None:
        """Refuse what is no price.

        Raises:
            NotAcceptable: Saying why.
        """
        if not 1 <= self.cents <= _DEAREST_CENTS:
            raise NotAcceptable("A price is above zero and at most 10,000,000 for one credit.")
        if not _CURRENCY.fullmatch(self.currency):
            raise NotAcceptable("A currency is three capital letters, like USD.")

    @classmethod
    def read(cls, text: str, currency: str) -> "Price":
        """Read a price as people write it, like 12.50.

        Raises:
            NotAcceptable: If it is none.
        """
        found = _PRICE.fullmatch(text)
        if found is None:
            raise NotAcceptable(f"'{text[:30]}' is no price for one credit; write it like 12.50.")
        return cls(int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0")), currency)

    @property
    def text(self) -> str:
        """The price as people write it, always with both decimals."""
        return f"{self.cents // 100}.{self.cents % 100:02d}"


def list_credits(
    session: Session,
    lots: Sequence[Lot],
    price: Price,
    key: str,
    *,
    by: str,
    valid_until: datetime | None = None,
    request_id: str = "",
    note: str = "",
) -> OrderView:
    """List credits at a price: for anybody, or as the quote that somebody asked for.

    Args:
        session: The one transaction.
        lots: Which credits; all of one issuance.
        price: For each of them.
        key: The caller's name for this request.
        by: Who holds them.
        valid_until: When the listing runs out; None while it is not withdrawn.
        request_id: The request for a quote that this answers; empty for a public listing.
        note: What to say with it.

    Raises:
        NotAcceptable: If a lot is none, or the time is past.
        NotFound, NotAllowed: If the request is not one that the caller was asked.
        Contradiction: If the caller does not hold all of them, free to move, they are of several
            issuances, or the request has ended.
        KeyReused: If the key belongs to another request.
    """
    stated = {
        "price": price.text,
        "currency": price.currency,
        "valid_until": valid_until.isoformat() if valid_until else None,
        "request": request_id,
        "note": note,
    }
    request = {"lots": [asdict(lot) for lot in lots], **stated}

    def place() -> CreditOrder:
        if valid_until is not None and valid_until <= clock.now():
            raise NotAcceptable("A listing runs out in the future, or not at all.")
        asked = _asked(session, request_id, by) if request_id else None
        parts = chosen(session, lots, by)
        batches = {part.holding.batch_id for part in parts}
        if len(batches) > 1:
            raise Contradiction("A listing is of one issuance; list each of them for itself.")
        placed = orders.record(
            session, "list", "credits_listed", parts, "offered", stated, by=by, owner=by,
            to=asked.to_account_id if asked else None,
        )  # fmt: skip
        session.add(
            Listing(
                order_id=placed.id,
                batch_id=batches.pop(),
                price_cents=price.cents,
                currency=price.currency,
                valid_until=valid_until,
                request_id=asked.id if asked else None,
            )
        )
        if asked is not None:
            session.add(
                OrderOutcome(
                    order_id=asked.id, outcome="accepted", note=note, decided_by=by,
                    decided_at=placed.placed_at, sequence=placed.sequence,
                )
            )  # fmt: skip
        session.flush()
        return placed

    return orders.once(session, "list_credits", request, key, by, place)


def reserve(
    session: Session,
    listing_id: str,
    quantity_t: int,
    key: str,
    *,
    by: str,
    hours: int = 72,
    note: str = "",
) -> OrderView:
    """Reserve credits of a listing at its price; they are kept until the time is up.

    Args:
        session: The one transaction.
        listing_id: Which listing.
        quantity_t: How many credits [t CO2e].
        key: The caller's name for this request.
        by: Who wants to buy.
        hours: How long they are kept.
        note: What to say with it, like the number of a purchase order.

    Raises:
        NotFound: If there is no such listing, or not for the caller.
        NotAllowed: If the caller is a verifier or a registrar.
        NotAcceptable: If the quantity or the time is none.
        Contradiction: If less is left, the listing has ended, or it is the caller's own.
        KeyReused: If the key belongs to another request.
    """
    if not 1 <= quantity_t <= BIGGEST_SERIAL:
        raise NotAcceptable("Say how many credits, at least one.")
    if not 1 <= hours <= LONGEST_RESERVATION_H:
        raise NotAcceptable(f"Credits are reserved for 1 to {LONGEST_RESERVATION_H} hours.")
    request = {"listing": listing_id, "quantity": quantity_t, "hours": hours, "note": note}

    def place() -> CreditOrder:
        _demand_trader(session, by)
        listed, terms = demand_open(session, listing_id, by)
        now = clock.now()
        left = (
            reservations.unsold_t(session, [listed.sequence])[listed.sequence]
            - reservations.reserved_t(session, [listed.id], now)[listed.id]
        )
        if quantity_t > left:
            raise Contradiction(
                f"{left} credits of this listing are free, not {quantity_t}.", listing=listing_id
            )
        until = now + timedelta(hours=hours)
        stated = {
            "listing": str(listed.id),
            "price": Price(terms.price_cents, terms.currency).text,
            "currency": terms.currency,
            "reserved_until": until.isoformat(),
            "note": note,
        }
        placed = orders.record(
            session, "reserve", "credits_reserved", (), None, stated, by=by,
            owner=listed.account_id, to=by, quantity_t=quantity_t,
        )  # fmt: skip
        session.add(
            Reservation(
                order_id=placed.id,
                listing_id=listed.id,
                quantity_t=quantity_t,
                reserved_until=until,
            )
        )
        session.flush()
        return placed

    return orders.once(session, "reserve", request, key, by, place)


def ask_quote(
    session: Session,
    of: str,
    project_id: str,
    quantity_t: int,
    key: str,
    *,
    by: str,
    note: str = "",
) -> OrderView:
    """Ask a holder for a price of some credits of a project.

    Raises:
        NotFound: If there is no such account or project.
        NotAllowed: If the caller is a verifier or a registrar.
        NotAcceptable: If the quantity is none.
        Contradiction: If the caller asks itself.
        KeyReused: If the key belongs to another request.
    """
    if not 1 <= quantity_t <= BIGGEST_SERIAL:
        raise NotAcceptable("Say how many credits, at least one.")
    request = {"of": of, "project": project_id, "quantity": quantity_t, "note": note}

    def place() -> CreditOrder:
        _demand_trader(session, by)
        if account(session, of).id == by:
            raise Contradiction("A quote is asked of another account; this one is yours.")
        if session.get(Project, project_id) is None:
            raise NotFound(f"There is no project '{project_id}'.", project=project_id)
        return orders.record(
            session, "quote", "quote_asked", (), None, {"project": project_id, "note": note},
            by=by, owner=of, to=by, quantity_t=quantity_t,
        )  # fmt: skip

    return orders.once(session, "ask_quote", request, key, by, place)


def demand_open(session: Session, listing_id: str, by: str | None) -> tuple[CreditOrder, Listing]:
    """Find a listing that somebody may reserve from.

    Args:
        session: Where to look.
        listing_id: Id of its order.
        by: Who wants to; None for anybody, who sees public listings only.

    Raises:
        NotFound: If there is none, or it is for somebody else.
        Contradiction: If it has ended, or is the caller's own.
    """
    placed, terms = find(session, listing_id, by)
    if placed.account_id == by:
        raise Contradiction("These credits are yours already.", listing=listing_id)
    ended = session.get(OrderOutcome, placed.id) is not None
    if ended or (terms.valid_until is not None and terms.valid_until <= clock.now()):
        raise Contradiction("This listing has ended.", listing=listing_id)
    return placed, terms


def find(session: Session, listing_id: str, by: str | None) -> tuple[CreditOrder, Listing]:
    """Find a listing, whether or not it has ended: a public one, or one that concerns `by`.

    Raises:
        NotFound: If there is none, or it is for somebody else.
    """
    try:
        terms = session.get(Listing, UUID(listing_id))
    except ValueError:
        terms = None
    placed = session.get(CreditOrder, terms.order_id) if terms else None
    if (
        terms is None
        or placed is None
        or (
            placed.to_account_id is not None and by not in (placed.account_id, placed.to_account_id)
        )
    ):
        raise NotFound("There is no listing with that id.", listing=listing_id[:80])
    return placed, terms


def _demand_trader(session: Session, by: str) -> None:
    """Insist that whoever judges credits does not buy them."""
    role = account(session, by).role
    if role not in _TRADERS:
        raise NotAllowed(f"Credits are bought by buyers and developers; {by} is a {role}.")


def _asked(session: Session, request_id: str, by: str) -> CreditOrder:
    """Find a request for a quote that waits for the caller's answer."""
    asked = demand_seen(session, request_id, by)
    if asked.kind != "quote":
        raise NotFound("There is no request for a quote with that id.", request=request_id)
    if asked.account_id != by:
        raise NotAllowed("Only who was asked for a quote may give it.", request=request_id)
    order_answers.demand(session, asked, "declined", by)  # it has not ended yet
    return asked
