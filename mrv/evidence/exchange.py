"""Tables for other registries' schemas, and a report of what is missing in them and why.

A cell without a value says why: it is unknown, withheld, or does not apply. Nothing is left blank.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Literal

Absence = Literal["unknown", "withheld", "not_applicable"]


@dataclass(frozen=True, slots=True)
class Absent:
    """Why a cell or a whole table has no value."""

    why: Absence
    reason: str


Cell = str | int | list[str] | Absent
Row = Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema as its data file pins it.

    Attributes:
        tables: Fields of each table, in the order of insertion.
        required: Those of them that must have a value.
        picklists: Values that a field may have.
        countries: ISO 3166-1 codes in the schema's spelling.
        goals: Names of development goals in the schema's spelling, where it differs.
    """

    name: str
    version: str
    tables: Mapping[str, tuple[str, ...]]
    required: Mapping[str, frozenset[str]]
    picklists: Mapping[str, frozenset[str]]
    countries: Mapping[str, str]
    goals: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Gap:
    """What has no value.

    Attributes:
        table: Where.
        field: Which; empty where the whole table is empty.
        why: Unknown, withheld or not applicable.
        reason: The same in a sentence.
        rows: In how many rows it is so.
    """

    table: str
    field: str
    why: Absence
    reason: str
    rows: int


@dataclass(frozen=True, slots=True)
class Report:
    """Whether tables are as a schema wants them.

    Attributes:
        rows: Of each table.
        required_missing: Fields that must have a value and have none, `table.field`.
        outside_picklists: Values that a picklist does not know, `table.field: value`.
        broken_references: Keys that no row has, `table.field: key`.
        gaps: Every cell and table without a value, with the reason.
        passes: Whether every required field has a value and every key a row.
    """

    schema: str
    version: str
    rows: Mapping[str, int]
    required_missing: tuple[str, ...]
    outside_picklists: tuple[str, ...]
    broken_references: tuple[str, ...]
    gaps: tuple[Gap, ...]
    passes: bool


@lru_cache(maxsize=4)
def schema(name: str) -> Schema:
    """Read a pinned schema, such as `cad_trust`."""
    file = resources.files("mrv.evidence").joinpath(f"{name}.toml")
    told: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
    lists = {field: frozenset(values) for field, values in told["picklists"].items()}
    lists |= {field: lists[other] for field, other in told["same_picklist"].items()}
    fields = {table: told["tables"][table] for table in told["order"]}
    return Schema(
        name=told["name"],
        version=told["version"],
        tables={
            table: tuple(field.rstrip("*") for field in some) for table, some in fields.items()
        },
        required={
            table: frozenset(field.rstrip("*") for field in some if field.endswith("*"))
            for table, some in fields.items()
        },
        picklists=lists,
        countries=told["countries"],
        goals=told["goals"],
    )


def report(
    wanted: Schema, tables: Mapping[str, Sequence[Row] | Absent], key: str = "local_id"
) -> Report:
    """Hold tables against a schema.

    Args:
        wanted: The schema.
        tables: Every table of it: its rows, or why it has none. A row has every field and a key.
        key: Name of the rows' own key; fields that end in `_id` and begin like a table's name with
            `cad_trust_` refer to it.

    Raises:
        ValueError: If a table, a field or a key is left out, or one is unknown to the schema: a
            mistake of whoever wrote the tables, not of the data.
    """
    if set(tables) != set(wanted.tables):
        raise ValueError(f"tables differ from the schema's: {set(tables) ^ set(wanted.tables)}")
    missing, outside, broken = set[str](), set[str](), set[str]()
    gaps = {
        (table, "", rows.why, rows.reason): 0
        for table, rows in tables.items()
        if isinstance(rows, Absent)
    }
    keys = {
        table: {row[key] for row in rows if isinstance(row[key], str)}
        for table, rows in tables.items()
        if not isinstance(rows, Absent)
    }
    for table, field, cell in _cells(wanted, tables, key):
        place = f"{table}.{field}"
        if isinstance(cell, Absent):
            gap = (table, field, cell.why, cell.reason)
            gaps[gap] = gaps.get(gap, 0) + 1
        elif field.startswith("cad_trust_"):
            aim = field.removeprefix("cad_trust_").removesuffix("_id")
            broken |= set() if cell in keys.get(aim, ()) else {f"{place}: {cell}"}
        else:
            known = wanted.picklists.get(field)
            some = cell if isinstance(cell, list) else [cell]
            outside |= {f"{place}: {one}" for one in some if known and one not in known}
        if field in wanted.required[table] and (isinstance(cell, Absent) or cell in ("", [])):
            missing.add(place)
    return Report(
        schema=wanted.name,
        version=wanted.version,
        rows={
            table: 0 if isinstance(rows, Absent) else len(rows) for table, rows in tables.items()
        },
        required_missing=tuple(sorted(missing)),
        outside_picklists=tuple(sorted(outside)),
        broken_references=tuple(sorted(broken)),
        gaps=tuple(Gap(*gap, rows) for gap, rows in gaps.items()),
        passes=not missing and not broken,
    )


def _cells(
    wanted: Schema, tables: Mapping[str, Sequence[Row] | Absent], key: str
) -> Iterator[tuple[str, str, Cell]]:
    for table, fields in wanted.tables.items():
        rows = tables[table]
        for row in () if isinstance(rows, Absent) else rows:
            if set(row) != {key, *fields}:
                raise ValueError(f"{table}: {set(row) ^ {key, *fields}} left out or unknown")
            for field in fields:
                yield table, field, row[field]


def as_json(tables: Mapping[str, Sequence[Row] | Absent]) -> dict[str, list[dict[str, Any]]]:
    """Write tables as plain JSON; cells without a value are null, and said in the report."""
    return {
        table: []
        if isinstance(rows, Absent)
        else [
            {field: None if isinstance(cell, Absent) else cell for field, cell in row.items()}
            for row in rows
        ]
        for table, rows in tables.items()
    }
