"""Reservations: what of a listing is kept for whom at a time, and which credits a sale moves.

A reservation that has run out keeps nothing; nobody has to write that down.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from registry_api.db.models import CreditOrder, Holding, OrderOutcome, Reservation
from registry_api.errors import Contradiction
from registry_api.services import clock, holdings
from registry_api.services.holdings import Part, still_open


def live(at: datetime) -> ColumnElement[bool]:
    """Give the condition under which a reservation keeps credits at a time."""
    answered = select(OrderOutcome.order_id).where(OrderOutcome.order_id == Reservation.order_id)
    return (Reservation.reserved_until > at) & ~answered.exists()


def reserved_t(session: Session, listing_ids: Collection[UUID], at: datetime) -> dict[UUID, int]:
    """Add up what is reserved of some listings [t CO2e]."""
    rows = session.execute(
        select(Reservation.listing_id, func.sum(Reservation.quantity_t))
        .where(Reservation.listing_id.in_(listing_ids), live(at))
        .group_by(Reservation.listing_id)
    )
    sums = {listing_id: int(sum_t) for listing_id, sum_t in rows}
    return {listing_id: sums.get(listing_id, 0) for listing_id in listing_ids}


def unsold_t(session: Session, sequences: Collection[int]) -> dict[int, int]:
    """Add up what is still there of some listings, by the entries that listed them [t CO2e]."""
    rows = session.execute(
        select(Holding.state_sequence, func.sum(Holding.quantity_t))
        .where(Holding.state_sequence.in_(sequences), Holding.state == "offered", still_open())
        .group_by(Holding.state_sequence)
    )
    sums = {sequence: int(sum_t) for sequence, sum_t in rows}
    return {sequence: sums.get(sequence, 0) for sequence in sequences}


def to_sell(session: Session, placed: CreditOrder) -> tuple[Part, ...]:
    """Find the credits that a reservation gets, the lowest numbers first.

    One that has run out may still be sold, as long as what it asks for is kept for nobody else.

    Raises:
        Contradiction: If too few are left.
    """
    reservation = session.get_one(Reservation, placed.id)
    listing = session.get_one(CreditOrder, reservation.listing_id)
    there = holdings.of_order(session, listing.sequence, "offered")
    for_others = session.scalar(
        select(func.coalesce(func.sum(Reservation.quantity_t), 0)).where(
            Reservation.listing_id == listing.id,
            Reservation.order_id != placed.id,
            live(clock.now()),
        )
    )
    free_t = sum(part.quantity_t for part in there) - int(for_others or 0)
    missing, parts = reservation.quantity_t, []
    if free_t < missing:
        raise Contradiction(
            f"Of this listing {max(free_t, 0)} credits are left for it, not {missing}; the "
            "reservation had run out.",
            order=str(placed.id),
        )
    for part in there:
        taken = min(missing, part.quantity_t)
        if taken:
            parts.append(Part(part.holding, part.first_serial, part.first_serial + taken - 1))
        missing -= taken
    return tuple(parts)


def to_take_back(session: Session, listing: CreditOrder) -> tuple[Part, ...]:
    """Find the credits that go back to the seller who withdraws a listing.

    Raises:
        Contradiction: If some are reserved, or all are sold.
    """
    kept = reserved_t(session, [listing.id], clock.now())[listing.id]
    if kept:
        raise Contradiction(
            f"{kept} credits of this listing are reserved; sell or decline those first.",
            order=str(listing.id),
        )
    parts = holdings.of_order(session, listing.sequence, "offered")
    if not parts:
        raise Contradiction("All of this listing is sold.", order=str(listing.id))
    return parts
