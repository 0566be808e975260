"""Which plots are estimated, in which strata, and what the measured ones stand for.

A plot that joined later is left out: it would be credited with growth from before it was there. So
is one that left before the end: what it earned in earlier periods counts as lost (methodology 8).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from mrv.estimation.field_sample import collapse, drawn_villages, standing_for_all
from mrv.estimation.greg import Floats, Ints, Population
from mrv.estimation.paired import PairedGrowth
from mrv.methodologies import Methodology


@dataclass(frozen=True, slots=True, eq=False)
class Enrolled:
    """Enrolled plots as arrays, with the strata they are reported in and those they are sampled in.

    The two differ only where a stratum had too few measured plots; `split` then gives its part of
    the joint total by area [reported stratum, sampled stratum].
    """

    frame: pd.DataFrame
    names: Sequence[str]
    label: Ints
    population: Population
    villages: Sequence[str | None]
    stratum_ha: Floats
    split: Floats

    def clusters(self, rows: Ints) -> int:
        """Count the named villages among plots."""
        return len({self.villages[i] for i in rows} - {None})

    @property
    def sampling_units(self) -> int:
        """Villages, or plots, that were drawn."""
        unit = self.population.unit
        return len(self.population.sampled if unit is None else np.unique(unit))


def joined_later(plots: pd.DataFrame, start: date, methodology: Methodology) -> "pd.Series[bool]":
    """Say which plots joined too late for the first epoch's visit to be theirs."""
    if "enrolled_on" not in plots:
        return pd.Series(data=False, index=plots.index)
    tolerance = pd.Timedelta(days=methodology.number("field_sample.epoch_tolerance_days"))
    return pd.to_datetime(plots["enrolled_on"]) > pd.Timestamp(start) + tolerance


def left_before(plots: pd.DataFrame, end: date) -> "pd.Series[bool]":
    """Say which plots had left the programme when the period ended."""
    if "left_on" not in plots:
        return pd.Series(data=False, index=plots.index)
    return pd.to_datetime(plots["left_on"]) < pd.Timestamp(end)


def enroll(frame: pd.DataFrame, growth: PairedGrowth) -> Enrolled:
    """Line enrolled plots up with those of them that were measured."""
    names, label = np.unique(frame["stratum"].astype(str).to_numpy(), return_inverse=True)
    label = label.astype(np.int64)
    joined = collapse(label, growth.rows, len(names))
    area = frame["area_ha"].to_numpy(np.float64)
    sampled = joined[growth.rows]
    stratum_ha = np.bincount(label, weights=area).astype(np.float64)
    joined_ha = np.bincount(joined, weights=area)
    split = np.zeros((len(names), len(joined_ha)))
    for h in range(len(names)):
        host = joined[label == h][0]
        split[h, host] = stratum_ha[h] / joined_ha[host]
    plots_per_stratum = np.bincount(joined)
    recorded = growth.inclusion_probability
    # Unknown probabilities are taken as equal within the stratum; a gate refuses such a sample.
    equal = (np.bincount(sampled) / plots_per_stratum)[sampled]
    villages = [v if isinstance(v, str) and v else None for v in frame["village"]]
    unit, units_measured = drawn_villages(villages, joined, growth.rows) or (None, 0.0)
    population = Population(
        area_ha=area,
        stratum=joined,
        sampled=growth.rows,
        inclusion_probability=standing_for_all(
            np.where(np.isfinite(recorded), recorded, equal), sampled, plots_per_stratum
        ),
        unit=unit,
        units_measured=units_measured,
    )
    return Enrolled(frame, [str(n) for n in names], label, population, villages, stratum_ha, split)
