"""Which plot contributed how many kilograms of a period: shares that add up exactly.

Shares follow the plots' signed net gains since the first epoch; what a plot contributed in earlier
periods is taken off, so a period's share is the change of its cumulative one. What the gains are is
`mrv.estimation.small_area`.
"""

from collections.abc import Mapping, Sequence

from mrv.crediting.issuance import Issuance
from mrv.crediting.rounding import share_out


def contributions_kg(
    issuance: Issuance,
    plot_ids: Sequence[str],
    net_gains: Sequence[float],
    areas_ha: Sequence[float],
    *,
    before_kg: Mapping[str, int] | None = None,
) -> dict[str, int]:
    """Share the period's increment among its plots, to the kilogram.

    A plot that has left the project keeps what it contributed; those who stay share the rest.

    Args:
        issuance: Of the period.
        plot_ids: Enrolled plots.
        net_gains: Signed cumulative net gain of each, any unit.
        areas_ha: Area of each [ha].
        before_kg: Plot -> sum of its contributions in earlier periods [kg CO2e].

    Returns:
        Plot -> contribution of this period, signed; they add up to `issuance.increment_kg`.

    Raises:
        ValueError: If earlier contributions do not add up to the earlier books, or a plot is named
            twice.
    """
    earlier = before_kg or {}
    booked = issuance.issued_before_kg + issuance.carried_in_kg
    if sum(earlier.values()) != booked:
        raise ValueError(
            f"earlier contributions add up to {sum(earlier.values())} kg, the books say {booked} kg"
        )
    if len(set(plot_ids)) < len(plot_ids):
        raise ValueError("a plot is named twice")
    left = sum(kg for plot, kg in earlier.items() if plot not in set(plot_ids))
    cumulative = share_out(issuance.cumulative_net_kg - left, net_gains, areas_ha)
    return {plot: kg - earlier.get(plot, 0) for plot, kg in zip(plot_ids, cumulative, strict=True)}
