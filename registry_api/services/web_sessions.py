"""Web sessions: a person signs in with an account's key, and the browser keeps a token.

Only the token's digest is kept here; a session ends by itself, or when it is closed.
"""

import secrets
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db.models import WebSession
from registry_api.errors import NotAuthenticated
from registry_api.services import accounts, clock, keys
from registry_api.services.accounts import AccountView
from registry_api.services.canonical import sha256_of_text
from registry_api.settings import Settings

_TOKEN_BYTES = 32


def open(session: Session, settings: Settings, key: str) -> str:  # noqa: A001  (web_sessions.open)
    """Sign in: give a new token for the account a key belongs to.

    Raises:
        NotAuthenticated: If the key is unknown, revoked, run out, or for less than all: a page does
            whatever its visitor may, so a key for less would open more than it should.
    """
    presented = keys.authenticate(session, key)
    if presented.scopes is not None:
        raise NotAuthenticated("This key is limited to scopes and opens no pages.")
    account = presented.account
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    now = clock.now()
    session.add(
        WebSession(
            token_sha256=sha256_of_text(token),
            account_id=account.id,
            created_at=now,
            expires_at=now + timedelta(hours=settings.session_hours),
        )
    )
    session.flush()
    return token


def account_of(session: Session, token: str) -> AccountView:
    """Find who a token belongs to.

    The lookup is by digest, so its timing tells nothing about tokens that exist.

    Raises:
        NotAuthenticated: If it is unknown, closed or has run out.
    """
    found = session.scalars(
        select(WebSession.account_id).where(
            WebSession.token_sha256 == _digest(token),
            WebSession.revoked_at.is_(None),
            WebSession.expires_at > clock.now(),
        )
    ).first()
    if found is None:
        raise NotAuthenticated("You are not signed in, or no longer; sign in again.")
    return accounts.account(session, found)


def close(session: Session, token: str) -> None:
    """Sign out; a token that is not known changes nothing."""
    held = session.get(WebSession, _digest(token))
    if held is not None and held.revoked_at is None:
        held.revoked_at = clock.now()
        session.flush()


def _digest(token: str) -> str:
    return sha256_of_text(token.encode("utf-8", "replace").decode())
