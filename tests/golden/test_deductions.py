"""Deductions side by side (methodology reference 4.6) and the standards' own examples (7.6)."""

import math

import pytest

from mrv.crediting.deduction import DEDUCTIONS, deducted_fraction, trees_2_share
from mrv.errors import RuleMissing
from mrv.estimation.closed_forms import exceeded_value, stock_with_discount

# U90 -> AR-TOOL14, VM0047, TREES, 10th percentile, PoE 66.67 %, lower bound; all in per cent, and
# how many decimals each row gives of columns three to five.
TABLE = {
    10: (0, 0, 3.19, 7.79, 2.62, 10, 2),
    12: (3.00, 2, 3.83, 9.35, 3.14, 12, 2),
    15: (3.75, 5, 4.78, 11.69, 3.93, 15, 2),
    18: (9.00, 8, 5.74, 14.02, 4.71, 18, 2),
    20: (10.00, 10, 6.38, 15.58, 5.24, 20, 2),
    25: (18.75, 15, 7.97, 19.48, 6.55, 25, 2),
    30: (22.50, 20, 9.56, 23.37, 7.85, 30, 2),
    40: (40, 30, 12.75, 31.2, 10.5, 40, 1),
    50: (50, 40, 15.9, 39.0, 13.1, 50, 1),
    100: (100, 90, 31.9, 77.9, 26.2, 100, 1),
}


@pytest.mark.parametrize("u90_pct", TABLE)
def test_table_4_6(u90_pct: int) -> None:
    u90 = u90_pct / 100
    ar_tool14, vm0047, trees, tenth, exceedance, lower, decimals = TABLE[u90_pct]
    printed = 0.6 * 10.0**-decimals  # 7.8559 is printed as 7.85
    assert 100 * deducted_fraction(u90, "AR_TOOL14_V42") == pytest.approx(ar_tool14, abs=1e-9)
    assert 100 * deducted_fraction(u90, "VM0047") == pytest.approx(vm0047, abs=1e-9)
    assert 100 * trees_2_share(u90) == pytest.approx(trees, abs=printed)
    assert 100 * deducted_fraction(u90, "PERCENTILE_10") == pytest.approx(tenth, abs=printed)
    assert 100 * deducted_fraction(u90, "VCS_POE_6667") == pytest.approx(exceedance, abs=printed)
    assert 100 * deducted_fraction(u90, "LOWER_BOUND_90") == pytest.approx(lower, abs=1e-9)


def test_all_rules_share_one_interface() -> None:
    assert list(DEDUCTIONS) == [
        "VM0047",
        "AR_TOOL14_V42",
        "TREES_2",
        "VCS_POE_6667",
        "PERCENTILE_10",
        "GS403_20",
        "LOWER_BOUND_90",
    ]
    assert all(rule.source and rule.tag in {"V2", "P"} for rule in DEDUCTIONS.values())


def test_trees_exempts_half_widths_up_to_ten_per_cent() -> None:
    assert deducted_fraction(0.10, "TREES_2") == 0
    assert deducted_fraction(0.15, "TREES_2") == pytest.approx(0.047819, abs=5e-7)


@pytest.mark.parametrize(("u90", "pct"), [(0.08, 2.5503), (0.15, 4.7819), (0.30, 9.5638)])
def test_trees_2_before_the_exemption(u90: float, pct: float) -> None:
    assert 100 * trees_2_share(u90) == pytest.approx(pct, abs=5e-5)


def test_ar_tool14_worked_example() -> None:
    """60 +- 9 t/ha becomes 57.75 as a project stock, and 62.25 as a baseline."""
    assert stock_with_discount(60, 9) == pytest.approx(57.75)
    assert stock_with_discount(60, 9, baseline=True) == pytest.approx(62.25)


@pytest.mark.parametrize(("df", "quantile"), [(10, 0.443756), (30, 0.435013), (math.inf, 0.430727)])
def test_quantiles_of_exceedance(df: float, quantile: float) -> None:
    assert -exceeded_value(0.0, 1.0, df) == pytest.approx(quantile, abs=1e-6)


def test_exceedance_at_twenty_degrees_of_freedom() -> None:
    """The standard's own 0.6667, not two thirds."""
    assert -exceeded_value(0.0, 1.0, 20, 0.6667) == pytest.approx(0.437271, abs=1e-6)


def test_gs403_deducts_what_exceeds_twenty_per_cent() -> None:
    """100 +- 23 % counts as 97."""
    assert 100 * (1 - deducted_fraction(0.23, "GS403_20")) == pytest.approx(97)


@pytest.mark.parametrize("strategy", DEDUCTIONS)
@pytest.mark.parametrize("u90", [1.001, float("inf"), float("nan")])
def test_above_the_ceiling_nothing_is_left(strategy: str, u90: float) -> None:
    assert deducted_fraction(u90, strategy) == 1


def test_an_unknown_strategy_is_named_with_those_there_are() -> None:
    with pytest.raises(RuleMissing, match="VM0047, AR_TOOL14_V42"):
        deducted_fraction(0.2, "OUR_OWN")


@pytest.mark.parametrize(
    ("u90", "share"),
    [(0.10, 0), (0.101, 0.25), (0.15, 0.25), (0.151, 0.5), (0.20, 0.5), (0.201, 0.75),
     (0.30, 0.75), (0.301, 1.0)],
)  # fmt: skip
def test_ar_tool14_appendix_2_steps_on_both_sides(u90: float, share: float) -> None:
    assert deducted_fraction(u90, "AR_TOOL14_V42") == pytest.approx(u90 * share)
