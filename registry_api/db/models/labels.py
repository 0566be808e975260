"""What others say of credits: labels and co-benefits with documents, and what counts no more."""

from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from registry_api.db.models.base import Base, Digest, Slug, UtcTime


class Label(Base):
    """That somebody outside said something of a project, an issuance or some of its credits.

    Without a batch it is of the whole project; with serials it is of these credits alone.
    """

    __tablename__ = "labels"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('ccp', 'corsia', 'article6', 'certification', 'sdg')", name="kind_known"
        ),
        CheckConstraint(
            "(first_serial IS NULL) = (last_serial IS NULL) "
            "AND (first_serial IS NULL) = (credit_kind IS NULL) "
            "AND (first_serial IS NULL OR batch_id IS NOT NULL)",
            name="serials_of_a_batch",
        ),
        CheckConstraint("first_serial >= 1 AND first_serial <= last_serial", name="ordered"),
        CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="dates_ordered"),
        Index("ix_labels_project", "project_id", "kind"),
        Index("ix_labels_batch", "batch_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(120))
    project_id: Mapped[Slug] = mapped_column(ForeignKey("projects.id"))
    batch_id: Mapped[UUID | None] = mapped_column(ForeignKey("credit_batches.id"))
    credit_kind: Mapped[str | None] = mapped_column(String(1))
    first_serial: Mapped[int | None] = mapped_column(BigInteger)
    last_serial: Mapped[int | None] = mapped_column(BigInteger)
    statement: Mapped[str] = mapped_column(Text)
    document_sha256: Mapped[Digest]
    link: Mapped[str] = mapped_column(String(500))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    terms: Mapped[str] = mapped_column(Text)  # what a kind states beside, as canonical JSON
    given_by: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    recorded_at: Mapped[UtcTime]
    sequence: Mapped[int] = mapped_column(ForeignKey("ledger_entries.sequence"), unique=True)


class LabelWithdrawal(Base):
    """That a label counts no more; that it once did stays."""

    __tablename__ = "label_withdrawals"

    label_id: Mapped[UUID] = mapped_column(ForeignKey("labels.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    sequence: Mapped[int] = mapped_column(ForeignKey("ledger_entries.sequence"), unique=True)


class CertificateRevocation(Base):
    """That a retirement's certificate counts no more; the retirement itself is never undone."""

    __tablename__ = "certificate_revocations"

    order_id: Mapped[UUID] = mapped_column(ForeignKey("credit_orders.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    revoked_at: Mapped[UtcTime]
    # Of the entry that retired the credits: the certificate's bit in the status lists.
    retired_sequence: Mapped[int] = mapped_column(
        ForeignKey("ledger_entries.sequence"), unique=True
    )
    sequence: Mapped[int] = mapped_column(ForeignKey("ledger_entries.sequence"), unique=True)
