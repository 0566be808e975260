"""From gross removals to what may be issued, one signed line at a time, in whole kilograms.

The order is fixed: gross, baseline, uncertainty, project emissions, leakage, buffer. Leakage is
charged on the net change before the uncertainty deduction, and project emissions after it: doubt
about the removal must not shrink the emissions charged against it. All amounts are cumulative
since the project's first epoch; turning them into an issuance is `issuance.py`.
"""

from dataclasses import dataclass
from typing import Final, Literal

from mrv.crediting.buffer import BASES, buffer_tco2e
from mrv.crediting.deduction import DEDUCTIONS, deduction_in_force
from mrv.crediting.rounding import floor_kg
from mrv.methodologies import Methodology

LineKey = Literal[
    "gross",
    "baseline",
    "uncertainty",
    "project_emissions",
    "leakage",
    "net_benefit",
    "buffer",
    "issuable",
]
_NANOTONNE: Final = 9
SUBTOTALS: Final[tuple[LineKey, ...]] = ("net_benefit", "issuable")
"""Lines that sum up those above them; all other lines are steps."""


@dataclass(frozen=True, slots=True)
class Step:
    """One amount on the way and the clause it rests on.

    Attributes:
        key: Which step.
        quantity_tco2e: Signed amount; a deduction is negative [t CO2e].
        source: Clause.
        note: What was done, for a person.
    """

    key: LineKey
    quantity_tco2e: float
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What is withheld of a net change, and the clauses it rests on.

    Attributes:
        u90: Relative half-width of the 90 % interval of the net change [1].
        deducted_fraction: Share of a net gain withheld for uncertainty [1].
        uncertainty_source: Clause.
        buffer_fraction: Share that goes into the buffer [1].
        buffer_base: A key of `buffer.BASES`.
        buffer_source: Clause.
    """

    u90: float
    deducted_fraction: float
    uncertainty_source: str
    buffer_fraction: float
    buffer_base: str
    buffer_source: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the waterfall in whole kilograms; steps above a subtotal add up to it exactly."""

    key: LineKey
    quantity_kg: int
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class Waterfall:
    """What was removed, what was taken off and why, cumulative since the first epoch.

    Attributes:
        lines: In order; `SUBTOTALS` name those that repeat a sum.
        u90: Relative half-width of the 90 % interval of the net change [1].
        deducted_fraction: Share of the net change withheld for it [1].
    """

    lines: tuple[Line, ...]
    u90: float
    deducted_fraction: float

    def quantity_kg(self, key: LineKey) -> int:
        """Give one line's amount [kg CO2e]."""
        return next(line.quantity_kg for line in self.lines if line.key == key)

    @property
    def issuable_kg(self) -> int:
        """What may have been issued in all since the first epoch; below zero after a loss."""
        return self.quantity_kg("issuable")

    @property
    def buffer_kg(self) -> int:
        """What belongs in the buffer in all since the first epoch, a positive amount."""
        return -self.quantity_kg("buffer")


def waterfall(
    *,
    gross_tco2e: float,
    baseline_tco2e: float,
    u90: float,
    project_emissions_tco2e: float,
    methodology: Methodology,
    leakage: Step | None = None,
    baseline_source: str = "growth of pre-existing trees, and of what comes up on control plots",
) -> Waterfall:
    """Apply a methodology's deductions in order.

    Args:
        gross_tco2e: Stock change of the enrolled plots since the first epoch [t CO2e].
        baseline_tco2e: What would have grown anyway, not below zero [t CO2e].
        u90: Relative half-width of the 90 % interval of the net change [1].
        project_emissions_tco2e: All that the project emitted since then, not below zero [t CO2e].
        methodology: The rules.
        leakage: The line as production that was displaced gives it; without, the flat share of
            the rules is charged on the net change.
        baseline_source: What the baseline is.

    Raises:
        ValueError: If baseline or emissions are below zero.
    """
    # The mean of a baseline moved up to zero may come out a hair below it.
    baseline_tco2e = round(baseline_tco2e, _NANOTONNE)
    net = gross_tco2e - baseline_tco2e
    flat = methodology.rule("emissions.leakage_fraction")
    share = methodology.number("emissions.leakage_fraction")
    terms = Terms(
        u90=u90,
        deducted_fraction=deduction_in_force(u90, methodology) if net > 0 else 0.0,
        uncertainty_source=DEDUCTIONS[methodology.text("uncertainty.strategy")].source,
        buffer_fraction=methodology.number("buffer.fraction"),
        buffer_base=methodology.text("buffer.base"),
        buffer_source=methodology.rule("buffer.fraction").source,
    )
    return assemble(
        Step("gross", gross_tco2e, "stock change of the enrolled plots", ""),
        Step(
            "baseline",
            -baseline_tco2e,
            baseline_source,
            "would have grown without the project",
        ),
        Step("project_emissions", -project_emissions_tco2e, "burning, fuel and fertiliser", ""),
        leakage
        or Step(
            "leakage", -share * max(0.0, net), flat.source, f"{share:.0%} of the unadjusted net"
        ),
        terms,
    )


def assemble(
    gross: Step, baseline: Step, emissions: Step, leakage: Step, terms: Terms
) -> Waterfall:
    """Add up given steps; a loss is never made smaller by the uncertainty deduction.

    Kilograms are the differences of running totals, each rounded down once, so the lines add up
    exactly and the last one is the exact amount rounded down.

    Raises:
        ValueError: If baseline, emissions or leakage add to what was removed.
    """
    if max(baseline.quantity_tco2e, emissions.quantity_tco2e, leakage.quantity_tco2e) > 0:
        raise ValueError("baseline, project emissions and leakage cannot add to what was removed")
    net = gross.quantity_tco2e + baseline.quantity_tco2e
    adjusted = net * (1.0 - terms.deducted_fraction) if net > 0 else net
    benefit = adjusted + emissions.quantity_tco2e + leakage.quantity_tco2e
    buffer = buffer_tco2e(adjusted, benefit, fraction=terms.buffer_fraction, base=terms.buffer_base)
    withheld = f"{terms.deducted_fraction:.1%} of the net change withheld"
    uncertainty = Step(
        "uncertainty",
        adjusted - net,
        terms.uncertainty_source,
        withheld if net > 0 else "no net gain to withhold from",
    )
    held_back = Step(
        "buffer",
        -buffer,
        terms.buffer_source,
        f"{terms.buffer_fraction:.0%} of {BASES[terms.buffer_base]}",
    )
    running, level_kg = 0.0, 0
    lines: list[Line] = []
    for step in (gross, baseline, uncertainty, emissions, leakage, held_back):
        if step.key == "buffer":
            lines.append(Line("net_benefit", level_kg, "sum of the lines above", ""))
        running += step.quantity_tco2e
        lines.append(Line(step.key, floor_kg(running) - level_kg, step.source, step.note))
        level_kg = floor_kg(running)
    lines.append(Line("issuable", level_kg, "net benefit less buffer", "since the first epoch"))
    return Waterfall(tuple(lines), terms.u90, terms.deducted_fraction)
