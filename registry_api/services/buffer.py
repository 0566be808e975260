"""The buffer as a dated ledger: what came in, what left it and why, and its balance at any time.

Nothing of it is kept as a number: an entry is where holdings came into the buffer or left it, and a
balance is their sum up to a ledger entry, a recorded time or a time of effect.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import Select, func, literal, select, union_all
from sqlalchemy.orm import Session, aliased

from registry_api.db.models import CreditBatch, Holding, LedgerEntry
from registry_api.services import paging
from registry_api.services.as_of import AsOf
from registry_api.services.batches import serial_text
from registry_api.services.views import Page

Cause = Literal["deposit", "release", "reversal_coverage"]
_CAUSES: dict[str, Cause] = {
    "batch_issued": "deposit",
    "buffer_released": "release",
    "reversal_settled": "reversal_coverage",
}


@dataclass(frozen=True, slots=True)
class BufferEntry:
    """Credits of one issuance that came into the buffer or left it.

    Attributes:
        sequence: Of the ledger entry that moved them.
        cause: Why they moved.
        quantity_t: Above zero for what came in, below for what left [t CO2e].
        balance_t: Of the project's buffer after this ledger entry [t CO2e].
    """

    sequence: int
    cause: Cause
    project_id: str
    batch_id: str
    serial: str
    quantity_t: int
    balance_t: int
    effective_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Balance:
    """What a buffer held after a ledger entry that moved something in it [t CO2e]."""

    at: datetime
    sequence: int
    balance_t: int


def balance(session: Session, project_id: str | None = None, as_of: AsOf | None = None) -> int:
    """Add up a project's buffer, or all of them, at any time [t CO2e]."""
    moves = _moves(project_id).subquery()
    query = select(func.coalesce(func.sum(moves.c.quantity_t), 0)).join(
        LedgerEntry, LedgerEntry.sequence == moves.c.sequence
    )
    return int(session.scalar(query.where(*(as_of or AsOf()).counted())) or 0)


def course(session: Session, project_id: str | None = None) -> tuple[Balance, ...]:
    """Follow the balance of a project's buffer, or of all of them, from entry to entry."""
    moves = _moves(project_id).subquery()
    rows = session.execute(
        select(LedgerEntry.recorded_at, LedgerEntry.sequence, func.sum(moves.c.quantity_t))
        .join(LedgerEntry, LedgerEntry.sequence == moves.c.sequence)
        .group_by(LedgerEntry.recorded_at, LedgerEntry.sequence)
        .order_by(LedgerEntry.sequence)
    )
    steps: list[Balance] = []
    for at, sequence, moved_t in rows:
        before = steps[-1].balance_t if steps else 0
        steps.append(Balance(at, sequence, before + int(moved_t)))
    return tuple(steps)


def entries(
    session: Session,
    project_id: str,
    *,
    as_of: AsOf | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[BufferEntry]:
    """List what moved in a project's buffer, newest first."""
    before = paging.decode(cursor, int, int)
    moves = _moves(project_id).subquery()
    query = (
        select(moves, LedgerEntry, CreditBatch)
        .join(LedgerEntry, LedgerEntry.sequence == moves.c.sequence)
        .join(CreditBatch, CreditBatch.id == moves.c.batch_id)
        .where(*(as_of or AsOf()).counted())
        .order_by(moves.c.sequence.desc(), moves.c.first_serial.desc())
        .limit(limit + 1)
    )
    if before is not None:
        sequence, first = before
        query = query.where(
            (moves.c.sequence < sequence)
            | ((moves.c.sequence == sequence) & (moves.c.first_serial < first))
        )
    rows = session.execute(query).all()
    shown = rows[:limit]
    balances = {
        sequence: balance(session, project_id, AsOf(sequence=sequence))
        for sequence in {row.sequence for row in shown}
    }
    last = shown[-1] if len(rows) > limit else None
    return Page(
        tuple(
            BufferEntry(
                sequence=row.sequence,
                cause=_CAUSES[row.LedgerEntry.kind],
                project_id=project_id,
                batch_id=str(row.batch_id),
                serial=serial_text(row.CreditBatch, row.kind, row.first_serial, row.last_serial),
                quantity_t=int(row.quantity_t),
                balance_t=balances[row.sequence],
                effective_at=row.LedgerEntry.effective_at,
                recorded_at=row.LedgerEntry.recorded_at,
            )
            for row in shown
        ),
        paging.encode(last.sequence, last.first_serial) if last is not None else None,
    )


def by_vintage(session: Session, project_id: str) -> dict[UUID, int]:
    """Say how many credits of each issuance lie in a project's buffer, oldest first [t CO2e]."""
    moves = _moves(project_id).subquery()
    rows = session.execute(
        select(moves.c.batch_id, func.sum(moves.c.quantity_t))
        .join(CreditBatch, CreditBatch.id == moves.c.batch_id)
        .group_by(moves.c.batch_id, CreditBatch.vintage_start, CreditBatch.number)
        .order_by(CreditBatch.vintage_start, CreditBatch.number)
    )
    return {batch_id: int(quantity_t) for batch_id, quantity_t in rows if quantity_t}


def _moves(project_id: str | None) -> "Select[int, UUID, str, int, int, int]":
    """Select what came in, counted up, and what left, counted down."""
    left, was = aliased(Holding), aliased(Holding)
    came = select(
        Holding.sequence, Holding.batch_id, Holding.kind, Holding.first_serial,
        Holding.last_serial, Holding.quantity_t,
    ).where(Holding.state == "buffer", Holding.sequence == Holding.state_sequence)  # fmt: skip
    went = (
        select(
            left.sequence, left.batch_id, left.kind, left.first_serial, left.last_serial,
            (literal(-1) * left.quantity_t).label("quantity_t"),
        )
        .join(was, was.id == left.parent_id)
        .where(was.state == "buffer", left.state != "buffer")
    )  # fmt: skip
    if project_id is not None:
        came = came.where(Holding.project_id == project_id)
        went = went.where(left.project_id == project_id)
    both = union_all(came, went).subquery()
    return select(*both.c)
