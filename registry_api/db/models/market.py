"""What buyers search issuances by, and the daily statements that no credit is missing."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from registry_api.db.models.base import Base, Digest, UtcTime


class BatchTraits(Base):
    """What is searched by and stands in an issuance's evidence document, taken out of it once.

    `u90` is half the 90 % interval over the gross removals [1].
    """

    __tablename__ = "batch_traits"
    __table_args__ = (
        CheckConstraint("u90 >= 0", name="u90_not_negative"),
        Index("ix_batch_traits_vintage", "vintage"),
    )

    batch_id: Mapped[UUID] = mapped_column(ForeignKey("credit_batches.id"), primary_key=True)
    vintage: Mapped[int]  # year of the monitoring period's last day
    u90: Mapped[float]


class SupplyStatement(Base):
    """Where all credits were after one entry of the ledger, signed by the registry; one a day."""

    __tablename__ = "supply_statements"

    day: Mapped[date] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(ForeignKey("ledger_entries.sequence"))
    statement: Mapped[str] = mapped_column(Text)
    statement_sha256: Mapped[Digest]
    key_id: Mapped[str] = mapped_column(String(200))
    signature: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[UtcTime]
