"""Daily statements of the supply: signed, once a day, and never over credits that are missing."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from registry_api.errors import NotFound, NotReady
from registry_api.services import clock, orders, supply_statements, transparency
from registry_api.services.holdings import Lot
from registry_api.services.retirement_terms import RetirementTerms
from registry_api.services.supply_statements import is_true_to_its_signature, state_supply
from tests.registry_api.a_registry import DEVELOPER, Stage


def test_a_statement_adds_up_names_its_log_and_is_ours(issued: Stage) -> None:
    with issued.registry.writing() as session:
        told = state_supply(session, issued.settings)
        size = transparency.size_of(session)
        proof = transparency.prove_consistency(session, size)
    (counted,) = told.statement["issuances"].values()
    assert counted == {
        "issued": 11, "active": 9, "offered": 0, "held": 0, "buffer": 2, "retired": 0,
        "cancelled": 0,
    }  # fmt: skip
    assert (told.statement["ledger_entries"], told.statement["log_root"]) == (
        size,
        proof.before_root,
    )
    with issued.registry.reading() as session:
        assert is_true_to_its_signature(session, told)
        forged = dict(told.statement) | {"ledger_entries": size + 1}
        assert not is_true_to_its_signature(session, replace(told, statement=forged))
        assert supply_statements.statement_of(session, told.day) == told


def test_a_day_has_one_statement_and_the_next_day_another(
    issued: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    terms = RetirementTerms("Lakeside Hotel", "voluntary", "Heating of 2025")
    with issued.registry.writing() as session:
        first = state_supply(session, issued.settings)
    with issued.registry.writing() as session:
        batch_id = next(iter(first.statement["issuances"]))
        lots = [Lot(batch_id=batch_id, quantity_t=4)]
        orders.retire(session, lots, terms, "the-retirement", by=DEVELOPER)
        assert state_supply(session, issued.settings) == first
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    with issued.registry.writing() as session:
        second = state_supply(session, issued.settings)
        (counted,) = second.statement["issuances"].values()
        page = supply_statements.statements(session, limit=1)
        rest = supply_statements.statements(session, limit=1, cursor=page.next_cursor)
    assert (counted["active"], counted["retired"]) == (5, 4)
    assert [card.day for card in (*page.items, *rest.items)] == [second.day, first.day]
    assert rest.next_cursor is None
    with issued.registry.reading() as session, pytest.raises(NotFound, match="No statement"):
        supply_statements.statement_of(session, date(2020, 1, 1))


def test_nothing_is_signed_where_a_credit_is_missing(issued: Stage) -> None:
    with issued.registry.writing() as session:
        if session.get_bind().dialect.name == "sqlite":
            named = (
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'holdings'"
            )
            for name in session.scalars(text(named)).all():
                session.execute(text(f"DROP TRIGGER {name}"))
        else:
            session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("DELETE FROM holdings WHERE state = 'buffer'"))
    with (
        issued.registry.writing() as session,
        pytest.raises(NotReady, match="has 11 credits and 9 are held somewhere"),
    ):
        state_supply(session, issued.settings)
