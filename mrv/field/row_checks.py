"""What a row of an inventory cannot say, seen together with its other cells or other rows.

What a single cell may hold is the table of `fields.py`; putting the findings into a report is
`inventory.py`.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from mrv.biomass.selection import measured_by_height
from mrv.field.fields import STATUSES

STEM = ["plot_id", "tree_id", "stem"]
# A girth that was noted to the centimetre, on a thin stem [P].
_GIRTH_TOLERANCE = 0.05
_NUMBER = r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?"

# What is wrong and how to mend it; the sentence begins with row and column.
MESSAGES: Mapping[str, str] = {
    "missing": "{column} is blank; every row needs one.",
    "not_a_number": "{column} says '{value}', which is not a number; write one such as 14.2.",
    "not_a_date": "{column} says '{value}', which is no date; write year-month-day.",
    "future_date": "{column} says {value}, which is still to come; correct the year or the day.",
    "too_small": "{column} is {value}, but must be {limit}; correct it or leave the row out.",
    "too_large": "{column} is {value}, but must be {limit}; check unit and decimal point.",
    "unknown_choice": "{column} says '{value}'; use one of {choices}.",
    "unknown_plot": "plot '{value}' is not among the accepted plots; correct plot_id or add the "
    "plot.",
    "alive_without_diameter": "a living tree needs dbh_cm or girth_cm, a palm at least its "
    "height; measure it or correct the status.",
    "girth_contradicted": "girth_cm and dbh_cm tell of different sizes, for a diameter is girth "
    "over 3.14; correct one or leave it out.",
    "two_shares": "both subplot_radius_m and tree_fraction say on how much of the plot trees were "
    "measured; keep one.",
    "alive_without_tree": "a tree needs a tree_id, to be found again at the next visit.",
    "no_trees_with_tree": "status no_trees says that the plot had none, yet the row names a tree; "
    "blank the tree's cells or correct the status.",
    "no_trees_contradicted": "status no_trees says that the plot had none, yet other rows of that "
    "day name trees there; take the row out.",
    "duplicate_row": "plot {plot_id}, tree {tree_id}, stem {stem} was already entered for "
    "{measured_on}; keep one of the rows.",
    "contradictory_rows": "plot {plot_id}, tree {tree_id}, stem {stem} is entered for "
    "{measured_on} more than once with different values; keep the right one.",
    "surplus_cells": "there are more cells than the header names, beginning with '{value}'; "
    "look for a comma inside a cell and put it in quotes.",
}


def numbers(text: pd.Series) -> pd.Series:
    """Read numbers with a point or a comma before the decimals; NaN where there is none."""
    tidy = text.fillna("")
    if (tidy == "").all():
        return pd.Series(np.nan, index=text.index)
    tidy = tidy.str.replace(" ", "").str.replace("\u00a0", "")
    tidy = tidy.where(tidy.str.fullmatch(_NUMBER), "").str.replace(",", ".")
    return pd.to_numeric(tidy, errors="coerce").astype(float)


def _alive_without_diameter(t: pd.DataFrame) -> pd.Series:
    by_height = t["species"].fillna("").map(measured_by_height).astype(bool)
    unmeasured = t["dbh_cm"].isna() & t["girth_cm"].isna() & ~(by_height & t["height_m"].notna())
    return ~((t["status"] == "alive") & unmeasured)


def _girth_not_contradicted(t: pd.DataFrame) -> pd.Series:
    dbh_cm, from_girth_cm = numbers(t["dbh_cm"]), numbers(t["girth_cm"]) / np.pi
    return ~((from_girth_cm - dbh_cm).abs() > _GIRTH_TOLERANCE * dbh_cm)


def _one_share(t: pd.DataFrame) -> pd.Series:
    return ~(t["subplot_radius_m"].notna() & (numbers(t["tree_fraction"]) < 1))


def _alive_without_tree(t: pd.DataFrame) -> pd.Series:
    return ~(t["status"].isin(STATUSES) & (t["status"] != "no_trees") & t["tree_id"].isna())


def _no_trees_with_tree(t: pd.DataFrame) -> pd.Series:
    named = t["tree_id"].notna() | t["dbh_cm"].notna() | t["girth_cm"].notna()
    return ~((t["status"] == "no_trees") & named)


def _no_trees_contradicted(t: pd.DataFrame) -> pd.Series:
    day = [t["plot_id"], t["measured_on"]]
    others = t["status"].isin(STATUSES) & (t["status"] != "no_trees")
    return ~((t["status"] == "no_trees") & others.groupby(day, dropna=False).transform("any"))


def _stem_day(t: pd.DataFrame) -> pd.DataFrame:
    key = t[[*STEM, "measured_on"]]
    return key[t["tree_id"].notna() & t["plot_id"].notna()]


def _not_repeated(t: pd.DataFrame) -> pd.Series:
    # The first of identical rows is kept; of contradictory ones nobody can say which is right.
    repeated = t.duplicated(keep="first") & t["tree_id"].notna()
    return ~repeated


def _not_contradicted(t: pd.DataFrame) -> pd.Series:
    distinct = t[~t.duplicated(keep="first")]
    twice = _stem_day(distinct).duplicated(keep=False)
    return ~twice.reindex(t.index, fill_value=False)


ROW_CHECKS: Mapping[str, Callable[[pd.DataFrame], pd.Series]] = {
    "alive_without_diameter": _alive_without_diameter,
    "girth_contradicted": _girth_not_contradicted,
    "two_shares": _one_share,
    "alive_without_tree": _alive_without_tree,
    "no_trees_with_tree": _no_trees_with_tree,
    "no_trees_contradicted": _no_trees_contradicted,
    "duplicate_row": _not_repeated,
    "contradictory_rows": _not_contradicted,
}
ROW_CHECK_COLUMNS: Mapping[str, str] = {
    "alive_without_diameter": "dbh_cm",
    "girth_contradicted": "girth_cm",
    "two_shares": "subplot_radius_m",
    "alive_without_tree": "tree_id",
    "no_trees_with_tree": "status",
    "no_trees_contradicted": "status",
    "duplicate_row": "tree_id",
    "contradictory_rows": "tree_id",
}
