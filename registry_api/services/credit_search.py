"""Searching credits where they are now, and what changed since somebody last looked.

Every page of one search shows the state after the same entry of the ledger, which the cursor names:
what is ordered meanwhile neither repeats a run nor hides one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from heapq import merge
from itertools import islice
from typing import Any, Literal

from sqlalchemy import ColumnElement, Integer, Row, and_, bindparam, or_
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
_SINCE, _AT, _MOST = (bindparam(name, type_=Integer) for name in ("since", "at", "most"))
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
    query = _sorted(sort)
    if chosen := (*_of(wanted), *of_labels(session, wanted, at).values()):
        query = query.where(*chosen)
    if last:
        query = query.where(_beyond(key, last[0], last[1], falling=falling))
    rows = session.execute(query, {"at": at, "most": limit + 1}).all()
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
    told = {"since": modified_since, "at": at, "most": limit + 1}
    rows = _changed(session, _opened(), told, wanted, last)
    if modified_since:
        # No later than what is shown anyway, or the search for few would be a long one.
        until = rows[-1].key if len(rows) > limit else at
        gone = _changed(session, _closed(), told | {"until": until}, wanted, last)
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


@cache
def _sorted(sort: Sort) -> Asked:
    """Select the runs that were open `at` an entry; put together once, as the two below."""
    key = _KEYS[sort.removeprefix("-")][0]
    order = (key.desc(), Holding.id.desc()) if sort.startswith("-") else (key, Holding.id)
    rows = run_rows().where(*open_at(_AT)).add_columns(key.label("key"))
    return rows.order_by(*order).limit(_MOST)


@cache
def _opened() -> Asked:
    """Select the runs that were opened after one entry and still open at another."""
    key = Holding.sequence.expression
    rows = run_rows().where(key > _SINCE, *open_at(_AT)).add_columns(key.label("key"))
    return rows.order_by(key, Holding.id).limit(_MOST)


@cache
def _closed() -> Asked:
    """Select the runs that were closed between two entries and opened before both."""
    key = HoldingClosure.sequence.expression
    rows = (
        run_rows()
        .join(HoldingClosure, HoldingClosure.holding_id == Holding.id)
        # Opened after the first, it came and went between two looks.
        .where(key > _SINCE, key <= bindparam("until"), Holding.sequence <= _SINCE)
        .add_columns(key.label("key"))
    )
    return rows.order_by(key, Holding.id).limit(_MOST)


def _changed(
    session: Session, query: Asked, told: Mapping[str, int], wanted: RunFilter, last: Sequence[Any]
) -> Sequence[Row[Any]]:
    if chosen := _of(wanted):
        query = query.where(*chosen)
    if last:
        key = query.selected_columns["key"].element
        query = query.where(_beyond(key, last[0], last[1], falling=False))
    return session.execute(query, told).all()


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
