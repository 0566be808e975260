"""The ledger: what happened, in order, each entry naming the one before it by digest.

Only `append` writes it. Reading it for people belongs to the pages; a signed tree over it is
another module's subject.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from mrv.evidence.ledger_entries import Entry, entry_digest
from registry_api.db import lock_for_writing
from registry_api.db.models import LedgerEntry
from registry_api.errors import NotAcceptable, NotReady
from registry_api.services import clock, log_tree
from registry_api.services.canonical import canonical_json, sha256_of_text

Kind = Literal[
    "project_registered",
    "project_changed",
    "files_delivered",
    "plots_registered",
    "plot_left",
    "estimate_submitted",
    "estimate_decided",
    "batch_issued",
    "transfer_offered",
    "transfer_accepted",
    "transfer_declined",
    "transfer_withdrawn",
    "credits_listed",
    "listing_withdrawn",
    "credits_reserved",
    "reservation_declined",
    "reservation_withdrawn",
    "credits_sold",
    "quote_asked",
    "quote_declined",
    "quote_withdrawn",
    "credits_retired",
    "credits_held",
    "credits_released",
    "cancellation_asked",
    "cancellation_accepted",
    "cancellation_declined",
    "cancellation_withdrawn",
    "issuance_proposed",
    "release_proposed",
    "correction_proposed",
    "proposal_dropped",
    "buffer_released",
    "corrected",
    "period_restated",
    "reversal_opened",
    "reversal_stepped",
    "reversal_settled",
    "member_joined",
    "member_left",
    "label_given",
    "label_withdrawn",
    "certificate_revoked",
    "signing_key_revoked",
    "verification_assigned",
    "verification_sampled",
    "verification_recomputed",
    "finding_requested",
    "finding_answered",
    "finding_returned",
    "finding_closed",
    "methodology_adopted",
]
FIRST_PREV_HASH = "0" * 64
_CLOCK_SLACK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class ChainReport:
    """Whether the ledger agrees with itself.

    Attributes:
        entries: How many there are.
        first_bad: Sequence of the first entry that does not fit; None if all do.
        sentence: The same for a person.
    """

    entries: int
    first_bad: int | None
    sentence: str


def append(
    session: Session,
    kind: Kind,
    *,
    actor: str,
    payload: Mapping[str, object],
    effective_at: datetime | None = None,
) -> LedgerEntry:
    """Write down what happened, after everything that happened before.

    Args:
        session: The one transaction.
        kind: What happened.
        actor: Who did it.
        payload: What else is to be known of it.
        effective_at: Since when it is in force; by default now, and never later.

    Raises:
        NotAcceptable: If it would take effect later than now.
        NotReady: If the clock is behind the newest entry by more than five minutes.
    """
    lock_for_writing(session)
    last = session.scalars(
        select(LedgerEntry).order_by(LedgerEntry.sequence.desc()).limit(1)
    ).first()
    now = _after(last)
    if effective_at is not None and effective_at > now:
        raise NotAcceptable(
            f"Nothing takes effect before its time: {effective_at:%Y-%m-%d %H:%M} lies ahead; "
            "state a time that is not after now."
        )
    text = canonical_json(payload)
    entry = LedgerEntry(
        sequence=last.sequence + 1 if last else 1,
        kind=kind,
        effective_at=effective_at or now,
        recorded_at=now,
        actor=actor,
        payload=text,
        payload_hash=sha256_of_text(text),
        prev_hash=last.entry_hash if last else FIRST_PREV_HASH,
    )
    entry.entry_hash = _entry_hash(entry)
    session.add(entry)
    session.flush()
    log_tree.grow(session, entry.sequence, entry.entry_hash)
    return entry


def verify_chain(session: Session) -> ChainReport:
    """Recompute every digest of the ledger and name the first entry that does not fit."""
    previous, count = FIRST_PREV_HASH, 0
    with session.scalars(
        select(LedgerEntry).order_by(LedgerEntry.sequence).execution_options(yield_per=1000)
    ) as entries:
        for count, entry in enumerate(entries, start=1):
            fault = _fault(entry, count, previous)
            if fault:
                return ChainReport(
                    count, entry.sequence, f"Ledger entry {entry.sequence} does not fit: {fault}."
                )
            previous = entry.entry_hash
    return ChainReport(count, None, f"All {count} ledger entries fit together.")


def _fault(entry: LedgerEntry, expected_sequence: int, previous: str) -> str | None:
    if entry.sequence != expected_sequence:
        return f"entry {expected_sequence} is missing before it"
    if entry.prev_hash != previous:
        return "it does not name the entry before it"
    if entry.payload_hash != sha256_of_text(entry.payload):
        return "its payload is not what was written"
    if entry.entry_hash != _entry_hash(entry):
        return "its own digest is not that of its content"
    return None


def public(entry: LedgerEntry) -> Entry:
    """Give an entry as it is made public, and as its digest is taken."""
    return Entry(
        sequence=entry.sequence,
        kind=entry.kind,
        effective_at=entry.effective_at.astimezone(UTC).isoformat(),
        recorded_at=entry.recorded_at.astimezone(UTC).isoformat(),
        actor=entry.actor,
        payload=entry.payload,
        payload_hash=entry.payload_hash,
        prev_hash=entry.prev_hash,
        entry_hash=entry.entry_hash or "",
    )


def _entry_hash(entry: LedgerEntry) -> str:
    return entry_digest(public(entry))


def _after(last: LedgerEntry | None) -> datetime:
    now = clock.now()
    if last is None or now >= last.recorded_at:
        return now
    if last.recorded_at - now > _CLOCK_SLACK:
        raise NotReady(
            f"This machine's clock says {now:%Y-%m-%d %H:%M}, but the ledger was last written on "
            f"{last.recorded_at:%Y-%m-%d %H:%M}; set the clock right first."
        )
    return last.recorded_at
