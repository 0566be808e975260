"""Leakage: what the land no longer yields is grown or cut elsewhere, line by line.

Displaced production is what would have been less what is (VMD0054: CP = BP - MP). Of agricultural
products a share moves on to other land, where trees give way; fuelwood is cut elsewhere as it is.
Where a project states no production, the flat share of the rules stands in: leakage is never zero
for want of data, only for a production that did not fall.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from mrv.methodologies import Methodology

CO2_PER_C: Final = 44 / 12
Displacement = Literal["in_situ", "iso"]
_MOVED_SHARE: Final[Mapping[Displacement, str]] = {
    "in_situ": "leakage.in_situ",
    "iso": "leakage.iso",
}


@dataclass(frozen=True, slots=True)
class Crop:
    """An agricultural product before and during the project.

    Attributes:
        name: Of the product.
        before_t_year: Production before the project [t/year].
        now_t_year: Production monitored on the same land [t/year].
        yield_t_ha: Of the land where it goes [t/ha/year], above zero.
        cleared_tco2e_ha: Stock lost where new land is taken [t CO2e/ha].
        displacement: `in_situ` where the same people take new land, `iso` through the market.
    """

    name: str
    before_t_year: float
    now_t_year: float
    yield_t_ha: float
    cleared_tco2e_ha: float
    displacement: Displacement


@dataclass(frozen=True, slots=True)
class Fuelwood:
    """Wood that was cut on the land before, and is now [t d.m./year]."""

    before_t_year: float
    now_t_year: float


@dataclass(frozen=True, slots=True)
class LeakageLine:
    """What one displaced product emits elsewhere.

    Attributes:
        product: Its name.
        displaced_t_year: CP = BP - MP, not below zero [t/year].
        tco2e: Emitted elsewhere since the start [t CO2e].
        source: Clause.
    """

    product: str
    displaced_t_year: float
    tco2e: float
    source: str


@dataclass(frozen=True, slots=True)
class Leakage:
    """All lines of a project since its start.

    Attributes:
        lines: One per product, or the flat one.
        tco2e: Their sum [t CO2e].
        measured: Whether it rests on stated production.
        de_minimis: Whether it lies below the share that a standard would let go; it is charged.
    """

    lines: tuple[LeakageLine, ...]
    tco2e: float
    measured: bool
    de_minimis: bool


def leakage_of(
    products: Iterable[Crop | Fuelwood], net_tco2e: float, years: float, methodology: Methodology
) -> Leakage:
    """Add up what was displaced since the project began.

    Args:
        products: Everything the land yielded before; none where nothing is stated.
        net_tco2e: Net change before the uncertainty deduction [t CO2e].
        years: Since the project's first epoch.
        methodology: The rules.

    Raises:
        ValueError: If a production is below zero or a yield is not above it.

    Source: VMD0054 (displaced production, shares, five years) as far as it was read; that
        production would have grown with the market, that cleared land loses its stock once, and
        that fuelwood is charged for five years at least is our own, conservative, reading.
    """
    lines = tuple(_line(product, years, methodology) for product in products)
    gain = max(0.0, net_tco2e)
    if not lines:
        share = methodology.rule("emissions.leakage_fraction")
        flat = methodology.number("emissions.leakage_fraction") * gain
        return Leakage(
            (LeakageLine("not stated", 0.0, flat, share.source),), flat, measured=False,
            de_minimis=False,
        )  # fmt: skip
    total = sum(line.tco2e for line in lines)
    least = methodology.number("leakage.de_minimis") * gain
    return Leakage(lines, total, measured=True, de_minimis=total < least)


def displaced_t_year(
    before_t_year: float, now_t_year: float, years: float, market_growth: float
) -> float:
    """Give CP = BP - MP, with BP grown along with the market; not below zero [t/year].

    Raises:
        ValueError: If a production is below zero.
    """
    if not (before_t_year >= 0 and now_t_year >= 0):
        raise ValueError("a production is below zero")
    grown: float = before_t_year * (1.0 + market_growth) ** years
    return max(0.0, grown - now_t_year)


def _line(product: Crop | Fuelwood, years: float, methodology: Methodology) -> LeakageLine:
    growth = methodology.number("leakage.market_growth")
    displaced = displaced_t_year(product.before_t_year, product.now_t_year, years, growth)
    if isinstance(product, Fuelwood):
        charged_years = max(years, methodology.number("leakage.years_min"))
        carbon_t = displaced * charged_years * methodology.number("carbon.fraction_mean")
        rule = methodology.rule("leakage.fuelwood")
        tco2e = carbon_t * CO2_PER_C * methodology.number("leakage.fuelwood")
        return LeakageLine("fuelwood", displaced, tco2e, rule.source)
    if not product.yield_t_ha > 0:
        raise ValueError(f"the yield of {product.name} is not above zero")
    moved = _MOVED_SHARE[product.displacement]
    rule, share = methodology.rule(moved), methodology.number(moved)
    cleared_ha = displaced * share / product.yield_t_ha
    return LeakageLine(product.name, displaced, cleared_ha * product.cleared_tco2e_ha, rule.source)
