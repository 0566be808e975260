"""A tree inventory: text in, usable trees and a finding for every row that is not.

A row that cannot be right is left out with its reason; a row that is merely unlikely stays and is
flagged (`suspicion.py`). The columns are those of `fields.py`; reading bytes is `csv_text.py`.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa

from mrv.biomass.allometry import BREAST_HEIGHT_M
from mrv.biomass.selection import measured_by_height
from mrv.errors import TableInvalid
from mrv.field.csv_text import ROW, SURPLUS
from mrv.field.fields import BY_NAME, FIELDS, SPOILT, Field
from mrv.field.row_checks import MESSAGES, ROW_CHECK_COLUMNS, ROW_CHECKS, STEM, numbers
from mrv.field.species import tidy_species
from mrv.field.subplots import circle_ha, level_share
from mrv.field.suspicion import Suspicion, find_suspicions
from mrv.field.visits import number_visits

_NOT_GIVEN = {"na", "n/a", "nan", "none", "null", "-", "?"}
_HEADER_LINE = 1
# What serves a check, or lives on in another column.
_NOT_KEPT = ("stem_volume_m3", "girth_cm", "subplot_radius_m", "slope_percent")

_PANDERA_CODES = {"not_nullable": "missing"}


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a tree inventory holds and what is wrong with it.

    Attributes:
        trees: Usable rows, typed, with `row` (line in the file), `subplot_ha` (area on which trees
            of the row's size were measured [ha]; NaN where tree_fraction says it) and `flags`
            (codes joined by ";"). Diameters stand for girths, and shares of sloping ground are
            level ones.
        findings: row, column, code, severity (error or warning) and message, in row order.
    """

    trees: pd.DataFrame
    findings: pd.DataFrame


def read_inventory(
    raw: pd.DataFrame,
    *,
    plot_ids: Collection[str] | None,
    today: date,
    columns: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
) -> Inventory:
    """Check a tree inventory row by row and bring the usable rows into shape.

    Args:
        raw: Text as read from a CSV file, from `parse_csv` or with dtype=str.
        plot_ids: Accepted plots; None where the plots are not known, as for a file on its own.
        today: Measurements after this day are errors.
        columns: Our name -> theirs; theirs may join columns, such as "genus+species".
        constants: Values of columns the file leaves out because they never change.

    Returns:
        Trees and findings. A row with an error is left out; other visits of its tree stay, flagged
        so that no change is told of it.

    Raises:
        TableInvalid: If a column that is needed is missing.
    """
    text, found = _our_columns(raw, columns or {}, constants or {})
    faults = _faults(text, raw, plot_ids, today)
    bad = text.index.isin(faults["position"])
    trees = _typed(text[~bad])
    trees = _complete(trees, text[bad])
    suspicions = find_suspicions(trees)
    trees["flags"] = pd.array(_flags(trees, suspicions), dtype="str")
    findings = [*_errors(faults, text), *_missing_columns(found), *_warnings(suspicions, trees)]
    table = pd.DataFrame(findings, columns=["row", "column", "code", "severity", "message"])
    table = table.sort_values(["row", "severity", "code"], kind="stable").reset_index(drop=True)
    kept = ["row", *(n for n in BY_NAME if n not in _NOT_KEPT), "subplot_ha", "flags"]
    return Inventory(trees[kept].reset_index(drop=True), table)


def _our_columns(
    raw: pd.DataFrame, columns: Mapping[str, str], constants: Mapping[str, str]
) -> tuple[pd.DataFrame, set[str]]:
    """Rename, join and fill in columns; say which ones the file or its constants had."""
    theirs = {str(name).strip().lower(): name for name in raw.columns}
    unknown = sorted((set(columns) | set(constants)) - set(BY_NAME))
    if unknown:
        raise TableInvalid(
            f"There is no inventory column {', '.join(unknown)}; ours are {', '.join(BY_NAME)}.",
            columns=unknown,
        )
    lines = raw.index if raw.index.name == ROW else np.arange(len(raw)) + _HEADER_LINE + 1
    text = pd.DataFrame({"row": np.asarray(lines, int)})
    found = set()

    def has(name: str) -> bool:
        parts = columns.get(name, name).split("+")
        return name in constants or all(part.strip().lower() in theirs for part in parts)

    for field in FIELDS:
        parts = [part.strip().lower() for part in columns.get(field.name, field.name).split("+")]
        if field.name not in constants and all(part in theirs for part in parts):
            cells = [raw[theirs[p]].astype("str").fillna("").str.strip() for p in parts]
            joined = [" ".join(words) for words in zip(*cells, strict=True)]
            text[field.name] = pd.Series(joined, dtype=str).str.strip()
        elif field.name in constants:
            text[field.name] = constants[field.name]
        elif field.name in columns or (field.demand and not has(field.instead)):
            have = ", ".join(map(str, raw.columns))
            raise TableInvalid(
                f"The inventory has no column '{columns.get(field.name, field.name)}' for "
                f"{field.name}; its header names {have}. Rename it there or map it under "
                "[inputs.tree_columns].",
                column=field.name,
            )
        else:
            text[field.name] = ""
            continue
        found.add(field.name)
    for field in FIELDS:
        if field.kind != "text":
            blank = text[field.name].str.lower().isin(_NOT_GIVEN)
            text[field.name] = text[field.name].mask(blank, "")
    text["status"] = text["status"].str.lower()
    text["origin"] = text["origin"].str.lower()
    text["species"] = text["species"].map({s: tidy_species(s) for s in text["species"].unique()})
    palm = text["species"].map(measured_by_height).astype(bool)
    sized = (text["dbh_cm"] != "") | (text["girth_cm"] != "") | (palm & (text["height_m"] != ""))
    measured = (text["status"] == "") & sized
    text["status"] = text["status"].mask(measured, "alive")
    text["stem"] = text["stem"].replace("", "1")
    if "tree_id" not in found:
        named = (text["status"] != "no_trees") & sized
        text["tree_id"] = ("row-" + text["row"].astype(str)).where(named, "")
    return text, found


def _faults(
    text: pd.DataFrame, raw: pd.DataFrame, plot_ids: Collection[str] | None, today: date
) -> pd.DataFrame:
    """Find every rule that a row breaks: position, column and code."""
    blank_is_missing = text.drop(columns="row").replace("", None)
    found = []
    try:
        _schema(plot_ids, today).validate(blank_is_missing, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        whole_row = cases["schema_context"] == "DataFrameSchema"
        cases["column"] = cases["column"].mask(whole_row, cases["check"].map(ROW_CHECK_COLUMNS))
        cases["code"] = cases["check"].replace(_PANDERA_CODES)
        cases["position"] = cases["index"].astype(int)
        found.append(cases[["position", "column", "code"]].drop_duplicates())
    if SURPLUS in raw:
        extra = np.flatnonzero(raw[SURPLUS].fillna("").to_numpy() != "")
        text[SURPLUS] = raw[SURPLUS].to_numpy()
        found.append(pd.DataFrame({"position": extra, "column": SURPLUS, "code": "surplus_cells"}))
    columns = ["position", "column", "code"]
    return pd.concat(found) if found else pd.DataFrame(columns=columns).astype({"position": int})


def _schema(plot_ids: Collection[str] | None, today: date) -> pa.DataFrameSchema:
    known = None if plot_ids is None else {str(p) for p in plot_ids}
    columns = {field.name: _column(field, today) for field in FIELDS}
    columns["status"] = pa.Column(None, columns["status"].checks, nullable=False)
    if known is not None:
        columns["plot_id"] = pa.Column(
            None, pa.Check(lambda s: s.isin(known), error="unknown_plot"), nullable=False
        )
    return pa.DataFrameSchema(
        columns,
        checks=[pa.Check(check, error=code) for code, check in ROW_CHECKS.items()],
    )


def _column(field: Field, today: date) -> pa.Column:
    checks: list[pa.Check] = []
    if field.kind in {"number", "integer"}:
        checks.append(pa.Check(_reads_as_number(field), error="not_a_number"))
        low = field.above if field.above is not None else field.at_least
        if low is not None:
            strict = field.above is not None
            checks.append(pa.Check(_not_below(low, strict=strict), error="too_small"))
        if field.at_most is not None:
            checks.append(pa.Check(_not_above(field.at_most), error="too_large"))
    elif field.kind == "date":
        checks.append(pa.Check(lambda s: _dates(s).notna(), error="not_a_date"))
        limit = pd.Timestamp(today)
        checks.append(pa.Check(lambda s: ~(_dates(s) > limit), error="future_date"))
    elif field.kind == "choice":
        checks.append(pa.Check(lambda s: s.isin(field.choices), error="unknown_choice"))
    demanded = field.demand and field.name != "dbh_cm"
    return pa.Column(None, checks, nullable=not demanded)


def _reads_as_number(field: Field) -> Any:  # noqa: ANN401 - pandera takes any callable
    whole = field.kind == "integer"
    return lambda s: numbers(s).notna() & (~np.asarray(whole) | (numbers(s) % 1 == 0))


def _not_below(low: float, *, strict: bool) -> Any:  # noqa: ANN401 - as above
    # What is no number is told so once, by another check.
    return lambda s: ~((numbers(s) <= low) if strict else (numbers(s) < low))


def _not_above(high: float) -> Any:  # noqa: ANN401 - as above
    return lambda s: ~(numbers(s) > high)


def _dates(text: pd.Series) -> pd.Series:
    """Read the day of an ISO date or time stamp; NaT where there is none."""
    told = text.fillna("").str.extract(r"^(\d{4}-\d{2}-\d{2})(?:[T ].*)?$", expand=False)
    return pd.to_datetime(told, format="%Y-%m-%d", errors="coerce")


def _typed(text: pd.DataFrame) -> pd.DataFrame:
    trees = pd.DataFrame({"row": text["row"].astype(int)})
    for field in FIELDS:
        cells = text[field.name]
        if field.kind in {"number", "integer"}:
            trees[field.name] = numbers(cells)
        elif field.kind == "date":
            trees[field.name] = _dates(cells)
        else:
            trees[field.name] = cells
    trees["stem"] = trees["stem"].fillna(1).astype(int)
    trees["dbh_cm"] = trees["dbh_cm"].fillna(trees["girth_cm"] / np.pi)
    trees["measured_at_m"] = trees["measured_at_m"].fillna(BREAST_HEIGHT_M)
    level = level_share(trees["slope_percent"].fillna(0.0))
    share = trees["tree_fraction"].fillna(1.0)
    # The area of a whole plot comes from its boundary and is level already.
    trees["tree_fraction"] = share.where(share >= 1.0, share * level)
    trees["subplot_ha"] = circle_ha(trees["subplot_radius_m"]) * level
    return trees


def _complete(trees: pd.DataFrame, rejected: pd.DataFrame) -> pd.DataFrame:
    """Settle the origin of every tree, and mark trees that lost a row."""
    known = trees["tree_id"] != ""
    visit = number_visits(trees)
    trees = trees.assign(visit=visit, assumed=known & (trees["origin"] == ""))
    tree = trees[known].groupby(["plot_id", "tree_id"])
    dated = trees[known].sort_values("measured_on", kind="stable")
    stated = dated["origin"].where(dated["origin"] != "")
    first_stated = stated.groupby([dated["plot_id"], dated["tree_id"]]).transform("first")
    first_visit = tree["visit"].transform("min")
    guessed = first_visit.map(lambda v: "pre_existing" if v == 0 else "planted")
    trees.loc[known, "origin"] = first_stated.fillna(guessed)
    trees["assumed"] &= first_stated.isna().reindex(trees.index, fill_value=False)
    lost = pd.MultiIndex.from_frame(rejected[["plot_id", "tree_id"]].query("tree_id != ''"))
    trees["spoilt"] = pd.MultiIndex.from_frame(trees[["plot_id", "tree_id"]]).isin(lost)
    return trees


def _flags(trees: pd.DataFrame, suspicions: list[Suspicion]) -> list[str]:
    codes: dict[Any, set[str]] = {position: set() for position in trees.index}
    for name, code in (("assumed", "origin_assumed"), ("spoilt", SPOILT)):
        for position in trees.index[trees[name]]:
            codes[position].add(code)
    for suspicion in suspicions:
        for position in suspicion.positions:
            codes[position].update(suspicion.flags)
    return [";".join(sorted(codes[position])) for position in trees.index]


def _errors(faults: pd.DataFrame, text: pd.DataFrame) -> Iterator[tuple[int, str, str, str, str]]:
    for position, column, code in faults.itertuples(index=False):
        cells = text.loc[position]
        field = BY_NAME.get(column)
        sentence = MESSAGES[code].format(
            **{name: cells[name] for name in (*STEM, "measured_on")},
            column=column,
            value=cells[column],
            limit=_limit(field),
            choices=", ".join(field.choices) if field else "",
        )
        yield int(cells["row"]), column, code, "error", f"Row {cells['row']}: {sentence}"


def _warnings(
    suspicions: list[Suspicion], trees: pd.DataFrame
) -> Iterator[tuple[int, str, str, str, str]]:
    for said in suspicions:
        line = trees["row"].to_numpy()[trees.index.get_loc(said.positions[0])]
        yield int(line), said.column, said.code, "warning", f"Row {line}: {said.sentence}"


def _limit(field: Field | None) -> str:
    if field is None:
        return ""
    unit = f" {field.unit}" if field.unit else ""
    low = ""
    if field.above is not None:
        low = f"above {field.above:g}"
    elif field.at_least is not None:
        low = f"at least {field.at_least:g}"
    high = f"at most {field.at_most:g}" if field.at_most is not None else ""
    return " and ".join(part for part in (low, high) if part) + unit


def _missing_columns(found: set[str]) -> Iterator[tuple[int, str, str, str, str]]:
    """Say once what a missing column means for the whole file."""
    told = {
        "tree_id": "There is no column tree_id: every row counts as a tree of its own, and no "
        "change can be told between visits.",
        "inclusion_probability": "There is no column inclusion_probability: stock can be shown, "
        "but without a probability sample nothing can be credited.",
        "species": "There is no column species: every tree gets the generic equation and the mean "
        "wood density.",
    }
    for name, sentence in told.items():
        if name not in found:
            yield _HEADER_LINE, name, "column_missing", "warning", sentence
