"""Deductions side by side (methodology reference 4.6) and the standards' own examples (7.6)."""

import pytest

from mrv.crediting.deduction import DEDUCTIONS, deducted_fraction, trees_2_share
from mrv.errors import RuleMissing

# U90 -> AR-TOOL14, VM0047, TREES, PoE 66.67 %, lower bound; all in per cent.
TABLE = {
    10: (0, 0, 3.19, 2.62, 10),
    12: (3.00, 2, 3.83, 3.14, 12),
    15: (3.75, 5, 4.78, 3.93, 15),
    18: (9.00, 8, 5.74, 4.71, 18),
    20: (10.00, 10, 6.38, 5.24, 20),
    25: (18.75, 15, 7.97, 6.55, 25),
    30: (22.50, 20, 9.56, 7.85, 30),
    40: (40, 30, 12.75, 10.5, 40),
    50: (50, 40, 15.9, 13.1, 50),
    100: (100, 90, 31.9, 26.2, 100),
}


@pytest.mark.parametrize("u90_pct", TABLE)
def test_table_4_6(u90_pct: int) -> None:
    u90 = u90_pct / 100
    ar_tool14, vm0047, trees, exceedance, lower = TABLE[u90_pct]
    assert 100 * deducted_fraction(u90, "AR_TOOL14_V42") == pytest.approx(ar_tool14, abs=0.005)
    assert 100 * deducted_fraction(u90, "VM0047") == pytest.approx(vm0047, abs=0.005)
    assert 100 * trees_2_share(u90) == pytest.approx(trees, abs=0.05)
    assert 100 * deducted_fraction(u90, "VCS_POE_6667") == pytest.approx(exceedance, abs=0.05)
    assert 100 * deducted_fraction(u90, "LOWER_BOUND_90") == pytest.approx(lower, abs=0.005)


def test_trees_exempts_half_widths_up_to_ten_per_cent() -> None:
    assert deducted_fraction(0.10, "TREES_2") == 0
    assert deducted_fraction(0.15, "TREES_2") == pytest.approx(0.047819, abs=5e-7)


@pytest.mark.parametrize(("u90", "pct"), [(0.08, 2.5503), (0.15, 4.7819), (0.30, 9.5638)])
def test_trees_2_before_the_exemption(u90: float, pct: float) -> None:
    assert 100 * trees_2_share(u90) == pytest.approx(pct, abs=5e-5)


def test_ar_tool14_worked_example() -> None:
    """60 +- 9 t/ha becomes 57.75 as a project stock."""
    assert 60 * (1 - deducted_fraction(9 / 60, "AR_TOOL14_V42")) == pytest.approx(57.75)


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
