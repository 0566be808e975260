"""The methodology's numbers that watching over trees obeys, by name and unit."""

from dataclasses import dataclass
from typing import Self

from mrv.methodologies import Methodology


@dataclass(frozen=True, slots=True)
class PermanenceRules:
    """Section `permanence` of a methodology.

    Attributes:
        history_years: Length of the own history of a seasonal model [year].
        history_span_years: Shortest span of looks that makes a history [year].
        history_looks_min: Clear looks needed in it [dates].
        trigger_sigma: How far below its expectation a look is suspicious [standard deviations].
        trigger_looks: Suspicious looks in a row that make a suspect [dates].
        sustained_looks: Looks of a moving mean that sees smaller, lasting drops [dates].
        sustained_sigma: How far below zero that mean is suspicious [standard deviations].
        radar_drop_db: Drop of VH that is suspicious [dB].
        radar_looks: Acquisitions in a row with it [dates].
        region_plots_min: Plots needed to tell a shared drop [plots].
        confirm_days: Time to confirm or clear a suspect [day].
        loss_confidence: Of the two-sided interval whose upper end is the loss [1].
        contagion_fraction: Share of the stock lost in a year that asks for a review [1].
        dropout_months: Unseen for so long counts as lost [month].
        gap_months: So long the last value is carried [month].
        gap_correlation_year: Of a plot's map error between dates one year apart [1].
    """

    history_years: float
    history_span_years: float
    history_looks_min: int
    trigger_sigma: float
    trigger_looks: int
    sustained_looks: int
    sustained_sigma: float
    radar_drop_db: float
    radar_looks: int
    region_plots_min: int
    confirm_days: int
    loss_confidence: float
    contagion_fraction: float
    dropout_months: int
    gap_months: int
    gap_correlation_year: float

    @classmethod
    def of(cls, methodology: Methodology) -> Self:
        """Take them from a methodology version.

        Raises:
            RuleMissing: If the version lacks one.
        """
        return cls(
            history_years=methodology.number("permanence.history_years"),
            history_span_years=methodology.number("permanence.history_span_years"),
            history_looks_min=int(methodology.number("permanence.history_looks_min")),
            trigger_sigma=methodology.number("permanence.trigger_sigma"),
            trigger_looks=int(methodology.number("permanence.trigger_looks")),
            sustained_looks=int(methodology.number("permanence.sustained_looks")),
            sustained_sigma=methodology.number("permanence.sustained_sigma"),
            radar_drop_db=methodology.number("permanence.radar_drop_db"),
            radar_looks=int(methodology.number("permanence.radar_looks")),
            region_plots_min=int(methodology.number("permanence.region_plots_min")),
            confirm_days=int(methodology.number("permanence.confirm_days")),
            loss_confidence=methodology.number("permanence.loss_confidence"),
            contagion_fraction=methodology.number("permanence.contagion_fraction"),
            dropout_months=int(methodology.number("permanence.dropout_months")),
            gap_months=int(methodology.number("permanence.gap_months")),
            gap_correlation_year=methodology.number("permanence.gap_correlation_year"),
        )
