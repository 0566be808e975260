"""Requests that were answered: the same key with the same request gets the same answer again."""

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from registry_api.db import lock_for_writing
from registry_api.db.models import IdempotencyKey
from registry_api.errors import KeyReused, NotAcceptable
from registry_api.services import clock
from registry_api.services.canonical import canonical_json, sha256_of_text

_SHORTEST, _LONGEST = 8, 128


def answered(
    session: Session, account_id: str, key: str, operation: str, request: Mapping[str, object]
) -> str | None:
    """Give the answer a request got under this key; None if the key is new.

    Raises:
        NotAcceptable: If the key is too short, too long or not plain ASCII.
        KeyReused: If the key belongs to another request.
    """
    if not (_SHORTEST <= len(key) <= _LONGEST and key.isascii() and key.isprintable()):
        raise NotAcceptable(
            f"An idempotency key is {_SHORTEST} to {_LONGEST} printable ASCII characters."
        )
    held = session.get(IdempotencyKey, (account_id, key))
    if held is None:
        return None
    if (held.operation, held.request_sha256) != (operation, _digest(request)):
        raise KeyReused("This idempotency key was used for another request; take a new one.")
    return held.answer


def remember(
    session: Session,
    account_id: str,
    key: str,
    operation: str,
    request: Mapping[str, object],
    answer: str,
) -> None:
    """Keep what a request was answered, in the transaction that did what it asked for."""
    session.add(
        IdempotencyKey(
            account_id=account_id,
            key=key,
            operation=operation,
            request_sha256=_digest(request),
            answer=answer,
            recorded_at=clock.now(),
        )
    )
    session.flush()


def once(
    session: Session,
    account_id: str,
    key: str,
    operation: str,
    request: Mapping[str, object],
    act: Callable[[], str],
) -> str:
    """Do what is asked once; the same request under the same key gets the first one's answer.

    Raises:
        NotAcceptable: If the key is too short, too long or not plain ASCII.
        KeyReused: If the key belongs to another request.
    """
    lock_for_writing(session)
    earlier = answered(session, account_id, key, operation, request)
    if earlier is not None:
        return earlier
    answer = act()
    remember(session, account_id, key, operation, request, answer)
    return answer


def _digest(request: Mapping[str, object]) -> str:
    return sha256_of_text(canonical_json(request))
