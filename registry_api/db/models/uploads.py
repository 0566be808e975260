"""Uploads of plots, and with them: runs, people, looks, contests, excluded areas, sessions."""

from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from registry_api.db.models.base import Base, Digest, Slug, UtcTime


class PlotExit(Base):
    """That a plot left the programme; it counts until that day and not after."""

    __tablename__ = "plot_exits"

    plot_key: Mapped[int] = mapped_column(ForeignKey("plots.id"), primary_key=True)
    left_on: Mapped[date]
    reason: Mapped[str] = mapped_column(Text)
    recorded_by: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    recorded_at: Mapped[UtcTime]


class PlotUpload(Base):
    """A file of boundaries as it was sent; its bytes are in the private store."""

    __tablename__ = "plot_uploads"
    __table_args__ = (UniqueConstraint("project_id", "sha256"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    project_id: Mapped[Slug] = mapped_column(ForeignKey("projects.id"))
    sha256: Mapped[Digest]
    name: Mapped[str] = mapped_column(String(200))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    uploaded_by: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    received_at: Mapped[UtcTime]


class UploadRun(Base):
    """One screening of an upload that was asked for, and how."""

    __tablename__ = "upload_runs"
    __table_args__ = (UniqueConstraint("upload_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    upload_id: Mapped[UUID] = mapped_column(ForeignKey("plot_uploads.id"))
    number: Mapped[int]
    choices: Mapped[str] = mapped_column(Text)
    requested_by: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    requested_at: Mapped[UtcTime]


class UploadRunState(Base):
    """How far a run is and who works on it: the one row of a run that changes.

    The lease is what keeps two workers apart: while it runs, the run is its holder's; when it has
    run out, the holder is taken for dead and another may claim the run.
    """

    __tablename__ = "upload_run_states"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'working', 'done', 'failed')", name="state_known"),
        Index("ix_upload_run_states_state", "state"),
    )

    run_key: Mapped[int] = mapped_column(ForeignKey("upload_runs.id"), primary_key=True)
    state: Mapped[str] = mapped_column(String(10))
    step: Mapped[str] = mapped_column(String(20))
    done: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[int] = mapped_column(BigInteger)
    stepped_at: Mapped[UtcTime]
    attempt: Mapped[int]
    holder: Mapped[str] = mapped_column(String(40))
    leased_until: Mapped[UtcTime | None]
    tables: Mapped[str] = mapped_column(Text)


class UploadOutcome(Base):
    """What came of a run; written in the transaction that took its plots in.

    `tables` names the tables of the report in the private store, by the digest of their content.
    """

    __tablename__ = "upload_outcomes"

    run_key: Mapped[int] = mapped_column(ForeignKey("upload_runs.id"), primary_key=True)
    format: Mapped[str] = mapped_column(String(80))
    fault_code: Mapped[str] = mapped_column(String(80))
    fault: Mapped[str] = mapped_column(Text)
    tally: Mapped[str | None] = mapped_column(Text)
    tables: Mapped[str] = mapped_column(Text)
    delivery_version: Mapped[int | None]
    finished_at: Mapped[UtcTime]


class ColumnMapping(Base):
    """Which column of a file is which of ours, for files with these columns in this project."""

    __tablename__ = "column_mappings"
    __table_args__ = (Index("ix_column_mappings_header", "project_id", "header_sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[Slug] = mapped_column(ForeignKey("projects.id"))
    header_sha256: Mapped[Digest]
    columns: Mapped[str] = mapped_column(Text)
    saved_at: Mapped[UtcTime]


class Person(Base):
    """Who farms a plot: name and phone as ciphertext; removed when the farmer asks for it."""

    __tablename__ = "people"

    plot_key: Mapped[int] = mapped_column(ForeignKey("plots.id"), primary_key=True)
    farmer_id: Mapped[str] = mapped_column(String(120))
    sealed: Mapped[bytes]
    recorded_at: Mapped[UtcTime]


class ForgottenPerson(Base):
    """That a farmer asked to be forgotten: name and phone are gone and do not come back."""

    __tablename__ = "forgotten_people"

    plot_key: Mapped[int] = mapped_column(ForeignKey("plots.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    forgotten_by: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    forgotten_at: Mapped[UtcTime]


class ErasedFile(Base):
    """That the content of a file, known by its digest, was erased, and why."""

    __tablename__ = "erased_files"

    sha256: Mapped[Digest] = mapped_column(primary_key=True)
    because: Mapped[str] = mapped_column(Text)
    erased_by: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    erased_at: Mapped[UtcTime]


class PrivateLook(Base):
    """One look at something private: who, in which role, and what for."""

    __tablename__ = "private_looks"
    __table_args__ = (Index("ix_private_looks_project", "project_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[UtcTime]
    account_id: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    role: Mapped[str] = mapped_column(String(20))
    purpose: Mapped[str] = mapped_column(Text)
    what: Mapped[str] = mapped_column(String(20))
    project_id: Mapped[Slug] = mapped_column(ForeignKey("projects.id"))
    subject: Mapped[str] = mapped_column(String(200))


class Contest(Base):
    """That a developer contests a finding, for one boundary, with or without evidence."""

    __tablename__ = "contests"
    __table_args__ = (Index("ix_contests_project", "project_id", "filed_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    project_id: Mapped[Slug] = mapped_column(ForeignKey("projects.id"))
    plot_id: Mapped[str] = mapped_column(String(120))
    code: Mapped[str] = mapped_column(String(80))
    boundary_wkb: Mapped[bytes]
    statement: Mapped[str] = mapped_column(Text)
    evidence_name: Mapped[str] = mapped_column(String(200))
    evidence_sha256: Mapped[str] = mapped_column(String(64))
    filed_by: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    filed_at: Mapped[UtcTime]


class ContestRival(Base):
    """A plot with which a contested one shared ground when the contest was filed."""

    __tablename__ = "contest_rivals"

    contest_id: Mapped[UUID] = mapped_column(ForeignKey("contests.id"), primary_key=True)
    project_id: Mapped[Slug] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    plot_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    boundary_wkb: Mapped[bytes]


class ContestDecision(Base):
    """What a verifier decided about a contest, once; never the project's developer."""

    __tablename__ = "contest_decisions"

    contest_id: Mapped[UUID] = mapped_column(ForeignKey("contests.id"), primary_key=True)
    account_id: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    upheld: Mapped[bool]
    statement: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[UtcTime]


class ExcludedLayer(Base):
    """A layer of areas where no plot may lie, as the operator loaded it; the newest one counts."""

    __tablename__ = "excluded_layers"
    __table_args__ = (UniqueConstraint("name", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    version: Mapped[int]
    kind: Mapped[str] = mapped_column(String(40))
    source: Mapped[str] = mapped_column(Text)
    sha256: Mapped[Digest]
    loaded_at: Mapped[UtcTime]


class ExcludedArea(Base):
    """One area of a layer, WGS 84."""

    __tablename__ = "excluded_areas"
    __table_args__ = (Index("ix_excluded_areas_layer", "layer_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    layer_id: Mapped[int] = mapped_column(ForeignKey("excluded_layers.id"))
    name: Mapped[str] = mapped_column(String(200))
    area_wkb: Mapped[bytes]


class WebSession(Base):
    """A person's way in from a browser; the token itself is in the browser only."""

    __tablename__ = "web_sessions"

    token_sha256: Mapped[Digest] = mapped_column(primary_key=True)
    account_id: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[UtcTime]
    expires_at: Mapped[UtcTime]
    revoked_at: Mapped[UtcTime | None]
