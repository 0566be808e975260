"""Keys of accounts: named, limited to scopes, running out, replaced with an overlap, last used.

A key that is limited to scopes does less than its account's role allows, never more. When a key is
replaced, the old one works on for `OVERLAP_DAYS`, so that no machine stands still in between.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from registry_api.db import lock_for_writing
from registry_api.db.models import ApiKey, ApiKeyTerms, ApiKeyUse
from registry_api.errors import Contradiction, NotAcceptable, NotAllowed, NotAuthenticated, NotFound
from registry_api.services import clock
from registry_api.services.accounts import KEY_DAYS, AccountView, account, create_key
from registry_api.services.canonical import sha256_of_text

Scope = Literal[
    "registry:read",
    "private:read",
    "projects:write",
    "plots:write",
    "findings:write",
    "credits:issue",
    "credits:trade",
    "credits:retire",
    "registry:rule",
    "keys:write",
]
SCOPES: tuple[Scope, ...] = get_args(Scope)
LONGEST_LIFE_DAYS = 730
OVERLAP_DAYS = 7
_MOST_KEYS = 50  # of one account at a time [P]
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Presented:
    """Who came in with a key or a token, and how far it opens.

    Attributes:
        scopes: None means all that the account's role may do.
        key_id: Of the key; None for a session or a token.
        used_today: Whether the key's use today is written down.
    """

    account: AccountView
    scopes: frozenset[str] | None
    key_id: UUID | None = None
    used_today: bool = True


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key as its account may see it: everything but the key.

    Attributes:
        scopes: Empty means all that the account's role may do.
        ends_at: When it stops to work: run out, replaced or withdrawn; None for keys of before.
        last_used_on: A day (UTC); None for never.
        replaces: Id of the key it was made in place of.
    """

    id: str
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: datetime
    ends_at: datetime | None
    works: bool
    last_used_on: date | None
    replaces: str | None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key on the only occasion on which it can be seen."""

    key: str
    about: KeyView


def make(
    session: Session,
    account_id: str,
    *,
    name: str,
    scopes: Collection[str] = (),
    days: int = KEY_DAYS,
    within: Collection[str] | None = None,
) -> NewKey:
    """Make a key for an account.

    Args:
        session: The one transaction.
        account_id: Whose key.
        name: What its account calls it; no two working keys have the same.
        scopes: What it may do; empty means all that the account's role may do.
        days: How long it works.
        within: Scopes of who asks; None for no limit. A key makes no key that may do more.

    Raises:
        NotAcceptable: If the name, a scope or the number of days is none.
        NotAllowed: If the key could do more than the one that makes it.
        Contradiction: If there is a working key of that name, or there are too many.
    """
    lock_for_writing(session)
    account(session, account_id)
    check_scopes(scopes)
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise NotAcceptable(f"A key needs a name of 1 to {_LONGEST_NAME} characters.")
    if not 1 <= days <= LONGEST_LIFE_DAYS:
        raise NotAcceptable(f"A key works for 1 to {LONGEST_LIFE_DAYS} days, not for {days}.")
    if within is not None and (not scopes or not set(scopes) <= set(within)):
        raise NotAllowed("A key makes no key that may do more than itself; name fewer scopes.")
    working = [view for view in of_account(session, account_id) if view.works]
    if any(view.name == name.strip() for view in working):
        raise Contradiction(
            f"There is a working key named '{name.strip()}'; replace or withdraw it, or choose "
            "another name."
        )
    if len(working) >= _MOST_KEYS:
        raise Contradiction(f"{account_id} has {len(working)} working keys; withdraw one first.")
    key = create_key(session, account_id, name=name.strip(), scopes=_ordered(scopes), days=days)
    return NewKey(key, _view_of(session, _by_text(session, key)))


def check_scopes(scopes: Collection[str]) -> None:
    """Insist that scopes are known.

    Raises:
        NotAcceptable: Naming one that is none.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        raise NotAcceptable(
            f"'{unknown[0][:40]}' is no scope; there are {', '.join(SCOPES)}.", scope=unknown[0]
        )


def replace(
    session: Session, account_id: str, key_id: str, *, within: Collection[str] | None = None
) -> NewKey:
    """Make a key like one that works, which itself works on for `OVERLAP_DAYS` only.

    Raises:
        NotFound: If the account has no such key.
        NotAllowed: If the key may do more than the one that asks.
        Contradiction: If the key works no more, or was replaced already.
    """
    lock_for_writing(session)
    old = _of_account(session, account_id, key_id)
    about = _view_of(session, old)
    if not about.works:
        raise Contradiction(f"The key '{about.name}' works no more; make a new one.")
    if old.revoked_at is not None:
        raise Contradiction(f"The key '{about.name}' was replaced already, or ends soon.")
    if within is not None and (not about.scopes or not set(about.scopes) <= set(within)):
        raise NotAllowed("A key replaces no key that may do more than itself.")
    terms = session.get(ApiKeyTerms, old.id)
    days = KEY_DAYS if terms is None else (terms.expires_at - old.created_at).days
    now = clock.now()
    key = create_key(
        session, account_id, name=about.name, scopes=about.scopes, days=days, replaces=old.id
    )
    old.revoked_at = now + timedelta(days=OVERLAP_DAYS)
    session.flush()
    return NewKey(key, _view_of(session, _by_text(session, key)))


def withdraw(session: Session, account_id: str, key_id: str) -> None:
    """Make a key useless from now on; again, it changes nothing.

    Raises:
        NotFound: If the account has no such key.
    """
    lock_for_writing(session)
    found = _of_account(session, account_id, key_id)
    now = clock.now()
    if found.revoked_at is None or found.revoked_at > now:
        found.revoked_at = now
        session.flush()


def of_account(session: Session, account_id: str) -> tuple[KeyView, ...]:
    """List an account's keys, the newest first, those that work no more too."""
    rows = session.scalars(
        select(ApiKey).where(ApiKey.account_id == account_id).order_by(ApiKey.created_at.desc())
    ).all()
    return tuple(_view_of(session, row) for row in rows)


def authenticate(session: Session, key: str) -> Presented:
    """Find who a key belongs to, and how far it opens.

    The lookup is by digest, so its timing tells nothing about keys that exist.

    Raises:
        NotAuthenticated: If the key is unknown, was withdrawn or has run out.
    """
    now = clock.now()
    found = session.execute(
        select(ApiKey, ApiKeyTerms, ApiKeyUse)
        .outerjoin(ApiKeyTerms, ApiKeyTerms.key_id == ApiKey.id)
        .outerjoin(ApiKeyUse, (ApiKeyUse.key_id == ApiKey.id) & (ApiKeyUse.used_on == now.date()))
        .where(ApiKey.key_sha256 == _digest(key))
    ).one_or_none()
    if found is None:
        raise NotAuthenticated("The API key is not known here or was revoked.")
    held, terms, used = found
    if held.revoked_at is not None and held.revoked_at <= now:
        raise NotAuthenticated("The API key is not known here or was revoked.")
    if terms is not None and terms.expires_at <= now:
        raise NotAuthenticated(
            f"This API key ran out on {terms.expires_at:%Y-%m-%d}; make a new one."
        )
    scopes = frozenset(terms.scopes.split()) if terms is not None and terms.scopes else None
    return Presented(account(session, held.account_id), scopes, held.id, used is not None)


def note_use(session: Session, key_id: UUID) -> None:
    """Write down that a key was used today."""
    lock_for_writing(session)
    today = clock.today()
    if session.get(ApiKeyUse, (key_id, today)) is None:
        session.add(ApiKeyUse(key_id=key_id, used_on=today))
        session.flush()


def _of_account(session: Session, account_id: str, key_id: str) -> ApiKey:
    found = session.get(ApiKey, UUID(key_id))
    if found is None or found.account_id != account_id:
        raise NotFound("You have no such key.")
    return found


def _by_text(session: Session, key: str) -> ApiKey:
    return session.scalars(select(ApiKey).where(ApiKey.key_sha256 == _digest(key))).one()


def _digest(key: str) -> str:
    return sha256_of_text(key.encode("utf-8", "replace").decode())


def _ordered(scopes: Iterable[str]) -> tuple[str, ...]:
    asked = set(scopes)
    return tuple(scope for scope in SCOPES if scope in asked)


def _view_of(session: Session, held: ApiKey) -> KeyView:
    terms = session.get(ApiKeyTerms, held.id)
    used = session.scalar(select(func.max(ApiKeyUse.used_on)).where(ApiKeyUse.key_id == held.id))
    ends = [
        moment
        for moment in (held.revoked_at, terms.expires_at if terms is not None else None)
        if moment is not None
    ]
    ends_at = min(ends, default=None)
    return KeyView(
        id=str(held.id),
        name=terms.name if terms is not None else "",
        prefix=held.prefix,
        scopes=tuple(terms.scopes.split()) if terms is not None else (),
        created_at=held.created_at,
        ends_at=ends_at,
        works=ends_at is None or ends_at > clock.now(),
        last_used_on=used,
        replaces=str(terms.replaces_id) if terms is not None and terms.replaces_id else None,
    )
