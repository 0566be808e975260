"""The columns of a plot table: one list that makes the check and the published schema alike.

`check_columns` is what refuses or flags a cell; `schemas/plots/1-1-0.json` is the same list for
others. Which column of a file is which of ours is `mapping.py`; shapes are judged in `screen.py`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

import pandas as pd
import pandera.pandas as pa

ROLES = ("enrolled", "control")
CONSENT = ("yes", "no")
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_DAY_OF_TIMESTAMP = re.compile(r"(\d{4}-\d{2}-\d{2})[T ]\d{2}:\d{2}.*")  # as forms stamp it

# How people and forms write that they agree: en, fr, es, sw, vi, ru, pt.
_YES = "yes y true 1 oui o vrai si sí verdadero ndiyo ndio có co đồng_ý да da sim agreed given"
_NO = "no n false 0 non faux falso hapana không khong нет net não nao refused declined"
_CONSENT = MappingProxyType(
    {word.replace("_", " "): "yes" for word in _YES.split()}
    | {word.replace("_", " "): "no" for word in _NO.split()}
)
# As our forms show them, for exports that hold what was read and not what was meant: en, fr, sw.
_ROLE = MappingProxyType(
    {
        **dict.fromkeys(
            ("planted by the project", "planté par le projet", "imepandwa na mradi"), "enrolled"
        ),
        **dict.fromkeys(
            ("only for comparison", "seulement pour comparaison", "kwa kulinganisha tu"), "control"
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a plot table.

    Attributes:
        name: Our name.
        meaning: For people.
        required: Whether every plot must have it.
        allowed: The values it may take; any where empty.
        pattern: That its text must match.
        longest: Most characters that a registry can hold, 0 for any length; the published shape
            does not state it.
        is_date: Whether it is a calendar date, YYYY-MM-DD.
        default: Used where it is blank; blank stays blank where None.
        words: Other ways of writing a value, in small letters -> the value.
        private: Whether it names a person: held apart, encrypted, never in the table of plots.
    """

    name: str
    meaning: str
    required: bool = False
    allowed: tuple[str, ...] = ()
    pattern: str = ""
    longest: int = 0
    is_date: bool = False
    default: str | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    private: bool = False


COLUMNS = (
    Column(
        "plot_id",
        "your name of the plot, once in the project",
        required=True,
        pattern=r"^\S.{0,63}$",
        longest=64,
    ),
    Column("farmer_id", "a pseudonym; never a name, a number or a phone", longest=120),
    Column("village", "village or other cluster; blank where not known"),
    Column("stratum", "group of like plots that is estimated together", longest=120, default="all"),
    Column(
        "role",
        "planted by the project, or compared with",
        allowed=ROLES,
        default="enrolled",
        words=_ROLE,
    ),
    Column("practice", "what is done, such as coffee under shade"),
    Column("planted_on", "first planting", pattern=_DATE, is_date=True),
    Column("enrolled_on", "when the farmer joined", pattern=_DATE, is_date=True),
    Column("left_on", "last day in the programme", pattern=_DATE, is_date=True),
    Column("species", "what is planted, scientific names joined by ;"),
    Column(
        "consent_given",
        "whether the farmer agreed to the project and to the use of these data",
        allowed=CONSENT,
        words=_CONSENT,
    ),
    Column("consent_on", "when the farmer agreed", pattern=_DATE, is_date=True),
)
PRIVATE_COLUMNS = (
    Column("farmer_name", "name of the farmer; held apart, encrypted", private=True),
    Column("farmer_phone", "phone of the farmer; held apart, encrypted", private=True),
)


def json_schema() -> dict[str, Any]:
    """Give the JSON Schema of a plot file as GeoJSON."""
    number = {"type": "number"}
    position = {"type": "array", "items": number, "minItems": 2, "maxItems": 3}
    rings = {"type": "array", "items": {"type": "array", "items": position, "minItems": 4}}
    polygons = {"type": "array", "items": rings}
    properties = {column.name: _property(column) for column in (*COLUMNS, *PRIVATE_COLUMNS)}
    feature = {
        "type": "object",
        "required": ["type", "geometry", "properties"],
        "properties": {
            "type": {"const": "Feature"},
            "geometry": {
                "description": "WGS 84, longitude before latitude",
                "oneOf": [
                    _geometry("Polygon", rings),
                    _geometry("MultiPolygon", polygons),
                ],
            },
            "properties": {
                "type": "object",
                "required": [column.name for column in COLUMNS if column.required],
                "properties": properties,
            },
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "parkland/plots/1-1-0",
        "title": "Plots of a project",
        "type": "object",
        "required": ["type", "features"],
        "properties": {
            "type": {"const": "FeatureCollection"},
            "features": {"type": "array", "minItems": 1, "items": feature},
        },
    }


def as_text(frame: pd.DataFrame, columns: Sequence[Column] = COLUMNS) -> pd.DataFrame:
    """Bring columns to text with defaults; absent or blank cells become None.

    Args:
        frame: A table with columns under our names.
        columns: The ones wanted; `PRIVATE_COLUMNS` for what names people.

    Returns:
        One column each, row by row. A time stamp in a column of dates is cut to its day, and a
        word that means a value, such as "oui", becomes the value.
    """
    texts: dict[str, list[str | None]] = {}
    for column in columns:
        cells = frame[column.name] if column.name in frame.columns else [None] * len(frame)
        texts[column.name] = [_tidied(_text(cell), column) for cell in cells]
    return pd.DataFrame(texts, index=range(len(frame)), dtype=object)


def check_columns(texts: pd.DataFrame) -> list[tuple[int, str, str]]:
    """Find every bad cell.

    Args:
        texts: Of `as_text`.

    Returns:
        Position of the row, column, and the cell as it stands ("" where blank), in that order.
    """
    try:
        _PANDERA.validate(texts, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        found = {
            (int(index), str(column), _text(cell) or "")
            for index, column, cell in zip(
                cases["index"], cases["column"], cases["failure_case"], strict=True
            )
        }
        return sorted(found)
    return []


def _checks(column: Column) -> list[pa.Check]:
    checks = []
    if column.allowed:
        checks.append(pa.Check.isin(column.allowed))
    if column.pattern:
        checks.append(pa.Check.str_matches(column.pattern))
    if column.is_date:
        checks.append(pa.Check(_is_date, element_wise=True))
    if column.longest:
        checks.append(pa.Check.str_length(max_value=column.longest))
    return checks


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


_PANDERA = pa.DataFrameSchema(
    {
        column.name: pa.Column(object, _checks(column), nullable=not column.required)
        for column in COLUMNS
    }
)


def _property(column: Column) -> Mapping[str, object]:
    schema: dict[str, object] = {
        "description": column.meaning,
        "type": "string" if column.required else ["string", "null"],
    }
    if column.allowed:
        schema["enum"] = [*column.allowed, None]
    if column.pattern:
        schema["pattern"] = column.pattern
    if column.is_date:
        schema["format"] = "date"
    if column.default is not None:
        schema["default"] = column.default
    return schema


def _geometry(kind: str, coordinates: Mapping[str, object]) -> Mapping[str, object]:
    return {
        "type": "object",
        "required": ["type", "coordinates"],
        "properties": {"type": {"const": kind}, "coordinates": coordinates},
    }


def _tidied(text: str | None, column: Column) -> str | None:
    if text is None:
        return column.default
    if column.is_date and (stamp := _DAY_OF_TIMESTAMP.fullmatch(text)):
        return stamp[1]
    return column.words.get(text.lower(), text) if column.words else text


def _text(cell: object) -> str | None:
    if cell is None or cell is pd.NaT or (isinstance(cell, float) and cell != cell):  # noqa: PLR0124  # NaN
        return None
    if isinstance(cell, pd.Timestamp):
        return cell.date().isoformat()
    text = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
    # What cannot be shown (NUL, half a surrogate) can be kept in no database either.
    return "".join(each if each.isprintable() else " " for each in text).strip() or None
