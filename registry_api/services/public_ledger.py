"""The ledger as anybody may read it: what happened, when, to how many credits, and by which digest.

Who acted and what exactly was written stays with those it concerns: neither holders nor farmers are
told. The digests let whoever was shown an entry prove that it is the one that stands here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db.models import CreditOrder, LedgerEntry
from registry_api.services import paging
from registry_api.services.views import Page


@dataclass(frozen=True, slots=True)
class PublicEntry:
    """One entry of the ledger.

    Attributes:
        kind: What happened.
        quantity_t: To how many credits [t CO2e]: those that moved or, of a reservation, those that
            are kept for a buyer while they stay where they are; 0 of anything else.
        projects: Whose credits, or which project it is about.
        payload_sha256: Digest of what exactly was written.
        entry_sha256: Of the whole entry; the next one names it.
        previous_sha256: Of the entry before.
    """

    sequence: int
    kind: str
    recorded_at: datetime
    effective_at: datetime
    quantity_t: int
    projects: tuple[str, ...]
    payload_sha256: str
    entry_sha256: str
    previous_sha256: str


def entries(session: Session, *, limit: int = 50, cursor: str | None = None) -> Page[PublicEntry]:
    """List what happened, newest first."""
    (before,) = paging.decode(cursor, int) or (None,)
    query = select(LedgerEntry)
    if before is not None:
        query = query.where(LedgerEntry.sequence < before)
    found = session.scalars(query.order_by(LedgerEntry.sequence.desc()).limit(limit + 1)).all()
    kept = _reserved_t(session, found[:limit])
    return Page(
        tuple(_view(entry, kept.get(entry.sequence, 0)) for entry in found[:limit]),
        paging.encode(found[limit - 1].sequence) if len(found) > limit else None,
    )


def _reserved_t(session: Session, entries: Sequence[LedgerEntry]) -> dict[int, int]:
    """Look up what reservations keep, which names no serials: any of the listing will do."""
    reserving = [entry.sequence for entry in entries if entry.kind == "credits_reserved"]
    rows = session.execute(
        select(CreditOrder.sequence, CreditOrder.quantity_t).where(
            CreditOrder.sequence.in_(reserving)
        )
    )
    return {sequence: int(quantity_t) for sequence, quantity_t in rows}


def _view(entry: LedgerEntry, reserved_t: int) -> PublicEntry:
    said: dict[str, Any] = json.loads(entry.payload)
    blocks: list[dict[str, Any]] = said.get("blocks") or []
    named = [block.get("project") for block in blocks] or [said.get("project")]
    return PublicEntry(
        sequence=entry.sequence,
        kind=entry.kind,
        recorded_at=entry.recorded_at,
        effective_at=entry.effective_at,
        quantity_t=reserved_t or sum(block["last"] - block["first"] + 1 for block in blocks),
        projects=tuple(sorted({str(name or said.get("project") or "") for name in named} - {""})),
        payload_sha256=entry.payload_hash,
        entry_sha256=entry.entry_hash,
        previous_sha256=entry.prev_hash,
    )
