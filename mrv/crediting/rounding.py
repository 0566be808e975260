"""Where a quantity becomes an integer: down to the kilogram, and shared out exactly.

Whole tonnes, and what is carried to the next issuance, are `issuance.py`.
"""

import math
from collections.abc import Sequence
from fractions import Fraction

KG_PER_T = 1000
_MILLIGRAM_KG = 1e-6  # binary fractions: 10.4 t is 10 400 kg, not 10 399


def floor_kg(quantity_tco2e: float) -> int:
    """Round down to whole kilograms; a loss is rounded towards the larger loss.

    Args:
        quantity_tco2e: Any finite amount, signed [t CO2e].

    Returns:
        The largest whole number of kilograms not above it (within a milligram) [kg CO2e].
    """
    return math.floor(quantity_tco2e * KG_PER_T + _MILLIGRAM_KG)


def largest_remainder(total: int, targets: Sequence[Fraction]) -> list[int]:
    """Round signed targets that add up to a whole total so that the integers add up to it too.

    Each result differs from its target by less than one. Where remainders are equal the earlier
    target comes first, so the order of the plots decides nothing but ties.

    Args:
        total: What the integers must add up to.
        targets: Exact shares; their sum equals the total.

    Raises:
        ValueError: If the targets do not add up to the total.

    Source:
        Hamilton's method of largest remainders, carried over to signed numbers by rounding down.
    """
    if sum(targets, Fraction(0)) != total:
        raise ValueError(f"the targets add up to {float(sum(targets))}, not to {total}")
    floors = [math.floor(target) for target in targets]
    left = total - sum(floors)
    order = sorted(range(len(targets)), key=lambda i: floors[i] - targets[i])
    for i in order[:left]:
        floors[i] += 1
    return floors


def round_to_total(total: int, values: Sequence[float]) -> list[int]:
    """Round signed values whose sum is a whole total but for rounding, so that they add up to it.

    What they lack or exceed is spread evenly first.

    Args:
        total: What the integers must add up to.
        values: Signed amounts in the same unit; at least one.
    """
    exact = [Fraction(value) for value in values]
    gap = (total - sum(exact, Fraction(0))) / len(exact)
    return largest_remainder(total, [value + gap for value in exact])


def share_out(total: int, gains: Sequence[float], areas: Sequence[float]) -> list[int]:
    """Share a signed whole amount among plots in proportion to their signed gains.

    A plot that lost carries its loss; the others' shares are the larger for it. Where the gains
    add up to nothing, or to the other sign, a proportion has no meaning and the area decides.

    Args:
        total: Amount to share [kg CO2e].
        gains: Signed gain of each plot, any unit.
        areas: Area of each plot, all above zero [ha].

    Returns:
        One integer per plot; they add up to the total exactly.

    Raises:
        ValueError: If there is no plot to share among, or an area is not above zero.
    """
    if not gains or len(gains) != len(areas) or min(areas) <= 0:
        raise ValueError("sharing out needs at least one plot, and an area above zero for each")
    keys = [Fraction(gain) for gain in gains]
    if sum(keys) * total <= 0:
        keys = [Fraction(area) for area in areas]
    whole = sum(keys, Fraction(0))
    return largest_remainder(total, [total * key / whole for key in keys])
