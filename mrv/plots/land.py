"""Whether the land may take part: consent, dates of planting, and trees lost before enrolment.

Loss is told by calendar year, so every year that falls in the time before enrolment counts, in
part or whole; whoever knows better contests it with evidence.
"""

from collections.abc import Callable
from datetime import date

import numpy as np

from mrv.plots.bench import Bench
from mrv.plots.measure import areas_of
from mrv.plots.rules import PlotRules
from mrv.plots.surroundings import LostTrees, Shapes

_DAYS_PER_YEAR = 365.25
_TRACE_HA = 0.0001  # a square metre: less is the rounding of coverage fractions [P]
_NO_DATE = np.datetime64("NaT", "D")


def check_dates(bench: Bench, rules: PlotRules, today: date | None) -> None:
    """Warn of planting long before enrolment, and of dates that are still to come."""
    planted, enrolled, agreed, left = (
        _dates(bench, name) for name in ("planted_on", "enrolled_on", "consent_on", "left_on")
    )
    years = (enrolled - planted).astype(float) / _DAYS_PER_YEAR
    early = ~np.isnat(enrolled - planted) & (years > rules.planting_window_years)
    for row in np.flatnonzero(early).tolist():
        what = (
            f"was planted {years[row]:.1f} years before enrolment; the methodology looks back "
            f"{rules.planting_window_years:g} years"
        )
        bench.tell(row, "planted_early", what)
    for row in np.flatnonzero(agreed > enrolled).tolist():
        bench.tell(row, "consent_late", f"has a consent of {agreed[row]}, after enrolment")
    for row in np.flatnonzero(left < enrolled).tolist():
        bench.tell(row, "left_before", f"left on {left[row]}, before it was enrolled")
    if today is None:
        return
    for dates, code, said in (
        (planted, "planted_future", "planting"),
        (enrolled, "enrolled_future", "enrolment"),
        (agreed, "consent_future", "consent"),
        (left, "left_future", "leaving"),
    ):
        for row in np.flatnonzero(dates > np.datetime64(today, "D")).tolist():
            bench.tell(row, code, f"has a date of {said} that is still to come ({dates[row]})")


def check_consent(bench: Bench, *, asked: bool) -> None:
    """Refuse plots whose farmer did not agree.

    Args:
        bench: Of which the cells are looked at.
        asked: Whether the file has a column for it at all.
    """
    if not asked:
        bench.tell_file("consent_unknown", "The file does not say whether the farmers agreed.")
        return
    answers = bench.texts["consent_given"].to_numpy(dtype=object)
    for row in np.flatnonzero(answers != "yes").tolist():
        said = "has no consent of its farmer" if answers[row] == "no" else "does not state consent"
        bench.tell(row, "no_consent", said)


def check_loss(
    bench: Bench,
    rules: PlotRules,
    today: date | None,
    lost_trees: Callable[[Shapes], LostTrees] | None,
) -> None:
    """Refuse plots where trees were lost in the years before enrolment.

    The years are those from `tree_loss_years` before enrolment (else today, else the last year of
    the product) to then.
    """
    rows = bench.rows(bench.standing)
    if lost_trees is None or not len(rows):
        return
    lost = lost_trees(bench.shapes[rows])
    last = np.full(len(rows), today.year if today else int(lost.years.max()))
    enrolled = _dates(bench, "enrolled_on")[rows]
    known = ~np.isnat(enrolled)
    last[known] = enrolled[known].astype("datetime64[Y]").astype(int) + 1970
    first = last - rules.tree_loss_years
    counts = (lost.years >= first[:, None]) & (lost.years <= last[:, None])
    lost_ha = np.where(counts, lost.lost_ha, 0.0).sum(axis=1)
    shares = lost_ha / areas_of(bench.shapes[rows])
    unseen = int(np.isnan(lost_ha).sum())
    if unseen:
        bench.tell_file(
            "tree_loss_unknown", f"{lost.product} does not reach {unseen} of the plots."
        )
    ends = int(lost.years.max())
    late = int((last > ends).sum())
    if late:
        bench.tell_file(
            "tree_loss_unknown",
            f"{lost.product} ends in {ends}; {late} of the plots enrolled later, and what they "
            "lost since was not checked.",
        )
    for k in np.flatnonzero(lost_ha > _TRACE_HA):
        when = lost.years[counts[k] & (lost.lost_ha[k] > 0.0)]
        what = (
            f"lost {lost_ha[k]:.2f} ha of trees ({shares[k]:.0%} of it) in "
            f"{', '.join(map(str, when))}, says {lost.product}"
        )
        grave = shares[k] > rules.tree_loss_max_fraction
        bench.tell(rows[k], "tree_loss" if grave else "tree_loss_small", what)


def _dates(bench: Bench, column: str) -> np.ndarray:
    """Give a column's dates as datetime64[D]; NaT where there is none or a bad one."""
    if column not in bench.texts.columns:
        return np.full(len(bench.texts), _NO_DATE)
    cells = bench.texts[column].tolist()
    known = {text: _date(text) for text in set(cells)}
    return np.array([known[text] for text in cells], dtype="datetime64[D]")


def _date(text: str | None) -> np.datetime64:
    try:
        return _NO_DATE if text is None else np.datetime64(date.fromisoformat(text), "D")
    except ValueError:
        return _NO_DATE
