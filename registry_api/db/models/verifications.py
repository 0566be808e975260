"""Verification as work: who was assigned, what was drawn, recomputed, found, and the opinion."""

from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry_api.db.models.base import Base, Digest, Slug, UtcTime


class PeriodRun(Base):
    """That an estimate became the newest of its period; it supersedes the one before it."""

    __tablename__ = "period_runs"

    period_key: Mapped[int] = mapped_column(ForeignKey("monitoring_periods.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    estimate_sha256: Mapped[Digest] = mapped_column(ForeignKey("estimates.sha256"), index=True)
    recorded_at: Mapped[UtcTime]


class VerificationAssignment(Base):
    """That a verifier is to verify a period, and to which terms; the newest of a period counts."""

    __tablename__ = "verification_assignments"
    __table_args__ = (
        CheckConstraint(
            "level_of_assurance IN ('reasonable', 'limited', 'none')", name="level_known"
        ),
        CheckConstraint(
            "materiality_fraction > 0 AND materiality_fraction < 1 "
            "AND confidence > 0 AND confidence < 1",
            name="fractions",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    period_key: Mapped[int] = mapped_column(ForeignKey("monitoring_periods.id"), index=True)
    verifier_id: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"), index=True)
    level_of_assurance: Mapped[str] = mapped_column(String(10))
    materiality_fraction: Mapped[float]
    confidence: Mapped[float]
    assigned_by: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    recorded_at: Mapped[UtcTime]
    sequence: Mapped[int] = mapped_column(ForeignKey("ledger_entries.sequence"), unique=True)


class VerificationSample(Base):
    """The plots drawn for one run of a period: once, so that nobody draws until it suits."""

    __tablename__ = "verification_samples"
    __table_args__ = (UniqueConstraint("assignment_id", "estimate_sha256"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("verification_assignments.id"))
    estimate_sha256: Mapped[Digest] = mapped_column(ForeignKey("estimates.sha256"))
    seed: Mapped[int] = mapped_column(BigInteger)
    wanted: Mapped[int]
    frame_plots: Mapped[int]
    strata: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[UtcTime]
    sequence: Mapped[int] = mapped_column(ForeignKey("ledger_entries.sequence"), unique=True)


class VerificationSamplePlot(Base):
    """A plot that was drawn, and the chance with which it came to be."""

    __tablename__ = "verification_sample_plots"
    __table_args__ = (
        CheckConstraint(
            "inclusion_probability > 0 AND inclusion_probability <= 1", name="chance_is_one"
        ),
    )

    sample_id: Mapped[UUID] = mapped_column(ForeignKey("verification_samples.id"), primary_key=True)
    plot_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    stratum: Mapped[str] = mapped_column(String(120))
    inclusion_probability: Mapped[float]


class VerificationRecomputation(Base):
    """What came out when a verifier had an estimate, or one plot of it, computed again."""

    __tablename__ = "verification_recomputations"
    __table_args__ = (
        CheckConstraint("equal >= 0 AND different >= 0 AND missing >= 0", name="counts"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    assignment_id: Mapped[UUID] = mapped_column(
        ForeignKey("verification_assignments.id"), index=True
    )
    estimate_sha256: Mapped[Digest] = mapped_column(ForeignKey("estimates.sha256"))
    plot_id: Mapped[str] = mapped_column(String(120))  # empty for the whole estimate
    code_version: Mapped[str] = mapped_column(String(200))
    equal: Mapped[int]
    different: Mapped[int]
    missing: Mapped[int]
    nodes: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[UtcTime]
    sequence: Mapped[int] = mapped_column(ForeignKey("ledger_entries.sequence"), unique=True)


class VerificationFinding(Base):
    """Something a verifier found on a node of a run; where it stands is its newest step."""

    __tablename__ = "verification_findings"
    __table_args__ = (
        UniqueConstraint("assignment_id", "number"),
        CheckConstraint(
            "kind IN ('misstatement', 'nonconformity', 'clarification', 'forward_action')",
            name="kind_known",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("verification_assignments.id"))
    number: Mapped[int]
    estimate_sha256: Mapped[Digest] = mapped_column(ForeignKey("estimates.sha256"), index=True)
    node: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))


class VerificationFindingStep(Base):
    """A request, an answer, the request again, or the end of a finding."""

    __tablename__ = "verification_finding_steps"
    __table_args__ = (
        CheckConstraint(
            "state IN ('requested', 'answered', 'returned', 'closed')", name="state_known"
        ),
        CheckConstraint(
            "(due_on IS NOT NULL) = (state IN ('requested', 'returned'))", name="due_if_asked"
        ),
    )

    finding_id: Mapped[UUID] = mapped_column(
        ForeignKey("verification_findings.id"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(Text)
    due_on: Mapped[date | None]
    resubmitted_sha256: Mapped[str | None] = mapped_column(
        String(64), ForeignKey("estimates.sha256")
    )
    taken_by: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    recorded_at: Mapped[UtcTime]
    sequence: Mapped[int] = mapped_column(ForeignKey("ledger_entries.sequence"), unique=True)


class VerificationOpinion(Base):
    """The opinion a decision rests on, as it was signed."""

    __tablename__ = "verification_opinions"
    __table_args__ = (
        CheckConstraint(
            "opinion IN ('positive', 'qualified', 'adverse', 'withheld')", name="opinion_known"
        ),
    )

    decision_id: Mapped[UUID] = mapped_column(
        ForeignKey("verification_decisions.id"), primary_key=True
    )
    assignment_id: Mapped[UUID] = mapped_column(
        ForeignKey("verification_assignments.id"), index=True
    )
    opinion: Mapped[str] = mapped_column(String(10))
    qualification: Mapped[str] = mapped_column(Text)
    credential: Mapped[str] = mapped_column(Text)
    credential_sha256: Mapped[Digest]
