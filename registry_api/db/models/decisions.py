"""What takes two people and what follows: proposals, corrections, restatements, members."""

from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from registry_api.db.models.base import Base, Digest, Kilograms, Slug, UtcTime


class Proposal(Base):
    """An act that one registrar proposes and another confirms."""

    __tablename__ = "proposals"
    __table_args__ = (CheckConstraint("act IN ('issue', 'release', 'correct')", name="act_known"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    act: Mapped[str] = mapped_column(String(10))
    subject: Mapped[str] = mapped_column(String(80), index=True)
    terms: Mapped[str] = mapped_column(Text)
    terms_sha256: Mapped[Digest]
    proposed_by: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    sequence: Mapped[int] = mapped_column(ForeignKey("ledger_entries.sequence"), unique=True)


class ProposalOutcome(Base):
    """How a proposal ended; confirmed only by another registrar than who proposed it."""

    __tablename__ = "proposal_outcomes"
    __table_args__ = (
        CheckConstraint("outcome IN ('confirmed', 'declined', 'withdrawn')", name="outcome_known"),
    )

    proposal_id: Mapped[UUID] = mapped_column(ForeignKey("proposals.id"), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(10))
    note: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    sequence: Mapped[int] = mapped_column(ForeignKey("ledger_entries.sequence"), unique=True)


class BatchConfirmation(Base):
    """The proposal that an issuance confirmed; a batch without one was issued by one registrar."""

    __tablename__ = "batch_confirmations"

    batch_id: Mapped[UUID] = mapped_column(ForeignKey("credit_batches.id"), primary_key=True)
    proposal_id: Mapped[UUID] = mapped_column(ForeignKey("proposals.id"), unique=True)


class Correction(Base):
    """A counter-entry: which earlier entry it corrects, and how that is to be read from now on."""

    __tablename__ = "corrections"

    sequence: Mapped[int] = mapped_column(
        ForeignKey("ledger_entries.sequence"), primary_key=True, autoincrement=False
    )
    corrects: Mapped[int] = mapped_column(ForeignKey("ledger_entries.sequence"), index=True)
    proposal_id: Mapped[UUID] = mapped_column(ForeignKey("proposals.id"), unique=True)
    reads: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)


class Restatement(Base):
    """A later estimate of a period that was issued: what it differs by is settled forward."""

    __tablename__ = "restatements"
    __table_args__ = (CheckConstraint("goes_to IN ('issuance', 'buffer')", name="goes_to_known"),)

    estimate_sha256: Mapped[Digest] = mapped_column(
        ForeignKey("estimates.sha256"), primary_key=True
    )
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("credit_batches.id"), index=True)
    decision_id: Mapped[UUID] = mapped_column(ForeignKey("verification_decisions.id"))
    cumulative_net_kg: Mapped[Kilograms]
    difference_kg: Mapped[Kilograms]
    goes_to: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(Text)
    restated_by: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    sequence: Mapped[int] = mapped_column(ForeignKey("ledger_entries.sequence"), unique=True)


class Member(Base):
    """A person who acts for organisations; the name is for the registry's own eyes."""

    __tablename__ = "members"

    id: Mapped[Slug] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    recorded_at: Mapped[UtcTime]


class Membership(Base):
    """That a person acts for an account from an entry of the ledger on."""

    __tablename__ = "memberships"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"), index=True)
    member_id: Mapped[Slug] = mapped_column(ForeignKey("members.id"), index=True)
    sequence: Mapped[int] = mapped_column(ForeignKey("ledger_entries.sequence"), unique=True)


class MembershipEnd(Base):
    """That a person acts for an account no more; what they did as its member stays theirs."""

    __tablename__ = "membership_ends"

    membership_id: Mapped[int] = mapped_column(ForeignKey("memberships.id"), primary_key=True)
    sequence: Mapped[int] = mapped_column(ForeignKey("ledger_entries.sequence"), unique=True)
