"""The census variant: few planting units on open land, each counted, most of them only in part.

Where every planted unit is located, its baseline and its leakage are zero; that is what its
conditions buy, so they are judged before anything is counted. Counting the units of a project and
estimating their stock draw by draw is `mrv.estimation.census`.

Source: VM0047 v1.1, census-based approach.
"""

import math
from dataclasses import dataclass
from typing import Final

from scipy import stats

from mrv.estimation.closed_forms import census_half_width
from mrv.methodologies import Methodology

CO2_PER_C: Final = 44 / 12


@dataclass(frozen=True, slots=True)
class CensusLand:
    """What the conditions ask of the land and the way of planting.

    Attributes:
        units: Planted.
        area_ha: Of the land.
        direct_planting: Whether every unit was planted, none left to come up.
        cover_before: Woody cover before the project [1].
        cropping_years_before: Of continuous cropping before the project.
        spacing_m: Between units as they were planted, at least [m].
        gps_accuracy_m: Of their positions [m].
        nearest_m: Between the two units whose positions lie closest [m].
        unplaced: Units without a position.
        in_part: Plots on which only a part of the units was looked for.
    """

    units: int
    area_ha: float
    direct_planting: bool
    cover_before: float
    cropping_years_before: float
    spacing_m: float
    gps_accuracy_m: float
    nearest_m: float = math.inf
    unplaced: int = 0
    in_part: int = 0


@dataclass(frozen=True, slots=True)
class CensusCount:
    """A sample of the planted units.

    Attributes:
        units: Planted in all.
        sample: Looked for.
        missing_share: Of the sample that is dead or was not found [1].
        unit_mean_tc: Mean carbon of a living unit, roots included; a unit below the size limit
            counts zero [tC].
        unit_sd_tc: Standard deviation of it [tC].
    """

    units: int
    sample: int
    missing_share: float
    unit_mean_tc: float
    unit_sd_tc: float


@dataclass(frozen=True, slots=True)
class CensusStock:
    """Stock of all living units.

    Attributes:
        tc: Carbon [tC].
        tco2e: The same as carbon dioxide [t CO2e].
        half_width: Of its 90 % interval, relative, in the form whose units agree [1].
        half_width_as_printed: In the standard's own form, which multiplies by t twice [1].
    """

    tc: float
    tco2e: float
    half_width: float
    half_width_as_printed: float


def unmet_conditions(land: CensusLand, methodology: Methodology) -> tuple[str, ...]:
    """Say what keeps a project from the census variant, one sentence each; empty where nothing."""
    number = methodology.number
    per_ha = land.units / land.area_ha if land.area_ha > 0 else math.inf
    spacing_m = max(number("census.spacing_min_m"), land.gps_accuracy_m)
    cover, years = number("census.cover_max"), number("census.cropping_years_min")
    found = (
        (
            per_ha > number("census.units_per_ha_max"),
            (
                f"There are {per_ha:.0f} units per hectare, at most "
                f"{number('census.units_per_ha_max'):.0f} may be counted one by one."
            ),
        ),
        (not land.direct_planting, "Some units were not planted directly."),
        (
            land.cover_before >= cover and land.cropping_years_before < years,
            (
                f"The land had {land.cover_before:.0%} woody cover and "
                f"{land.cropping_years_before:.0f} years of cropping before; it needs less than "
                f"{cover:.0%}, or {years:.0f} years."
            ),
        ),
        (
            land.spacing_m < spacing_m,
            f"Units stand {land.spacing_m:g} m apart, and only {spacing_m:g} m tell them apart.",
        ),
        (
            # Both positions err, so that neighbours may seem nearer than they are, but no more.
            land.nearest_m < land.spacing_m - 2.0 * land.gps_accuracy_m,
            (
                f"Two units lie {land.nearest_m:.1f} m from each other, nearer than "
                f"{land.spacing_m:g} m between plants and the error of their positions allow."
            ),
        ),
        (land.unplaced > 0, f"{land.unplaced} units have no position (lon, lat)."),
        (
            land.in_part > 0,
            f"On {land.in_part} plots only a part of the units was looked for (tree_fraction).",
        ),
    )
    return tuple(sentence for broken, sentence in found if broken)


def census_stock(count: CensusCount) -> CensusStock:
    """Estimate the stock of all living units from a sample of them.

    Raises:
        ValueError: If fewer than two units were looked for or none of them lives.
    """
    if count.sample < 2 or not 0 <= count.missing_share < 1:  # noqa: PLR2004  # a variance needs 2
        raise ValueError("a census needs two units that were looked for, and one that lives")
    tc = count.units * (1.0 - count.missing_share) * count.unit_mean_tc
    half_width = census_half_width(
        count.units, count.missing_share, count.unit_mean_tc, count.unit_sd_tc, count.sample
    )
    return CensusStock(tc, tc * CO2_PER_C, half_width, _half_width_as_printed(count))


def mortality_half_width(missing_share: float, sample: int) -> float:
    """Give U_M, the relative half-width at 90 % of the living share [1]."""
    t = float(stats.t.ppf(0.95, sample - 1))
    spread = math.sqrt(missing_share * (1.0 - missing_share) / (sample - 1))
    return t * spread / (1.0 - missing_share)


def _half_width_as_printed(count: CensusCount) -> float:
    """Multiply U_M, which already contains t, by t again, as the standard prints it."""
    t = float(stats.t.ppf(0.95, count.sample - 1))
    alive = count.units * (1.0 - count.missing_share)
    tc = alive * count.unit_mean_tc
    growth_se = count.unit_sd_tc / math.sqrt(count.sample) * alive
    mortality = mortality_half_width(count.missing_share, count.sample) * tc
    return t * math.hypot(growth_se, mortality) / tc
