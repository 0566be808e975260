"""A programme in numbers: where credits are by vintage, how sure each issuance is, and the buffer.

Of one project, or of the whole registry. Everything is summed from holdings and estimates when it
is asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from registry_api.db.models import CreditBatch, Holding
from registry_api.services import batches, buffer, estimates
from registry_api.services.buffer import Balance
from registry_api.services.holdings import State, still_open
from registry_api.services.views import BatchCard

_MOST_ISSUANCES = 200


@dataclass(frozen=True, slots=True)
class Vintage:
    """The credits whose monitoring ended in one year.

    Attributes:
        states: Credits by each state that occurs [t CO2e].
    """

    year: int
    states: Mapping[State, int]

    @property
    def issued_t(self) -> int:
        """All of them: what was issued is somewhere, once [t CO2e]."""
        return sum(self.states.values())


@dataclass(frozen=True, slots=True)
class Sureness:
    """An issuance and how exact its estimate is.

    Attributes:
        u90: Relative half-width of the 90 % interval of net change [1].
    """

    batch: BatchCard
    u90: float


@dataclass(frozen=True, slots=True)
class Programme:
    """One project's numbers, or the registry's.

    Attributes:
        vintages: The oldest first.
        sureness: The oldest issuance first; the newest 200.
        buffer: In the order of the ledger.
    """

    vintages: tuple[Vintage, ...]
    sureness: tuple[Sureness, ...]
    buffer: tuple[Balance, ...]

    @property
    def totals(self) -> Mapping[State, int]:
        """Credits by state, over all vintages [t CO2e]."""
        sums: dict[State, int] = {}
        for vintage in self.vintages:
            for state, sum_t in vintage.states.items():
                sums[state] = sums.get(state, 0) + sum_t
        return sums


def programme(session: Session, project_id: str | None = None) -> Programme:
    """Add up a project, or the whole registry."""
    return Programme(
        _vintages(session, project_id),
        _sureness(session, project_id),
        buffer.course(session, project_id),
    )


def _vintages(session: Session, project_id: str | None) -> tuple[Vintage, ...]:
    query = (
        select(CreditBatch.vintage_end, Holding.state, func.sum(Holding.quantity_t))
        .join(CreditBatch, CreditBatch.id == Holding.batch_id)
        .where(still_open())
        .group_by(CreditBatch.vintage_end, Holding.state)
    )
    if project_id is not None:
        query = query.where(Holding.project_id == project_id)
    years: dict[int, dict[State, int]] = {}
    for end, state, sum_t in session.execute(query):
        states = years.setdefault(end.year, {})
        key = cast("State", state)
        states[key] = states.get(key, 0) + int(sum_t)
    return tuple(Vintage(year, states) for year, states in sorted(years.items()))


def _sureness(session: Session, project_id: str | None) -> tuple[Sureness, ...]:
    query = batches.batch_rows()
    if project_id is not None:
        query = query.where(CreditBatch.project_id == project_id)
    rows = session.execute(query.order_by(CreditBatch.sequence.desc()).limit(_MOST_ISSUANCES)).all()
    cards = batches.cards(session, [(*row,) for row in reversed(rows)])
    u90 = estimates.u90s(session, [card.estimate_sha256 for card in cards])
    return tuple(Sureness(card, u90[card.estimate_sha256]) for card in cards)
