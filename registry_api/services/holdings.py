"""Holdings: which credits are in which state, and how they move from one to the next.

What is held now is what no later event closed. Nobody edits a number: sums are taken over holdings,
and holdings are split by use, when a part of one moves and the rest stays as it was.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from mrv.crediting import serials
from registry_api.db.models import (
    CreditBatch,
    Holding,
    HoldingClosure,
    LedgerEntry,
    SerialBlock,
)
from registry_api.errors import Contradiction, NotAcceptable
from registry_api.services.batches import serial_text
from registry_api.services.sandbox import whose

State = Literal["active", "offered", "held", "buffer", "retired", "cancelled"]
STATES: tuple[State, ...] = ("active", "offered", "held", "buffer", "retired", "cancelled")
BIGGEST_SERIAL = 2**53


@dataclass(frozen=True, slots=True)
class Lot:
    """Credits that somebody wants to move: by serial, or so many of an issuance, oldest first.

    Attributes:
        serial: A run of credits; empty where `batch_id` says of which issuance.
        batch_id: Id of an issuance.
        quantity_t: How many of it [t CO2e].
    """

    serial: str = ""
    batch_id: str = ""
    quantity_t: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """Credits inside one holding."""

    holding: Holding
    first_serial: int
    last_serial: int

    @property
    def quantity_t(self) -> int:
        """How many [t CO2e]."""
        return self.last_serial - self.first_serial + 1


def still_open() -> ColumnElement[bool]:
    """Give the condition under which a holding is held now."""
    return (
        ~select(HoldingClosure.holding_id).where(HoldingClosure.holding_id == Holding.id).exists()
    )


def open_issued(
    session: Session, blocks: Sequence[SerialBlock], *, holder: str, entry: LedgerEntry
) -> None:
    """Hand new credits to whom they were issued, and those for the buffer to nobody."""
    for block in blocks:
        buffered = block.issued_as == "buffer"
        session.add(
            Holding(
                batch_id=block.batch_id,
                project_id=block.project_id,
                kind=block.kind,
                first_serial=block.first_serial,
                last_serial=block.last_serial,
                quantity_t=block.quantity_t,
                account_id=None if buffered else holder,
                state="buffer" if buffered else "active",
                sequence=entry.sequence,
                state_sequence=entry.sequence,
            )
        )
    session.flush()


def choose(session: Session, lot: Lot, account_id: str | None, state: State) -> tuple[Part, ...]:
    """Find credits in the holdings of an account.

    Args:
        session: The transaction that will move them.
        lot: Which.
        account_id: Who must hold them; None for the buffer.
        state: Which they must be in.

    Raises:
        InputRejected: If the serial is none.
        NotAcceptable: If the lot names nothing, or both ways.
        Contradiction: If the account does not hold all of them in that state.
    """
    if bool(lot.serial) == bool(lot.batch_id):
        raise NotAcceptable(
            "Say which credits either by a serial, or by an issuance and how many of it."
        )
    mine = (Holding.account_id == account_id, Holding.state == state, still_open())
    if lot.serial:
        return _by_serial(session, lot.serial, mine)
    return _oldest(session, lot, mine)


def of_order(session: Session, sequence: int, state: State) -> tuple[Part, ...]:
    """Find the credits that an order put into a state and that are still in it."""
    rows = session.scalars(
        select(Holding)
        .where(Holding.state_sequence == sequence, Holding.state == state, still_open())
        .order_by(Holding.project_id, Holding.kind, Holding.first_serial)
    )
    return tuple(Part(row, row.first_serial, row.last_serial) for row in rows)


def demand_in_order(session: Session, parts: Iterable[Part], effective_at: datetime | None) -> None:
    """Insist that credits do not move before what last happened to them took effect.

    So at any past time each credit is in exactly one holding, whichever time is asked for.

    Raises:
        NotAcceptable: Naming the time before which they cannot move.
    """
    if effective_at is None:
        return
    last = session.scalar(
        select(func.max(LedgerEntry.effective_at)).where(
            LedgerEntry.sequence.in_({part.holding.sequence for part in parts})
        )
    )
    if last is not None and effective_at < last:
        raise NotAcceptable(
            f"These credits were last moved with effect of {last.isoformat()}; state a time not "
            "before it."
        )


def move(
    session: Session, parts: Iterable[Part], state: State, account_id: str | None, sequence: int
) -> None:
    """Close holdings and open what they become; what is not moved stays as it was.

    Args:
        session: The transaction that also wrote the ledger entry.
        parts: Credits to move, of holdings that are open.
        state: Their new state.
        account_id: Who holds them then; None for the buffer.
        sequence: The ledger entry that moves them.
    """
    by_holding: dict[int, list[Part]] = {}
    for part in parts:
        by_holding.setdefault(part.holding.id, []).append(part)
    for moved in by_holding.values():
        holding, at = moved[0].holding, moved[0].holding.first_serial
        for part in sorted(moved, key=lambda p: p.first_serial):
            _open(session, holding, at, part.first_serial - 1, None, sequence)
            _open(
                session, holding, part.first_serial, part.last_serial, (state, account_id), sequence
            )
            at = part.last_serial + 1
        _open(session, holding, at, holding.last_serial, None, sequence)
        session.flush()
        session.add(HoldingClosure(holding_id=holding.id, sequence=sequence))
    session.flush()


def blocks(parts: Iterable[Part]) -> list[dict[str, object]]:
    """Name credits as a ledger entry does that moves them."""
    return [
        {
            "project": part.holding.project_id,
            "kind": part.holding.kind,
            "first": part.first_serial,
            "last": part.last_serial,
        }
        for part in parts
    ]


def _by_serial(
    session: Session, text: str, mine: tuple[ColumnElement[bool], ...]
) -> tuple[Part, ...]:
    run = serials.parse_serial(text)
    rows = session.execute(
        select(Holding, CreditBatch)
        .join(CreditBatch, CreditBatch.id == Holding.batch_id)
        .where(*touching(run), *mine)
        .order_by(Holding.first_serial)
    ).all()
    parts = [
        Part(holding, max(holding.first_serial, run.first), min(holding.last_serial, run.last))
        for holding, _ in rows
    ]
    named = all(
        serial_text(batch, run.kind, run.first, run.last) == serials.format_serial(run)
        for _, batch in rows
    )
    found = sum(part.quantity_t for part in parts)
    if not named or found != run.quantity:
        raise Contradiction(
            f"Of {serials.format_serial(run)} you can move {found if named else 0} of "
            f"{run.quantity} credits; look up what you hold and in which state."
            f"{whose(run)}",
            serial=text,
        )
    return tuple(parts)


def _oldest(session: Session, lot: Lot, mine: tuple[ColumnElement[bool], ...]) -> tuple[Part, ...]:
    try:
        batch_id = UUID(lot.batch_id)
    except ValueError:
        raise NotAcceptable(f"'{lot.batch_id[:40]}' is not the id of an issuance.") from None
    if not 1 <= lot.quantity_t <= BIGGEST_SERIAL:
        raise NotAcceptable("Say how many credits, at least one.")
    missing, parts = lot.quantity_t, []
    rows = session.scalars(
        select(Holding).where(Holding.batch_id == batch_id, *mine).order_by(Holding.first_serial)
    )
    for holding in rows:
        taken = min(missing, holding.quantity_t)
        parts.append(Part(holding, holding.first_serial, holding.first_serial + taken - 1))
        missing -= taken
        if not missing:
            return tuple(parts)
    raise Contradiction(
        f"You can move {lot.quantity_t - missing} credits of that issuance, not {lot.quantity_t}.",
        batch=lot.batch_id,
    )


def _open(
    session: Session,
    of: Holding,
    first: int,
    last: int,
    become: tuple[State, str | None] | None,
    sequence: int,
) -> None:
    """Open a part of a holding, moved or as it was; nothing where the part is empty."""
    if first > last:
        return
    state, account_id = become or (of.state, of.account_id)
    session.add(
        Holding(
            parent_id=of.id,
            batch_id=of.batch_id,
            project_id=of.project_id,
            kind=of.kind,
            first_serial=first,
            last_serial=last,
            quantity_t=last - first + 1,
            account_id=account_id,
            state=state,
            sequence=sequence,
            state_sequence=sequence if become else of.state_sequence,
        )
    )


def touching(run: serials.SerialBlock) -> tuple[ColumnElement[bool], ...]:
    """Give the conditions under which a holding, open or closed, has credits of a run."""
    return (
        Holding.project_id == run.project,
        Holding.kind == run.kind,
        Holding.first_serial <= min(run.last, BIGGEST_SERIAL),
        Holding.last_serial >= min(run.first, BIGGEST_SERIAL),
    )
