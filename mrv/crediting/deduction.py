"""What share of an estimate is withheld for its uncertainty, after each standard's own rule.

Every rule takes the relative half-width of the two-sided 90 % interval of the net change (U90) and
gives the share to deduct. The methodology names the one in force; the rest are there to compare.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from mrv.errors import RuleMissing
from mrv.methodologies import EvidenceTag, Methodology

Z_TWO_SIDED_90: Final = NormalDist().inv_cdf(0.95)
"""Standard normal quantile 0.95: turns a half-width of a 90 % interval into a standard error."""
TREES_2_EXEMPT: Final = 0.10
"""Half-width up to which ART-TREES 2.0 deducts nothing [V2, an implementation that was read]."""


@dataclass(frozen=True, slots=True)
class Deduction:
    """One standard's rule.

    Attributes:
        name: As the methodology spells it.
        share: U90 and the half-width that stays free -> share deducted, before the ceiling.
        source: Standard and clause.
        tag: How firmly it stands.
    """

    name: str
    share: Callable[[float, float], float]
    source: str
    tag: EvidenceTag


def _vm0047(u90: float, free: float) -> float:
    return u90 - free


def _ar_tool14(u90: float, _free: float) -> float:
    steps = ((0.10, 0.0), (0.15, 0.25), (0.20, 0.50), (0.30, 0.75), (math.inf, 1.0))
    return u90 * next(share for top, share in steps if u90 <= top)


def trees_2_share(u90: float) -> float:
    """Give the ART-TREES 2.0 share before its exemption of half-widths up to 10 %."""
    return 0.524417 * u90 / 1.645006


def _trees_2(u90: float, _free: float) -> float:
    return trees_2_share(u90) if u90 > TREES_2_EXEMPT else 0.0


def _vcs_poe_6667(u90: float, _free: float) -> float:
    return 0.430727 * u90 / Z_TWO_SIDED_90


def _percentile_10(u90: float, _free: float) -> float:
    return NormalDist().inv_cdf(0.90) * u90 / Z_TWO_SIDED_90


def _gs403_20(u90: float, _free: float) -> float:
    return u90 - 0.20


def _lower_bound_90(u90: float, _free: float) -> float:
    return u90


DEDUCTIONS: Final = {
    rule.name: rule
    for rule in (
        Deduction("VM0047", _vm0047, "VM0047 v1.1, equation 28", "V2"),
        Deduction("AR_TOOL14_V42", _ar_tool14, "CDM AR-TOOL14 v04.2, appendix 2", "V2"),
        Deduction("TREES_2", _trees_2, "ART-TREES 2.0, uncertainty adjustment", "V2"),
        Deduction(
            "VCS_POE_6667",
            _vcs_poe_6667,
            "VCS: probability of exceedance 66.67 %, normal quantile 0.430727",
            "V2",
        ),
        Deduction("PERCENTILE_10", _percentile_10, "10th percentile of a normal distribution", "P"),
        Deduction("GS403_20", _gs403_20, "Gold Standard GS403 v2.1: excess over 20 %", "V2"),
        Deduction("LOWER_BOUND_90", _lower_bound_90, "lower end of the 90 % interval", "P"),
    )
}


def deducted_fraction(
    u90: float, strategy: str, *, free_half_width: float = 0.10, ceiling_half_width: float = 1.0
) -> float:
    """Give the share of the net change withheld for uncertainty [1].

    Above the ceiling everything is withheld. The share never falls as U90 rises.

    Args:
        u90: Relative half-width of the 90 % interval of net change [1]; infinite where the change
            is zero.
        strategy: A key of `DEDUCTIONS`.
        free_half_width: Half-width without deduction, for the rules that have one to choose [1].
        ceiling_half_width: Above it nothing is credited [1].

    Raises:
        RuleMissing: If there is no such strategy.
    """
    if strategy not in DEDUCTIONS:
        known = ", ".join(DEDUCTIONS)
        raise RuleMissing(
            f"There is no uncertainty deduction '{strategy}'; there is {known}.", strategy=strategy
        )
    if math.isnan(u90) or u90 > ceiling_half_width:
        return 1.0
    return min(1.0, max(0.0, DEDUCTIONS[strategy].share(u90, free_half_width)))


def deduction_in_force(u90: float, methodology: Methodology) -> float:
    """Give the share withheld under a methodology's own choice of rule [1]."""
    return deducted_fraction(
        u90,
        methodology.text("uncertainty.strategy"),
        free_half_width=methodology.number("uncertainty.free_half_width"),
        ceiling_half_width=methodology.number("uncertainty.ceiling_half_width"),
    )
