"""The published list of what screening may find: code, severity, title and how to mend it.

A code stands for one thing and has one severity. Pages, reports, the API and translations take
their words from here; the sentence with a plot's numbers is written by the check that found it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mrv.plots.columns import COLUMNS, Column
from mrv.plots.findings import Severity


@dataclass(frozen=True, slots=True)
class Code:
    """One thing that may be found.

    Attributes:
        severity: error refuses the plot, repair was made and is shown, warning lets it in.
        title: A few words for a table or a legend.
        hint: One sentence: how to mend it; where a boundary was proposed, see `or_accept`.
        contestable: Whether evidence may overrule it; such a finding then warns.
    """

    code: str
    severity: Severity
    title: str
    hint: str
    contestable: bool = False


def _missing(column: Column) -> Code:
    hint = f"Fill it in: {column.meaning}."
    return Code(f"missing_{column.name}", "error", f"no {column.name}", hint)


def _bad(column: Column) -> Code:
    wanted = (
        f"one of {', '.join(column.allowed)}"
        if column.allowed
        else "a calendar date, YYYY-MM-DD"
        if column.is_date
        else f"{column.meaning}, at most {column.longest} characters"
    )
    return Code(f"bad_{column.name}", "error", f"{column.name} not understood", f"Write {wanted}.")


NOTHING_TO_DO = "Nothing needs to be done."
_LOOK = "Look at the boundary before and after; draw it again if the repair is not what you meant."
_ON_MAP = "Check on the map that they lie where they should."
_MAPPED_TWICE = "Remove the one that is mapped twice, or correct its boundary."
_COMMON_EDGE = "Correct the common boundary."

_CODES = (
    *(_missing(column) for column in COLUMNS if column.required),
    *(_bad(c) for c in COLUMNS if c.allowed or c.is_date or c.longest),
    Code(
        *("duplicate_id", "error", "one id for two boundaries"),
        "Give every plot its own id, or remove the outdated boundary.",
    ),
    Code(
        *("named_by_shape", "warning", "no plot ids"),
        "Add a column plot_id, or map yours, if the plots have names already.",
    ),
    # shapes
    Code("no_geometry", "error", "no boundary", "Draw it again."),
    Code(
        *("not_an_area", "error", "a point or a line"),
        "Walk around the plot and save the track as a polygon.",
    ),
    Code("not_finite", "error", "corner without a number", "Draw it again."),
    Code(
        *("self_crossing", "error", "boundary crosses itself"),
        "Draw the boundary without crossing lines.",
    ),
    Code(
        *("hole_outside", "error", "hole outside its plot"),
        "Draw the hole within the boundary.",
    ),
    Code(
        *("nested_parts", "error", "parts within parts"),
        "Draw parts and holes side by side.",
    ),
    Code(
        "zero_area", "error", "no area", "Walk around the plot again; all corners lie on one line."
    ),
    Code(
        *("invalid_boundary", "error", "boundary invalid"),
        "Draw the boundary without crossing lines, ending where it began.",
    ),
    Code(
        *("too_many_vertices", "error", "far too many corners"),
        "Simplify the boundary to less than a thousand corners.",
    ),
    Code("repaired", "repair", "invalid boundary repaired", _LOOK),
    Code(
        *("unclosed_ring", "repair", "boundary closed"),
        "Check that no corner is missing between the last and the first.",
    ),
    Code("empty_part", "repair", "part without corners removed", NOTHING_TO_DO),
    Code("duplicate_vertices", "repair", "repeated corners removed", NOTHING_TO_DO),
    Code("spike_cut", "repair", "spike cut off", _LOOK),
    Code("simplified", "repair", "track simplified", _LOOK),
    Code("proposal_accepted", "repair", "proposed boundary taken", _LOOK),
    Code(
        *("spike", "warning", "spike"),
        "Look at the sharp corner; a single bad fix of the receiver makes one.",
    ),
    Code(
        *("many_vertices", "warning", "many corners"),
        "Simplify the boundary to less than a thousand corners.",
    ),
    Code(
        *("few_vertices", "warning", "triangle"),
        "Check that no corner of the plot was forgotten.",
    ),
    Code("thin_plot", "warning", "very narrow", "Check that the whole plot was walked around."),
    Code(
        *("multipart", "warning", "several parts"),
        "Map parts that are managed separately as plots of their own.",
    ),
    Code(
        *("odd_positions", "warning", "corners written oddly"),
        "Check the export: every corner should have a longitude, a latitude and perhaps a height.",
    ),
    Code("small_hole", "warning", "very small hole", "Check that the hole is meant."),
    Code(
        *("coarse_coordinates", "warning", "coarse coordinates"),
        "Export with six decimals or more; the EU deforestation regulation asks for six.",
    ),
    Code("winding", "warning", "clockwise boundary", NOTHING_TO_DO),
    Code("three_dimensional", "warning", "heights left out", NOTHING_TO_DO),
    Code("gps_poor", "warning", "poor GPS", "Walk the boundary again under open sky if you can."),
    # places
    Code(
        *("crs_missing", "error", "coordinate system not known"),
        "Save the file in WGS 84, or state the coordinate system of the row.",
    ),
    Code(
        *("crs_unknown", "error", "coordinate system not understood"),
        "State it as an EPSG code such as EPSG:32636.",
    ),
    Code(
        *("not_degrees", "error", "coordinates are no degrees"),
        "Save the file in WGS 84, or let it state the coordinate system it is in.",
    ),
    Code("at_zero", "error", "at 0, 0", "The device had no position; map the plot again."),
    Code(
        *("axes_swapped", "error", "latitude and longitude exchanged"),
        "Write longitude before latitude.",
    ),
    Code(
        *("wrong_hemisphere", "error", "wrong hemisphere"),
        "Correct the sign (south and west are negative).",
    ),
    Code(
        *("outside_country", "error", "outside the country"),
        "Correct the coordinates, or the country of the project.",
    ),
    Code("antimeridian", "repair", "brought across the date line", _LOOK),
    Code("near_border", "warning", "at the border or the coast", "Check which side it lies on."),
    Code("country_unknown", "warning", "country not checked", _ON_MAP),
    Code("reprojected", "warning", "brought to WGS 84", _ON_MAP),
    Code("mixed_crs", "warning", "rows in several coordinate systems", _ON_MAP),
    # size
    Code("too_small", "error", "too small", "Map the whole plot, or leave it out."),
    Code(
        *("too_large", "error", "too large"),
        "Split it into the parts that are managed separately, or leave it out.",
    ),
    # other plots
    Code(
        *("superseded", "error", "drawn anew since"),
        "Nothing needs to be done; send a new file if the later boundary is wrong.",
    ),
    Code("duplicate_in_file", "error", "same land twice in the file", _MAPPED_TWICE),
    Code(
        *("duplicate_other_farmer", "error", "same land under another farmer"),
        "Find out with both farmers whose plot it is, and remove the other.",
        contestable=True,
    ),
    Code("duplicate_registered", "error", "same land registered already", _MAPPED_TWICE),
    Code(
        *("duplicate_other_project", "error", "same land in another project"),
        "Remove the plot, or contest it with evidence of who manages the land.",
        contestable=True,
    ),
    Code("contained", "error", "inside another plot of the file", _MAPPED_TWICE),
    Code(
        "contained_registered", "error", "inside a registered plot", _MAPPED_TWICE, contestable=True
    ),
    Code("overlap", "error", "overlaps another plot of the file", _COMMON_EDGE),
    Code(
        *("overlap_registered", "error", "overlaps a registered plot", _COMMON_EDGE),
        contestable=True,
    ),
    Code(
        *("left_programme", "error", "left the programme"),
        "Leave the plot out; if the farmer joins again, give it a new plot_id.",
    ),
    Code("edge_cut", "repair", "common edge tidied", _LOOK),
    Code("sliver_cut", "repair", "small overlap cut off", _LOOK),
    # land and dates
    Code(
        *("excluded_area", "error", "in an excluded area"),
        "Leave out what lies inside, or contest it with a permit.",
        contestable=True,
    ),
    Code("near_excluded_area", "warning", "at the edge of an excluded area", "Check the boundary."),
    Code(
        *("tree_loss", "error", "trees lost before enrolment"),
        "Contest it with evidence (photographs, older images) if no trees were felled.",
        contestable=True,
    ),
    Code("tree_loss_small", "warning", "little tree loss", "Look at older images of the plot."),
    Code(
        "tree_loss_unknown", "warning", "tree loss not checked", "Bring a raster that covers them."
    ),
    Code("contest_upheld", "warning", "contested with success", NOTHING_TO_DO),
    Code(
        *("planted_early", "warning", "planted long before enrolment"),
        "Show that the trees belong to the project, or record them as pre-existing.",
    ),
    Code(
        "planted_future",
        "warning",
        "not planted yet",
        "Correct the date, or send it after planting.",
    ),
    Code("enrolled_future", "warning", "enrolled in the future", "Correct the date."),
    Code(
        *("folder_not_taken_in", "warning", "plots of the folder left behind"),
        "Mend that file and send it here, or check it again with other columns.",
    ),
    Code("left_before", "error", "left before enrolment", "Correct one of the two dates."),
    Code("left_future", "error", "leaves in the future", "State the leaving when it has happened."),
    Code(
        "no_consent", "error", "no consent", "Ask the farmer; without consent the plot stays out."
    ),
    Code("consent_future", "warning", "consent in the future", "Correct the date."),
    Code("consent_late", "warning", "consent after enrolment", "Check both dates."),
    Code(
        *("consent_unknown", "warning", "consent not stated"),
        "Add columns consent_given and consent_on, or map yours.",
    ),
)

CATALOGUE: Mapping[str, Code] = MappingProxyType({code.code: code for code in _CODES})


OR_ACCEPT = "Or accept the proposed boundary."


def or_accept(hint: str) -> str:
    """Say how to mend what a boundary was proposed for."""
    return f"{hint} {OR_ACCEPT}"
