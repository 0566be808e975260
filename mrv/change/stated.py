"""What a project states about the world without it, put before the rules: records and lines."""

from collections.abc import Mapping
from typing import Final

from mrv.change.additionality import AdditionalityRecord, additionality
from mrv.change.emissions import ACTIVITIES, EmissionLine, emission_lines
from mrv.change.leakage import Crop, Fuelwood, Leakage, leakage_of
from mrv.crediting.waterfall import Step
from mrv.project import Displaced, DisplacedFuelwood
from mrv.project_period import ProjectPeriod
from mrv.quality import Verdict

_DAYS_PER_YEAR: Final = 365.25
BASELINE_SOURCES: Final[Mapping[str, str]] = {
    "controls": "growth of pre-existing trees, and of what comes up on control plots",
    "benchmark": "growth of pre-existing trees, and the larger of what comes up on control plots "
    "and the share that matched controls grew as well (VM0047 v1.1, equation 32)",
    "census": "VM0047 v1.1, census-based approach: zero, but for growth of pre-existing trees",
}
"""Kind of baseline -> what the waterfall says it is."""


def additionality_of(of: ProjectPeriod) -> Verdict:
    """Judge the project's records, as far as they were there when the period ended."""
    records = (
        AdditionalityRecord(
            test=record.test,
            shown=record.shown,
            finding=record.finding,
            sha256=record.sha256,
            dated=record.dated,
            adoption=record.adoption,
        )
        for record in of.settings.additionality
    )
    census = of.settings.baseline.kind == "census"
    return additionality(records, of.methodology, by=of.period.end, census=census)


def activity_lines_of(of: ProjectPeriod) -> tuple[EmissionLine, ...]:
    """Turn what was done since the first epoch into emissions, one line per period and activity."""
    done = of.settings.activities
    return tuple(
        line
        for period in of.periods_so_far
        if period in done
        for line in emission_lines(
            {name: getattr(done[period], name) for name in ACTIVITIES},
            of.methodology,
            climate=done[period].climate,
        )
    )


def project_emissions_tco2e(of: ProjectPeriod) -> float:
    """Add up what was stated as emitted and what the stated activities emitted [t CO2e]."""
    stated = sum(of.settings.emissions.total_tco2e(period) for period in of.periods_so_far)
    return stated + sum(line.tco2e for line in activity_lines_of(of))


def leakage_step_of(of: ProjectPeriod, net_tco2e: float) -> Step:
    """Give the line of the waterfall: displaced production, or the flat share for want of it."""
    stated = of.settings.leakage.products
    if of.settings.baseline.kind == "census" and not stated:
        source = "VM0047 v1.1, census-based approach: leakage is zero by its conditions"
        return Step("leakage", 0.0, source, "few units on open land displace no production")
    leakage = leakage_so_far(of, net_tco2e)
    lines = "; ".join(f"{line.product} {line.tco2e:.1f} t" for line in leakage.lines)
    if not leakage.measured:
        share = of.methodology.number("emissions.leakage_fraction")
        return Step(
            "leakage", -leakage.tco2e, leakage.lines[0].source, f"{share:.0%} of the unadjusted net"
        )
    small = "; below de-minimis, charged all the same" if leakage.de_minimis else ""
    return Step("leakage", -leakage.tco2e, leakage.lines[0].source, f"displaced: {lines}{small}")


def leakage_so_far(of: ProjectPeriod, net_tco2e: float) -> Leakage:
    """Add up what was displaced between the project's first epoch and the period's end."""
    start, end = of.epochs
    years = (end - start).days / _DAYS_PER_YEAR
    products = [_product(stated, of.period_id) for stated in of.settings.leakage.products]
    return leakage_of(products, net_tco2e, years, of.methodology)


def _product(stated: Displaced | DisplacedFuelwood, period: str) -> Crop | Fuelwood:
    if isinstance(stated, DisplacedFuelwood):
        return Fuelwood(stated.before_t_year, stated.now_t_year[period])
    return Crop(
        name=stated.product,
        before_t_year=stated.before_t_year,
        now_t_year=stated.now_t_year[period],
        yield_t_ha=stated.yield_t_ha,
        cleared_tco2e_ha=stated.cleared_tco2e_ha,
        displacement=stated.displacement,
    )
