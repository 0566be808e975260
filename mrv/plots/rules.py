"""The methodology's numbers that plots obey, by name and unit."""

from dataclasses import dataclass
from typing import Self

from mrv.methodologies import Methodology

# The first methodology is silent on these; a published version never changes, so they stand here.
GPS_TOLERANCE_M = 3.0  # receivers of phones err by about 5 m; a wider strip is not ours to cut [P]
TREE_LOSS_YEARS = 5  # as the planting window: no forest may be felled to plant the project [P]
TREE_LOSS_MAX_FRACTION = (
    0.05  # of a plot; pixels of 30 m on its edge belong to the neighbour too [P]
)


@dataclass(frozen=True, slots=True)
class PlotRules:
    """Section `eligibility` of a methodology.

    Attributes:
        area_min_ha: Smallest plot [ha].
        area_max_ha: Largest plot [ha].
        planting_window_years: How long before enrolment planting may have begun [year].
        overlap_max_fraction: Share of a plot that may lie in another [1].
        gps_tolerance_m: How wide a strip two boundaries may share by errors of GPS [m].
        tree_loss_years: How long before enrolment no trees may have been lost [year].
        tree_loss_max_fraction: Share of a plot that may have lost trees in that time [1].
    """

    area_min_ha: float
    area_max_ha: float
    planting_window_years: float
    overlap_max_fraction: float
    gps_tolerance_m: float = GPS_TOLERANCE_M
    tree_loss_years: int = TREE_LOSS_YEARS
    tree_loss_max_fraction: float = TREE_LOSS_MAX_FRACTION

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
