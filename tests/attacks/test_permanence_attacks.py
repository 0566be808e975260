"""Attacks on permanence: credits for trees that are gone, and for trees that nobody sees."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd

from mrv.change.drop_out import carried_change, judge_monitoring
from mrv.change.permanence import PermanenceRules
from mrv.change.reversal import Accounts, confirm_overdue, open_case, quantify, settle
from mrv.crediting.issuance import issue
from mrv.methodologies import load_methodology

RULES = PermanenceRules.of(load_methodology("agroforestry_removals", 1))
KG = 1000


def test_attack_09_a_loss_between_two_gains_is_not_credited_twice() -> None:
    """Pay each year's gain and forget each year's loss."""
    net_t = [100, 60, 90, 130]
    year_to_year = sum(max(0, b - a) for a, b in zip([0, *net_t], net_t, strict=False))
    assert year_to_year == 170, "what the attack would earn for 130 t that stand"
    books = Accounts(issued_kg=0, replaced_kg=0, net_kg=0, buffer_kg=50 * KG)
    ours, plain = [], []
    for net in net_t:
        books = replace(books, net_kg=net * KG)
        plain.append(issue(net * KG, issued_before_t=sum(plain)).credits_t)
        books = settle(
            books, [], offered_kg=0, stock_before_kg=10**9, rules=RULES
        ).accounts  # fmt: skip
        ours.append(books.issuable_kg // KG)
        books = replace(books, issued_kg=books.issued_kg + books.issuable_kg)
    assert plain == [100, 0, 0, 30], "cumulative differences alone"
    # Buffer credits made the 40 t good, so what grows back is new; in all no more than stands.
    assert ours == [100, 0, 30, 40]
    assert books.issued_kg - books.replaced_kg == 130 * KG
    assert books.buffer_kg == 10 * KG


def test_attack_26_a_plot_that_left_keeps_no_credits() -> None:
    """Stop letting anybody look, and keep what was earned."""
    plots = pd.DataFrame({"plot_id": ["seen", "cloudy", "gone"]})
    seen = pd.Series(
        pd.to_datetime(["2024-05-01", "2023-02-01", "2022-05-01"]), index=plots.plot_id
    )
    table = judge_monitoring(plots, seen, date(2024, 6, 30), RULES).set_index("plot_id")
    assert table["monitoring"].to_dict() == {"seen": "current", "cloudy": "carried", "gone": "lost"}
    growth = carried_change(np.array([3.0, 3.0, 3.0]), table["may_grow"].to_numpy())
    assert growth.tolist() == [3.0, 0.0, 0.0]


def test_attack_26_silence_about_a_suspect_costs_the_most() -> None:
    """Never confirm a felling, so that it never becomes one."""
    case = open_case("A-1", date(2024, 1, 5), date(2024, 1, 15), "ndvi")
    assert not case.may_grow
    late = confirm_overdue(case, date(2024, 12, 31), RULES)
    told = quantify(
        late, np.full(100, 20.0), 1.0, root_shoot=0.3, carbon_fraction=0.47,
        issued_on_area_kg=9_000, on=date(2024, 12, 31), rules=RULES,
    )  # fmt: skip
    assert told.avoidable
    assert told.reversal_kg == 9_000
