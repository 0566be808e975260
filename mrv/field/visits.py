"""Which visit to a plot stands for which date.

A visit is what a crew did on a plot within a month; an epoch is a date at which stock is estimated.
"""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

# Days without field work after which the next measurement is another visit [P].
_VISIT_GAP_DAYS = 31


def number_visits(trees: pd.DataFrame) -> pd.Series:
    """Number the visits of each plot in time: 0, 1, ...

    Args:
        trees: With plot_id and measured_on.

    Returns:
        The number of the visit that each row belongs to, on the index of `trees`.
    """
    days = (
        trees[["plot_id", "measured_on"]]
        .drop_duplicates()
        .sort_values(["plot_id", "measured_on"], kind="stable")
    )
    gap = days.groupby("plot_id")["measured_on"].diff().dt.days
    days["visit"] = (gap > _VISIT_GAP_DAYS).groupby(days["plot_id"]).cumsum().astype(int)
    keys = pd.MultiIndex.from_frame(days[["plot_id", "measured_on"]])
    numbers = pd.Series(days["visit"].to_numpy(), index=keys)
    rows = pd.MultiIndex.from_frame(trees[["plot_id", "measured_on"]])
    return pd.Series(numbers.reindex(rows).to_numpy(), index=trees.index, name="visit")


def match_visits(trees: pd.DataFrame, epochs: Sequence[date], tolerance_days: int) -> pd.Series:
    """Say for each row which epoch it stands for.

    A visit stands for the epoch nearest to its first day, and each epoch takes the nearest visit;
    a visit never stands for two epochs, because no change can be seen within one visit.

    Args:
        trees: With plot_id and measured_on.
        epochs: Dates at which stock is estimated.
        tolerance_days: How far a visit may be from its epoch [day].

    Returns:
        Position in `epochs`, or -1, on the index of `trees`.
    """
    rows = pd.DataFrame({"plot_id": trees["plot_id"], "visit": number_visits(trees)})
    rows["day"] = trees["measured_on"]
    visits = rows.groupby(["plot_id", "visit"], sort=True)["day"].min().reset_index()
    dates = pd.DatetimeIndex([pd.Timestamp(e) for e in epochs])
    apart = np.abs(
        (visits["day"].to_numpy()[:, None] - dates.to_numpy()[None, :]) / np.timedelta64(1, "D")
    )
    visits["epoch"] = apart.argmin(axis=1) if len(visits) else []
    visits["apart"] = apart.min(axis=1) if len(visits) else []
    visits = visits[visits["apart"] <= tolerance_days]
    nearest = visits.sort_values(["apart", "visit"]).drop_duplicates(["plot_id", "epoch"])
    keys = pd.MultiIndex.from_frame(nearest[["plot_id", "visit"]])
    numbers = pd.Series(nearest["epoch"].to_numpy(), index=keys, dtype=int)
    found = numbers.reindex(pd.MultiIndex.from_frame(rows[["plot_id", "visit"]]), fill_value=-1)
    return pd.Series(found.to_numpy(), index=trees.index, name="epoch")
