"""Which version of its methodology a project took up, on which report."""

from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry_api.db.models.base import Base, Digest, Slug, UtcTime


class MethodologyAdoption(Base):
    """That later periods of a project follow another version, and what that version changes."""

    __tablename__ = "methodology_adoptions"
    __table_args__ = (UniqueConstraint("project_id", "methodology_id", "version"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    project_id: Mapped[Slug] = mapped_column(ForeignKey("projects.id"))
    methodology_id: Mapped[str] = mapped_column(String(80))
    version: Mapped[int]
    rules_sha256: Mapped[Digest]
    report_sha256: Mapped[Digest]
    report: Mapped[str] = mapped_column(Text)  # canonical JSON
    reason: Mapped[str] = mapped_column(Text)
    adopted_by: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    recorded_at: Mapped[UtcTime]
    sequence: Mapped[int] = mapped_column(ForeignKey("ledger_entries.sequence"), unique=True)
