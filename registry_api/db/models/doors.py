"""The ways in: what a key may do and when it was used, and who a token stands for."""

from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from registry_api.db.models.base import Base, Slug, UtcTime


class ApiKeyTerms(Base):
    """What was agreed when a key was made; keys of before have none and may do all of their role.

    Scopes are words with spaces between; empty means all that the account's role may do.
    """

    __tablename__ = "api_key_terms"

    key_id: Mapped[UUID] = mapped_column(ForeignKey("api_keys.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    scopes: Mapped[str] = mapped_column(String(400))
    expires_at: Mapped[UtcTime]
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_keys.id"))


class ApiKeyUse(Base):
    """A day (UTC) on which a key was used."""

    __tablename__ = "api_key_uses"

    key_id: Mapped[UUID] = mapped_column(ForeignKey("api_keys.id"), primary_key=True)
    used_on: Mapped[date] = mapped_column(primary_key=True)


class OutsideIdentity(Base):
    """A subject of an OpenID issuer who acts for an account."""

    __tablename__ = "outside_identities"
    __table_args__ = (Index("ix_outside_identities_subject", "issuer", "subject"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    issuer: Mapped[str] = mapped_column(String(500))
    subject: Mapped[str] = mapped_column(String(255))
    account_id: Mapped[Slug] = mapped_column(ForeignKey("accounts.id"))
    linked_by: Mapped[Slug]
    linked_at: Mapped[UtcTime]


class OutsideIdentityEnd(Base):
    """That a subject acts for an account no longer."""

    __tablename__ = "outside_identity_ends"

    identity_id: Mapped[int] = mapped_column(
        ForeignKey("outside_identities.id"), primary_key=True, autoincrement=False
    )
    ended_by: Mapped[Slug]
    ended_at: Mapped[UtcTime]
