"""Which column of a file is which of ours: a guess to show, and a mapping to apply.

The guess goes by the names that crews, forms and exports give (`names.toml`, several languages),
and asks the values where a name alone could mislead. Nobody's mapping is guessed over: a person
sees the guess with its reason and may choose another.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TypeVar

import pandas as pd

from mrv.errors import TableInvalid
from mrv.plots.columns import COLUMNS, PRIVATE_COLUMNS, Column

ALL_COLUMNS = (*COLUMNS, *PRIVATE_COLUMNS)
SHORT = 10  # letters a shapefile leaves of a name
_GROUPS = re.compile(r"[/.:]|(?<=\w)-(?=\w)|\[\d+\]")  # plot/plot_id, data.plot_id, plot-plot_id
_LITTLE_WORDS = frozenset(
    {"of", "the", "a", "de", "la", "le", "du", "des", "del", "da", "do", "ya"}
)
_DATE_LIKE = re.compile(r"\d{4}\D\d{1,2}\D\d{1,2}\b.*|\d{1,2}\D\d{1,2}\D\d{2,4}\b.*|\d{8}")
_PHONE_LIKE = re.compile(r"(?:\+|00)\d[\d ()./-]{7,17}|0\d[\d ()./-]{7,12}|\d{9,15}")
_PHONE_FOR_SURE = re.compile(r"(?:\+|00)\d[\d ()./-]{7,17}")
_WEAK = 60  # doubt of a name that may mean something else
_MOST = 0.6  # share of the values that must look right [P]

_Frame = TypeVar("_Frame", bound=pd.DataFrame)


@dataclass(frozen=True, slots=True)
class Guess:
    """What a column of ours seems to be called in a file.

    Attributes:
        ours: Our name.
        theirs: The file's; "" where none fits.
        why: One short sentence.
    """

    ours: str
    theirs: str
    why: str


def guess_columns(theirs: Sequence[str], samples: Mapping[str, Sequence[str]]) -> tuple[Guess, ...]:
    """Guess which column of a file is which of ours.

    Args:
        theirs: Names of the file's columns.
        samples: Some values of each, as text; columns without any are judged by name alone.

    Returns:
        One guess for every one of `ALL_COLUMNS`, in that order. A column of the file is given once:
        the surest guess has it, and of equally sure ones the column that stands first.
    """
    candidates = sorted(_candidates(theirs, samples), key=lambda found: found[:3])
    taken: dict[str, Guess] = {}
    used: set[str] = set()
    for _doubt, _place, _order, guess in candidates:
        if guess.ours not in taken and guess.theirs not in used:
            taken[guess.ours] = guess
            used.add(guess.theirs)
    none = "no column of the file has a name like it"
    return tuple(taken.get(c.name, Guess(c.name, "", none)) for c in ALL_COLUMNS)


def apply_columns(
    frame: _Frame, columns: Mapping[str, str], *, name: str = "The file", mapped_by: str = ""
) -> _Frame:
    """Rename a file's columns to ours; columns that are not mapped stay.

    Args:
        frame: The table.
        columns: Our name -> theirs; "" leaves ours out.
        name: Of the file, for messages.
        mapped_by: Where the mapping stands, for messages.

    Returns:
        The table with our names. A column that carries our name already but is not the mapped one
        is dropped, for it would be there twice or was left out; one of theirs may be mapped to two
        of ours.

    Raises:
        TableInvalid: If one of theirs is not there.
    """
    wanted = {ours: theirs for ours, theirs in columns.items() if theirs}
    absent = sorted(set(wanted.values()) - set(frame.columns))
    if absent:
        raise TableInvalid(
            f"{name} has no column {', '.join(absent)}, which {mapped_by or 'the mapping'} names; "
            f"it has {_listed(frame.columns)}.",
            file=name,
            columns=absent,
        )
    ours_of: dict[str, list[str]] = {}
    for ours, theirs in wanted.items():
        ours_of.setdefault(theirs, []).append(ours)
    origin = {
        name: column
        for column in map(str, frame.columns)
        for name in ours_of.get(column, [] if column in columns else [column])
    }
    renamed = frame[list(origin.values())]
    renamed.columns = pd.Index(list(origin))
    return renamed


def samples_of(frame: pd.DataFrame, many: int = 50) -> dict[str, list[str]]:
    """Give some values of each column as text, none blank, for `guess_columns`."""
    head = frame.head(many * 4)
    return {
        str(name): [text for cell in head[name] if (text := _as_text(cell))][:many]
        for name in frame.columns
    }


def _candidates(
    theirs: Sequence[str], samples: Mapping[str, Sequence[str]]
) -> Iterator[tuple[int, int, int, Guess]]:
    """Give every possible guess with its doubt, the smaller the surer."""
    for place, column in enumerate(theirs):
        values = samples.get(column, ())
        for order, ours in enumerate(ALL_COLUMNS):
            found = _doubt(ours, column, values)
            if found is not None:
                doubt, why = found
                yield doubt, place, order, Guess(ours.name, column, why)


def _doubt(ours: Column, theirs: str, values: Sequence[str]) -> tuple[int, str] | None:
    by_name = _doubt_of_name(ours, theirs)
    if by_name is None:
        if ours.name == "farmer_phone" and values and _share(values, _PHONE_FOR_SURE) >= _MOST:
            return 90, "its values look like telephone numbers"
        return None
    if values and ours.is_date and _share(values, _DATE_LIKE) < _MOST:
        return None
    if values and ours.name == "farmer_phone" and _share(values, _PHONE_LIKE) < _MOST:
        return None
    weak = ours.name == "plot_id" and by_name[0] >= _WEAK
    if weak and len(set(values)) < len(values):
        return None  # a name for many rows is no name of a plot
    return by_name


def _doubt_of_name(ours: Column, theirs: str) -> tuple[int, str] | None:
    whole, last = plain(theirs), plain(_GROUPS.split(theirs)[-1])
    known = names()[ours.name]
    words = _words(last)
    rules = (
        (0, theirs == ours.name, "it has our name"),
        (1, whole == ours.name, "it has our name in other letters"),
        (2, last == ours.name, "it has our name inside a group"),
        (10, whole in known.sure, f"'{theirs}' is a usual name for it"),
        (11, last in known.sure, f"'{theirs}' ends in a usual name for it"),
        (20, len(theirs) == SHORT and whole in known.short, "it looks cut by a shapefile"),
        (30, len(words) > 1 and words in known.words, "it has the same words in another order"),
        (_WEAK, whole in known.weak or last in known.weak, f"'{theirs}' may be one; please check"),
    )
    return next(((doubt, why) for doubt, fits, why in rules if fits), None)


@dataclass(frozen=True, slots=True)
class Names:
    """Other names of one of our columns, as `plain` gives them.

    Attributes:
        sure: Names that hardly mean anything else.
        weak: Names that often mean something else, shown with a request to check.
        short: Our name and the sure ones, cut to ten letters.
        words: The same as sets of words.
    """

    sure: frozenset[str]
    weak: frozenset[str]
    short: frozenset[str]
    words: frozenset[frozenset[str]]


@cache
def names() -> Mapping[str, Names]:
    """Give the other names of every column, from `names.toml`."""
    table = tomllib.loads(resources.files("mrv.plots").joinpath("names.toml").read_text("utf-8"))
    found = {}
    for column in ALL_COLUMNS:
        sure, weak = (frozenset(map(plain, table[column.name][kind])) for kind in ("sure", "weak"))
        full = sure | {column.name}
        short = frozenset(name[:SHORT].strip("_") for name in full if len(name) > SHORT)
        found[column.name] = Names(sure, weak, short, frozenset(map(_words, full)))
    return MappingProxyType(found)


def plain(name: str) -> str:
    """Bring a name to small letters without accents, words joined by _."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())  # plotId
    letters = unicodedata.normalize("NFKD", apart.replace("đ", "d").replace("Đ", "D"))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[\W_]+", "_", bare.lower()).strip("_")


def _words(plain: str) -> frozenset[str]:
    return frozenset(plain.split("_")) - _LITTLE_WORDS


def _share(values: Sequence[str], pattern: re.Pattern[str]) -> float:
    return sum(bool(pattern.fullmatch(value.strip())) for value in values) / len(values)


def _as_text(cell: object) -> str:
    return "" if cell is None or cell != cell else str(cell).strip()  # noqa: PLR0124  # NaN


def _listed(columns: pd.Index, many: int = 30) -> str:
    shown = ", ".join(str(column) for column in columns[:many])
    return shown if len(columns) <= many else f"{shown} and {len(columns) - many} more"
