"""Positions: what an account holds of each issuance, added up by state."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from registry_api.db.models import CreditBatch, Holding
from registry_api.services import batches, paging
from registry_api.services.holdings import STATES, State, still_open
from registry_api.services.views import BatchCard, Page


@dataclass(frozen=True, slots=True)
class Position:
    """What an account holds, or held to the end, of one issuance.

    Attributes:
        states: Credits by each state that occurs [t CO2e].
    """

    batch: BatchCard
    states: Mapping[State, int]

    @property
    def active_t(self) -> int:
        """How many are free to move [t CO2e]."""
        return self.states.get("active", 0)


def positions(
    session: Session,
    account_id: str,
    *,
    free_only: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Position]:
    """List an account's credits by issuance, the newest issuance first.

    Args:
        session: Where to look.
        account_id: Whose.
        free_only: Leave out issuances of which nothing is free to move.
        limit: How many issuances.
        cursor: Where to go on.
    """
    (before,) = paging.decode(cursor, int) or (None,)
    mine = (Holding.account_id == account_id, still_open())
    held = select(Holding.batch_id).where(*mine)
    if free_only:
        held = held.where(Holding.state == "active")
    query = batches.batch_rows().where(CreditBatch.id.in_(held))
    if before is not None:
        query = query.where(CreditBatch.sequence < before)
    rows = session.execute(query.order_by(CreditBatch.sequence.desc()).limit(limit + 1)).all()
    cards = batches.cards(session, [(*row,) for row in rows[:limit]])
    sums = session.execute(
        select(Holding.batch_id, Holding.state, func.sum(Holding.quantity_t))
        .where(*mine, Holding.batch_id.in_([UUID(card.id) for card in cards]))
        .group_by(Holding.batch_id, Holding.state)
    )
    states: dict[str, dict[State, int]] = {card.id: {} for card in cards}
    for batch_id, state, sum_t in sums:
        states[str(batch_id)][cast("State", state)] = int(sum_t)
    return Page(
        tuple(Position(card, states[card.id]) for card in cards),
        paging.encode(rows[limit - 1][0].sequence) if len(rows) > limit else None,
    )


def totals(session: Session, account_id: str) -> dict[State, int]:
    """Add up an account's credits by each state that occurs [t CO2e]."""
    rows = session.execute(
        select(Holding.state, func.sum(Holding.quantity_t))
        .where(Holding.account_id == account_id, still_open())
        .group_by(Holding.state)
    )
    sums = {cast("State", state): int(sum_t) for state, sum_t in rows}
    return {state: sums[state] for state in STATES if state in sums}
