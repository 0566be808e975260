"""Searching credits where they are now, and what changed since somebody last looked.

Every page of one search shows the state after the same entry of the ledger, which the cursor names:
what is ordered meanwhile neither repeats a run nor hides one.
"""

from heapq import merge
from itertools import islice
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import Session

from registry_api.db.models import BatchTraits, Holding, HoldingClosure
from registry_api.errors import NotAcceptable
from registry_api.services import paging
from registry_api.services.credit_runs import (
    CreditRun,
    RunFilter,
    RunPage,
    at_price,
    conditions,
    newest_entry,
    open_at,
    run_rows,
    view,
)

Sort = Literal["-changed", "changed", "-vintage", "vintage", "-quantity", "quantity", "uncertainty"]
_KEYS: dict[str, tuple[ColumnElement[Any], type[Any]]] = {
    "changed": (Holding.state_sequence.expression, int),
    "vintage": (BatchTraits.vintage.expression, int),
    "quantity": (Holding.quantity_t.expression, int),
    "uncertainty": (BatchTraits.u90.expression, float),
}


def search(
    session: Session,
    wanted: RunFilter,
    *,
    sort: Sort = "-changed",
    limit: int = 50,
    cursor: str | None = None,
) -> RunPage:
    """List the runs that are now; those that changed last first, unless asked otherwise.

    Args:
        session: Where to look.
        wanted: Which runs.
        sort: By what; a minus for the largest first.
        limit: How many at once.
        cursor: Where to go on; it keeps to the ledger entry of the first page.

    Raises:
        CursorInvalid: If the cursor is not of this list.
    """
    key, kind = _KEYS[sort.removeprefix("-")]
    falling = sort.startswith("-")
    told = paging.decode(cursor, int, kind, int)
    at, *last = told or (newest_entry(session),)
    query = run_rows().where(*open_at(at), *_of(wanted))
    if last:
        query = query.where(_beyond(key, last[0], last[1], falling=falling))
    order = (key.desc(), Holding.id.desc()) if falling else (key, Holding.id)
    rows = session.execute(query.add_columns(key).order_by(*order).limit(limit + 1)).all()
    shown = tuple(view(*row[:-1]) for row in rows[:limit])
    goes_on = paging.encode(at, rows[limit - 1][-1], shown[-1].id) if len(rows) > limit else None
    return RunPage(shown, goes_on, at)


def changes(
    session: Session,
    wanted: RunFilter,
    modified_since: int,
    *,
    limit: int = 50,
    cursor: str | None = None,
) -> RunPage:
    """List the runs that were opened or closed since an entry of the ledger, in its order.

    Whoever takes out of a table what is closed and puts in what is not, has after the last page
    exactly the runs that `search` gives as of the same entry.

    Args:
        session: Where to look.
        wanted: Which runs; of no consequence to when they changed.
        modified_since: `as_of` of the last look; 0 for everything.
        limit: How many at once.
        cursor: Where to go on; it keeps to the ledger entry of the first page.

    Raises:
        CursorInvalid: If the cursor is not of this list.
        NotAcceptable: If the ledger has not come so far.
    """
    at, *last = paging.decode(cursor, int, int, int) or (newest_entry(session),)
    if modified_since > at:
        raise NotAcceptable(
            f"The ledger has {at} entries so far; ask for what changed since one of them."
        )
    closed = (
        run_rows()
        .join(HoldingClosure, HoldingClosure.holding_id == Holding.id)
        .add_columns(HoldingClosure.sequence)
        .where(
            HoldingClosure.sequence > modified_since,
            HoldingClosure.sequence <= at,
            Holding.sequence <= modified_since,  # else it came and went between two looks
        )
    )
    opened = run_rows().where(Holding.sequence > modified_since, *open_at(at))
    found: list[list[tuple[int, int, CreditRun]]] = []
    for query, key in (
        (closed, HoldingClosure.sequence.expression),
        (opened, Holding.sequence.expression),
    ):
        asked = query.where(*_of(wanted))
        if last:
            asked = asked.where(_beyond(key, last[0], last[1], falling=False))
        rows = session.execute(asked.add_columns(key).order_by(key, Holding.id).limit(limit + 1))
        found.append([(row[-1], row[0].id, view(*row[:-1])) for row in rows])
    shown = list(islice(merge(*found, key=lambda change: change[:2]), limit))
    goes_on = len(shown) < sum(map(len, found))
    return RunPage(
        tuple(run for _, _, run in shown),
        paging.encode(at, *shown[-1][:2]) if goes_on else None,
        at,
    )


def _of(wanted: RunFilter) -> tuple[ColumnElement[bool], ...]:
    kind, state = Holding.kind.expression, Holding.state.expression
    return (*conditions(wanted, kind=kind, state=state).values(), *at_price(wanted))


def _beyond(
    key: ColumnElement[Any], value: float, run_id: int, *, falling: bool
) -> ColumnElement[bool]:
    """Give the condition of coming after the last run that was shown."""
    if falling:
        return and_(key <= value, or_(key < value, Holding.id < run_id))
    return and_(key >= value, or_(key > value, Holding.id > run_id))
