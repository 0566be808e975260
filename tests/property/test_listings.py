"""Whatever is listed, reserved, sold, let run out or withdrawn: no credit is promised twice.

The machine of all other orders runs on beside it, on either database.
"""

from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from registry_api.errors import Contradiction, NotAllowed, NotFound
from registry_api.services import clock, listing_views, listings, orders
from registry_api.services.batches import serial_text
from registry_api.services.holdings import Lot
from registry_api.services.listings import Price
from registry_api.services.order_views import Outcome, demand_seen
from tests.property.test_holdings import ANSWERS, Trade
from tests.property.test_holdings import run_trade as run
from tests.registry_api.a_market import HOLDERS, SECOND_REGISTRAR
from tests.registry_api.a_registry import DEVELOPER

PRICE = Price(1250, "USD")
Units = set[tuple[str, str, int]]


class Sale(Trade):
    """Beside everything else, credits are listed, reserved until a time, and sold or not."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = timedelta(0)
        patch = self.stack.enter_context(pytest.MonkeyPatch.context())
        real = clock.now
        patch.setattr(clock, "now", lambda: real() + self.passed)
        # id -> seller, for whom alone, what is unsold, and when it runs out
        self.listed: dict[str, tuple[str, str | None, Units, datetime | None]] = {}
        # id -> listing, buyer, how many, until when
        self.reserved: dict[str, tuple[str, str, int, datetime]] = {}
        self.asked: dict[str, tuple[str, str]] = {}

    def lot_of(self, data: st.DataObject, holder: str) -> tuple[Lot, Units]:
        """Draw a run that the holder may move, where there is one; sometimes any run."""
        free = sorted(unit for unit, at in self.model.items() if at == ("active", holder))
        if not free or data.draw(st.integers(0, 5)) == 0:
            return self.lot(data)
        first = data.draw(st.sampled_from(free))
        last = first[2]
        while (first[0], first[1], last + 1) in free and data.draw(st.booleans()):
            last += 1
        text = serial_text(self.batch, "C", first[2], last)
        return Lot(serial=text), {(first[0], first[1], n) for n in range(first[2], last + 1)}

    def kept(self, listing: str, *, but: str = "") -> int:
        return sum(
            quantity_t
            for order, (of, _, quantity_t, until) in self.reserved.items()
            if of == listing and order != but and until > clock.now()
        )

    @initialize(quantity_t=st.integers(4, 12))
    def begin_with_a_listing(self, quantity_t: int) -> None:
        lot = Lot(batch_id=str(self.batch.id), quantity_t=quantity_t)
        units = set(sorted(u for u, at in self.model.items() if at[0] == "active")[:quantity_t])
        with self.db.writing() as session:
            view = listings.list_credits(session, [lot], PRICE, next(self.keys), by=DEVELOPER)
        self.listed[view.id] = (DEVELOPER, None, units, None)
        self.model |= dict.fromkeys(units, ("offered", DEVELOPER))

    @rule(data=st.data(), holder=st.sampled_from(HOLDERS), hours=st.sampled_from((None, 30)))
    def list_credits(self, data: st.DataObject, holder: str, hours: int | None) -> None:
        lot, units = self.lot_of(data, holder)
        request = data.draw(st.sampled_from(["", *sorted(self.asked)]))
        of, buyer = self.asked.get(request, (holder, None))
        until = clock.now() + timedelta(hours=hours) if hours else None
        allowed = self.free(units, holder) and of == holder
        with ExitStack() as stack:
            session = stack.enter_context(self.db.writing())
            if not allowed:
                stack.enter_context(pytest.raises((Contradiction, NotFound, NotAllowed)))
            view = listings.list_credits(
                session, [lot], PRICE, next(self.keys), by=holder, valid_until=until,
                request_id=request,
            )  # fmt: skip
            self.listed[view.id] = (holder, buyer, set(units), until)
        if allowed:
            self.asked.pop(request, None)
            self.model |= dict.fromkeys(units, ("offered", holder))

    @precondition(lambda self: not self.asked)
    @rule(holder=st.sampled_from(HOLDERS), buyer=st.sampled_from(HOLDERS))
    def ask_quote(self, holder: str, buyer: str) -> None:
        with ExitStack() as stack:
            session = stack.enter_context(self.db.writing())
            if holder == buyer:
                stack.enter_context(pytest.raises(Contradiction))
            view = listings.ask_quote(
                session, holder, self.batch.project_id, 5, next(self.keys), by=buyer
            )
            self.asked[view.id] = (holder, buyer)

    @precondition(lambda self: self.listed)
    @rule(
        data=st.data(),
        buyer=st.sampled_from(HOLDERS[::-1]),  # the first of it is drawn most often
        hours=st.sampled_from((72, 24, 1)),
    )
    def reserve(self, data: st.DataObject, buyer: str, hours: int) -> None:
        listing = data.draw(st.sampled_from(sorted(self.listed)))
        seller, only, unsold, runs_out = self.listed[listing]
        quantity_t = data.draw(st.integers(1, max(1, len(unsold) - self.kept(listing)) + 1))
        allowed = (
            buyer != seller
            and only in (None, buyer)
            and (runs_out is None or runs_out > clock.now())
            and quantity_t <= len(unsold) - self.kept(listing)
        )
        with ExitStack() as stack:
            session = stack.enter_context(self.db.writing())
            if not allowed:
                stack.enter_context(pytest.raises((Contradiction, NotFound)))
            view = listings.reserve(
                session, listing, quantity_t, next(self.keys), by=buyer, hours=hours
            )
            until = datetime.fromisoformat(str(view.terms["reserved_until"]))
            self.reserved[view.id] = (listing, buyer, quantity_t, until)

    @rule(hours=st.sampled_from((1, 25, 80)))
    def let_time_pass(self, hours: int) -> None:
        self.passed += timedelta(hours=hours)

    @precondition(lambda self: self.reserved)
    @rule(
        data=st.data(),
        by=st.sampled_from((*HOLDERS, SECOND_REGISTRAR)),
        outcome=st.sampled_from(ANSWERS),
    )
    def answer_reservation(self, data: st.DataObject, by: str, outcome: Outcome) -> None:
        order = data.draw(st.sampled_from(sorted(self.reserved)))
        self.answered(order, by, outcome)

    def answered(self, order: str, by: str, outcome: Outcome) -> None:
        listing, buyer, quantity_t, _ = self.reserved[order]
        seller, only, unsold, runs_out = self.listed.get(listing, ("", None, set(), None))
        allowed = {
            "accepted": by == seller and quantity_t <= len(unsold) - self.kept(listing, but=order),
            "declined": by == (seller or self.seller_of(order)),
            "withdrawn": by == buyer,
        }.get(outcome, False)
        with ExitStack() as stack:
            session = stack.enter_context(self.db.writing())
            if not allowed:
                stack.enter_context(pytest.raises((NotAllowed, NotFound, Contradiction)))
            orders.answer(session, order, outcome, "", next(self.keys), by=by)
        if not allowed:
            return
        del self.reserved[order]
        if outcome == "accepted":
            sold = set(sorted(unsold)[:quantity_t])
            self.model |= dict.fromkeys(sold, ("active", buyer))
            self.listed[listing] = (seller, only, unsold - sold, runs_out)

    @precondition(lambda self: self.listed)
    @rule(data=st.data())
    def somebody_buys(self, data: st.DataObject) -> None:
        """Reserve what there is and have it accepted, which single steps seldom come to."""
        before = set(self.reserved)
        for listing in sorted(self.listed):
            seller, only, unsold, runs_out = self.listed[listing]
            left = len(unsold) - self.kept(listing)
            if left < 1 or (runs_out is not None and runs_out <= clock.now()):
                continue
            buyer = only or next(each for each in HOLDERS if each != seller)
            quantity_t = data.draw(st.integers(1, left))
            with ExitStack() as stack:
                session = stack.enter_context(self.db.writing())
                if buyer == seller:
                    stack.enter_context(pytest.raises(Contradiction))
                view = listings.reserve(session, listing, quantity_t, next(self.keys), by=buyer)
                until = datetime.fromisoformat(str(view.terms["reserved_until"]))
                self.reserved[view.id] = (listing, buyer, quantity_t, until)
        for order in sorted(set(self.reserved) - before):
            self.answered(order, self.seller_of(order), "accepted")

    @precondition(lambda self: self.reserved)
    @rule(data=st.data())
    def the_seller_accepts(self, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from(sorted(self.reserved)))
        self.answered(order, self.seller_of(order), "accepted")

    def seller_of(self, order: str) -> str:
        with self.db.reading() as session:
            return demand_seen(session, order, SECOND_REGISTRAR).account_id

    @precondition(lambda self: self.listed)
    @rule(data=st.data(), by=st.sampled_from(HOLDERS))
    def withdraw_listing(self, data: st.DataObject, by: str) -> None:
        listing = data.draw(st.sampled_from(sorted(self.listed)))
        seller, _, unsold, _ = self.listed[listing]
        allowed = by == seller and bool(unsold) and not self.kept(listing)
        with ExitStack() as stack:
            session = stack.enter_context(self.db.writing())
            if not allowed:
                stack.enter_context(pytest.raises((NotAllowed, NotFound, Contradiction)))
            orders.answer(session, listing, "withdrawn", "", next(self.keys), by=by)
        if allowed:
            del self.listed[listing]
            self.model |= dict.fromkeys(unsold, ("active", seller))

    @invariant()
    def what_is_for_sale_is_what_was_listed_and_neither_sold_nor_kept(self) -> None:
        with self.db.reading() as session:
            shown = listing_views.public_listings(session, limit=200).items
            told = {one.id: (one.seller_id, one.quantity_t, one.free_t) for one in shown}
        assert told == {
            listing: (seller, len(unsold), len(unsold) - self.kept(listing))
            for listing, (seller, only, unsold, runs_out) in self.listed.items()
            if only is None and unsold and (runs_out is None or runs_out > clock.now())
        }


def test_nothing_is_promised_twice_on_sqlite(stocked_file: Path) -> None:
    run(Sale, stocked_file, 12, steps=20)


def test_nothing_is_promised_twice_on_postgresql(stocked_server: str) -> None:
    run(Sale, stocked_server, 4, steps=20)
