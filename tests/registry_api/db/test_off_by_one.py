"""Blocks that other registries counted wrongly by one, in ours: split, counted, looked up, refused.

Source:
    reference on registries: the code of gc_registry, the sample unit of CAD Trust's data dictionary
    2.0.2, the UNDP registry's push client, Puro's serials.
"""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from mrv.crediting import serials
from mrv.errors import InputRejected
from registry_api.db import Database
from registry_api.db.models import CreditBatch, Holding, SerialBlock
from registry_api.errors import Contradiction
from registry_api.services import accounts, holding_views, orders
from registry_api.services.batches import serial_text
from registry_api.services.holdings import Lot, still_open
from registry_api.services.retirement_terms import RetirementTerms
from tests.registry_api.a_market import BUYERS
from tests.registry_api.a_registry import DEVELOPER, evidence, found, issue, make_settings

FOREIGN_BLOCKS = (
    # whose, first, last, what they said it holds, what it holds
    ("gc_registry, first part of 0-999 split at 250", 1, 251, 250, 251),
    ("gc_registry, second part", 252, 1_000, 750, 749),
    ("CAD Trust, sample unit", 1_233_022, 1_234_023, 1_000, 1_002),
    ("CAD Trust, by its serial's end", 1_233_022, 1_234_022, 1_000, 1_001),
    ("Gold Standard, a retired part", 110, 5_463, 5_353, 5_354),
    ("Verra", 941_467_007, 941_467_431, 424, 425),
    ("Puro, 1-100", 1, 100, 99, 100),
    ("UNDP, 1-3000", 1, 3_000, 2_999, 3_000),
)


@pytest.fixture
def thousand(either: Database, tmp_path: Path) -> Database:
    """A registry that issued credits 1 to 1000."""
    with either.writing() as session:
        farm = found(session, make_settings(tmp_path, of=either), plots=1)
        batch = issue(session, farm, evidence(farm, [1_000_000]), "first-issuance")
        assert batch.credits is not None
        assert (batch.credits.first_serial, batch.credits.last_serial) == (1, 1_000)
    return either


@pytest.mark.parametrize(
    ("first", "last", "said", "holds"), [row[1:] for row in FOREIGN_BLOCKS],
    ids=[row[0] for row in FOREIGN_BLOCKS],
)  # fmt: skip
def test_a_block_holds_what_lies_between_its_ends_both_included(
    first: int, last: int, said: int, holds: int
) -> None:
    run = serials.SerialBlock("KE", "p", "C", date(2021, 2, 1), date(2023, 2, 1), 1, first, last)
    assert run.quantity == holds != said
    assert serials.parse_serial(serials.format_serial(run)) == run


def test_a_block_with_another_count_is_refused_by_the_database(thousand: Database) -> None:
    for _whose, first, last, said, _holds in FOREIGN_BLOCKS:
        with thousand.reading() as session:
            block = session.scalars(
                select(SerialBlock).where(SerialBlock.issued_as == "active")
            ).one()
        row: dict[str, Any] = {
            "batch_id": block.batch_id,
            "project_id": block.project_id,
            "kind": "R",  # a series of its own: nothing else is wrong with it
            "issued_as": "active",
        }
        wrong = SerialBlock(**row, first_serial=first, last_serial=last, quantity_t=said)
        with (
            pytest.raises(DBAPIError, match="quantity_inclusive"),
            thousand.writing() as session,
        ):
            session.add(wrong)


def test_a_thousand_split_at_250_are_250_and_750(thousand: Database) -> None:
    with thousand.writing() as session:
        batch = session.scalars(select(CreditBatch)).one()
        lot = Lot(batch_id=str(batch.id), quantity_t=250)
        accounts.register_account(session, BUYERS[0], BUYERS[0], "buyer")
        placed = orders.offer(session, [lot], BUYERS[0], "", "one-offer", by=DEVELOPER)
        assert placed.serials == (serial_text(batch, "C", 1, 250),)
    with thousand.reading() as session:
        rows = session.scalars(
            select(Holding)
            .where(still_open(), Holding.state != "buffer")
            .order_by(Holding.first_serial)
        ).all()
        assert [(h.first_serial, h.last_serial, h.quantity_t, h.state) for h in rows] == [
            (1, 250, 250, "offered"),
            (251, 1_000, 750, "active"),
        ]
        for credit, state in ((250, "offered"), (251, "active")):
            one = serial_text(batch, "C", credit, credit)
            assert [h.state for h in holding_views.whereabouts(session, one).now] == [state]
        over = holding_views.whereabouts(session, serial_text(batch, "C", 250, 251)).now
        assert [(h.state, h.quantity_t) for h in over] == [("offered", 1), ("active", 1)]


def test_the_last_credit_is_one_and_the_next_is_none(thousand: Database) -> None:
    terms = RetirementTerms("A buyer's customer", "voluntary")
    with thousand.writing() as session:
        batch = session.scalars(select(CreditBatch)).one()
        over = serial_text(batch, "C", 1_000, 1_001)  # 1001 lies in the buffer
        with pytest.raises(Contradiction, match="1 of 2 credits"):
            orders.retire(session, [Lot(serial=over)], terms, "one-too-many", by=DEVELOPER)
    with thousand.writing() as session:
        last = serial_text(batch, "C", 1_000, 1_000)
        done = orders.retire(session, [Lot(serial=last)], terms, "the-last-one", by=DEVELOPER)
        assert done.quantity_t == 1
    with thousand.reading() as session:
        left = holding_views.supply(session)
        assert (left.active, left.retired, left.reconciles) == (999, 1, True)


def test_fields_read_one_place_off_are_no_serial() -> None:
    """The push client that takes the block's start from where the vintage stands."""
    run = serials.SerialBlock("KE", "p", "C", date(2021, 2, 1), date(2023, 2, 1), 7, 1, 3_000)
    parts = serials.format_serial(run).split("-")
    for k in range(3, len(parts) - 2):
        shifted = [*parts[:k], parts[k + 1], parts[k], *parts[k + 2 :]]
        with pytest.raises(InputRejected):
            serials.parse_serial("-".join(shifted))
    assert serials.parse_serial("-".join(parts)) == replace(run, registry="PKL")
