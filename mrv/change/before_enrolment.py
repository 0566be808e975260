"""What stood on each plot before it was enrolled: the evidence that credits are for new trees.

Three witnesses, each with what it cannot see: trees that the inventory calls pre-existing, the
greenness of the dry season before enrolment (when crops are dead), and tree cover lost in the five
years before. A plot gets a verdict and the numbers it rests on; a plot that nobody looked at is
called unseen, never open.

Source: Acorn onboarding rule and AM-002 (methodology reference 1.1); limits in the rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import numpy as np
import pandas as pd

from mrv.methodologies import Methodology
from mrv.quality import Verdict

Before = Literal["open", "scattered_trees", "canopy", "lost_trees", "unseen"]
MEANING: Final[Mapping[Before, str]] = {
    "open": "open land; no trees to speak of were seen or measured",
    "scattered_trees": "trees stood there; their growth is baseline, only new trees are credited",
    "canopy": "was green in the dry season before; a person compares it with the trees measured",
    "lost_trees": "trees were lost in the five years before; not eligible unless contested",
    "unseen": "was not looked at before enrolment; nothing can be said",
}
_LOSS_TRACE_HA = 0.0001  # a square metre: the rounding of coverage fractions, as in `plots.land`


@dataclass(frozen=True, slots=True)
class LossRecord:
    """Tree cover lost on one plot, by calendar year [ha]; empty where none was, None unknown."""

    by_year_ha: Mapping[int, float] | None = None


def what_stood_before(
    plots: pd.DataFrame,
    observations: pd.DataFrame,
    pre_existing_t_ha: Mapping[str, float],
    losses: Mapping[str, LossRecord],
    methodology: Methodology,
    *,
    start: date,
) -> pd.DataFrame:
    """Put together what is known of every enrolled plot before its enrolment.

    Args:
        plots: plot_id, role, and enrolled_on where known; else the project's start stands in.
        observations: plot_id, acquired_at, clear_fraction, ndvi; of any dates, those later
            than seedlings stay unseen are not looked at. Best confined to dry seasons.
        pre_existing_t_ha: Biomass at the first visit in trees that stood before, of the measured
            plots [t d.m./ha].
        losses: Tree cover lost, of the plots a loss raster reached.
        methodology: The rules.
        start: The project's first epoch.

    Returns:
        One row per enrolled plot: plot_id, enrolled_on, looks, first_seen, last_seen, ndvi (median
        of clear looks before), pre_existing_t_ha, lost_ha, verdict (a key of `MEANING`); NaN where
        a witness saw nothing.
    """
    enrolled = plots.loc[plots["role"] == "enrolled", ["plot_id"]].reset_index(drop=True)
    days = plots.loc[plots["role"] == "enrolled"].get("enrolled_on")
    on = pd.Series(pd.NaT, index=enrolled.index) if days is None else days.reset_index(drop=True)
    enrolled["enrolled_on"] = pd.to_datetime(on).fillna(pd.Timestamp(start)).dt.normalize()
    table = enrolled.merge(_seen_before(enrolled, observations, methodology), how="left")
    table["looks"] = table["looks"].fillna(0).astype(int)
    stood = table["plot_id"].map(dict(pre_existing_t_ha))
    table["pre_existing_t_ha"] = stood.astype(np.float64)
    years = int(methodology.number("before_enrolment.loss_years"))
    table["lost_ha"] = [
        _lost_before(losses.get(plot_id), day.year, years)
        for plot_id, day in zip(table["plot_id"], table["enrolled_on"], strict=True)
    ]
    table["verdict"] = _verdicts(table, methodology)
    return table


def counts(table: pd.DataFrame) -> dict[Before, int]:
    """Count plots by verdict, all verdicts named: what is told in public, where no plot is."""
    said = table["verdict"].value_counts()
    return {verdict: int(said.get(verdict, 0)) for verdict in MEANING}


def known_before(table: pd.DataFrame, methodology: Methodology) -> Verdict:
    """Judge whether it is known of enough plots what stood there; tell counts, and no plot.

    Args:
        table: Of `what_stood_before`.
        methodology: The rules.
    """
    told = counts(table)
    limit = methodology.number("before_enrolment.known_min_fraction")
    known = 1.0 - told["unseen"] / len(table) if len(table) else 0.0
    passed = known >= limit
    number = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in told.items() if count)
    return Verdict(
        gate="before_enrolment",
        passed=passed,
        measured=known,
        limit=limit,
        sentence=f"Before enrolment the {len(table)} plots were: {number or 'none'}"
        + ("." if passed else f"; {limit:.0%} must be known, so add scenes from before the start."),
        facts={str(name): count for name, count in told.items()},
    )


def _seen_before(
    enrolled: pd.DataFrame, observations: pd.DataFrame, methodology: Methodology
) -> pd.DataFrame:
    columns = ["plot_id", "looks", "first_seen", "last_seen", "ndvi"]
    if observations.empty or "ndvi" not in observations:
        return pd.DataFrame(columns=columns).astype({"plot_id": "object"})
    clear = methodology.number("imagery.clear_fraction_min")
    looks = observations[observations["clear_fraction"] >= clear].dropna(subset=["ndvi"])
    days = pd.to_datetime(looks["acquired_at"], utc=True).dt.tz_localize(None).dt.normalize()
    looks = looks[["plot_id", "ndvi"]].assign(day=days).merge(enrolled, on="plot_id")
    unseen = pd.Timedelta(days=methodology.number("before_enrolment.seedling_days"))
    before = looks[looks["day"] < looks["enrolled_on"] + unseen]
    found = before.groupby("plot_id").agg(
        looks=("day", "size"),
        first_seen=("day", "min"),
        last_seen=("day", "max"),
        ndvi=("ndvi", "median"),
    )
    return found.reset_index()[columns]


def _lost_before(record: LossRecord | None, enrolled_year: int, years: int) -> float:
    if record is None or record.by_year_ha is None:
        return float("nan")
    return sum(
        lost_ha
        for year, lost_ha in record.by_year_ha.items()
        if enrolled_year - years <= year <= enrolled_year
    )


def _verdicts(table: pd.DataFrame, methodology: Methodology) -> list[str]:
    stood = table["pre_existing_t_ha"] >= methodology.number("before_enrolment.stood_t_ha")
    green = table["ndvi"] >= methodology.number("before_enrolment.canopy_ndvi")
    unseen = (table["looks"] == 0) & table["pre_existing_t_ha"].isna() & table["lost_ha"].isna()
    # The gravest says what the plot is: a plot that lost trees is not made open by being bare now.
    chosen = np.select(
        [table["lost_ha"] > _LOSS_TRACE_HA, unseen, stood, green],
        ["lost_trees", "unseen", "scattered_trees", "canopy"],
        default="open",
    )
    return [str(verdict) for verdict in chosen]
