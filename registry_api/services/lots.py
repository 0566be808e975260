"""Lots: the credits that a request names, found in an account's holdings, each credit once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db.models import CreditBatch
from registry_api.errors import Contradiction
from registry_api.services import holdings
from registry_api.services.batches import serial_text
from registry_api.services.holdings import Lot, Part


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a request would move, as long as nothing else moves it first.

    Attributes:
        serials: One run for each that follows without a gap.
    """

    quantity_t: int
    serials: tuple[str, ...]


def chosen(session: Session, lots: Sequence[Lot], holder: str) -> tuple[Part, ...]:
    """Find the credits of some lots, which their holder may move.

    Raises:
        InputRejected: If a serial is none.
        NotAcceptable: If a lot names nothing, or both ways.
        Contradiction: If there is no lot, one is named twice, or the account does not hold all.
    """
    parts = [part for lot in lots for part in holdings.choose(session, lot, holder, "active")]
    if not parts:
        raise Contradiction("Name at least one lot of credits.")
    spans = sorted((p.holding.id, p.first_serial, p.last_serial) for p in parts)
    for before, after in pairwise(spans):
        if before[0] == after[0] and after[1] <= before[2]:
            raise Contradiction(f"Credit {after[1]} is named twice; name each lot once.")
    return tuple(parts)


def preview(session: Session, lots: Sequence[Lot], holder: str) -> Chosen:
    """Say which credits some lots are, before anything is ordered.

    Raises:
        InputRejected, NotAcceptable, Contradiction: As `chosen`.
    """
    parts = chosen(session, lots, holder)
    ids = {part.holding.batch_id for part in parts}
    batches = {
        batch.id: batch
        for batch in session.scalars(select(CreditBatch).where(CreditBatch.id.in_(ids)))
    }
    runs = (
        (batches[p.holding.batch_id], p.holding.kind, p.first_serial, p.last_serial) for p in parts
    )
    return Chosen(sum(part.quantity_t for part in parts), run_texts(runs))


def run_texts(runs: Iterable[tuple[CreditBatch, str, int, int]]) -> tuple[str, ...]:
    """Write runs of credits as serials, one for all that follow each other without a gap.

    Args:
        runs: Issuance, kind of claim, first and last number of each, in any order.
    """
    joined: list[tuple[CreditBatch, str, int, int]] = []
    for run in sorted(runs, key=lambda run: (run[0].project_id, run[1], run[2])):
        batch, kind, first, last = run
        if joined and joined[-1][:2] == (batch, kind) and joined[-1][3] + 1 == first:
            joined[-1] = (batch, kind, joined[-1][2], last)
        else:
            joined.append(run)
    return tuple(serial_text(*run) for run in joined)
