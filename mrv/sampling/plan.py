"""The plan: the cheapest sample whose interval is as narrow as wanted, and what others would give.

The interval is that of the credited net change. Its sampling part shrinks with plots and villages;
errors that all plots share do not. The rules' least numbers hold whatever the formula says.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from mrv.crediting.deduction import Z_TWO_SIDED_90, deduction_in_force
from mrv.errors import InputRejected
from mrv.estimation.field_sample import MIN_DEGREES_OF_FREEDOM
from mrv.estimation.greg import Ints
from mrv.methodologies import Methodology
from mrv.sampling.expected import Expected
from mrv.sampling.frame import Frame
from mrv.sampling.sizes import allocate, expected_villages, two_sided_t

Design = Literal["plots", "villages"]
DESIGNS: Final[tuple[Design, ...]] = ("plots", "villages")
PRICE_PER_CREDIT: Final = 20.0
"""EUR per credit: price floor of Acorn's CRU [V]."""
_CURVE = 9  # sample sizes shown
_STEPS = 40  # numbers of villages and of plots that are tried


@dataclass(frozen=True, slots=True)
class Costs:
    """What a sample costs, in one currency; a change takes two visits.

    Attributes:
        village: Travel to one village, each visit.
        plot: Measuring one plot, each visit.
        visits: Visits until the change is known.
        price: Of one credit.
        non_response: Share of drawn plots that cannot be measured at all visits [1].
    """

    village: float = 60.0  # [P] a crew's vehicle for half a day
    plot: float = 25.0  # [P] two people, an hour and a half
    visits: int = 2
    price: float = PRICE_PER_CREDIT
    non_response: float = 0.10  # [P]


@dataclass(frozen=True, slots=True, eq=False)
class Size:
    """One sample size and what comes of it.

    Attributes:
        design: Whether plots were drawn one by one or villages first.
        measured: Plots measured at both visits [stratum].
        drawn: Plots drawn, more than that because some will not be measured [stratum].
        villages: Villages visited; expected where plots are drawn one by one.
        cost: Of all visits, in the currency of the costs.
        sampling_u90: Half-width from sampling alone, as a share of the net change [1].
        u90: With errors that all plots share [1].
        deducted: Share of the net change withheld for it [1].
        kept_tco2e: Net change left after that, before emissions, leakage and buffer [t CO2e].
        worth: What is kept at the price of a credit, less the cost.
    """

    design: Design
    measured: Ints
    drawn: Ints
    villages: float
    cost: float
    sampling_u90: float
    u90: float
    deducted: float
    kept_tco2e: float
    worth: float


@dataclass(frozen=True, slots=True, eq=False)
class SamplePlan:
    """What is to be measured.

    Attributes:
        size: The chosen sample.
        wanted_u90: Half-width asked for; None where the sample worth most was asked for.
        reached: Whether the chosen sample is as sharp as that.
        curve: Samples of the same design from the fewest plots allowed to all, by cost.
        shared_u90: Half-width of errors that all plots share; no sample goes below [1].
        notes: What the rules and the data have to say, one sentence each.
    """

    size: Size
    wanted_u90: float | None
    reached: bool
    curve: tuple[Size, ...]
    shared_u90: float
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """Everything a size follows from."""

    frame: Frame
    expected: Expected
    costs: Costs
    methodology: Methodology
    tco2e_per_t: float

    def least(self, most: Ints) -> Ints:
        plots, controls = (
            self.methodology.number(f"field_sample.{name}")
            for name in ("plots_min_per_stratum", "control_plots_min")
        )
        rule = np.where(self.frame.is_control, controls, plots).astype(np.int64)
        return np.minimum(rule, most)

    def most(self, share: float = 1.0) -> Ints:
        """Give how many plots can be measured where so large a share of the villages is visited."""
        answering = self.frame.size * (1.0 - self.costs.non_response) * share
        most: Ints = np.maximum(np.floor(answering + 1e-9), 1).astype(np.int64)
        return most

    def villages(self) -> range:
        every = len(self.frame.village_names)
        fewest = min(int(self.methodology.number("field_sample.clusters_min")), every)
        return range(fewest, every + 1)

    def at(self, total: float, villages: int | None) -> Size:
        """Give the sample of so many plots, in so many villages or one by one."""
        frame, expected, costs = self.frame, self.expected, self.costs
        every = len(frame.village_names)
        most = self.most(1.0 if villages is None else villages / every)
        weight = frame.stands_for_ha * expected.sd_t_ha
        measured = allocate(total, weight, self.least(most), most)
        grown = np.ceil(measured / (1.0 - costs.non_response) - 1e-9).astype(np.int64)
        drawn = np.minimum(grown, frame.size)
        reached = (
            expected_villages((drawn / frame.size)[frame.group], frame.village)
            if villages is None
            else float(villages)
        )
        cost = costs.visits * (reached * costs.village + float(drawn.sum()) * costs.plot)
        sampling = sampling_half_width(frame, expected, measured, villages)
        u90 = float(np.hypot(sampling, Z_TWO_SIDED_90 * expected.shared_cv))
        deducted = deduction_in_force(u90, self.methodology)
        kept = self.net_tco2e * (1.0 - deducted)
        return Size(
            design="plots" if villages is None else "villages",
            measured=measured,
            drawn=drawn,
            villages=reached,
            cost=cost,
            sampling_u90=sampling,
            u90=u90,
            deducted=deducted,
            kept_tco2e=kept,
            worth=kept * costs.price - cost,
        )

    @property
    def net_tco2e(self) -> float:
        return self.expected.net_t_ha * self.frame.enrolled_ha * self.tco2e_per_t


def sampling_half_width(
    frame: Frame, expected: Expected, measured: Ints, villages: int | None
) -> float:
    """Give the half-width of the 90 % interval that sampling alone causes, as a share of net [1].

    Args:
        frame: All plots.
        expected: Their growth and its spread.
        measured: Plots measured [stratum].
        villages: Villages drawn first; None where plots are drawn one by one.
    """
    planted = ~frame.is_control
    units = int(measured[planted].sum()) if villages is None else villages
    freedom = max(MIN_DEGREES_OF_FREEDOM, units - int(planted.sum()))
    variance = sampling_variance(frame, expected, measured, villages)
    net_t = expected.net_t_ha * frame.enrolled_ha
    return two_sided_t(0.90, freedom) * float(np.sqrt(variance)) / net_t


def sampling_variance(
    frame: Frame, expected: Expected, measured: Ints, villages: int | None
) -> float:
    """Give the variance of the estimated net change of above-ground biomass [t d.m. squared].

    Where villages are drawn first, what their plots have in common is averaged over villages only;
    planted strata share it, which is the cautious reading. Trees left out inside plots are in the
    plots' spread; of that a sample of many plots leaves less, but not of what the trees add.

    Args:
        frame: All plots.
        expected: Their spread.
        measured: Plots measured [stratum].
        villages: Villages drawn first; None where plots are drawn one by one.

    Source:
        Särndal, Swensson & Wretman 1992, sections 3.7.3 (stratified), 4.3.2 (two stages) and
        4.4 (trees within plots).
    """
    weighted = frame.stands_for_ha * expected.sd_t_ha
    apart = weighted**2 * (1.0 - measured / frame.size) / measured
    trees = 0.0
    if expected.trees_sd_t_ha is not None:
        trees = float(((frame.stands_for_ha * expected.trees_sd_t_ha) ** 2 / frame.size).sum())
    if villages is None:
        return float(apart.sum()) + trees
    planted = ~frame.is_control
    alike = weighted[planted].sum() ** 2 + (weighted[~planted] ** 2).sum()
    missed = 1.0 - villages / len(frame.village_names)
    between = expected.icc * alike * missed / villages
    return float((1.0 - expected.icc) * apart.sum() + between) + trees


def plan_sample(  # where, what is known, what it costs, under which rules
    frame: Frame,
    expected: Expected,
    costs: Costs,
    methodology: Methodology,
    *,
    tco2e_per_t: float,
    wanted_u90: float | None,
    designs: Sequence[Design] = DESIGNS,
) -> SamplePlan:
    """Find the cheapest sample that is sharp enough, or the one worth most.

    Args:
        frame: All plots.
        expected: What is known of growth.
        costs: And the price of a credit.
        methodology: Least numbers and deduction.
        tco2e_per_t: CO2e of a tonne of above-ground biomass, roots included [t CO2e/t d.m.].
        wanted_u90: Half-width of the 90 % interval of the net change asked for [1]; None looks for
            the sample worth most.
        designs: Ways of drawing to choose from.

    Returns:
        The plan. Where no sample is sharp enough it holds the sharpest, and `reached` is false.

    Raises:
        InputRejected: If the wanted half-width or a cost makes no sense.
    """
    _check(costs, wanted_u90)
    search = _Search(frame, expected, costs, methodology, tco2e_per_t)
    found = [size for design in designs for size in _candidates(search, design, wanted_u90)]
    sharp = [size for size in found if wanted_u90 is not None and size.u90 <= wanted_u90]
    if sharp:
        chosen = min(sharp, key=lambda size: (size.cost, size.u90))
    elif wanted_u90 is None:
        chosen = max(found, key=lambda size: size.worth)
    else:
        chosen = min(found, key=lambda size: (round(size.u90, 4), size.cost))
    return SamplePlan(
        size=chosen,
        wanted_u90=wanted_u90,
        reached=bool(sharp) or wanted_u90 is None,
        curve=tuple(_curve(search, chosen)),
        shared_u90=Z_TWO_SIDED_90 * expected.shared_cv,
        notes=(
            *rules_unmet(frame, methodology, chosen.measured, chosen.villages),
            *expected.notes,
        ),
    )


def _check(costs: Costs, wanted_u90: float | None) -> None:
    if wanted_u90 is not None and not 0 < wanted_u90 <= 1:
        raise InputRejected(
            f"--u90 is a share above 0 and up to 1, such as 0.2; {wanted_u90:g} is none."
        )
    if not 0 <= costs.non_response < 1:
        raise InputRejected(
            f"--non-response is a share from 0 to below 1; {costs.non_response:g} is none."
        )
    if min(costs.village, costs.plot, costs.price) < 0 or costs.visits < 1:
        raise InputRejected(
            "Costs and price cannot be below zero, and there is one visit at least."
        )


def _candidates(search: _Search, design: Design, wanted: float | None) -> Iterator[Size]:
    every = search.villages()
    counts: Sequence[int | None] = [None]
    if design == "villages":
        steps = np.geomspace(max(every[0], 1), every[-1], _STEPS).round()
        counts = [int(step) for step in np.unique(steps)]
    for villages in counts:
        low, high = _limits(search, villages)
        if wanted is None:
            for total in np.unique(np.geomspace(low, high, _STEPS).round()):
                yield search.at(float(total), villages)
        else:
            yield _smallest(search, villages, wanted, low, high)


def _limits(search: _Search, villages: int | None) -> tuple[int, int]:
    share = 1.0 if villages is None else villages / len(search.frame.village_names)
    most = search.most(share)
    return int(search.least(most).sum()), int(most.sum())


def _smallest(search: _Search, villages: int | None, wanted: float, low: int, high: int) -> Size:
    """Halve until the fewest plots are found that are sharp enough; all, where none are."""
    while low < high:
        middle = (low + high) // 2
        if search.at(middle, villages).u90 <= wanted:
            high = middle
        else:
            low = middle + 1
    return search.at(high, villages)


def _curve(search: _Search, chosen: Size) -> Iterator[Size]:
    """Give samples of the chosen design, as many plots in a village as there."""
    every = search.villages()
    by_village = float(chosen.measured.sum()) / chosen.villages
    first = every[0] if chosen.design == "villages" else None
    low, high = _limits(search, first)[0], _limits(search, None)[1]
    sizes = [chosen]
    for total in np.unique(np.geomspace(low, high, _CURVE - 1).round()):
        villages = None
        if chosen.design == "villages":
            villages = int(np.clip(np.ceil(total / by_village), every[0], every[-1]))
        size = search.at(float(total), villages)
        if all(size.measured.sum() != other.measured.sum() for other in sizes):
            sizes.append(size)
    yield from sorted(sizes, key=lambda size: size.cost)


def rules_unmet(
    frame: Frame, methodology: Methodology, measured: Ints, villages: float
) -> tuple[str, ...]:
    """Say which least numbers of the rules a sample falls short of, one sentence each.

    Args:
        frame: All plots.
        methodology: The rules.
        measured: Plots that can be counted on [stratum].
        villages: Villages visited.
    """
    plots = methodology.number("field_sample.plots_min_per_stratum")
    controls = methodology.number("field_sample.control_plots_min")
    clusters = methodology.number("field_sample.clusters_min")
    told = []
    for h, name in enumerate(frame.names):
        least = controls if frame.is_control[h] else plots
        if measured[h] < least:
            told.append(
                f"{name}: the rules ask for {least:.0f} measured plots, and {measured[h]} of "
                f"{frame.size[h]} can be counted on; credits will be held."
            )
    if not frame.is_control.any():
        told.append(
            f"There is no control plot to draw; the rules ask for {controls:.0f}, so credits will "
            "be held until some are registered."
        )
    if round(villages) < clusters:
        told.append(
            f"{villages:.0f} villages would be visited, and the rules ask for {clusters:.0f}; "
            "credits will be held."
        )
    return tuple(told)
