"""Who holds which credits in which state, and the orders that moved them.

A holding is never changed. Moving credits closes it and opens others that together are exactly what
it was, so that whatever was ever true can be read back, and what is true now is what nobody closed.
"""

from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from registry_api.db.models.base import Base, Digest, Slug, UtcTime


class Holding(Base):
    """A run of consecutive credits with one holder and one state, first and last inclusive.

    Credits of the buffer belong to nobody: they answer for reversals.
    """

    __tablename__ = "holdings"
    __table_args__ = (
        CheckConstraint(
            "state IN ('active', 'offered', 'held', 'buffer', 'retired', 'cancelled')",
            name="state_known",
        ),
        CheckConstraint("first_serial >= 1 AND first_serial <= last_serial", name="ordered"),
        CheckConstraint("quantity_t = last_serial - first_serial + 1", name="quantity_inclusive"),
        CheckConstraint("state <> 'buffer' OR account_id IS NULL", name="buffer_is_nobodys"),
        Index("ix_holdings_account", "account_id", "state"),
        # Holds all that sums of an issuance need.
        Index("ix_holdings_sums", "batch_id", "kind", "state", "sequence", "quantity_t"),
        Index("ix_holdings_serials", "project_id", "kind", "first_serial"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(
        # At commit whoever has parts must be closed, and is closed only if they are all of it.
        ForeignKey(
            "holding_closures.holding_id",
            deferrable=True,
            initially="DEFERRED",
            use_alter=True,
            name="fk_holdings_parent_id",
        ),
        index=True,
    )
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("credit_batches.id"))
    project_id: Mapped[Slug] = mapped_column(ForeignKey("projects.id"))
    kind: Mapped[str] = mapped_column(String(1))
    first_serial: Mapped[int] = mapped_column(BigInteger)
    last_serial: Mapped[int] = mapped_column(BigInteger)
    quantity_t: Mapped[int] = mapped_column(BigInteger)
    account_id: Mapped[Slug | None] = mapped_column(ForeignKey("accounts.id"))
    state: Mapped[str] = mapped_column(String(10))
    sequence: Mapped[int] = mapped_column(ForeignKey("ledger_entries.sequence"), index=True)
    # What is left when a part moves on is a new row in the state it had before.
    state_sequence: Mapped[int] = mapped_column(ForeignKey("ledger_entries.sequence"), index=True)


class HoldingClosure(Base):
    """A holding that is no more, because an event moved its credits on."""

    __tablename__ = "holding_closures"

    holding_id: Mapped[int] = mapped_column(ForeignKey("holdings.id"), primary_key=True)
    sequence: Mapped[int] = mapped_column(ForeignKey("ledger_entries.sequence"), index=True)


class CreditOrder(Base):
    """What somebody asked to be done with credits; the holdings it opened share its sequence.

    Which kinds there are is a trigger's to know, `order_kind_known`: it can be widened where a
    check of the table could not.
    """

    __tablename__ = "credit_orders"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    kind: Mapped[str] = mapped_column(String(10))
    account_id: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"), index=True)
    to_account_id: Mapped[Slug | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    quantity_t: Mapped[int] = mapped_column(BigInteger)
    terms: Mapped[str] = mapped_column(Text)
    terms_sha256: Mapped[Digest]
    placed_by: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    placed_at: Mapped[UtcTime]
    sequence: Mapped[int] = mapped_column(ForeignKey("ledger_entries.sequence"), unique=True)


class OrderOutcome(Base):
    """How an order that needed somebody else ended."""

    __tablename__ = "order_outcomes"
    __table_args__ = (
        CheckConstraint(
            "outcome IN ('accepted', 'declined', 'withdrawn', 'released')", name="outcome_known"
        ),
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("credit_orders.id"), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(10))
    note: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    decided_at: Mapped[UtcTime]
    sequence: Mapped[int] = mapped_column(ForeignKey("ledger_entries.sequence"), unique=True)
