"""What is unlikely in an inventory: the row stays, flagged for the verifier.

Each check gives positions in the table, a column, a code and a sentence. The limits are policy [P]:
wide enough that real forests pass, and narrow enough that slips and copies do not.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from mrv.field.fields import SUSPECT
from mrv.field.species import is_known, nearest_known

_DBH_LARGE_CM = 300.0
_HEIGHT_LARGE_M = 90.0
# Height over diameter, both in metres, from 5 cm up; 4,004 trees of Chave et al. 2014: 14-238.
_SLENDERNESS = (4.0, 300.0)
_SLENDER_FROM_CM = 5.0
_GROWTH_CM_Y = 8.0
_YEARS_MIN = 0.25
_SHRINK = (2.0, 0.15)  # more than 2 cm and more than 15 % thinner than before
_TENFOLD = (8.0, 12.5)
_MILLIMETRE_VISIT = (7.0, 60.0)  # a visit's median seven times the file's, and above 60 cm
_VISIT_TREES_MIN = 3
_SAME_PLACE_TREES = 5
# A copy is ten rows in a row, or a whole smaller visit of at least five, with few sizes repeated:
# 65,889 trees of 96 forest plots, sorted by species and size, show none by chance.
_COPIED_ROWS = (5, 10)
_COPIED_DISTINCT = 0.8
_CYLINDER_TOLERANCE = 1.02
_STEM = ["plot_id", "tree_id", "stem"]
_DAYS_PER_YEAR = 365.25

# Worth knowing, yet no reason to doubt what was measured.
_HARMLESS = ("tree_not_revisited",)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Rows that share a suspicion.

    Attributes:
        positions: In the index of the table; the sentence is about the first.
        column: That gave rise to it.
        code: Stable name.
        sentence: What was seen and what to do, for a person.
    """

    positions: list[int]
    column: str
    code: str
    sentence: str

    @property
    def flags(self) -> tuple[str, ...]:
        """What its rows are flagged with."""
        return (self.code,) if self.code in _HARMLESS else (self.code, SUSPECT)


def find_suspicions(trees: pd.DataFrame) -> list[Suspicion]:
    """Look for what is unlikely.

    Args:
        trees: Typed rows of an inventory, with `visit`.
    """
    alive = trees[trees["status"] == "alive"]
    each = (_large, _slender, _volume, _unknown_species, _same_place, _copied, _visit_in_mm)
    found = [suspicion for check in each for suspicion in check(alive)]
    return [*found, *_remeasured(alive), *_life_history(trees), *_probabilities(trees)]


def _large(alive: pd.DataFrame) -> Iterator[Suspicion]:
    for position, value in alive.loc[alive["dbh_cm"] > _DBH_LARGE_CM, "dbh_cm"].items():
        yield _one(
            position,
            "dbh_cm",
            "diameter_large",
            f"a diameter of {value:g} cm is a giant's; look at the tree or the decimal point.",
        )
    for position, value in alive.loc[alive["height_m"] > _HEIGHT_LARGE_M, "height_m"].items():
        yield _one(
            position,
            "height_m",
            "height_large",
            f"a height of {value:g} m is a giant's; look at the tree or the decimal point.",
        )


def _slender(alive: pd.DataFrame) -> Iterator[Suspicion]:
    ratio = 100 * alive["height_m"] / alive["dbh_cm"]
    odd = (ratio < _SLENDERNESS[0]) | (ratio > _SLENDERNESS[1])
    for position, value in ratio[odd & (alive["dbh_cm"] >= _SLENDER_FROM_CM)].items():
        yield _one(
            position,
            "height_m",
            "slenderness",
            f"the tree is {value:.0f} times as tall as thick, outside {_SLENDERNESS[0]:.0f}-"
            f"{_SLENDERNESS[1]:.0f}; look at the units of dbh_cm and height_m.",
        )


def _volume(alive: pd.DataFrame) -> Iterator[Suspicion]:
    cylinder = np.pi / 4 * (alive["dbh_cm"] / 100) ** 2 * alive["height_m"]
    stated = alive["stem_volume_m3"]
    for position in alive.index[stated > cylinder * _CYLINDER_TOLERANCE]:
        yield _one(
            position,
            "stem_volume_m3",
            "volume",
            f"a stem volume of {stated[position]:.3g} m3 is above the "
            f"{cylinder[position]:.3g} m3 of a cylinder as thick and tall; the sizes or the volume "
            "are wrong.",
        )


def _unknown_species(alive: pd.DataFrame) -> Iterator[Suspicion]:
    for written, rows in alive.groupby("species", sort=True):
        name = str(written)
        if is_known(name):
            continue
        near = nearest_known(name)
        hint = f"did you mean '{near}'? " if near else ""
        what = f"species '{name}' is not known" if name else "the species is not named"
        yield Suspicion(
            list(rows.index),
            "species",
            "species_unknown",
            f"{what} ({len(rows)} rows); {hint}it gets a mean wood density.",
        )


def _same_place(alive: pd.DataFrame) -> Iterator[Suspicion]:
    placed = alive.dropna(subset=["lon", "lat"])
    place = pd.MultiIndex.from_frame(placed[["lon", "lat"]])
    once = placed.drop_duplicates(["plot_id", "tree_id", "lon", "lat"])
    trees_at = once.groupby(["lon", "lat"], sort=False).size()
    # Few places are crowded, so only those are looked at one by one.
    for spot, trees in trees_at[trees_at >= _SAME_PLACE_TREES].items():
        lon, lat = cast("tuple[float, float]", spot)
        yield Suspicion(
            list(placed.index[place == (lon, lat)]),
            "lon",
            "same_position",
            f"{trees} trees are said to stand at {lon:.6g}, {lat:.6g}; a position for each "
            "tree, or none, would be better.",
        )


def _copied(alive: pd.DataFrame) -> Iterator[Suspicion]:
    """Find runs of rows that stand, number for number, in two plots."""
    alike = alive.groupby(["species", "dbh_cm", "height_m"], dropna=False, sort=False).ngroup()
    seen: dict[tuple[int, ...], tuple[object, list[int]]] = {}
    copies: dict[tuple[object, object], set[int]] = defaultdict(set)
    for (plot, _visit), rows in alive.groupby(["plot_id", "visit"], sort=False):
        codes, sizes = alike[rows.index].tolist(), rows["dbh_cm"].tolist()
        length = min(len(codes), _COPIED_ROWS[1])
        for start in range(len(codes) - length + 1) if length >= _COPIED_ROWS[0] else ():
            run = slice(start, start + length)
            if len(set(sizes[run])) < _COPIED_DISTINCT * length:
                continue
            here = list(rows.index[run])
            first, there = seen.setdefault(tuple(codes[run]), (plot, here))
            if first != plot:
                copies[first, plot].update(here, there)
    for (first, plot), positions in copies.items():
        yield Suspicion(
            sorted(positions),
            "dbh_cm",
            "copied_rows",
            f"{len(positions) // 2} rows in a row are the same in plots {first} and {plot}; look "
            "whether one was copied from the other.",
        )


def _visit_in_mm(alive: pd.DataFrame) -> Iterator[Suspicion]:
    visits = alive.groupby(["plot_id", "visit"])["dbh_cm"].agg(["median", "size"])
    visits = visits[visits["size"] >= _VISIT_TREES_MIN]
    usual = visits["median"].median()
    times, least_cm = _MILLIMETRE_VISIT
    odd = visits[(visits["median"] > least_cm) & (visits["median"] > times * usual)]
    for plot, visit, median in odd.reset_index()[["plot_id", "visit", "median"]].to_numpy():
        rows = alive[(alive["plot_id"] == plot) & (alive["visit"] == visit)]
        yield Suspicion(
            list(rows.index),
            "dbh_cm",
            "unit_mix",
            f"the median diameter of this visit to plot {plot} is {median:g} cm, elsewhere "
            f"{usual:g} cm; were they written in millimetres?",
        )


def _remeasured(alive: pd.DataFrame) -> Iterator[Suspicion]:
    rows = alive.sort_values([*_STEM, "measured_on"], kind="stable")
    stem = rows.groupby(_STEM)
    before, day = stem["dbh_cm"].shift(), stem["measured_on"].shift()
    years = ((rows["measured_on"] - day).dt.days / _DAYS_PER_YEAR).clip(lower=_YEARS_MIN)
    change, ratio = rows["dbh_cm"] - before, rows["dbh_cm"] / before
    tenfold = ratio.between(*_TENFOLD) | (1 / ratio).between(*_TENFOLD)
    grew = (change / years > _GROWTH_CM_Y) & ~tenfold
    shrank = (change < -_SHRINK[0]) & (ratio < 1 - _SHRINK[1]) & ~tenfold
    kinds = (
        (tenfold, "unit_mix", "was one of them written in millimetres?"),
        (grew, "growth", "is it the same tree?"),
        (shrank, "shrinkage", "is it the same tree?"),
    )
    for odd, code, question in kinds:
        for position in rows.index[odd]:
            yield _one(
                position,
                "dbh_cm",
                code,
                f"the tree measured {before[position]:g} cm at the visit before and "
                f"{rows['dbh_cm'][position]:g} cm now; {question}",
            )
    renamed = stem["species"].shift().ne(rows["species"]) & before.notna()
    for position in rows.index[renamed]:
        yield _one(
            position,
            "species",
            "species_changed",
            f"the tree is called '{rows['species'][position]}', at the visit before it was "
            "called otherwise; the first name is used.",
        )


def _life_history(trees: pd.DataFrame) -> Iterator[Suspicion]:
    """Find trees that rise again, and trees of which a later visit says nothing."""
    rows = trees[trees["tree_id"] != ""].sort_values([*_STEM, "measured_on"], kind="stable")
    gone = rows.groupby(_STEM)["status"].shift().isin(["dead", "harvested"])
    for position in rows.index[gone & (rows["status"] == "alive")]:
        yield _one(
            position,
            "status",
            "alive_again",
            "the tree is alive, at the visit before it was dead or harvested; a new tree needs a "
            "tree_id of its own.",
        )
    last_visit = trees.groupby("plot_id")["visit"].transform("max")
    last = rows.drop_duplicates(_STEM, keep="last")
    unseen = (last["status"] == "alive") & (last["visit"] < last_visit[last.index])
    for position in last.index[unseen]:
        yield _one(
            position,
            "tree_id",
            "tree_not_revisited",
            f"tree {last['tree_id'][position]} has no row at a later visit to plot "
            f"{last['plot_id'][position]} and counts as missing there; add a row with its "
            "status.",
        )


def _probabilities(trees: pd.DataFrame) -> Iterator[Suspicion]:
    stated = trees.dropna(subset=["inclusion_probability"])
    for plot, rows in stated.groupby("plot_id", sort=True):
        first = rows["inclusion_probability"].iloc[0]
        other = rows.index[rows["inclusion_probability"] != first]
        if len(other):
            yield Suspicion(
                list(other),
                "inclusion_probability",
                "probability_varies",
                f"plot {plot} has more than one inclusion probability; {first:g}, the first, is "
                "used.",
            )


def _one(position: Hashable, column: str, code: str, sentence: str) -> Suspicion:
    return Suspicion([int(str(position))], column, code, sentence)
