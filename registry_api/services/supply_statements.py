"""Daily statements, signed by the registry, of where every credit of every issuance is.

Each names the ledger entry up to which it holds and the log's root there, so that it can be held
against the log, and adds up by itself: what was issued is somewhere, once.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mrv.evidence import merkle
from registry_api.db import lock_for_writing
from registry_api.db.models import Holding, SerialBlock, SupplyStatement
from registry_api.errors import NotFound, NotReady
from registry_api.services import clock, signing, transparency
from registry_api.services.canonical import canonical_json, sha256_of_text
from registry_api.services.holdings import STATES, still_open
from registry_api.services.log_tree import Nodes
from registry_api.services.paging import decode, encode
from registry_api.services.signing import Signature
from registry_api.services.views import Page
from registry_api.settings import Settings


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """A statement as it was signed.

    Attributes:
        day: Of which it is (UTC).
        statement: What is said; the signature is over its canonical JSON (RFC 8785).
        sha256: Of that canonical JSON, in hex.
        key_id: The public key, as a Multikey.
        signature: 64 bytes, in hex.
    """

    day: date
    statement: Mapping[str, Any]
    sha256: str
    key_id: str
    signature: str


@dataclass(frozen=True, slots=True)
class StatementCard:
    """A statement in a list."""

    day: date
    sha256: str
    made_at: datetime


def state_supply(session: Session, settings: Settings) -> SignedStatement:
    """Make today's statement (UTC), or give it where it is made already.

    Raises:
        NotReady: If an issuance does not add up, which is then named, or there is no key.
    """
    lock_for_writing(session)
    now = clock.now()
    made = session.get(SupplyStatement, now.astimezone(UTC).date())
    if made is not None:
        return _view(made)
    size = transparency.size_of(session)
    if not size:
        raise NotReady("Nothing has happened here yet that a statement could be made of.")
    told = {
        "registry": transparency.origin(settings),
        "day": now.astimezone(UTC).date().isoformat(),
        "ledger_entries": size,
        "log_root": merkle.root(size, Nodes(session)).hex(),
        "unit": "t CO2e",
        "issuances": _issuances(session),
    }
    text = canonical_json(told)
    signing.adopt(session, settings)
    signed = signing.sign(settings, text.encode())
    made = SupplyStatement(
        day=now.astimezone(UTC).date(),
        sequence=size,
        statement=text,
        statement_sha256=sha256_of_text(text),
        key_id=signed.key_id,
        signature=signed.value.hex(),
        made_at=now,
    )
    session.add(made)
    session.flush()
    return _view(made)


def statement_of(session: Session, day: date) -> SignedStatement:
    """Give the statement of a day.

    Raises:
        NotFound: If none was made.
    """
    made = session.get(SupplyStatement, day)
    if made is None:
        raise NotFound(f"No statement of the supply was made on {day}.")
    return _view(made)


def statements(
    session: Session, *, limit: int = 50, cursor: str | None = None
) -> Page[StatementCard]:
    """List statements, newest first."""
    (before,) = decode(cursor, int) or (date.max.toordinal(),)
    earlier = date.fromordinal(min(max(before, 1), date.max.toordinal()))
    rows = session.scalars(
        select(SupplyStatement)
        .where(SupplyStatement.day < earlier)
        .order_by(SupplyStatement.day.desc())
        .limit(limit + 1)
    ).all()
    cards = tuple(StatementCard(r.day, r.statement_sha256, r.made_at) for r in rows[:limit])
    return Page(cards, encode(cards[-1].day.toordinal()) if len(rows) > limit else None)


def is_true_to_its_signature(session: Session, told: SignedStatement) -> bool:
    """Say whether a statement is as one of our keys signed it."""
    made = session.get(SupplyStatement, told.day)
    signature = Signature(told.key_id, bytes.fromhex(told.signature))
    message = canonical_json(told.statement).encode()
    return made is not None and signing.is_ours(session, signature, message, made.made_at)


def _issuances(session: Session) -> dict[str, dict[str, int]]:
    """Add up each issuance by state, and insist that nothing is missing or double."""
    given_out = select(SerialBlock.batch_id, func.sum(SerialBlock.quantity_t))
    issued = session.execute(given_out.group_by(SerialBlock.batch_id)).all()
    by_state: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(STATES, 0))
    held = select(Holding.batch_id, Holding.state, func.sum(Holding.quantity_t)).where(still_open())
    for batch_id, state, quantity_t in session.execute(
        held.group_by(Holding.batch_id, Holding.state)
    ):
        by_state[str(batch_id)][state] = int(quantity_t)
    told = {}
    for batch_id, quantity_t in issued:
        parts = by_state[str(batch_id)]
        if sum(parts.values()) != quantity_t:
            raise NotReady(
                f"Issuance {batch_id} has {quantity_t} credits and {sum(parts.values())} are held "
                "somewhere: no statement is signed; run 'parkland log audit' and restore a copy."
            )
        told[str(batch_id)] = {"issued": int(quantity_t), **parts}
    return told


def _view(made: SupplyStatement) -> SignedStatement:
    return SignedStatement(
        day=made.day,
        statement=json.loads(made.statement),
        sha256=made.statement_sha256,
        key_id=made.key_id,
        signature=made.signature,
    )
