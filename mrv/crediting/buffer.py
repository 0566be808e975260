"""How much of what was removed goes into the shared buffer against reversals.

What the amount is taken of is a named option, because standards read it differently. Cancelling
buffer credits after a loss is the registry's.
"""

from typing import Final

from mrv.errors import RuleMissing

BASES: Final = {
    "STOCK_CHANGE_ADJ": "net change in carbon stocks after uncertainty (VCS v5)",
    "NET_BENEFIT": "what is left after emissions and leakage (Plan Vivo reading)",
}


def buffer_tco2e(
    stock_change_adj_tco2e: float, net_benefit_tco2e: float, *, fraction: float, base: str
) -> float:
    """Give the contribution to the buffer, never below zero [t CO2e].

    Args:
        stock_change_adj_tco2e: Net change after the uncertainty deduction [t CO2e].
        net_benefit_tco2e: The same after project emissions and leakage [t CO2e].
        fraction: Share that goes into the buffer [1].
        base: A key of `BASES`.

    Raises:
        RuleMissing: If there is no such base.
    """
    if base not in BASES:
        raise RuleMissing(f"There is no buffer base '{base}'; there is {', '.join(BASES)}.")
    of = stock_change_adj_tco2e if base == "STOCK_CHANGE_ADJ" else net_benefit_tco2e
    return max(0.0, fraction * of)
