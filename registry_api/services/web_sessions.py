"""Web sessions: a person signs in with an account's key, and the browser keeps a token.

Only the token's digest is kept here; a session ends by itself, or when it is closed.
"""

from sqlalchemy.orm import Session

from registry_api.services.accounts import AccountView
from registry_api.settings import Settings


def open(session: Session, settings: Settings, key: str) -> str:  # noqa: A001  (web_sessions.open)
    """Sign in: give a new token for the account a key belongs to.

    Raises:
        NotAuthenticated: If the key is unknown or revoked.
    """
    raise NotImplementedError


def account_of(session: Session, token: str) -> AccountView:
    """Find who a token belongs to.

    Raises:
        NotAuthenticated: If it is unknown, closed or has run out.
    """
    raise NotImplementedError


def close(session: Session, token: str) -> None:
    """Sign out; a token that is not known changes nothing."""
    raise NotImplementedError
