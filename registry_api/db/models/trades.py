"""Listings with a price and what is reserved of them; both are orders, and these rows their terms.

A reservation ends by its time: nothing is written when it runs out, and nothing needs to be.
"""

from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from registry_api.db.models.base import Base, UtcTime


class Listing(Base):
    """Credits of one issuance for sale at a price, to anybody or, as a quote, to one account."""

    __tablename__ = "listings"
    __table_args__ = (
        CheckConstraint("price_cents > 0", name="price_positive"),
        CheckConstraint("length(currency) = 3", name="currency_of_three_letters"),
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("credit_orders.id"), primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("credit_batches.id"), index=True)
    price_cents: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    valid_until: Mapped[UtcTime | None]
    # The request for a quote that it answers.
    request_id: Mapped[UUID | None] = mapped_column(ForeignKey("credit_orders.id"), unique=True)


class Reservation(Base):
    """So many credits of a listing that wait for one buyer until a time."""

    __tablename__ = "reservations"
    __table_args__ = (CheckConstraint("quantity_t >= 1", name="quantity_positive"),)

    order_id: Mapped[UUID] = mapped_column(ForeignKey("credit_orders.id"), primary_key=True)
    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listings.order_id"), index=True)
    quantity_t: Mapped[int] = mapped_column(BigInteger)
    reserved_until: Mapped[UtcTime]
