"""Searching credits where they are now, and what changed since somebody last looked.

Every page of one search shows the state after the same entry of the ledger, which the cursor names:
what is ordered meanwhile neither repeats a run nor hides one.
"""

from collections.abc import Callable, Iterator, Sequence
from heapq import merge
from itertools import islice
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, and_, or_
from sqlalchemy.orm import Session

from registry_api.db import Database
from registry_api.db.models import BatchTraits, Holding, HoldingClosure
from registry_api.errors import NotAcceptable
from registry_api.services import paging
from registry_api.services.credit_runs import (
    Asked,
    CreditRun,
    RunFilter,
    RunPage,
    at_price,
    conditions,
    newest_entry,
    of_labels,
    open_at,
    run_rows,
    view,
)

Sort = Literal["-changed", "changed", "-vintage", "vintage", "-quantity", "quantity", "uncertainty"]
_AT_ONCE = 2_000  # runs in memory while all are read
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
    query = run_rows().where(*open_at(at), *_of(wanted), *of_labels(session, wanted, at).values())
    if last:
        query = query.where(_beyond(key, last[0], last[1], falling=falling))
    order = (key.desc(), Holding.id.desc()) if falling else (key, Holding.id)
    rows = session.execute(
        query.add_columns(key.label("key")).order_by(*order).limit(limit + 1)
    ).all()
    shown = tuple(view(row) for row in rows[:limit])
    goes_on = paging.encode(at, rows[limit - 1].key, shown[-1].id) if len(rows) > limit else None
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
        NotAcceptable: If the ledger has not come so far, or labels are asked for: they come and go
            without the credits changing, so this feed could not tell of it.
    """
    if wanted.label or wanted.sdg or wanted.womens_share:
        raise NotAcceptable(
            "What changed is told of all credits: search by 'label', 'sdg' or 'womens_share' "
            "without 'modified_since'."
        )
    at, *last = paging.decode(cursor, int, int, int) or (newest_entry(session),)
    if modified_since > at:
        raise NotAcceptable(
            f"The ledger has {at} entries so far; ask for what changed since one of them."
        )
    opened = run_rows().where(Holding.sequence > modified_since, *open_at(at))
    rows = _changed(session, opened, Holding.sequence.expression, wanted, last, limit)
    if modified_since:
        closed = (
            run_rows()
            .join(HoldingClosure, HoldingClosure.holding_id == Holding.id)
            .where(
                HoldingClosure.sequence > modified_since,
                # No later than what is shown anyway, or the search for few would be a long one.
                HoldingClosure.sequence <= (rows[-1].key if len(rows) > limit else at),
                Holding.sequence <= modified_since,  # else it came and went between two looks
            )
        )
        key = HoldingClosure.sequence.expression
        gone = _changed(session, closed, key, wanted, last, limit)
    else:
        gone = []
    both = merge(((row, False) for row in rows), ((row, True) for row in gone), key=_place)
    shown = list(islice(both, limit))
    goes_on = len(shown) < len(rows) + len(gone)
    return RunPage(
        tuple(view(row, row.key if closed else None) for row, closed in shown),
        paging.encode(at, *_place(shown[-1])) if goes_on else None,
        at,
    )


def beginning(at: int) -> str:
    """Give the cursor at which a search by `changed` begins that shows an entry of the ledger."""
    return paging.encode(at, 0, 0)


def every_page(
    opened: Database, look: Callable[[Session, int, str | None], RunPage]
) -> Iterator[tuple[CreditRun, ...]]:
    """Give page after page of a search, each read in a transaction of its own.

    Args:
        opened: The database.
        look: Reads one page: of how many, from which cursor on.
    """
    cursor = None
    while True:
        with opened.reading() as session:
            page = look(session, _AT_ONCE, cursor)
        yield page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def _changed(
    session: Session,
    query: Asked,
    key: ColumnElement[Any],
    wanted: RunFilter,
    last: Sequence[Any],
    limit: int,
) -> Sequence[Row[Any]]:
    asked = query.where(*_of(wanted)).add_columns(key.label("key"))
    if last:
        asked = asked.where(_beyond(key, last[0], last[1], falling=False))
    return session.execute(asked.order_by(key, Holding.id).limit(limit + 1)).all()


def _place(change: tuple[Row[Any], bool]) -> tuple[int, int]:
    return change[0].key, change[0].id


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
