"""A case from suspicion to settled books: allowed steps, upper bounds, who pays, when all stops."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrv.change.permanence import PermanenceRules
from mrv.change.reversal import (
    CAUSES,
    STEPS,
    Accounts,
    Case,
    advance,
    book_reversals,
    classify,
    confirm_overdue,
    oldest_first,
    open_case,
    quantify,
    settle,
)
from mrv.errors import InputRejected
from mrv.methodologies import load_methodology

RULES = PermanenceRules.of(load_methodology("agroforestry_removals", 1))
NOTICED = date(2024, 3, 10)
KG = 1000


def suspect() -> Case:
    return open_case("A-1", date(2024, 2, 20), NOTICED, "nbr 4.1 sigma below")


def lost(cause: str = "felling", kg: int = 5 * KG) -> Case:
    case = classify(
        advance(suspect(), "confirm", date(2024, 4, 1), "visited"), cause, date(2024, 4, 2), "seen"
    )
    return replace(
        quantify(
            case, np.array([100.0]), 1.0, root_shoot=0.3, carbon_fraction=0.47,
            issued_on_area_kg=kg, on=date(2024, 4, 3), rules=RULES,
        )
    )  # fmt: skip


# -- steps ---------------------------------------------------------------------------------------


def test_a_case_keeps_each_step_with_its_day_and_reason() -> None:
    case = lost()
    assert [(e.on.isoformat(), e.state) for e in case.entries] == [
        ("2024-03-10", "suspect"),
        ("2024-04-01", "confirmed"),
        ("2024-04-02", "classified"),
        ("2024-04-03", "quantified"),
    ]
    assert all(entry.reason for entry in case.entries)


def test_no_step_may_be_left_out() -> None:
    for step in {step for _state, step in STEPS} - {"clear", "confirm"}:
        with pytest.raises(InputRejected, match=r"A-1 is suspect and cannot .* clear, confirm"):
            advance(suspect(), step, date(2024, 4, 1), "")
    with pytest.raises(InputRejected, match="what may follow is nothing"):
        advance(advance(suspect(), "clear", NOTICED, "weeds"), "confirm", NOTICED, "")


def test_time_runs_forward() -> None:
    with pytest.raises(InputRejected, match="would lie before it"):
        advance(suspect(), "clear", date(2024, 3, 9), "")


def test_a_suspect_does_not_grow_until_it_is_cleared() -> None:
    assert not suspect().may_grow
    assert not lost().may_grow
    assert advance(suspect(), "clear", NOTICED, "weeds").may_grow
    assert advance(lost(), "settle", date(2024, 5, 1), "").may_grow


def test_a_harvest_of_the_plan_is_no_reversal() -> None:
    case = advance(suspect(), "confirm", date(2024, 4, 1), "visited")
    planned = advance(case, "plan", date(2024, 4, 1), "pruned as the plan says")
    assert (planned.state, planned.reversal_kg) == ("planned", 0)
    with pytest.raises(InputRejected):
        classify(planned, "felling", date(2024, 4, 2), "")


def test_who_does_not_look_in_time_has_lost_it() -> None:
    assert confirm_overdue(suspect(), date(2024, 5, 9), RULES) == suspect()  # the 60th day
    late = confirm_overdue(suspect(), date(2024, 5, 10), RULES)
    assert (late.state, late.cause, late.avoidable) == ("classified", "not_confirmed", True)
    assert late.entries[-1].on == date(2024, 5, 9)
    cleared = advance(suspect(), "clear", date(2024, 4, 1), "weeds")
    assert confirm_overdue(cleared, date(2025, 1, 1), RULES) == cleared


def test_causes_say_who_pays_and_a_strange_one_is_refused() -> None:
    assert {cause for cause, avoidable in CAUSES.items() if not avoidable} == {
        "fire", "drought", "flood", "storm", "pest", "conflict",
    }  # fmt: skip
    case = advance(suspect(), "confirm", date(2024, 4, 1), "visited")
    with pytest.raises(InputRejected, match="no cause 'elephants'"):
        classify(case, "elephants", date(2024, 4, 2), "")


# -- how much ------------------------------------------------------------------------------------


def test_the_upper_bound_is_counted_with_roots() -> None:
    draws = np.random.default_rng(0).normal(10.0, 1.0, 20_000)  # t d.m. that stood there
    case = classify(
        advance(suspect(), "confirm", date(2024, 4, 1), "visited"), "fire", date(2024, 4, 2), ""
    )
    told = quantify(
        case, draws, 0.4, root_shoot=0.25, carbon_fraction=0.47, issued_on_area_kg=10**9,
        on=date(2024, 4, 3), rules=RULES,
    )  # fmt: skip
    expected_t = (10.0 + 1.6449) * 0.4 * 1.25 * 0.47 * 44 / 12
    assert told.reversal_kg == pytest.approx(expected_t * KG, rel=0.004)


def test_no_more_is_reversed_than_was_issued_there() -> None:
    assert lost(kg=1234).reversal_kg == 1234
    assert lost(kg=0).reversal_kg == 0


def test_a_share_beyond_all_is_refused() -> None:
    case = classify(
        advance(suspect(), "confirm", date(2024, 4, 1), "visited"), "fire", date(2024, 4, 2), ""
    )
    with pytest.raises(InputRejected, match="between 0 and 1"):
        quantify(
            case, np.ones(3), np.array([0.2, 1.1, 0.3]), root_shoot=0.2, carbon_fraction=0.47,
            issued_on_area_kg=1, on=date(2024, 4, 3), rules=RULES,
        )  # fmt: skip


# -- settling ------------------------------------------------------------------------------------

BOOKS = Accounts(issued_kg=100 * KG, replaced_kg=0, net_kg=100 * KG, buffer_kg=25 * KG)


def test_unavoidable_losses_are_the_buffers() -> None:
    cases = [lost("fire", 10 * KG)]
    done = settle(
        book_reversals(BOOKS, cases), cases, offered_kg=10 * KG, stock_before_kg=1000 * KG,
        rules=RULES,
    )  # fmt: skip
    assert (done.repaid_kg, done.cancelled_kg, done.default, done.review) == (
        0, 10 * KG, False, False,
    )  # fmt: skip
    assert done.accounts.shortfall_kg == 0
    assert done.accounts.buffer_kg == 15 * KG


def test_avoidable_losses_are_repaid_first() -> None:
    cases = [lost("felling", 10 * KG), lost("storm", 4 * KG)]
    done = settle(
        book_reversals(BOOKS, cases), cases, offered_kg=50 * KG, stock_before_kg=1000 * KG,
        rules=RULES,
    )  # fmt: skip
    assert (done.repaid_kg, done.cancelled_kg) == (10 * KG, 4 * KG)


def test_nothing_is_issued_until_net_has_come_back() -> None:
    cases = [lost("fire", 40 * KG)]
    done = settle(
        book_reversals(BOOKS, cases), cases, offered_kg=0, stock_before_kg=1000 * KG, rules=RULES
    )
    assert done.default, "25 t of buffer cannot replace 40"
    assert done.accounts.shortfall_kg == 15 * KG
    assert done.accounts.issuable_kg == 0
    grown = replace(done.accounts, net_kg=75 * KG)
    assert (grown.shortfall_kg, grown.issuable_kg) == (0, 0)
    assert replace(grown, net_kg=80 * KG).issuable_kg == 5 * KG


@pytest.mark.parametrize(("stock_t", "review"), [(99, True), (100, False), (101, False)])
def test_a_tenth_of_the_stock_lost_in_a_year_calls_for_a_review(stock_t: int, review: bool) -> None:  # noqa: FBT001
    cases = [lost("fire", 10 * KG)]
    done = settle(
        book_reversals(BOOKS, cases), cases, offered_kg=0, stock_before_kg=stock_t * KG, rules=RULES
    )
    assert done.review is review


def test_the_oldest_vintages_go_first() -> None:
    assert oldest_first({"2023": 5, "2021": 3, "2022": 4}, 6) == {"2021": 3, "2022": 3}
    assert oldest_first({"2021": 3}, 0) == {}
    with pytest.raises(InputRejected, match="holds 3 credits; 4 cannot be taken"):
        oldest_first({"2021": 3}, 4)


@given(
    net_t=st.lists(st.integers(-50, 400), min_size=1, max_size=12),
    buffer_t=st.integers(0, 100),
    offered_t=st.integers(0, 60),
)
def test_what_stands_issued_never_exceeds_net_unless_the_programme_stops(
    net_t: list[int], buffer_t: int, offered_t: int
) -> None:
    books = Accounts(issued_kg=0, replaced_kg=0, net_kg=0, buffer_kg=buffer_t * KG)
    for net in net_t:
        books = replace(books, net_kg=net * KG)
        case = replace(lost("felling", 0), reversal_kg=books.shortfall_kg)
        before = books.buffer_kg
        done = settle(books, [case], offered_kg=offered_t * KG, stock_before_kg=10**9, rules=RULES)
        books = done.accounts
        assert books.buffer_kg == before - done.cancelled_kg >= 0
        if done.default:
            assert books.shortfall_kg > 0
            return
        assert books.issued_kg - books.replaced_kg <= max(books.net_kg, 0) or books.net_kg < 0
        books = replace(books, issued_kg=books.issued_kg + books.issuable_kg)
        assert books.shortfall_kg == 0
