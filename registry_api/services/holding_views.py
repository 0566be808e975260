"""Holdings as they are shown: of an account, inside a serial, and the whole supply."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from mrv.crediting import serials
from registry_api.db.models import (
    CreditBatch,
    CreditOrder,
    Holding,
    HoldingClosure,
    LedgerEntry,
    SerialBlock,
)
from registry_api.services import paging
from registry_api.services.as_of import AsOf
from registry_api.services.batches import serial_text
from registry_api.services.holdings import STATES, State, still_open, touching
from registry_api.services.views import Page


@dataclass(frozen=True, slots=True)
class Held:
    """Credits that one account holds in one state.

    Attributes:
        serial: The run as people write it.
        since: When they came into this state.
        sequence: Ledger entry that did it.
    """

    serial: str
    batch_id: str
    project_id: str
    state: State
    quantity_t: int
    since: datetime
    sequence: int


@dataclass(frozen=True, slots=True)
class Supply:
    """Where the credits of an issuance, or of the whole registry, are [t CO2e].

    Attributes:
        issued: As the blocks say that were issued.
        reconciles: Whether the states add up to it: everything is somewhere, once.
    """

    issued: int
    active: int
    offered: int
    held: int
    buffer: int
    retired: int
    cancelled: int
    reconciles: bool


@dataclass(frozen=True, slots=True)
class UnitEvent:
    """What happened to a credit.

    Attributes:
        state: It has had since.
        kind: Of the ledger entry.
        quantity_t: To how many of the credits asked about [t CO2e].
        retirement_id: Of the retirement that did it; empty for other events.
    """

    state: State
    kind: str
    quantity_t: int
    at: datetime
    sequence: int
    retirement_id: str


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a serial's credits are, and how they came there.

    Attributes:
        now: Runs of credits in one state each, in order.
        history: What happened to any of them, in order.
    """

    serial: str
    now: tuple[Held, ...]
    history: tuple[UnitEvent, ...]


def of_account(
    session: Session,
    account_id: str,
    *,
    state: State | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Held]:
    """List what an account holds or held to the end, newest first."""
    (before,) = paging.decode(cursor, int) or (None,)
    query = _rows().where(Holding.account_id == account_id, still_open())
    if state is not None:
        query = query.where(Holding.state == state)
    if before is not None:
        query = query.where(Holding.id < before)
    rows = session.execute(query.order_by(Holding.id.desc()).limit(limit + 1)).all()
    return Page(
        tuple(_view(*row) for row in rows[:limit]),
        paging.encode(rows[limit - 1][0].id) if len(rows) > limit else None,
    )


def whereabouts(session: Session, serial: str) -> Whereabouts:
    """Say where the credits of a serial are and how they came there.

    Raises:
        InputRejected: If it is no serial.
    """
    run = serials.parse_serial(serial)
    return Whereabouts(serial, _inside(session, run), _history(session, run))


def by_state(held: Sequence[Held]) -> dict[State, int]:
    """Add up how many credits are in each state that occurs [t CO2e]."""
    sums = {state: sum(h.quantity_t for h in held if h.state == state) for state in STATES}
    return {state: sum_t for state, sum_t in sums.items() if sum_t}


def supply(
    session: Session,
    batch_id: UUID | None = None,
    *,
    at: int | None = None,
    as_of: AsOf | None = None,
) -> Supply:
    """Add up where credits are.

    Args:
        session: Where to look.
        batch_id: Of one issuance; None for all.
        at: As it was after this ledger entry; None for now.
        as_of: As it was known, or in force, at a time; None for now.
    """
    issued = select(func.coalesce(func.sum(SerialBlock.quantity_t), 0)).join(
        CreditBatch, CreditBatch.id == SerialBlock.batch_id
    )
    held = select(Holding.state, func.sum(Holding.quantity_t)).group_by(Holding.state)
    closed = select(HoldingClosure.holding_id).where(HoldingClosure.holding_id == Holding.id)
    if batch_id is not None:
        issued, held = (
            issued.where(SerialBlock.batch_id == batch_id),
            held.where(Holding.batch_id == batch_id),
        )
    if at is not None:
        issued = issued.where(CreditBatch.sequence <= at)
        held = held.where(Holding.sequence <= at)
        closed = closed.where(HoldingClosure.sequence <= at)
    if as_of is not None:
        counted = select(LedgerEntry.sequence).where(*as_of.counted())
        issued = issued.where(CreditBatch.sequence.in_(counted))
        held = held.where(Holding.sequence.in_(counted))
        closed = closed.where(HoldingClosure.sequence.in_(counted))
    by_state = {state: int(sum_t) for state, sum_t in session.execute(held.where(~closed.exists()))}
    issued_t = int(session.scalar(issued) or 0)
    return Supply(
        issued=issued_t,
        reconciles=issued_t == sum(by_state.values()),
        **{state: by_state.get(state, 0) for state in STATES},
    )


def _inside(session: Session, run: serials.SerialBlock) -> tuple[Held, ...]:
    query = _rows().where(*touching(run), still_open()).order_by(Holding.first_serial)
    shown = []
    for holding, batch, entry in session.execute(query):
        first = max(holding.first_serial, run.first)
        last = min(holding.last_serial, run.last)
        shown.append(_view(holding, batch, entry, first, last))
    return tuple(shown)


def _history(session: Session, run: serials.SerialBlock) -> tuple[UnitEvent, ...]:
    """Tell what happened to any credit of a run; what stayed as it was is left out."""
    rows = session.execute(
        select(Holding, LedgerEntry, CreditOrder)
        .join(LedgerEntry, LedgerEntry.sequence == Holding.sequence)
        .outerjoin(CreditOrder, CreditOrder.sequence == Holding.sequence)
        .where(*touching(run), Holding.sequence == Holding.state_sequence)
        .order_by(Holding.sequence, Holding.first_serial)
    )
    events: dict[tuple[int, str], UnitEvent] = {}
    for holding, entry, order in rows:
        shared = min(holding.last_serial, run.last) - max(holding.first_serial, run.first) + 1
        before = events.get((entry.sequence, holding.state))
        events[entry.sequence, holding.state] = UnitEvent(
            state=_state(holding),
            kind=entry.kind,
            quantity_t=shared + (before.quantity_t if before else 0),
            at=entry.recorded_at,
            sequence=entry.sequence,
            retirement_id=str(order.id) if order and order.kind == "retire" else "",
        )
    return tuple(events.values())


def _rows() -> "Select[Holding, CreditBatch, LedgerEntry]":
    return (
        select(Holding, CreditBatch, LedgerEntry)
        .join(CreditBatch, CreditBatch.id == Holding.batch_id)
        .join(LedgerEntry, LedgerEntry.sequence == Holding.state_sequence)
    )


def _state(holding: Holding) -> State:
    return cast("State", holding.state)


def _view(
    holding: Holding,
    batch: CreditBatch,
    entry: LedgerEntry,
    first: int | None = None,
    last: int | None = None,
) -> Held:
    first, last = first or holding.first_serial, last or holding.last_serial
    return Held(
        serial=serial_text(batch, holding.kind, first, last),
        batch_id=str(holding.batch_id),
        project_id=holding.project_id,
        state=_state(holding),
        quantity_t=last - first + 1,
        since=entry.recorded_at,
        sequence=holding.state_sequence,
    )
