"""Accounts, their one role each, and the keys machines come in with.

A key is 256 random bits, shown once; only its SHA-256 is kept, which needs no salt at that length.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, cast, get_args
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db.models import Account, ApiKey, ApiKeyTerms
from registry_api.errors import (
    Contradiction,
    NotAcceptable,
    NotAllowed,
    NotFound,
)
from registry_api.services import clock
from registry_api.services.canonical import sha256_of_text
from registry_api.settings import Settings

Role = Literal["developer", "verifier", "registrar", "buyer"]
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,38}[a-z0-9]")
KEY_DAYS = 365  # how long a key works unless somebody says otherwise [P]
_KEY_PREFIX = "pkl_"


@dataclass(frozen=True, slots=True)
class AccountView:
    """Who acts."""

    id: str
    name: str
    role: Role


def register_account(session: Session, account_id: str, name: str, role: Role) -> AccountView:
    """Open an account; again, it changes nothing but a name that was not known yet.

    Raises:
        NotAcceptable: If the id or the role is not one.
        Contradiction: If the account exists with another role.
    """
    if not _SLUG.fullmatch(account_id) or role not in get_args(Role):
        raise NotAcceptable(
            f"An account needs an id of 3 to 40 letters a-z, digits and hyphens and one of the "
            f"roles {', '.join(get_args(Role))}; '{account_id}' with role '{role}' does not fit."
        )
    account = session.get(Account, account_id)
    if account is None:
        account = Account(id=account_id, name=name[:200], role=role, created_at=clock.now())
        session.add(account)
        session.flush()
    elif account.role != role:
        raise Contradiction(
            f"Account {account_id} is a {account.role}; an account has one role, so use another "
            f"account to act as {role}.",
            account=account_id,
        )
    elif account.name == account.id and name != account.id:
        account.name = name[:200]  # opened with a key, before anybody had said what it is called
        session.flush()
    return _view(account)


def demonstration_account(session: Session, settings: Settings, role: Role) -> AccountView:
    """Give the account `demo-<role>`, which exists in demonstration registries only.

    Raises:
        NotAllowed: If this registry is not a demonstration.
    """
    if not settings.demo:
        raise NotAllowed("Demonstration accounts exist in a demonstration registry only.")
    return register_account(session, f"demo-{role}", f"Demonstration {role}", role)


def account(session: Session, account_id: str) -> AccountView:
    """Find an account.

    Raises:
        NotFound: If there is none of that id.
    """
    found = session.get(Account, account_id)
    if found is None:
        raise NotFound(f"There is no account '{account_id}'.", account=account_id)
    return _view(found)


def demand_role(session: Session, account_id: str, role: Role) -> AccountView:
    """Find an account and insist on its role.

    Raises:
        NotAllowed: If the account has another role.
    """
    found = account(session, account_id)
    if found.role != role:
        raise NotAllowed(
            f"This needs an account with the role {role}; {account_id} is a {found.role}.",
            account=account_id,
        )
    return found


def create_key(
    session: Session,
    account_id: str,
    *,
    name: str = "unnamed",
    scopes: Sequence[str] = (),
    days: int = KEY_DAYS,
    replaces: UUID | None = None,
) -> str:
    """Make a key for an account and give it back, the only time it can be seen.

    What a key's account may ask for is in `keys.make`; this is for whoever runs the registry.
    """
    account(session, account_id)
    key = _KEY_PREFIX + secrets.token_urlsafe(32)
    now = clock.now()
    made = ApiKey(
        id=uuid4(),
        account_id=account_id,
        prefix=key[:12],
        key_sha256=sha256_of_text(key),
        created_at=now,
    )
    session.add(made)
    session.flush()
    session.add(
        ApiKeyTerms(
            key_id=made.id,
            name=name,
            scopes=" ".join(scopes),
            expires_at=now + timedelta(days=days),
            replaces_id=replaces,
        )
    )
    session.flush()
    return key


def revoke_key(session: Session, key: str) -> None:
    """Make a key useless from now on.

    Raises:
        NotFound: If there is no such key.
    """
    found = session.scalars(select(ApiKey).where(ApiKey.key_sha256 == sha256_of_text(key))).first()
    if found is None:
        raise NotFound("There is no such key.")
    now = clock.now()
    found.revoked_at = min(found.revoked_at or now, now)
    session.flush()


def _view(account: Account) -> AccountView:
    return AccountView(account.id, account.name, cast("Role", account.role))
