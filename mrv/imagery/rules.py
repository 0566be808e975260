"""The methodology's numbers that imagery obeys, by name and unit."""

from dataclasses import dataclass
from typing import Self

from mrv.methodologies import Methodology


@dataclass(frozen=True, slots=True)
class ImageryRules:
    """Section `imagery` of a methodology.

    Attributes:
        cloud_buffer_m: Widening of clouds and shadows [m].
        clear_fraction_min: Share of a plot that must be clear for a date to count as a look [1].
        clear_looks_min: Looks needed in a season [dates].
        clear_plots_min_fraction: Share of plots that must have them at every epoch [1].
        offset_sanity_low: Least plausible 1st percentile over vegetation [reflectance].
        offset_sanity_high: Largest plausible one [reflectance].
    """

    cloud_buffer_m: float
    clear_fraction_min: float
    clear_looks_min: int
    clear_plots_min_fraction: float
    offset_sanity_low: float
    offset_sanity_high: float

    @classmethod
    def of(cls, methodology: Methodology) -> Self:
        """Take them from a methodology version.

        Raises:
            RuleMissing: If the version lacks one.
        """
        return cls(
            cloud_buffer_m=methodology.number("imagery.cloud_buffer_m"),
            clear_fraction_min=methodology.number("imagery.clear_fraction_min"),
            clear_looks_min=int(methodology.number("imagery.clear_looks_min")),
            clear_plots_min_fraction=methodology.number("imagery.clear_plots_min_fraction"),
            offset_sanity_low=methodology.number("imagery.offset_sanity_low"),
            offset_sanity_high=methodology.number("imagery.offset_sanity_high"),
        )
