"""What ODK and KoboToolbox write: walked shapes as text, and exports in several tables.

An export has one table of submissions and one for every repeated group; `gather` joins them again
so that each row of the innermost group carries the answers it was given under. Which column is
which of ours is `mrv.plots.mapping`; opening the files is `mrv.sources`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import NamedTuple

import pandas as pd

from mrv.errors import TableInvalid

CENTRAL_KEY, CENTRAL_PARENT = "KEY", "PARENT_KEY"
KOBO_KEY, KOBO_PARENT, KOBO_PARENT_TABLE = "_index", "_parent_index", "_parent_table_name"
_NUMERIC = re.compile(r"[\d\s.,;|+eE-]*")  # no word such as nan, no 1_000
_CORNERS = re.compile(r"[;\n|]")
_LONGEST_TOLD = 40
_FEWEST_NUMBERS, _MOST_NUMBERS = 2, 4  # latitude, longitude, altitude, accuracy

# Columns that name a submission, the surest first, and those that tell which is the later one.
_INSTANCE = (CENTRAL_KEY, "meta/instanceID", "meta-instanceID", "instanceID", "_uuid")
_DEPRECATED = ("meta/deprecatedID", "meta-deprecatedID", "deprecatedID")
_EDITS = ("Edits",)
_TIMES = ("SubmissionDate", "_submission_time", "end", "today")
_REVIEWS = {"ReviewState": "rejected", "_validation_status": "not approved"}
_REPEAT_IN_A_ROW = re.compile(r"(?P<group>[^\[\]]+)\[(?P<number>\d{1,4})\]/(?P<name>.+)")


class Corner(NamedTuple):
    """One fix of a walked shape.

    Attributes:
        lon, lat: WGS 84 [degree].
        altitude_m: NaN where it was not written.
        accuracy_m: Radius the device was sure of [m]; NaN where it was not written.
    """

    lon: float
    lat: float
    altitude_m: float
    accuracy_m: float


def parse_geoshape(text: str) -> list[Corner]:
    """Read a geopoint, geotrace or geoshape: "lat lon altitude accuracy; lat lon …".

    Altitude and accuracy may be missing, decimals may be written with a comma.

    Raises:
        TableInvalid: If a corner is not two to four numbers, or there is none.
    """
    corners = []
    numeric = bool(_NUMERIC.fullmatch(text))
    for number, part in enumerate(filter(str.strip, _CORNERS.split(text)), start=1):
        words = part.split()
        if len(words) == 1:
            words = [word for word in part.split(",") if word.strip()]
        try:
            if not numeric or not _FEWEST_NUMBERS <= len(words) <= _MOST_NUMBERS:
                raise ValueError  # noqa: TRY301  # as what is no number
            values = [float(word.strip(",").replace(",", ".")) for word in words]
        except ValueError:
            raise TableInvalid(
                f"corner {number} says '{part.strip()[:_LONGEST_TOLD]}' where latitude and "
                "longitude are needed"
            ) from None
        lat, lon, altitude, accuracy = (*values, *[nan] * (_MOST_NUMBERS - len(values)))
        corners.append(Corner(lon, lat, altitude, accuracy))
    if not corners:
        raise TableInvalid("the cell holds no corner")
    return corners


def worst_accuracy_m(corners: Iterable[Corner]) -> float:
    """Give the largest radius of a shape's fixes [m]; NaN where none was measured.

    A corner that was set by hand on the map has accuracy 0, which says nothing.
    """
    return max((c.accuracy_m for c in corners if c.accuracy_m > 0), default=nan)


@dataclass(frozen=True, slots=True)
class Gathered:
    """An export as one table.

    Attributes:
        table: One row per repeat of the innermost group that was asked for, with the answers above
            it; per submission where there is no such group.
        childless: Answers of submissions that hold no such repeat.
        notes: What was left out, one sentence each.
    """

    table: pd.DataFrame
    childless: pd.DataFrame
    notes: tuple[str, ...]


def is_repeat(table: pd.DataFrame) -> bool:
    """Say whether a table holds repeats of a group, and not submissions."""
    return CENTRAL_PARENT in table.columns or KOBO_PARENT in table.columns


def gather(tables: Mapping[str, pd.DataFrame], leaf: str) -> Gathered:
    """Join an export's tables, from its submissions down to one table.

    Of a submission that was sent twice or edited, the latest counts; one that was rejected in
    review does not. Repeats that stand beside each other get a row each, as `unfold` gives them.

    Args:
        tables: Name of the table (file or sheet, without the form's name where Kobo cuts it) ->
            its cells as text.
        leaf: Name of the table that is wanted.

    Raises:
        TableInvalid: If the table above a repeat is not there.
    """
    chain = [leaf]
    while is_repeat(tables[chain[0]]):
        above = _above(tables, chain[0])
        if above in chain:
            raise TableInvalid(f"The tables of the export hang together in a circle at {above}.")
        chain.insert(0, above)
    table, notes = _standing(tables[chain[0]])
    dropped = _keys(tables[chain[0]]) - _keys(table)
    childless = table.iloc[:0]
    for name in chain[1:]:
        own = tables[name]
        parent_column = CENTRAL_PARENT if CENTRAL_PARENT in own else KOBO_PARENT
        own = own[~own[parent_column].isin(dropped)]
        if CENTRAL_KEY in own:
            own = own[~own[CENTRAL_KEY].duplicated(keep="last")]
        dropped = _keys(tables[name]) - _keys(own)
        key = CENTRAL_KEY if parent_column == CENTRAL_PARENT else KOBO_KEY
        childless = table[~table[key].isin(set(own[parent_column]))]
        table = _under(own, table, parent_column, key)
    flat = unfold(table)
    if flat is not table:
        childless = table.loc[~table.index.isin(flat.index), table.columns.isin(flat.columns)]
    return Gathered(flat, childless, tuple(notes))


def unfold(table: pd.DataFrame) -> pd.DataFrame:
    """Give repeats that stand beside each other, as plot[1]/name and plot[2]/name, a row each.

    Rows without such columns stay; a repeat in which nothing was answered gives no row.
    """
    found = {str(c): told for c in table.columns if (told := _REPEAT_IN_A_ROW.fullmatch(str(c)))}
    if not found:
        return table
    rest = [c for c in table.columns if str(c) not in found]
    parts = []
    for number in sorted({int(told["number"]) for told in found.values()}):
        theirs = {
            column: f"{told['group']}/{told['name']}"
            for column, told in found.items()
            if int(told["number"]) == number
        }
        answered = (table[list(theirs)] != "").any(axis=1)
        parts.append(table.loc[answered, [*rest, *theirs]].rename(columns=theirs))
    return pd.concat(parts).sort_index(kind="stable").fillna("")


def last_part(column: str, ours: Iterable[str]) -> str:
    """Give our name that a column with the names of its groups ends in; "" where none does."""
    ends = (name for name in ours if column == name or re.search(rf"[/.:-]{name}$", column))
    return max(ends, key=len, default="")


def _above(tables: Mapping[str, pd.DataFrame], name: str) -> str:
    """Find the table whose rows the repeats of a table belong to."""
    table = tables[name]
    if CENTRAL_PARENT in table:
        wanted = set(table[CENTRAL_PARENT])
        fits = {
            other: len(wanted & set(cells[CENTRAL_KEY]))
            for other, cells in tables.items()
            if other != name and CENTRAL_KEY in cells
        }
        best = max(fits, key=lambda other: fits[other], default="")
        roots = [other for other in fits if not is_repeat(tables[other])]
        if best and (fits[best] or len(roots) == 1):
            return best if fits[best] else roots[0]
    else:
        named = set(table.get(KOBO_PARENT_TABLE, ())) - {""}
        fitting = [other for other in tables if other in named and other != name]
        roots = [o for o, cells in tables.items() if KOBO_KEY in cells and not is_repeat(cells)]
        # A spreadsheet cuts the name of a sheet to 31 letters; then the submissions are meant.
        if len(fitting) == 1 or len(roots) == 1:
            return fitting[0] if fitting else roots[0]
    raise TableInvalid(
        f"The table {name} holds repeats of a form, and the table they belong to is not there; "
        "export all tables of the form together."
    )


def _standing(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Keep the latest version of every submission that was not rejected."""
    notes = []
    kept = table
    for column, verdict in _REVIEWS.items():
        if column in kept:
            rejected = kept[column].str.lower().str.replace("_", " ").str.contains(verdict)
            kept = kept[~rejected]
            if rejected.any():
                notes.append(f"{_many(int(rejected.sum()))} rejected in review and left out.")
    before = len(kept)
    instance = _first_of(_INSTANCE, kept.columns)
    replaced = {text for c in _DEPRECATED if c in kept for text in kept[c] if text}
    if replaced:
        ids = [c for c in _INSTANCE if c in kept]
        kept = kept[~kept[ids].isin(replaced).any(axis=1)]
    if instance:
        order = pd.DataFrame(index=range(len(kept)))
        for place, column in enumerate(c for c in (*_EDITS, *_TIMES) if c in kept):
            cells = kept[column].to_numpy()
            number = pd.to_numeric(pd.Series(cells), errors="coerce").fillna(-1)
            order[place] = number if column in _EDITS else cells
        late = (
            order.sort_values(list(order.columns), kind="stable") if len(order.columns) else order
        )
        ranked = kept.iloc[late.index]
        twice = ranked[instance].duplicated(keep="last") & (ranked[instance] != "")
        kept = kept.iloc[sorted(late.index[~twice.to_numpy()])]
    if len(kept) < before:
        notes.append(
            f"{_many(before - len(kept))} sent again or edited; the latest version counts."
        )
    return kept, notes


def _under(own: pd.DataFrame, above: pd.DataFrame, parent_column: str, key: str) -> pd.DataFrame:
    """Add the answers above to each repeat; its own answers come before those of the same name."""
    lookup = above.drop_duplicates(key, keep="last").set_index(key)
    lookup = lookup[[c for c in lookup.columns if c not in own.columns]]
    found = lookup.reindex(own[parent_column]).fillna("")
    found.index = own.index
    return pd.concat([own, found], axis=1)


def _keys(table: pd.DataFrame) -> set[str]:
    key = CENTRAL_KEY if CENTRAL_KEY in table else KOBO_KEY
    return set(table[key]) if key in table else set()


def _first_of(names: Sequence[str], columns: pd.Index) -> str:
    return next((name for name in names if name in columns), "")


def _many(count: int) -> str:
    return "1 submission was" if count == 1 else f"{count} submissions were"
