"""Whatever is ordered, in whatever order, on either database: no credit is lost, made or doubled.

A model keeps every single credit's state and holder; after each order the holdings say the same,
the sums reconcile, and the ledger alone tells the same story.
"""

from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from mrv.errors import MrvError
from registry_api.db.models import CreditBatch
from registry_api.errors import Contradiction, KeyReused, NotAllowed, NotFound
from registry_api.services import holding_views, ledger, orders
from registry_api.services.batches import serial_text
from registry_api.services.holdings import Lot
from registry_api.services.order_views import Outcome, order
from registry_api.services.retirement_terms import RetirementTerms
from tests.registry_api.a_market import (
    BUYERS,
    HOLDERS,
    SECOND_REGISTRAR,
    a_copy,
    replayed,
    whereabouts,
)
from tests.registry_api.a_registry import REGISTRAR

TERMS = RetirementTerms("A buyer's customer", "voluntary", reason="Flights of 2025")
ANSWERS = ("accepted", "declined", "withdrawn", "released")
BECOMES = {"transfer": "offered", "cancel": "held", "hold": "held"}


class Trade(RuleBasedStateMachine):
    """Holders offer, take, retire and ask for cancellation; registrars hold and decide."""

    source: Path | str

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.db = self.stack.enter_context(a_copy(self.source))
        self.model = whereabouts(self.db)
        self.keys = (f"order-{n:05d}" for n in count())
        self.waiting: dict[str, tuple[str, str, str | None, set[tuple[str, str, int]]]] = {}
        self.placed: list[tuple[str, Lot, str]] = []
        with self.db.reading() as session:
            self.batch = session.scalars(select(CreditBatch)).one()

    def lot(self, data: st.DataObject) -> tuple[Lot, set[tuple[str, str, int]]]:
        """Draw any run of the issuance's credits, whoever holds them."""
        units = sorted(self.model)
        first = data.draw(st.sampled_from(units))
        last = data.draw(st.integers(first[2], units[-1][2]))
        text = serial_text(self.batch, "C", first[2], last)
        return Lot(serial=text), {(first[0], first[1], n) for n in range(first[2], last + 1)}

    def free(self, units: set[tuple[str, str, int]], holder: str) -> bool:
        return all(self.model.get(unit) == ("active", holder) for unit in units)

    @rule(data=st.data(), holder=st.sampled_from(HOLDERS), kind=st.sampled_from(sorted(BECOMES)))
    def place(self, data: st.DataObject, holder: str, kind: str) -> None:
        lot, units = self.lot(data)
        to = data.draw(st.sampled_from(HOLDERS)) if kind == "transfer" else None
        key = next(self.keys)
        allowed = self.free(units, holder) and to != holder
        with ExitStack() as stack:
            session = stack.enter_context(self.db.writing())
            if not allowed:
                stack.enter_context(pytest.raises(Contradiction))
            if kind == "transfer":
                assert to is not None
                view = orders.offer(session, [lot], to, "", key, by=holder)
            elif kind == "cancel":
                view = orders.ask_cancellation(session, [lot], "Doubt", key, by=holder)
            else:
                view = orders.hold(session, [lot], holder, "Doubt", key, by=REGISTRAR)
            self.waiting[view.id] = (kind, holder, to, units)
            self.placed.append((key, lot, REGISTRAR if kind == "hold" else holder))
            assert view.serials == (lot.serial,)
            assert view.quantity_t == len(units)
        if allowed:
            self.model |= dict.fromkeys(units, (BECOMES[kind], holder))

    @rule(holder=st.sampled_from(HOLDERS), quantity_t=st.integers(1, 8))
    def retire(self, holder: str, quantity_t: int) -> None:
        mine = sorted(unit for unit, at in self.model.items() if at == ("active", holder))
        lot = Lot(batch_id=str(self.batch.id), quantity_t=quantity_t)
        with ExitStack() as stack:
            session = stack.enter_context(self.db.writing())
            if quantity_t > len(mine):
                stack.enter_context(pytest.raises(Contradiction))
            view = orders.retire(session, [lot], TERMS, next(self.keys), by=holder)
            assert view.state == "done"
            self.model |= dict.fromkeys(mine[:quantity_t], ("retired", holder))

    @rule(
        data=st.data(),
        by=st.sampled_from((*HOLDERS, REGISTRAR, SECOND_REGISTRAR)),
        outcome=st.sampled_from(ANSWERS),
    )
    def answer(self, data: st.DataObject, by: str, outcome: Outcome) -> None:
        if not self.waiting:
            return
        order_id = data.draw(st.sampled_from(sorted(self.waiting)))
        kind, holder, to, units = self.waiting[order_id]
        registrar = by in (REGISTRAR, SECOND_REGISTRAR)
        allowed = {
            "transfer": (outcome in ("accepted", "declined") and by == to)
            or (outcome == "withdrawn" and by == holder),
            "cancel": (outcome in ("accepted", "declined") and registrar)
            or (outcome == "withdrawn" and by == holder),
            "hold": outcome == "released" and registrar,
        }[kind]
        with ExitStack() as stack:
            session = stack.enter_context(self.db.writing())
            if not allowed:
                stack.enter_context(pytest.raises((NotAllowed, NotFound, Contradiction)))
            view = orders.answer(session, order_id, outcome, "", next(self.keys), by=by)
            assert view.state == outcome
        if allowed:
            del self.waiting[order_id]
            taken = kind == "transfer" and outcome == "accepted"
            gone = kind == "cancel" and outcome == "accepted"
            self.model |= dict.fromkeys(
                units, ("cancelled" if gone else "active", to if taken else holder)
            )

    @rule(data=st.data())
    def the_key_of_another_order(self, data: st.DataObject) -> None:
        if not self.placed:
            return
        key, lot, by = data.draw(st.sampled_from(self.placed))
        with self.db.writing() as session, pytest.raises(KeyReused):
            orders.retire(session, [lot], TERMS, key, by=by)

    @invariant()
    def every_credit_is_where_the_orders_put_it(self) -> None:
        assert whereabouts(self.db) == self.model

    @invariant()
    def the_ledger_tells_the_same_story(self) -> None:
        assert replayed(self.db) == self.model

    @invariant()
    def sums_reconcile_now_and_at_every_past_entry(self) -> None:
        with self.db.reading() as session:
            newest = ledger.verify_chain(session)
            assert newest.first_bad is None
            assert holding_views.supply(session).issued == len(self.model)
            for sequence in range(1, newest.entries + 1):
                assert holding_views.supply(session, at=sequence).reconciles

    def teardown(self) -> None:
        self.stack.close()


def run_trade(machine: type[Trade], source: Path | str, examples: int, *, steps: int = 16) -> None:
    """Run a machine that trades, on copies of a stocked registry."""
    run_state_machine_as_test(
        type("Trading", (machine,), {"source": source}),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )


def test_no_credit_is_lost_made_or_doubled_on_sqlite(stocked_file: Path) -> None:
    run_trade(Trade, stocked_file, 20)


def test_no_credit_is_lost_made_or_doubled_on_postgresql(stocked_server: str) -> None:
    run_trade(Trade, stocked_server, 8)


def test_an_order_shows_what_it_moved_and_to_whom_it_concerns(stocked_file: Path) -> None:
    with a_copy(stocked_file) as opened, opened.writing() as session:
        batch = session.scalars(select(CreditBatch)).one()
        text = serial_text(batch, "C", 3, 7)
        placed = orders.offer(session, [Lot(serial=text)], BUYERS[0], "As agreed", "a-first-key",
                              by=HOLDERS[0])  # fmt: skip
        assert (placed.state, placed.serials, placed.quantity_t) == ("open", (text,), 5)
        assert order(session, placed.id, by=BUYERS[0]) == placed
        assert order(session, placed.id, by=REGISTRAR) == placed
        with pytest.raises(NotFound):
            order(session, placed.id, by=BUYERS[1])
        again = orders.offer(session, [Lot(serial=text)], BUYERS[0], "As agreed", "a-first-key",
                             by=HOLDERS[0])  # fmt: skip
        assert again == placed


@pytest.mark.parametrize(
    "lots",
    [
        [],
        [Lot()],
        [Lot(serial="PKL-KE", quantity_t=1)],
        [Lot(batch_id="x", quantity_t=1)],
        [Lot(batch_id="00000000-0000-0000-0000-000000000000", quantity_t=1)],
    ],
    ids=["none", "empty", "mistyped", "no id", "unknown"],
)
def test_lots_that_name_nothing_are_a_sentence(stocked_file: Path, lots: list[Lot]) -> None:
    with (
        a_copy(stocked_file) as opened,
        opened.writing() as session,
        pytest.raises(MrvError, match=r"\.$"),
    ):
        orders.retire(session, lots, TERMS, "some-key-1", by=HOLDERS[0])


def test_a_credit_cannot_be_named_twice_in_one_order(stocked_file: Path) -> None:
    with a_copy(stocked_file) as opened, opened.writing() as session:
        batch = session.scalars(select(CreditBatch)).one()
        lots = [Lot(serial=serial_text(batch, "C", a, b)) for a, b in ((1, 4), (4, 6))]
        with pytest.raises(Contradiction, match="Credit 4 is named twice"):
            orders.retire(session, lots, TERMS, "some-key-1", by=HOLDERS[0])
