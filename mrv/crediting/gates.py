"""What must hold before anything is credited, and the demand that it does.

Each gate looks at one thing and answers with a `Verdict`; none of them raises. `demand` raises,
naming every gate that failed or never answered: a check that was skipped is a check that failed.
Some gates are answered elsewhere: `clear_looks` (`mrv.imagery.composites`) and `offsets_sane`
(`mrv.imagery.offsets`) where the scenes are read, `trusted_trees` (`mrv.field.trusted_trees`) where
the inventory is, `additionality` and `before_enrolment` (`mrv.change`) on records and on the time
before.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

from mrv.errors import NotCreditable
from mrv.methodologies import Methodology
from mrv.quality import Verdict

if TYPE_CHECKING:  # the registry demands verdicts too, and starts without the estimators
    from mrv.estimation.estimate import ChangeEstimate

REQUIRED_GATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "probability_sample": "a field sample whose inclusion probabilities are known",
        "enough_plots": "enough measured plots in every stratum",
        "enough_clusters": "measured plots in enough villages",
        "enough_controls": "enough measured control plots",
        "clear_looks": "enough clear looks at the plots in both dry seasons",
        "offsets_sane": "scenes whose radiometric offsets agree",
        "model_acceptance": "a map that was held against blocked cross-validation",
        "trusted_trees": "tree sizes of which few are suspect, in every stratum",
        "plausible_growth": "growth below the plausibility cap in every stratum",
        "before_enrolment": "evidence of what stood on the plots before enrolment",
        "additionality": "records that the trees would not have been planted anyway",
        "u90_within_ceiling": "a net gain whose 90 % interval is narrow enough",
        "methodology_verified": "a methodology without unverified values",
    }
)
"""Gate -> what it asks for. All of them must have answered, and passed."""
DEMO_MAY_WAIVE: Final = frozenset({"methodology_verified"})
"""What a demonstration registry may overlook; it then says so on every page."""


class Answer(Protocol):
    """What the demand looks at: a `Verdict`, or its record in a document."""

    @property
    def gate(self) -> str:
        """Stable name."""

    @property
    def passed(self) -> bool:
        """Whether crediting may go on."""

    @property
    def sentence(self) -> str:
        """What was found."""


def demand(verdicts: Iterable[Answer], *, demo: bool = False) -> None:
    """Insist that every required gate has answered and passed.

    Args:
        verdicts: Answers, in any order; of two answers to one gate both must have passed.
        demo: Whether the credits go to a demonstration registry.

    Raises:
        NotCreditable: Naming every gate that failed (`failed`) or is missing (`missing`), with
            what each found or asks for (`reasons`).
    """
    answers: dict[str, list[Answer]] = {gate: [] for gate in REQUIRED_GATES}
    for verdict in verdicts:
        answers.setdefault(verdict.gate, []).append(verdict)
    missing = [gate for gate, given in answers.items() if not given]
    failed = [
        verdict
        for given in answers.values()
        for verdict in given
        if not verdict.passed and not (demo and verdict.gate in DEMO_MAY_WAIVE)
    ]
    if not missing and not failed:
        return
    reasons = {verdict.gate: verdict.sentence for verdict in failed}
    reasons |= {gate: f"There is no {REQUIRED_GATES[gate]}." for gate in missing}
    told = " ".join(f"({gate}) {sentence}" for gate, sentence in reasons.items())
    raise NotCreditable(
        f"Nothing can be credited: {told}",
        failed=[verdict.gate for verdict in failed],
        missing=missing,
        reasons=reasons,
    )


def judge_estimate(
    estimate: "ChangeEstimate", methodology: Methodology, *, growth_cap: str
) -> tuple[Verdict, ...]:
    """Answer every gate that looks at the estimate or the rules.

    Args:
        estimate: Of `mrv.estimation.pathway.estimate_change`.
        methodology: The rules.
        growth_cap: The project's row of the rules' section `plausibility`.
    """
    return (
        probability_sample(estimate),
        enough_plots(estimate, methodology),
        enough_clusters(estimate, methodology),
        enough_controls(estimate, methodology),
        model_acceptance(estimate),
        plausible_growth(estimate, methodology, growth_cap=growth_cap),
        u90_within_ceiling(estimate, methodology),
        methodology_verified(methodology),
        *(estimate.benchmark.verdicts if estimate.benchmark is not None else ()),
    )


def probability_sample(estimate: "ChangeEstimate") -> Verdict:
    """Whether the enrolled plots that were measured were drawn with known probabilities."""
    lacking = estimate.without_probability
    if estimate.estimator == "none":
        sentence = (
            "There is no probability sample of trees: fewer than two enrolled plots were measured "
            "at both ends of the period; add a tree inventory of plots drawn at random."
        )
    elif lacking:
        sentence = (
            f"{lacking} of {estimate.sampled} measured plots have no inclusion probability; fill "
            "the column inclusion_probability for every plot that was drawn."
        )
    else:
        sentence = f"All {estimate.sampled} measured plots have their inclusion probability."
    return Verdict(
        gate="probability_sample",
        passed=estimate.estimator != "none" and not lacking,
        measured=float(estimate.sampled - lacking),
        limit=float(max(estimate.sampled, 2)),
        sentence=sentence,
    )


def enough_plots(estimate: "ChangeEstimate", methodology: Methodology) -> Verdict:
    """Whether every stratum has enough plots measured at both epochs; of a census, enough units."""
    least = methodology.number("field_sample.plots_min_per_stratum")
    if estimate.census is not None:
        return _at_least(
            "enough_plots",
            estimate.census.looked_for,
            least,
            "planted units that were looked for",
            "look for more of them",
        )
    short = [s for s in estimate.strata if s.sampled < least]
    told = ", ".join(f"{s.stratum} has {s.sampled} of {s.plots}" for s in short)
    late, gone = estimate.joined_later, estimate.left_early
    waiting = f" Plots that joined after the first epoch are not counted: {late}." if late else ""
    waiting += f" Plots that left before the period's end are not counted: {gone}." if gone else ""
    return Verdict(
        gate="enough_plots",
        passed=bool(estimate.strata) and not short,
        measured=float(min((s.sampled for s in estimate.strata), default=0)),
        limit=least,
        sentence=(
            f"Every stratum has at least {least:.0f} plots measured at both epochs."
            if estimate.strata and not short
            else f"A stratum needs {least:.0f} plots measured at both epochs: "
            f"{told or 'there is no stratum'}; measure more plots or join strata."
        )
        + waiting,
        facts={s.stratum: s.sampled for s in estimate.strata},
    )


def enough_clusters(estimate: "ChangeEstimate", methodology: Methodology) -> Verdict:
    """Whether the measured plots lie in enough villages."""
    return _at_least(
        "enough_clusters",
        estimate.clusters,
        methodology.number("field_sample.clusters_min"),
        "villages with measured plots",
        "name the village of every plot, or measure in more of them",
    )


def enough_controls(estimate: "ChangeEstimate", methodology: Methodology) -> Verdict:
    """Whether enough control plots were measured, or the conditions that do without them hold."""
    if estimate.census is not None:
        unmet = estimate.census.unmet
        return Verdict(
            gate="enough_controls",
            passed=not unmet,
            measured=float(len(unmet)),
            limit=0.0,
            sentence="The baseline is zero without controls, because every condition of a census "
            "holds (VM0047)."
            if not unmet
            else f"A census has a baseline of zero on its conditions only: {' '.join(unmet)}",
        )
    return _at_least(
        "enough_controls",
        estimate.controls,
        methodology.number("field_sample.control_plots_min"),
        "control plots measured at both epochs",
        "measure plots without planting nearby (role = control)",
    )


def model_acceptance(estimate: "ChangeEstimate") -> Verdict:
    """Whether the map may carry the total, if the total rests on it."""
    report = estimate.map
    if estimate.estimator == "greg":
        sentence = f"The map is used: {report.reason}."
    else:
        sentence = f"The total does not rest on a map: {report.reason}."
    facts = {
        "r2": report.r2,
        "slope": report.slope,
        "bias_fraction": report.bias_fraction,
        "rmse_t_ha": report.rmse_t_ha,
    }
    return Verdict(
        gate="model_acceptance",
        passed=report.accepted or estimate.estimator == "expansion",
        measured=report.r2,
        limit=None,
        sentence=sentence,
        facts={name: value for name, value in facts.items() if value is not None},
    )


def plausible_growth(
    estimate: "ChangeEstimate", methodology: Methodology, *, growth_cap: str
) -> Verdict:
    """Whether no stratum grew faster than the place plausibly allows."""
    cap = methodology.number(f"plausibility.{growth_cap}")
    fastest = max(estimate.strata, key=lambda s: s.growth_t_ha_year, default=None)
    measured = None if fastest is None else fastest.growth_t_ha_year
    passed = estimate.estimator != "none" and measured is not None and measured <= cap
    if estimate.estimator == "none" or fastest is None:
        sentence = "No growth was estimated, so none can be called plausible."
    else:
        sentence = (
            f"Stratum {fastest.stratum} grew fastest, by {measured:.1f} t d.m./ha/year; up to "
            f"{cap:g} is plausible here"
            + ("." if passed else ", so a person must look at its trees first.")
        )
    return Verdict(
        gate="plausible_growth",
        passed=passed,
        measured=measured,
        limit=cap,
        sentence=sentence,
        facts={s.stratum: s.growth_t_ha_year for s in estimate.strata},
    )


def u90_within_ceiling(estimate: "ChangeEstimate", methodology: Methodology) -> Verdict:
    """Whether there is a net gain, and its 90 % interval is not wider than the rules allow."""
    ceiling = methodology.number("uncertainty.ceiling_half_width")
    net = estimate.creditable_net_tco2e
    gained = net > 0
    if gained:
        sentence = (
            f"The half-width of the 90 % interval is {estimate.u90:.0%} of a net gain of "
            f"{net:,.0f} t CO2e; {ceiling:.0%} is the most that can be credited."
        )
    elif estimate.estimator == "none":
        sentence = "No net change was estimated, so its uncertainty is not known."
    else:
        sentence = f"There is no net gain: the best estimate is {net:,.0f} t CO2e."
    return Verdict(
        gate="u90_within_ceiling",
        passed=gained and estimate.u90 <= ceiling,
        measured=estimate.u90 if gained else None,
        limit=ceiling,
        sentence=sentence,
        facts={"net_tco2e": net},
    )


def methodology_verified(methodology: Methodology) -> Verdict:
    """Whether every value of the methodology rests on more than memory."""
    unverified = methodology.unverified
    return Verdict(
        gate="methodology_verified",
        passed=not unverified,
        measured=float(len(unverified)),
        limit=0.0,
        sentence=(
            f"{methodology.title} version {methodology.version} has no unverified value."
            if not unverified
            else f"{methodology.title} version {methodology.version} rests on unverified values: "
            f"{', '.join(unverified)}; find their source, or use a demonstration registry."
        ),
    )


def _at_least(gate: str, measured: int, limit: float, what: str, mend: str) -> Verdict:
    passed = measured >= limit
    return Verdict(
        gate=gate,
        passed=passed,
        measured=float(measured),
        limit=limit,
        sentence=f"There are {measured} {what}, {limit:.0f} are needed"
        + ("." if passed else f"; {mend}."),
    )
