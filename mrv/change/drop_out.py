"""Plots that nobody has seen for a while: carried without growth, held, at last counted as lost.

A look counts where the plot was clear, a visit where trees were measured. Leaving the programme and
being unseen for two years come to the same: nobody watches the trees any more.

Source:
    methodology.md 8 (drop-outs, non-response); 5.5 for how an old value loses its worth.
"""

from datetime import date
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrv.change.permanence import PermanenceRules

Monitoring = Literal["current", "carried", "held", "lost", "left"]
MONITORING: Final = ("current", "carried", "held", "lost", "left")
"""Current; carried at its last value; held, because that value is too old to carry; lost; left."""
_MONTHS_PER_YEAR = 12
_CURRENT_MONTHS = 12  # every plot is reported on once a year


def judge_monitoring(
    plots: pd.DataFrame, last_seen: pd.Series, day: date, rules: PermanenceRules
) -> pd.DataFrame:
    """Say of every plot how well it is still watched.

    Args:
        plots: plot_id, and enrolled_on and left_on where they are known.
        last_seen: Last clear look or visit by plot_id, as dates; missing where there was none: it
            then counts from the day of enrolment.
        day: On which the question is asked.
        rules: Limits.

    Returns:
        One row per plot: plot_id, last_seen, gap_months [month], monitoring (see `MONITORING`),
        lost_on (the day on which a plot that is lost became so, or left) and `may_grow`.

    Raises:
        ValueError: If a plot has neither been seen nor enrolled on a known day.
    """
    ids = plots["plot_id"].astype(str)
    seen = pd.to_datetime(last_seen.rename(index=str).reindex(ids), errors="coerce").to_numpy()
    if "enrolled_on" in plots:
        seen = np.where(np.isnat(seen), pd.to_datetime(plots["enrolled_on"]).to_numpy(), seen)
    seen = seen.astype("datetime64[D]")
    if np.isnat(seen).any():
        unknown = ids[np.isnat(seen)].iloc[0]
        raise ValueError(f"plot {unknown} was never seen and has no day of enrolment")
    gap = _months_between(seen, np.datetime64(day, "D"))
    state = np.select(
        [gap < _CURRENT_MONTHS, gap <= rules.gap_months, gap < rules.dropout_months],
        ["current", "carried", "held"],
        "lost",
    ).astype(object)
    due = _months_after(seen, rules.dropout_months)
    lost_on = np.where(state == "lost", due, np.datetime64("NaT"))
    if "left_on" in plots:
        left = pd.to_datetime(plots["left_on"]).to_numpy().astype("datetime64[D]")
        gone = ~np.isnat(left) & (left <= np.datetime64(day, "D"))
        earlier = gone & (np.isnat(lost_on) | (left <= lost_on))
        state[earlier], lost_on[earlier] = "left", left[earlier]
    return pd.DataFrame(
        {
            "plot_id": ids.to_numpy(),
            "last_seen": seen,
            "gap_months": gap,
            "monitoring": state,
            "lost_on": lost_on,
            "may_grow": state == "current",
        }
    )


def carried_sd(sd: float, gap_months: float, rules: PermanenceRules) -> float:
    """Give the standard deviation of a value that is carried over a gap, in the unit of `sd`.

    The value's own error, and that of the change nobody saw: two dates whose errors correlate by
    rho^years differ by a standard deviation of sd sqrt(2 (1 - rho^years)) (methodology 5.5: 10
    Mg/ha and 0.7 give 7.75).
    """
    rho = rules.gap_correlation_year ** (gap_months / _MONTHS_PER_YEAR)
    return float(sd * np.sqrt(1.0 + 2.0 * (1.0 - rho)))


def carried_change(change: NDArray[np.float64], may_grow: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Credit no growth to plots that were not seen; what they lost stays lost.

    Args:
        change: Per plot, in any unit [plot].
        may_grow: Whether a plot was seen [plot].
    """
    return np.where(may_grow, change, np.minimum(change, 0.0))


def _months_between(seen: NDArray[np.datetime64], day: np.datetime64) -> NDArray[np.int64]:
    """Count whole months; one is over on the same day of the next. None before a later look."""
    whole = (day.astype("datetime64[M]") - seen.astype("datetime64[M]")).astype(np.int64)
    return np.asarray(np.maximum(whole - (_months_after(seen, whole) > day), 0))


def _months_after(
    seen: NDArray[np.datetime64], months: NDArray[np.int64] | int
) -> NDArray[np.datetime64]:
    """Add months; the 31st becomes the last day of a shorter month."""
    into = seen - seen.astype("datetime64[M]").astype("datetime64[D]")
    month = seen.astype("datetime64[M]") + np.asarray(months).astype("timedelta64[M]")
    last = (month + 1).astype("datetime64[D]") - np.timedelta64(1, "D")
    return np.asarray(np.minimum(month.astype("datetime64[D]") + into, last))


def watched_until(plots: pd.DataFrame, watched: pd.DataFrame) -> pd.DataFrame:
    """Give the plots with the day on which nobody watched them any more as `left_on`.

    Args:
        plots: The accepted ones, by plot_id.
        watched: What the watch says of each: plot_id, lost_on.
    """
    lost = watched.set_index("plot_id")["lost_on"].reindex(plots["plot_id"])
    return pd.DataFrame(plots.assign(left_on=pd.to_datetime(lost.to_numpy())))
