"""Ledger entries as anybody may hold them: each named by its content and by the entry before it."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import rfc8785


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it is made public.

    Attributes:
        sequence: Its place in the ledger, from 1.
        kind: What happened.
        effective_at: Since when it is in force; ISO 8601, UTC.
        recorded_at: When it was written down; ISO 8601, UTC.
        actor: Account that did it.
        payload: Canonical JSON of what else is to be known.
        payload_hash: Digest of the payload, in hex.
        prev_hash: Digest of the entry before it, in hex.
        entry_hash: Its own digest, in hex.
    """

    sequence: int
    kind: str
    effective_at: str
    recorded_at: str
    actor: str
    payload: str
    payload_hash: str
    prev_hash: str
    entry_hash: str

    def fault(self) -> str | None:
        """Say what in it does not fit its digests; None where all does."""
        if hashlib.sha256(self.payload.encode()).hexdigest() != self.payload_hash:
            return "its payload is not what was written"
        if entry_digest(self) != self.entry_hash:
            return "its own digest is not that of its content"
        return None


def entry_digest(entry: Entry) -> str:
    """Give the sha-256 of an entry's canonical form, in hex: a leaf of the public log."""
    named: dict[str, str | int] = {
        "sequence": entry.sequence,
        "kind": entry.kind,
        "effective_at": entry.effective_at,
        "recorded_at": entry.recorded_at,
        "actor": entry.actor,
        "payload_hash": entry.payload_hash,
        "prev_hash": entry.prev_hash,
    }
    return hashlib.sha256(rfc8785.dumps(named)).hexdigest()


def extract_of(
    entries: Sequence[tuple[Entry, Sequence[str]]], keys: Sequence[str]
) -> dict[str, Any]:
    """Write down entries with the proofs that they are in the log, and whose keys sign it.

    Args:
        entries: Each with its inclusion proof, in hex.
        keys: Public keys of the registry, as Multikeys.
    """
    return {
        "entries": [{"entry": asdict(entry), "proof": list(proof)} for entry, proof in entries],
        "keys": list(keys),
    }
