"""The columns of a tree inventory: one table that the reader, the schema and the help all follow.

Checking rows is `inventory.py`; what is merely unlikely is `suspicion.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["text", "number", "integer", "date", "choice"]

# 1-0-1 adds girths, points of measurement, nested circles, slopes and shrubs; 1-0-2 seedlings.
SCHEMA_ID = "parkland/tree-inventory/1-0-2"
STATUSES = ("planted", "alive", "dead", "harvested", "missing", "no_trees")
ORIGINS = ("planted", "pre_existing", "regenerated")
# Flag of a tree that had another row rejected: no change can be told of it.
SPOILT = "other_visit_rejected"
SUSPECT = "suspect"
# Flags that cast doubt on diameter or height: such rows fit no height model.
DOUBTFUL_SIZE = (
    "diameter_large",
    "height_large",
    "slenderness",
    "unit_mix",
    "growth",
    "shrinkage",
    "copied_rows",
    "volume",
)


@dataclass(frozen=True, slots=True)
class Field:
    """One column.

    Attributes:
        name: Our name.
        kind: What its text must read as.
        description: What it means, for a crew.
        unit: Of the value; empty for none.
        demand: Whether the column must exist; the reader fills in the others.
        instead: Column that may stand in for one that must exist.
        above: Values must be greater than this.
        at_least: Values must not be smaller than this.
        at_most: Values must not be greater than this.
        choices: The only values allowed.
        when_blank: What a blank cell means.
    """

    name: str
    kind: Kind
    description: str
    unit: str = ""
    demand: bool = False
    instead: str = ""
    above: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    choices: tuple[str, ...] = ()
    when_blank: str = ""


FIELDS: tuple[Field, ...] = (
    Field("plot_id", "text", "Plot that the tree stands on, as in the plots table.", demand=True),
    Field(
        "tree_id",
        "text",
        "Name of the tree within its plot, the same at every visit; blank only with no_trees.",
    ),
    Field(
        "stem",
        "integer",
        "Number of the stem of a tree that forks below breast height.",
        at_least=1,
        at_most=999,
        when_blank="1",
    ),
    Field(
        "species",
        "text",
        "Scientific name; genus alone where the species is not known.",
        when_blank="not known: generic equation and mean wood density",
    ),
    Field(
        "dbh_cm",
        "number",
        "Diameter at breast height, 1.3 m above ground, unless measured_at_m says otherwise.",
        unit="cm",
        demand=True,
        instead="girth_cm",
        above=0.0,
        at_most=1000.0,
        when_blank="taken from girth_cm; a living tree needs one of them, a palm its height",
    ),
    Field(
        "height_m",
        "number",
        "Total height.",
        unit="m",
        above=0.0,
        at_most=130.0,
        when_blank="taken from a height model",
    ),
    Field("measured_on", "date", "Day of the visit, year-month-day.", demand=True),
    Field(
        "status",
        "choice",
        "State of the tree at this visit; planted for one just set out, too small to measure; "
        "no_trees for a plot on which none was found.",
        choices=STATUSES,
        when_blank="alive, if there is a size",
    ),
    Field(
        "origin",
        "choice",
        "Planted by the project, there before it, or come up by itself.",
        choices=ORIGINS,
        when_blank="pre_existing if seen at the plot's first visit, else planted",
    ),
    Field(
        "lon", "number", "Longitude of the tree, WGS 84.", unit="degree", at_least=-180, at_most=180
    ),
    Field(
        "lat", "number", "Latitude of the tree, WGS 84.", unit="degree", at_least=-90, at_most=90
    ),
    Field(
        "inclusion_probability",
        "number",
        "Probability with which the plot was drawn into the field sample.",
        above=0.0,
        at_most=1.0,
        when_blank="not known: stock can be shown, nothing can be credited",
    ),
    Field(
        "tree_fraction",
        "number",
        "Share of the plot's area on which trees of this size were measured.",
        above=0.0,
        at_most=1.0,
        when_blank="1",
    ),
    Field(
        "stem_volume_m3",
        "number",
        "Stem volume, if somebody states one; used only to catch impossible sizes.",
        unit="m3",
        above=0.0,
    ),
    Field(
        "girth_cm",
        "number",
        "Girth where a tape was laid round the stem; the diameter is girth over pi.",
        unit="cm",
        above=0.0,
        at_most=3142.0,
        when_blank="dbh_cm says it",
    ),
    Field(
        "measured_at_m",
        "number",
        "Height above ground at which diameter or girth was taken, the same at every visit.",
        unit="m",
        at_least=0.05,
        at_most=30.0,
        when_blank="1.3",
    ),
    Field(
        "subplot_radius_m",
        "number",
        "Radius of the circle within the plot on which trees of this size were measured; instead "
        "of tree_fraction.",
        unit="m",
        above=0.0,
        at_most=100.0,
        when_blank="the whole plot, or tree_fraction of it",
    ),
    Field(
        "slope_percent",
        "number",
        "Slope of the ground, where a circle or a share of the plot was laid out along it.",
        unit="%",
        at_least=0.0,
        at_most=200.0,
        when_blank="0: distances were level",
    ),
    Field(
        "shrub_cover",
        "number",
        "Share of the plot's ground under crowns of shrubs; reported, never credited.",
        at_least=0.0,
        at_most=1.0,
        when_blank="not known",
    ),
)
BY_NAME: Mapping[str, Field] = {field.name: field for field in FIELDS}

_PATTERNS = {"date": r"^\d{4}-\d{2}-\d{2}", "number": r"^-?\d+([.,]\d+)?$", "integer": r"^\d+$"}


def tree_inventory_schema() -> dict[str, Any]:
    """Give the published JSON Schema of one row, as text cells of a CSV file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Tree inventory: one row per stem and visit",
        "type": "object",
        "required": [field.name for field in FIELDS if field.demand and not field.instead],
        "allOf": [
            {"anyOf": [{"required": [name]} for name in (field.name, field.instead)]}
            for field in FIELDS
            if field.instead
        ],
        "properties": {field.name: _property(field) for field in FIELDS},
    }


def _property(field: Field) -> dict[str, Any]:
    said: dict[str, Any] = {"type": "string", "description": field.description}
    if field.choices:
        said["enum"] = ["", *field.choices]
    elif field.kind != "text":
        blank = "|^$" if field.when_blank or not field.demand else ""
        said["pattern"] = _PATTERNS[field.kind] + blank
    elif field.demand:
        said["minLength"] = 1
    extra = {
        "x-kind": field.kind,
        "x-unit": field.unit,
        "x-above": field.above,
        "x-at-least": field.at_least,
        "x-at-most": field.at_most,
        "x-when-blank": field.when_blank,
    }
    return said | {key: value for key, value in extra.items() if value not in {None, ""}}
