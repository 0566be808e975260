"""How many whole credits a cumulative total allows now, and what is carried or owed.

Issuing the difference to what was issued before nets losses first and never pays a gain twice.
Recording the issuance is the registry's.
"""

from dataclasses import dataclass

from mrv.crediting.rounding import KG_PER_T


@dataclass(frozen=True, slots=True)
class Issuance:
    """What one monitoring period leads to.

    Nothing is lost or made: increment + carried in = 1000 x credits + carried out - reversal.

    Attributes:
        cumulative_net_kg: After all deductions and buffer, since the first epoch [kg CO2e].
        issued_before_kg: Credits issued in earlier periods [kg CO2e].
        carried_in_kg: From earlier periods; below zero where a reversal is owed [kg CO2e].
        credits_t: To be issued now [t CO2e].
        buffer_before_t: Buffer credits set aside in earlier periods [t CO2e].
        buffer_t: To be set aside now [t CO2e].
        carried_out_kg: Below one tonne, kept for the next period [kg CO2e].
        reversal_kg: How far the cumulative net lies below what was issued [kg CO2e].
    """

    cumulative_net_kg: int
    issued_before_kg: int
    carried_in_kg: int
    credits_t: int
    buffer_before_t: int
    buffer_t: int
    carried_out_kg: int
    reversal_kg: int

    @property
    def increment_kg(self) -> int:
        """What this period added to the cumulative net: the plots' contributions add up to it."""
        return self.cumulative_net_kg - self.issued_before_kg - self.carried_in_kg

    @property
    def reversal_t(self) -> int:
        """Whole credits that have lost their tonne: the reversal rounded up [t CO2e]."""
        return -(-self.reversal_kg // KG_PER_T)


def issue(
    cumulative_net_kg: int,
    *,
    cumulative_buffer_kg: int = 0,
    issued_before_t: int = 0,
    buffer_before_t: int = 0,
    carried_in_kg: int = 0,
) -> Issuance:
    """Give the credits that a cumulative total allows beyond those issued before.

    Args:
        cumulative_net_kg: After all deductions and buffer, since the first epoch [kg CO2e].
        cumulative_buffer_kg: What belongs in the buffer since then [kg CO2e].
        issued_before_t: Credits issued in earlier periods [t CO2e].
        buffer_before_t: Buffer credits set aside in earlier periods [t CO2e].
        carried_in_kg: The earlier period's carry, less the reversal it left open [kg CO2e].

    Raises:
        ValueError: If an amount that only grows is below zero.
    """
    if min(cumulative_buffer_kg, issued_before_t, buffer_before_t) < 0:
        raise ValueError("credits issued and buffer set aside cannot be below zero")
    open_kg = cumulative_net_kg - issued_before_t * KG_PER_T
    available_kg = max(0, open_kg)
    return Issuance(
        cumulative_net_kg=cumulative_net_kg,
        issued_before_kg=issued_before_t * KG_PER_T,
        carried_in_kg=carried_in_kg,
        credits_t=available_kg // KG_PER_T,
        buffer_before_t=buffer_before_t,
        buffer_t=max(0, cumulative_buffer_kg // KG_PER_T - buffer_before_t),
        carried_out_kg=available_kg % KG_PER_T,
        reversal_kg=max(0, -open_kg),
    )
