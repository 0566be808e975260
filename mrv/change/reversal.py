"""From a suspect plot to settled accounts: confirm, classify, quantify, settle, as data with dates.

A case never forgets: each step is an entry with its day and reason, and only the steps of
`STEPS` are allowed. Finding suspects is `disturbance.py`; whoever nobody watches any more is
`drop_out.py`.

Source:
    methodology.md 8, steps 2-6.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import ceil
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrv.change.permanence import PermanenceRules
from mrv.errors import InputRejected

Floats = NDArray[np.float64]
State = Literal["suspect", "cleared", "confirmed", "planned", "classified", "quantified", "settled"]
Step = Literal["clear", "confirm", "plan", "classify", "quantify", "settle"]

STEPS: Final[Mapping[tuple[State, Step], State]] = MappingProxyType(
    {
        ("suspect", "clear"): "cleared",
        ("suspect", "confirm"): "confirmed",
        ("confirmed", "plan"): "planned",
        ("confirmed", "classify"): "classified",
        ("classified", "quantify"): "quantified",
        ("quantified", "settle"): "settled",
    }
)
"""What may follow what. `plan`: a harvest or pruning of the management plan is no reversal; it is
netted in the stock that the next visit finds."""

CAUSES: Final[Mapping[str, bool]] = MappingProxyType(
    {
        "fire": False,
        "drought": False,
        "flood": False,
        "storm": False,
        "pest": False,
        "conflict": False,
        "felling": True,
        "sale": True,
        "conversion": True,
        "drop_out": True,
        "not_confirmed": True,
    }
)
"""Cause -> whether it could have been avoided: then the developer repays before the buffer."""

_BY_HAND: Final[Mapping[str, Step]] = {"clear": "clear", "confirm": "confirm", "plan": "plan"}
_KG_PER_T = 1000
_CO2_PER_C = 44.0 / 12.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One step of a case: when, to which state, and why."""

    on: date
    state: State
    reason: str


@dataclass(frozen=True, slots=True)
class Case:
    """What happened to one plot, so far.

    Attributes:
        plot_id: Which plot.
        broke_on: When it seems to have happened.
        entries: In order; the first one made it a suspect.
        cause: A key of `CAUSES`, once classified.
        reversal_kg: What is counted as lost, once quantified [kg CO2e].
    """

    plot_id: str
    broke_on: date
    entries: tuple[Entry, ...]
    cause: str = ""
    reversal_kg: int = 0

    @property
    def state(self) -> State:
        """Give where the case stands."""
        return self.entries[-1].state

    @property
    def may_grow(self) -> bool:
        """Whether growth of the plot may be credited: only once it is cleared or settled."""
        return self.state in {"cleared", "planned", "settled"}

    @property
    def avoidable(self) -> bool:
        """Whether the developer repays first."""
        return bool(self.cause) and CAUSES[self.cause]


def open_case(plot_id: str, broke_on: date, noticed_on: date, reason: str) -> Case:
    """Make a plot a suspect."""
    return Case(plot_id, broke_on, (Entry(noticed_on, "suspect", reason),))


def advance(case: Case, step: Step, on: date, reason: str) -> Case:
    """Take a case one step on.

    Raises:
        InputRejected: If the step does not follow the case's state, or lies before its last entry.
    """
    after = STEPS.get((case.state, step))
    if after is None:
        known = ", ".join(s for state, s in STEPS if state == case.state) or "nothing"
        raise InputRejected(
            f"Plot {case.plot_id} is {case.state} and cannot {step}; what may follow is {known}.",
            plot=case.plot_id,
        )
    if on < case.entries[-1].on:
        raise InputRejected(
            f"Plot {case.plot_id} was {case.state} on {case.entries[-1].on}; a step on {on} would "
            "lie before it, so correct the date.",
            plot=case.plot_id,
        )
    return replace(case, entries=(*case.entries, Entry(on, after, reason)))


def classify(case: Case, cause: str, on: date, reason: str) -> Case:
    """Say why a confirmed loss happened.

    Raises:
        InputRejected: If there is no such cause, or the loss is not confirmed.
    """
    if cause not in CAUSES:
        raise InputRejected(f"There is no cause '{cause}'; there is {', '.join(CAUSES)}.")
    return replace(advance(case, "classify", on, reason), cause=cause)


def confirm_overdue(case: Case, day: date, rules: PermanenceRules) -> Case:
    """Count a suspect as lost that nobody looked at in time, so that waiting earns nothing.

    Until then it stays as it is; the day of the entry is the day on which time ran out.
    """
    due = case.entries[0].on + timedelta(days=rules.confirm_days)
    if case.state != "suspect" or day <= due:
        return case
    reason = f"neither image nor visit within {rules.confirm_days} days"
    return classify(advance(case, "confirm", due, reason), "not_confirmed", due, reason)


def decide(cases: Sequence[Case], decisions: pd.DataFrame) -> tuple[Case, ...]:
    """Apply what people decided, in the order of days.

    Args:
        cases: One per plot.
        decisions: plot_id, on, step (clear, confirm, plan or classify), cause (for classify) and
            reason, as text.

    Raises:
        InputRejected: If a plot has no case, a date does not read, or a step does not follow.
    """
    if missing := {"plot_id", "on", "step", "cause", "reason"} - set(decisions.columns):
        raise InputRejected(f"Decisions lack {', '.join(sorted(missing))}; add the columns.")
    by_plot = {case.plot_id: case for case in cases}
    for row in decisions.sort_values("on", kind="stable").itertuples():
        plot, step, reason = str(row.plot_id), str(row.step), str(row.reason)
        if plot not in by_plot:
            raise InputRejected(f"Plot {plot} is no suspect, so nothing can be decided of it.")
        try:
            on = date.fromisoformat(str(row.on))
        except ValueError:
            raise InputRejected(f"The day of plot {plot} reads {row.on}, not 2024-12-31.") from None
        if step == "classify":
            by_plot[plot] = classify(by_plot[plot], str(row.cause), on, reason)
        elif step in _BY_HAND:
            by_plot[plot] = advance(by_plot[plot], _BY_HAND[step], on, reason)
        else:
            raise InputRejected(f"A step is clear, confirm, plan or classify; '{step}' is not.")
    return tuple(by_plot[case.plot_id] for case in cases)


def quantify(
    case: Case,
    agb_before_t: Floats,
    share_lost: Floats | float,
    *,
    root_shoot: float,
    carbon_fraction: float,
    issued_on_area_kg: int,
    on: date,
    rules: PermanenceRules,
) -> Case:
    """Say how many kilograms a classified case reverses.

    Roots of lost trees count as lost. Of the draws the upper bound is taken, and more than was
    ever issued on the area cannot be reversed there.

    Args:
        case: Classified.
        agb_before_t: Biomass of the plot before [draw], t d.m.
        share_lost: Share of it that is gone, as draws or one number [1]; 1 where nobody has
            measured it.
        root_shoot: Ratio of roots [1].
        carbon_fraction: Carbon per dry matter [1].
        issued_on_area_kg: Credits issued so far on the plot's area [kg CO2e].
        on: The day.
        rules: Confidence of the bound.

    Raises:
        InputRejected: If the case is not classified, or a share lies outside 0 to 1.
    """
    share = np.asarray(share_lost, dtype=np.float64)
    if not ((share >= 0) & (share <= 1)).all():
        raise InputRejected(f"The share lost on plot {case.plot_id} must lie between 0 and 1.")
    lost_t = agb_before_t * share * (1.0 + root_shoot) * carbon_fraction * _CO2_PER_C
    upper_t = float(np.quantile(lost_t, 0.5 + rules.loss_confidence / 2))
    reversal_kg = min(max(0, ceil(upper_t * _KG_PER_T)), issued_on_area_kg)
    reason = f"upper bound {upper_t:,.1f} t CO2e of {issued_on_area_kg / _KG_PER_T:,.1f} t issued"
    return replace(advance(case, "quantify", on, reason), reversal_kg=reversal_kg)


@dataclass(frozen=True, slots=True)
class Accounts:
    """A programme's cumulative books [kg CO2e].

    Attributes:
        issued_kg: Credits issued since the first epoch.
        replaced_kg: Of them, what buffer or developer has made good.
        net_kg: Cumulative net after all deductions and buffer, as last estimated, less quantified
            reversals since then.
        buffer_kg: What the buffer holds.
    """

    issued_kg: int
    replaced_kg: int
    net_kg: int
    buffer_kg: int

    @property
    def shortfall_kg(self) -> int:
        """Give what stands issued, is not made good, and has no carbon behind it."""
        return max(0, self.issued_kg - self.replaced_kg - self.net_kg)

    @property
    def issuable_kg(self) -> int:
        """Give what may be issued; nothing before net has come back to what stands issued."""
        return max(0, self.net_kg - (self.issued_kg - self.replaced_kg))


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a shortfall was made good.

    Attributes:
        accounts: The books afterwards.
        repaid_kg: By farmer or developer, credits bought back or carry given up [kg CO2e].
        cancelled_kg: Buffer credits, whole tonnes [kg CO2e].
        default: Whether the buffer was too small: the programme stops.
        review: Whether so much of the stock was lost that outsiders must look.
    """

    accounts: Accounts
    repaid_kg: int
    cancelled_kg: int
    default: bool
    review: bool


def book_reversals(accounts: Accounts, cases: Sequence[Case]) -> Accounts:
    """Take quantified losses off the net; the next estimate of the stock then holds them itself."""
    lost_kg = sum(case.reversal_kg for case in cases if case.state == "quantified")
    return replace(accounts, net_kg=accounts.net_kg - lost_kg)


def settle(
    accounts: Accounts,
    cases: Sequence[Case],
    *,
    offered_kg: int,
    stock_before_kg: int,
    rules: PermanenceRules,
) -> Settlement:
    """Make a shortfall good: what was avoidable by the developer first, the rest by the buffer.

    Args:
        accounts: After `book_reversals`.
        cases: The quantified cases behind the shortfall.
        offered_kg: What the developer gives back, whole credits [kg CO2e].
        stock_before_kg: Stock of the programme before the losses of the year [kg CO2e].
        rules: When a review is due.

    Raises:
        InputRejected: If less than nothing is offered.
    """
    if offered_kg < 0:
        raise InputRejected("A developer cannot give back less than nothing.")
    lost_kg = sum(case.reversal_kg for case in cases)
    avoidable_kg = sum(case.reversal_kg for case in cases if case.avoidable)
    short = accounts.shortfall_kg
    repaid = min(offered_kg, avoidable_kg, short)
    # Buffer credits are whole, so the last one may replace a little more than is missing.
    wanted = ceil((short - repaid) / _KG_PER_T) * _KG_PER_T
    cancelled = min(wanted, accounts.buffer_kg // _KG_PER_T * _KG_PER_T)
    made_good = min(short, repaid + cancelled)
    return Settlement(
        accounts=replace(
            accounts,
            replaced_kg=accounts.replaced_kg + made_good,
            buffer_kg=accounts.buffer_kg - cancelled,
        ),
        repaid_kg=repaid,
        cancelled_kg=cancelled,
        default=cancelled < wanted,
        review=lost_kg > rules.contagion_fraction * stock_before_kg,
    )


def oldest_first(buffer_t: Mapping[str, int], cancel_t: int) -> dict[str, int]:
    """Say how many buffer credits of each vintage go: oldest first [t CO2e].

    Raises:
        InputRejected: If there are not so many.
    """
    if cancel_t > sum(buffer_t.values()):
        raise InputRejected(
            f"The buffer holds {sum(buffer_t.values()):,} credits; {cancel_t:,} cannot be taken."
        )
    taken: dict[str, int] = {}
    for vintage in sorted(buffer_t):
        share = min(buffer_t[vintage], cancel_t - sum(taken.values()))
        if share:
            taken[vintage] = share
    return taken
