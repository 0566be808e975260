"""Accounts, projects, land, estimates, credits and the ledger."""

from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from registry_api.db.models.base import Base, Digest, Kilograms, Slug, UtcTime


class Account(Base):
    """An organisation that acts in the registry."""

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint(
            "role IN ('developer', 'verifier', 'registrar', 'buyer')", name="role_known"
        ),
    )

    id: Mapped[Slug] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[UtcTime]


class ApiKey(Base):
    """A machine's way in; the key itself is shown once and never kept."""

    __tablename__ = "api_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    prefix: Mapped[str] = mapped_column(String(12))
    key_sha256: Mapped[Digest] = mapped_column(unique=True)
    created_at: Mapped[UtcTime]
    revoked_at: Mapped[UtcTime | None]


class Project(Base):
    """A project; what it states about itself is in its newest version."""

    __tablename__ = "projects"

    id: Mapped[Slug] = mapped_column(primary_key=True)
    developer_id: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[UtcTime]


class ProjectVersion(Base):
    """A project's settings as they were at one time."""

    __tablename__ = "project_versions"

    project_id: Mapped[Slug] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    country: Mapped[str] = mapped_column(String(2))
    methodology_id: Mapped[str] = mapped_column(String(80))
    methodology_version: Mapped[int]
    simulated: Mapped[bool]
    settings: Mapped[str] = mapped_column(Text)
    settings_sha256: Mapped[Digest]
    recorded_at: Mapped[UtcTime]


class ProjectDelivery(Base):
    """What a developer brought for a project at one time: its files, by content."""

    __tablename__ = "project_deliveries"

    project_id: Mapped[Slug] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    files: Mapped[str] = mapped_column(Text)
    names: Mapped[str] = mapped_column(Text)
    catalog: Mapped[str] = mapped_column(Text)
    taken_in_on: Mapped[date]
    delivered_by: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    recorded_at: Mapped[UtcTime]


class Plot(Base):
    """A piece of land in a project, by the project's own name for it."""

    __tablename__ = "plots"
    __table_args__ = (UniqueConstraint("project_id", "plot_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[Slug] = mapped_column(ForeignKey("projects.id"))
    plot_id: Mapped[str] = mapped_column(String(120))


class PlotVersion(Base):
    """A plot's boundary as it was at one time, and the coarse record the public sees.

    The commitment is a salted digest of the boundary: with the salt a verifier proves that the
    coarse record stands for this boundary, without it nobody can try boundaries out.
    """

    __tablename__ = "plot_versions"
    __table_args__ = (
        UniqueConstraint("plot_key", "version"),
        CheckConstraint("area_ha > 0", name="area_positive"),
        CheckConstraint("role IN ('enrolled', 'control')", name="role_known"),
        Index("ix_plot_versions_box", "west", "east", "south", "north"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plot_key: Mapped[int] = mapped_column(ForeignKey("plots.id"))
    version: Mapped[int]
    stratum: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(20))
    boundary_wkb: Mapped[bytes]
    boundary_sha256: Mapped[Digest]
    west: Mapped[float]
    south: Mapped[float]
    east: Mapped[float]
    north: Mapped[float]
    area_ha: Mapped[float]
    salt: Mapped[bytes]
    commitment: Mapped[Digest]
    cell_west: Mapped[float]
    cell_south: Mapped[float]
    cell_east: Mapped[float]
    cell_north: Mapped[float]
    area_band: Mapped[str] = mapped_column(String(40))
    recorded_at: Mapped[UtcTime]
    attributes: Mapped[str] = mapped_column(Text, default="{}", server_default="{}")
    upload_id: Mapped[UUID | None] = mapped_column(ForeignKey("plot_uploads.id"))


class MonitoringPeriod(Base):
    """A span of time whose removals are credited together: start inclusive, end exclusive."""

    __tablename__ = "monitoring_periods"
    __table_args__ = (
        UniqueConstraint("project_id", "period_id"),
        CheckConstraint("start_on < end_on", name="start_before_end"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[Slug] = mapped_column(ForeignKey("projects.id"))
    period_id: Mapped[str] = mapped_column(String(20))
    start_on: Mapped[date]
    end_on: Mapped[date]
    recorded_at: Mapped[UtcTime]


class Estimate(Base):
    """An evidence document as it was submitted, named by its digest."""

    __tablename__ = "estimates"
    __table_args__ = (
        CheckConstraint("credits_t >= 0 AND buffer_t >= 0", name="tonnes_not_negative"),
    )

    sha256: Mapped[Digest] = mapped_column(primary_key=True)
    period_key: Mapped[int] = mapped_column(ForeignKey("monitoring_periods.id"), index=True)
    document: Mapped[str] = mapped_column(Text)
    creditable: Mapped[bool]
    credits_t: Mapped[int] = mapped_column(BigInteger)
    buffer_t: Mapped[int] = mapped_column(BigInteger)
    submitted_by: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    submitted_at: Mapped[UtcTime]


class EvidenceArtifact(Base):
    """A file that an estimate stands on, by content."""

    __tablename__ = "evidence_artifacts"

    estimate_sha256: Mapped[Digest] = mapped_column(
        ForeignKey("estimates.sha256"), primary_key=True
    )
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    sha256: Mapped[Digest] = mapped_column(index=True)
    media_type: Mapped[str] = mapped_column(String(100))
    rows: Mapped[int | None] = mapped_column(BigInteger)


class VerificationDecision(Base):
    """What a verifier said about an estimate; never the project's developer."""

    __tablename__ = "verification_decisions"
    __table_args__ = (UniqueConstraint("id", "estimate_sha256"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    estimate_sha256: Mapped[Digest] = mapped_column(ForeignKey("estimates.sha256"), index=True)
    account_id: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    approved: Mapped[bool]
    statement: Mapped[str] = mapped_column(Text)
    demonstration: Mapped[bool]
    sequence: Mapped[int]
    decided_at: Mapped[UtcTime]


class CreditBatch(Base):
    """One issuance: one estimate, one decision, the kilograms booked and the serials given out."""

    __tablename__ = "credit_batches"
    __table_args__ = (
        UniqueConstraint("project_id", "number"),
        ForeignKeyConstraint(
            ["decision_id", "estimate_sha256"],
            ["verification_decisions.id", "verification_decisions.estimate_sha256"],
        ),
        Index("ix_credit_batches_vintage", "vintage_start", "vintage_end"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    project_id: Mapped[Slug] = mapped_column(ForeignKey("projects.id"))
    period_key: Mapped[int] = mapped_column(ForeignKey("monitoring_periods.id"), unique=True)
    number: Mapped[int]
    estimate_sha256: Mapped[Digest] = mapped_column(ForeignKey("estimates.sha256"), unique=True)
    decision_id: Mapped[UUID] = mapped_column(unique=True)
    registry_code: Mapped[str] = mapped_column(String(3))
    country: Mapped[str] = mapped_column(String(2))
    methodology_id: Mapped[str] = mapped_column(String(80))
    methodology_version: Mapped[int]
    vintage_start: Mapped[date]
    vintage_end: Mapped[date]
    unverified: Mapped[str] = mapped_column(Text)
    simulated: Mapped[bool]
    cumulative_net_kg: Mapped[Kilograms]
    issued_kg: Mapped[Kilograms]
    issued_by: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    issued_at: Mapped[UtcTime]
    sequence: Mapped[int]


class SerialBlock(Base):
    """A run of consecutive credits, one tonne CO2e each, first and last inclusive.

    Buffer credits are numbered in the same series: they are credits, only not for sale.
    """

    __tablename__ = "serial_blocks"
    __table_args__ = (
        UniqueConstraint("batch_id", "issued_as"),
        UniqueConstraint("project_id", "kind", "first_serial"),
        CheckConstraint("kind IN ('C', 'R')", name="kind_known"),
        CheckConstraint("issued_as IN ('active', 'buffer')", name="issued_as_known"),
        CheckConstraint("first_serial >= 1 AND first_serial <= last_serial", name="ordered"),
        CheckConstraint("quantity_t = last_serial - first_serial + 1", name="quantity_inclusive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("credit_batches.id"))
    project_id: Mapped[Slug] = mapped_column(ForeignKey("projects.id"))
    kind: Mapped[str] = mapped_column(String(1))
    issued_as: Mapped[str] = mapped_column(String(10))
    first_serial: Mapped[int] = mapped_column(BigInteger)
    last_serial: Mapped[int] = mapped_column(BigInteger)
    quantity_t: Mapped[int] = mapped_column(BigInteger)


class PlotContribution(Base):
    """What one plot gave to one issuance; also the claim on its land, pool, period and kind."""

    __tablename__ = "plot_contributions"
    __table_args__ = (
        CheckConstraint("start_on < end_on", name="start_before_end"),
        Index("ix_plot_contributions_claim", "plot_key", "pool", "start_on"),
        Index("ix_plot_contributions_boundary", "boundary_sha256", "pool", "start_on"),
    )

    batch_id: Mapped[UUID] = mapped_column(ForeignKey("credit_batches.id"), primary_key=True)
    plot_key: Mapped[int] = mapped_column(ForeignKey("plots.id"), primary_key=True)
    plot_version_id: Mapped[int] = mapped_column(ForeignKey("plot_versions.id"))
    boundary_sha256: Mapped[Digest]
    pool: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(1), default="C", server_default="C")
    start_on: Mapped[date]
    end_on: Mapped[date]
    gross_kg: Mapped[Kilograms]
    net_kg: Mapped[Kilograms]


class LedgerEntry(Base):
    """One event; each names the one before it by digest."""

    __tablename__ = "ledger_entries"

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(40), index=True)
    effective_at: Mapped[UtcTime]
    recorded_at: Mapped[UtcTime]
    actor: Mapped[Slug]
    payload: Mapped[str] = mapped_column(Text)
    payload_hash: Mapped[Digest]
    prev_hash: Mapped[Digest]
    entry_hash: Mapped[Digest] = mapped_column(unique=True)


class IdempotencyKey(Base):
    """A request that was answered, so that the same request again gets the same answer."""

    __tablename__ = "idempotency_keys"

    account_id: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    operation: Mapped[str] = mapped_column(String(40))
    request_sha256: Mapped[Digest]
    answer: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[UtcTime]
