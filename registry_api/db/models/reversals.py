"""Losses and how they were made good: cases, their steps, settlements, and notices to holders."""

from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry_api.db.models.base import Base, Digest, Kilograms, Slug, UtcTime


class ReversalCase(Base):
    """A plot whose trees seem to be gone; where the case stands is its newest step."""

    __tablename__ = "reversal_cases"
    __table_args__ = (CheckConstraint("source IN ('alert', 'report')", name="source_known"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    project_id: Mapped[Slug] = mapped_column(ForeignKey("projects.id"), index=True)
    plot_key: Mapped[int] = mapped_column(ForeignKey("plots.id"), index=True)
    broke_on: Mapped[date]
    source: Mapped[str] = mapped_column(String(10))
    opened_by: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    opened_at: Mapped[UtcTime]


class ReversalStep(Base):
    """One step of a case, from suspicion to settlement."""

    __tablename__ = "reversal_steps"
    __table_args__ = (
        CheckConstraint(
            "state IN ('suspect', 'cleared', 'confirmed', 'planned', 'classified', 'quantified', "
            "'settled')",
            name="state_known",
        ),
        CheckConstraint("reversal_kg >= 0", name="loss_not_negative"),
    )

    case_id: Mapped[UUID] = mapped_column(ForeignKey("reversal_cases.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(10))
    on_day: Mapped[date]
    cause: Mapped[str] = mapped_column(String(20))
    reversal_kg: Mapped[Kilograms]
    reason: Mapped[str] = mapped_column(Text)
    evidence_sha256: Mapped[str] = mapped_column(String(64))
    taken_by: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    sequence: Mapped[int] = mapped_column(ForeignKey("ledger_entries.sequence"), index=True)


class ReversalSettlement(Base):
    """How a project's shortfall was made good: credits given back, then the buffer."""

    __tablename__ = "reversal_settlements"
    __table_args__ = (
        CheckConstraint(
            "short_kg >= 0 AND repaid_kg >= 0 AND cancelled_t >= 0 AND replaced_kg >= 0",
            name="amounts_not_negative",
        ),
        CheckConstraint("replaced_kg <= short_kg", name="no_more_than_short"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    project_id: Mapped[Slug] = mapped_column(ForeignKey("projects.id"), index=True)
    short_kg: Mapped[Kilograms]
    repaid_kg: Mapped[Kilograms]
    cancelled_t: Mapped[Kilograms]
    replaced_kg: Mapped[Kilograms]
    in_default: Mapped[bool]
    review: Mapped[bool]
    reason: Mapped[str] = mapped_column(Text)
    settled_by: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    sequence: Mapped[int] = mapped_column(ForeignKey("ledger_entries.sequence"), unique=True)


class Replacement(Base):
    """A cancellation of the developer's own credits that counted in a settlement, once."""

    __tablename__ = "replacements"

    order_id: Mapped[UUID] = mapped_column(ForeignKey("credit_orders.id"), primary_key=True)
    settlement_id: Mapped[UUID] = mapped_column(ForeignKey("reversal_settlements.id"), index=True)


class Notice(Base):
    """What an account has to be told, written with what it tells of."""

    __tablename__ = "notices"
    __table_args__ = (UniqueConstraint("account_id", "sequence"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    kind: Mapped[str] = mapped_column(String(40))
    project_id: Mapped[Slug] = mapped_column(ForeignKey("projects.id"))
    facts: Mapped[str] = mapped_column(Text)
    facts_sha256: Mapped[Digest]
    sequence: Mapped[int] = mapped_column(ForeignKey("ledger_entries.sequence"))
    recorded_at: Mapped[UtcTime]


class NoticeDelivery(Base):
    """One attempt to deliver a notice, or that it was read."""

    __tablename__ = "notice_deliveries"
    __table_args__ = (CheckConstraint("state IN ('sent', 'failed', 'read')", name="state_known"),)

    notice_id: Mapped[int] = mapped_column(ForeignKey("notices.id"), primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(10))
    detail: Mapped[str] = mapped_column(String(200))
    recorded_at: Mapped[UtcTime]
