"""What a map may look at: changes of what scenes show, and levels at the start.

Never a change of something undated. A canopy height map is a mosaic of acquisitions whose dates are
not given: the difference of two of them is no growth, so it may stand as a level only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrv.errors import InputRejected
from mrv.estimation.greg import Floats

MIN_SHARE_SEEN: Final = 0.5
"""A feature that more than half of the plots lack is left out [P]."""
MIN_SHARE_OF_BEST: Final = 0.9
"""So is one that lacks for many plots where another does not: each plot without it would leave the
map [P]."""


@dataclass(frozen=True, slots=True)
class Feature:
    """A column of the table of features, and how it may enter a map of growth.

    Attributes:
        column: Its name there.
        change: Whether its change over the period is looked at.
        level: Whether its value at the start is.
        static: Whether it is one picture of no certain date.

    Raises:
        InputRejected: If something static is to enter as a change.
    """

    column: str
    change: bool = False
    level: bool = False
    static: bool = False

    def __post_init__(self) -> None:
        """Refuse changes of what has no date."""
        if self.static and self.change:
            raise InputRejected(
                f"{self.column} is a picture of no certain date, so its change is no growth; "
                "let it enter as a level.",
                feature=self.column,
            )


FEATURES: Final = (
    Feature("nirv_dry", change=True, level=True),
    Feature("ndmi_dry", change=True),
    Feature("rendvi_dry", change=True),  # red edge
    Feature("nbr_dry", change=True),
    Feature("nirv_amplitude", level=True),
    Feature("vh_dry", change=True),
    Feature("vv_dry", change=True),
    Feature("canopy_height_m", level=True, static=True),
)
"""In expected order of use (methodology 5.5 [P]): in the dry season crops and understorey are
senesced, and what greens or moistens is trees. The swing to the wet season tells crops from trees
at the start; its change does not enter, because fertilised crops would grow like trees by it. Radar
and canopy height are there when a project has them. Any other column is not looked at."""


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Standardised features of every enrolled plot; where one is missing it stands at the mean.

    Attributes:
        names: Of the columns.
        values: [plot, feature], mean 0 and spread 1 over the plots.
        seen: Whether the plot had every feature [plot].
    """

    names: tuple[str, ...]
    values: Floats
    seen: NDArray[np.bool_]


def change_features(
    table: pd.DataFrame | None,
    plot_ids: Sequence[str],
    start: date,
    end: date,
    catalogue: Sequence[Feature] = FEATURES,
) -> Features:
    """Choose and standardise the map's features for one period.

    Args:
        table: Seasonal features by (plot_id, epoch), as `composites.season_features` gives them;
            None where no scene was to be had.
        plot_ids: Enrolled plots, in order.
        start: First epoch.
        end: Last epoch.
        catalogue: What may be looked at.

    Returns:
        Features in the order of the plots; no column where nothing usable was seen.
    """
    columns: dict[str, Floats] = {}
    if table is not None and len(table):
        before, after = (_at(table, plot_ids, epoch) for epoch in (start, end))
        there = [feature for feature in catalogue if feature.column in table]
        for feature in (f for f in there if f.change):
            change = after[feature.column] - before[feature.column]
            columns[f"{feature.column}_change"] = change.to_numpy(np.float64)
        for feature in (f for f in there if f.level):
            columns[f"{feature.column}_start"] = before[feature.column].to_numpy(np.float64)
    shares = {name: float(np.isfinite(column).mean()) for name, column in columns.items()}
    least = max(MIN_SHARE_SEEN, MIN_SHARE_OF_BEST * max(shares.values(), default=0.0))
    usable = {
        name: column
        for name, column in columns.items()
        if shares[name] >= least and np.nanstd(column) > 0
    }
    if not usable:
        empty = np.empty((len(plot_ids), 0))
        return Features((), empty, np.zeros(len(plot_ids), dtype=np.bool_))
    values = np.column_stack(list(usable.values()))
    standard = (values - np.nanmean(values, axis=0)) / np.nanstd(values, axis=0)
    seen = np.asarray(np.isfinite(values).all(axis=1), dtype=np.bool_)
    return Features(tuple(usable), np.nan_to_num(standard, nan=0.0), seen)


def _at(table: pd.DataFrame, plot_ids: Sequence[str], epoch: date) -> pd.DataFrame:
    """Rows of one epoch in the order of the plots, NaN where a plot is missing."""
    flat = table.reset_index()
    when = pd.to_datetime(flat["epoch"]).dt.date == epoch
    return flat[when].drop_duplicates("plot_id").set_index("plot_id").reindex(list(plot_ids))
