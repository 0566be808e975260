"""A period's kilograms from its estimate: the rules applied and the project's books continued.

What is given (the estimate, what the project states, how its books stood) is handed in, so that a
run and whoever performs it again do the same with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mrv.change.stated import BASELINE_SOURCES, leakage_step_of, project_emissions_tco2e
from mrv.crediting.issuance import Issuance, issue
from mrv.crediting.waterfall import Line, Waterfall, waterfall
from mrv.project_period import ProjectPeriod

if TYPE_CHECKING:
    from mrv.estimation.estimate import ChangeEstimate


@dataclass(frozen=True, slots=True)
class Carried:
    """How a project's books stood when a period began.

    Attributes:
        issued_before_t: Credits issued that still stand [t CO2e].
        buffer_before_t: Credits set aside in the buffer [t CO2e].
        carried_in_kg: Net kilograms not issued yet; below zero where a reversal is owed [kg CO2e].
        plot_net_kg: Plot -> what it contributed [kg CO2e].
    """

    issued_before_t: int
    buffer_before_t: int
    carried_in_kg: int
    plot_net_kg: Mapping[str, int]


def credit(
    of: ProjectPeriod, estimate: "ChangeEstimate", carried: Carried
) -> tuple[Waterfall, Issuance]:
    """Apply the rules to an estimate, and continue the project's books.

    Args:
        of: Project, period and rules.
        estimate: Of the change since the project's first epoch.
        carried: How the books stood.
    """
    gross, baseline = float(estimate.gross_tco2e.mean()), estimate.creditable_baseline_tco2e
    steps = waterfall(
        gross_tco2e=gross,
        baseline_tco2e=baseline,
        u90=estimate.u90,
        project_emissions_tco2e=project_emissions_tco2e(of),
        methodology=of.methodology,
        leakage=leakage_step_of(of, gross - baseline),
        baseline_source=BASELINE_SOURCES[of.settings.baseline.kind],
    )
    return steps, issue(
        steps.issuable_kg,
        cumulative_buffer_kg=steps.buffer_kg,
        issued_before_t=carried.issued_before_t,
        buffer_before_t=carried.buffer_before_t,
        carried_in_kg=carried.carried_in_kg,
    )


def kilograms_of(document: Mapping[str, Any]) -> tuple[Waterfall, Issuance]:
    """Read a waterfall and its issuance back from JSON, where they stand field by field."""
    steps = document["steps"]
    lines = tuple(Line(**line) for line in steps["lines"])
    return Waterfall(**steps | {"lines": lines}), Issuance(**document["issuance"])
