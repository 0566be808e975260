"""Whoever follows the change feed has the registry's table, whatever is ordered while they read.

Random orders on either database; a reader pulls changes page by page, with further orders between
the pages, and rebuilds the table by taking out what is closed and putting in what is not.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from mrv.errors import MrvError
from registry_api.db import Database
from registry_api.db.models import CreditBatch, Holding
from registry_api.services import orders
from registry_api.services.accounts import account
from registry_api.services.credit_facets import facets
from registry_api.services.credit_runs import CreditRun, RunFilter
from registry_api.services.credit_search import Sort, changes, search
from registry_api.services.holdings import Lot, still_open
from registry_api.services.order_views import waiting_for
from registry_api.services.retirement_terms import RetirementTerms
from tests.registry_api.a_market import BUYERS, HOLDERS, a_copy
from tests.registry_api.a_registry import REGISTRAR

TERMS = RetirementTerms("A buyer's customer", "voluntary", reason="Flights of 2025")
ACTS = ("offer", "retire", "cancel", "hold", "answer")
EVERYTHING, SOME = RunFilter(), RunFilter(status=("active", "retired"))
# Only what is listed has a price, and only what documents attest has the others.
NOT_OF_ALL = {"price", "label", "sdg", "womens_share"}

Act = tuple[str, int, int]
act = st.tuples(st.sampled_from(ACTS), st.integers(0, 2), st.integers(1, 6))
# Orders, then a pull in pages of so many with further orders before each page.
pull = st.tuples(st.lists(act, max_size=4), st.integers(1, 4), st.lists(act, max_size=6))


@dataclass
class Reader:
    """Somebody elsewhere who keeps a copy of the table."""

    wanted: RunFilter
    as_of: int = 0
    table: dict[int, CreditRun] = field(default_factory=dict)

    def pull(
        self, opened: Database, limit: int, meanwhile: Iterator[Act], keys: Iterator[int]
    ) -> None:
        """Read all pages; somebody orders something before each."""
        cursor, seen = None, set()
        while True:
            with opened.reading() as session:
                page = changes(session, self.wanted, self.as_of, limit=limit, cursor=cursor)
            assert len(page.items) <= limit
            for run in page.items:
                assert run.id not in seen
                seen.add(run.id)
                if run.closed_sequence is None:
                    self.table[run.id] = run
                else:
                    del self.table[run.id]  # it was there: nothing comes closed out of nowhere
            cursor = page.next_cursor
            if cursor is None:
                self.as_of = page.as_of
                return
            if (next_act := next(meanwhile, None)) is not None:
                do(opened, next_act, keys)


def do(opened: Database, what: Act, keys: Iterator[int]) -> None:
    """Order something; what the registry refuses has not happened."""
    name, who, quantity_t = what
    holder, key = HOLDERS[who], f"order-{next(keys):05d}"
    try:
        with opened.writing() as session:
            batch = session.scalars(select(CreditBatch)).one()
            lots = [Lot(batch_id=str(batch.id), quantity_t=quantity_t)]
            if name == "offer":
                orders.offer(session, lots, HOLDERS[who - 1], "", key, by=holder)
            elif name == "retire":
                orders.retire(session, lots, TERMS, key, by=holder)
            elif name == "cancel":
                orders.ask_cancellation(session, lots, "Doubt", key, by=holder)
            elif name == "hold":
                orders.hold(session, lots, holder, "Doubt", key, by=REGISTRAR)
            else:
                waiting = waiting_for(session, account(session, holder))
                if waiting:
                    orders.answer(session, waiting[0].id, "accepted", "", key, by=holder)
    except MrvError:
        pass


def everything(opened: Database, wanted: RunFilter, limit: int) -> tuple[int, dict[int, CreditRun]]:
    """Search to the end."""
    found: dict[int, CreditRun] = {}
    cursor = None
    while True:
        with opened.reading() as session:
            page = search(session, wanted, limit=limit, cursor=cursor)
        found |= {run.id: run for run in page.items}
        cursor = page.next_cursor
        if cursor is None:
            return page.as_of, found


def follow(source: Path | str, pulls: list[tuple[list[Act], int, list[Act]]]) -> None:
    keys = count()
    with a_copy(source) as opened:
        readers = [Reader(EVERYTHING), Reader(SOME)]
        for before, limit, meanwhile in pulls:
            for each in before:
                do(opened, each, keys)
            for reader in readers:
                reader.pull(opened, limit, iter(meanwhile), keys)
        for reader in readers:
            reader.pull(opened, 3, iter(()), keys)
            as_of, found = everything(opened, reader.wanted, 2)
            assert (reader.as_of, reader.table) == (as_of, found)
        with opened.reading() as session:
            held = session.scalars(select(Holding).where(still_open())).all()
            counted = facets(session, EVERYTHING)
        assert readers[0].table.keys() == {row.id for row in held}
        assert counted.quantity_t == sum(row.quantity_t for row in held)
        for name, values in counted.values.items():
            if name in NOT_OF_ALL:
                assert all(v.quantity_t <= counted.quantity_t for v in values)
            else:
                assert sum(v.quantity_t for v in values) == counted.quantity_t
                assert sum(v.runs for v in values) == counted.runs == len(held)


_NOT_TOO_SLOW = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


@settings(max_examples=12, deadline=None, suppress_health_check=_NOT_TOO_SLOW)
@given(pulls=st.lists(pull, min_size=1, max_size=4))
def test_replaying_changes_rebuilds_the_table_on_sqlite(
    stocked_file: Path, pulls: list[tuple[list[Act], int, list[Act]]]
) -> None:
    follow(stocked_file, pulls)


@settings(max_examples=6, deadline=None, suppress_health_check=_NOT_TOO_SLOW)
@given(pulls=st.lists(pull, min_size=1, max_size=4))
def test_replaying_changes_rebuilds_the_table_on_postgresql(
    stocked_server: str, pulls: list[tuple[list[Act], int, list[Act]]]
) -> None:
    follow(stocked_server, pulls)


@settings(max_examples=8, deadline=None, suppress_health_check=_NOT_TOO_SLOW)
@given(
    before=st.lists(act, max_size=8),
    meanwhile=st.lists(act, min_size=1, max_size=8),
    limit=st.integers(1, 3),
    sort=st.sampled_from(
        ("-changed", "changed", "-quantity", "quantity", "vintage", "uncertainty")
    ),
)
def test_every_page_shows_the_state_of_the_first(
    stocked_file: Path, before: list[Act], meanwhile: list[Act], limit: int, sort: Sort
) -> None:
    keys, coming = count(), iter(meanwhile)
    with a_copy(stocked_file) as opened:
        for each in before:
            do(opened, each, keys)
        with opened.reading() as session:
            there = search(session, EVERYTHING, sort=sort, limit=200)
        seen: list[CreditRun] = []
        cursor = None
        while True:
            with opened.reading() as session:
                page = search(session, EVERYTHING, sort=sort, limit=limit, cursor=cursor)
            seen += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
            if (what := next(coming, None)) is not None:
                do(opened, what, keys)
        assert page.as_of == there.as_of
        assert seen == list(there.items)


def test_buyers_can_move_what_the_reader_sees(stocked_file: Path) -> None:
    """The random orders above do happen: a whole trade ends where the reader sees it."""
    keys = count()
    with a_copy(stocked_file) as opened:
        for each in (("offer", 1, 5), ("offer", 0, 5), ("answer", 2, 1), ("retire", 2, 3)):
            do(opened, each, keys)
        _, found = everything(opened, EVERYTHING, 50)
        sums = {run.status: run.quantity_t for run in found.values()}
    assert BUYERS[1] == HOLDERS[2]
    assert sums["retired"] == 3
