"""Project emissions by activity: nitrogen, fuel, lime and burning, each line with its factor.

Factors are taken as they are, without an interval: they are charged after the uncertainty
deduction, and conservative ones stand in for doubt (methodology 9.1, line 10). GWP is pinned to
AR5 by the rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from mrv.methodologies import Methodology

N2O_PER_N: Final = 44 / 28
CO2_PER_C: Final = 44 / 12
_KG_PER_T: Final = 1000.0

Climate = Literal["wet", "dry", "any"]
Activity = Literal[
    "synthetic_n_kg",
    "organic_n_kg",
    "diesel_l",
    "petrol_l",
    "limestone_t",
    "dolomite_t",
    "rice_burnt_t",
    "wheat_burnt_t",
    "other_burnt_t",
]
ACTIVITIES: Final[tuple[Activity, ...]] = get_args(Activity)

_PER_UNIT: Final[Mapping[str, str]] = {
    "diesel_l": "emissions.diesel_tco2e_per_l",
    "petrol_l": "emissions.petrol_tco2e_per_l",
}
_CARBON: Final[Mapping[str, str]] = {
    "limestone_t": "emissions.limestone_tc_per_t",
    "dolomite_t": "emissions.dolomite_tc_per_t",
}
_COMBUSTED: Final[Mapping[str, str]] = {
    "rice_burnt_t": "emissions.combusted_rice",
    "wheat_burnt_t": "emissions.combusted_wheat",
    "other_burnt_t": "emissions.combusted_other",
}
_DIRECT: Final[Mapping[tuple[str, Climate], str]] = {
    ("synthetic_n_kg", "wet"): "emissions.direct_wet_synthetic",
    ("organic_n_kg", "wet"): "emissions.direct_wet_organic",
    ("synthetic_n_kg", "dry"): "emissions.direct_dry",
    ("organic_n_kg", "dry"): "emissions.direct_dry",
    ("synthetic_n_kg", "any"): "emissions.direct_any",
    ("organic_n_kg", "any"): "emissions.direct_any",
}
_VOLATILE_SHARE: Final[Mapping[str, str]] = {
    "synthetic_n_kg": "emissions.volatile_share_synthetic",
    "organic_n_kg": "emissions.volatile_share_organic",
}
_VOLATILISED: Final[Mapping[Climate, str]] = {
    "wet": "emissions.volatilised_wet",
    "dry": "emissions.volatilised_dry",
    "any": "emissions.volatilised_any",
}


@dataclass(frozen=True, slots=True)
class EmissionLine:
    """What one activity emitted.

    Attributes:
        activity: Which; its name ends in the unit of the amount.
        amount: Of the activity, in that unit.
        tco2e: Emitted [t CO2e].
        source: Clauses of the factors.
    """

    activity: Activity
    amount: float
    tco2e: float
    source: str


def emission_lines(
    amounts: Mapping[Activity, float], methodology: Methodology, *, climate: Climate = "any"
) -> tuple[EmissionLine, ...]:
    """Turn what was done into what was emitted, one line per activity.

    Args:
        amounts: Activity -> amount in the unit its name ends in, not below zero.
        methodology: The rules, with factors and GWP.
        climate: Where nitrogen went: `wet` above 1,000 mm in the tropics; `any` takes VM0047's
            defaults.

    Raises:
        ValueError: If an amount is below zero.
    """
    if below := [name for name, amount in amounts.items() if not amount >= 0]:
        raise ValueError(f"amounts of {', '.join(below)} are below zero")
    factors = {name: _factor(name, methodology, climate) for name in amounts}
    return tuple(
        EmissionLine(name, amounts[name], amounts[name] * factor, source)
        for name, (factor, source) in factors.items()
        if amounts[name] > 0
    )


def nitrous_oxide_tco2e(
    nitrogen_kg: float,
    *,
    direct: float,
    volatile_share: float,
    volatilised: float,
    leached_share: float,
    leached: float,
    gwp: float,
) -> tuple[float, float, float]:
    """Give direct, volatilised and leached nitrous oxide of nitrogen put on land [t CO2e].

    Args:
        nitrogen_kg: Applied [kg N].
        direct: EF1 [kg N2O-N/kg N].
        volatile_share: GASF or GASM [1].
        volatilised: EF4 [kg N2O-N/kg N].
        leached_share: LEACH [1].
        leached: EF5 [kg N2O-N/kg N].
        gwp: Of nitrous oxide over a hundred years [1].

    Source: VM0042 v2.2; IPCC 2019 refinement, volume 4, chapter 11.
    """
    per_kg_n2o_n = nitrogen_kg * N2O_PER_N * gwp / _KG_PER_T
    return (
        per_kg_n2o_n * direct,
        per_kg_n2o_n * volatile_share * volatilised,
        per_kg_n2o_n * leached_share * leached,
    )


def _factor(activity: Activity, methodology: Methodology, climate: Climate) -> tuple[float, str]:
    """Give t CO2e per unit of an activity, and the clauses of it."""
    number = methodology.number
    if rule := _PER_UNIT.get(activity):
        return number(rule), methodology.rule(rule).source
    if rule := _CARBON.get(activity):
        return number(rule) * CO2_PER_C, methodology.rule(rule).source
    if rule := _DIRECT.get((activity, climate)):
        parts = nitrous_oxide_tco2e(
            1.0,
            direct=number(rule),
            volatile_share=number(_VOLATILE_SHARE[activity]),
            volatilised=number(_VOLATILISED[climate]),
            leached_share=0.0 if climate == "dry" else number("emissions.leached_share"),
            leached=number("emissions.leached"),
            gwp=number("emissions.gwp_n2o"),
        )
        return sum(parts), methodology.rule(rule).source
    g_per_kg = number("emissions.burnt_ch4_g_per_kg") * number("emissions.gwp_ch4")
    g_per_kg += number("emissions.burnt_n2o_g_per_kg") * number("emissions.gwp_n2o")
    combusted = number(_COMBUSTED[activity])
    return g_per_kg / _KG_PER_T * combusted, methodology.rule("emissions.burnt_ch4_g_per_kg").source
