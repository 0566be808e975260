"""What a lineage's facts and edges are called on pages, in one language."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from gettext import NullTranslations


@dataclass(frozen=True, slots=True)
class LineageWords:
    """Names by the keys that the services use.

    Attributes:
        fact: Names of facts; one that has none is shown by its key.
        down: What a thing says of those it stands on.
        up: The same edge, said by the lower thing of the upper ones.
    """

    fact: Mapping[str, str]
    down: Mapping[str, str]
    up: Mapping[str, str]


def lineage_words(texts: NullTranslations) -> LineageWords:
    """Put every name into the language of the texts."""
    _ = texts.gettext
    return LineageWords(_facts(_), _down(_), _up(_))


def _facts(_: Callable[[str], str]) -> Mapping[str, str]:
    return {
        "acquired_at": _("Taken at"),
        "agb_change_t_ha": _("Growth above ground (t dry matter per ha)"),
        "area_band": _("Area band"),
        "area_ha": _("Area of the stratum (ha)"),
        "baseline": _("Baseline (kg CO₂e)"),
        "buffer": _("Buffer (kg CO₂e)"),
        "clear_fraction": _("Clear share"),
        "clear_looks": _("Clear looks"),
        "cloud_percent": _("Cloud (%)"),
        "collection": _("Collection"),
        "credits_t": _("Credits (t CO₂e)"),
        "decided_at": _("Decided at"),
        "deducted_fraction": _("Share taken off for uncertainty"),
        "draws": _("Draws"),
        "estimator": _("Estimator"),
        "gross": _("Gross removals (kg CO₂e)"),
        "gross_kg": _("Gross removals (kg CO₂e)"),
        "issuable": _("Issuable (kg CO₂e)"),
        "issued_at": _("Issued at"),
        "leakage": _("Leakage (kg CO₂e)"),
        "limit": _("Limit"),
        "measured": _("Measured"),
        "media_type": _("Media type"),
        "mgrs_tile": _("Tile"),
        "net_benefit": _("Net benefit (kg CO₂e)"),
        "net_kg": _("Share of the issuable amount (kg CO₂e)"),
        "offset": _("Offset (reflectance)"),
        "offset_reason": _("Why this offset"),
        "passed": _("Passed"),
        "plot": _("Plot"),
        "plots": _("Plots"),
        "project_emissions": _("Project emissions (kg CO₂e)"),
        "r2": _("R² in unseen villages"),
        "reason": _("Reason"),
        "rows": _("Rows"),
        "sampled": _("In the field sample"),
        "seed": _("Seed"),
        "sentence": _("In words"),
        "slope": _("Slope, observed on predicted"),
        "species": _("Species"),
        "statement": _("Statement"),
        "stratum": _("Stratum"),
        "trees_measured": _("Trees measured"),
        "u90": _("U90"),
        "uncertainty": _("Uncertainty (kg CO₂e)"),
        "unverified": _("Rules that rest on memory"),
        "uses_map": _("Uses the map"),
    }


def _down(_: Callable[[str], str]) -> Mapping[str, str]:
    return {
        "was issued in": _("was issued in"),
        "was allowed by": _("was allowed by"),
        "approved": _("approved"),
        "starts from": _("starts from"),
        "follows": _("follows"),
        "adds up": _("adds up"),
        "rests on": _("rests on"),
        "was made by": _("was made by"),
        "was let through by": _("was let through by"),
        "applies": _("applies"),
        "was fitted on": _("was fitted on"),
        "applied": _("applied"),
        "used": _("used"),
        "were read from": _("was read from"),
        "was read from": _("was read from"),
        "sum up": _("sums up"),
        "holds": _("holds"),
        "hold": _("holds"),
        "is bounded in": _("is bounded in"),
        "are bounded in": _("are bounded in"),
        "was seen in": _("was seen in"),
        "were seen in": _("were seen in"),
        "was measured in": _("was measured in"),
        "were measured in": _("were measured in"),
        "bears": _("bears"),
        "is written down in": _("is written down in"),
    }


def _up(_: Callable[[str], str]) -> Mapping[str, str]:
    return {
        "was issued in": _("issued"),
        "was allowed by": _("allowed"),
        "approved": _("was approved by"),
        "starts from": _("is the start of"),
        "follows": _("is followed by"),
        "adds up": _("is added up in"),
        "rests on": _("carries"),
        "was made by": _("made"),
        "was let through by": _("let through"),
        "applies": _("is applied by"),
        "was fitted on": _("fitted"),
        "applied": _("was applied by"),
        "used": _("was used by"),
        "were read from": _("was read for"),
        "was read from": _("was read for"),
        "sum up": _("is summed up in"),
        "holds": _("is held by"),
        "hold": _("is held by"),
        "is bounded in": _("bounds"),
        "are bounded in": _("bounds"),
        "was seen in": _("saw"),
        "were seen in": _("saw"),
        "was measured in": _("measured"),
        "were measured in": _("measured"),
        "bears": _("stands on"),
        "is written down in": _("holds"),
    }
