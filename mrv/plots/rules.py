"""The methodology's numbers that plots obey, by name and unit."""

from dataclasses import dataclass
from typing import Self

from mrv.methodologies import Methodology


@dataclass(frozen=True, slots=True)
class PlotRules:
    """Section `eligibility` of a methodology.

    Attributes:
        area_min_ha: Smallest plot [ha].
        area_max_ha: Largest plot [ha].
        planting_window_years: How long before enrolment planting may have begun [year].
        overlap_max_fraction: Share of a plot that may lie in another [1].
    """

    area_min_ha: float
    area_max_ha: float
    planting_window_years: float
    overlap_max_fraction: float

    @classmethod
    def of(cls, methodology: Methodology) -> Self:
        """Take them from a methodology version.

        Raises:
            RuleMissing: If the version lacks one.
        """
        return cls(
            area_min_ha=methodology.number("eligibility.area_min_ha"),
            area_max_ha=methodology.number("eligibility.area_max_ha"),
            planting_window_years=methodology.number("eligibility.planting_window_years"),
            overlap_max_fraction=methodology.number("eligibility.overlap_max_fraction"),
        )
