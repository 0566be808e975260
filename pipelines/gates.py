"""The gates of one project and period: each verdict from `mrv`, on what the stages left.

The checks in the stages report these verdicts one by one; crediting demands them all.
"""

from mrv.change.stated import additionality_of
from mrv.crediting.gates import judge_estimate
from mrv.field.trusted_trees import suspect_shares, trusted_trees
from mrv.imagery.composites import clear_looks
from mrv.imagery.offsets import offsets_sane
from mrv.imagery.rules import ImageryRules
from mrv.quality import Verdict
from pipelines.before_enrolment import before_enrolment_of
from pipelines.estimates import take_estimate
from pipelines.features import take_features
from pipelines.plots import screened_plots
from pipelines.stage import Stage


def clear_looks_of(stage: Stage) -> Verdict:
    """Judge whether the enrolled plots were seen often enough."""
    plots = screened_plots(stage.shelf)
    enrolled = plots.loc[plots["role"] == "enrolled", "plot_id"].tolist()
    return clear_looks(take_features(stage.shelf), enrolled, ImageryRules.of(stage.methodology))


def offsets_sane_of(stage: Stage) -> Verdict:
    """Judge whether pixels agree with the offsets that items state."""
    rules = ImageryRules.of(stage.methodology)
    levels = stage.shelf.table("scenes_read")
    return offsets_sane(levels, rules.offset_sanity_low, rules.offset_sanity_high)


def trusted_trees_of(stage: Stage) -> Verdict:
    """Judge whether the sizes of measured trees can be believed."""
    shelf = stage.shelf
    shares = (
        suspect_shares(shelf.table("trees"), screened_plots(shelf)) if shelf.has("trees") else {}
    )
    return trusted_trees(shares, stage.methodology)


def estimate_gates_of(stage: Stage) -> tuple[Verdict, ...]:
    """Judge everything that looks at the estimate, the rules or the project's records."""
    growth_cap = stage.settings.ecology.growth_cap
    estimate = take_estimate(stage.shelf)
    judged = judge_estimate(estimate, stage.methodology, growth_cap=growth_cap)
    return (
        *judged,
        trusted_trees_of(stage),
        additionality_of(stage.of),
        before_enrolment_of(stage),
    )


def verdicts_of(stage: Stage) -> tuple[Verdict, ...]:
    """Ask every gate."""
    return (*estimate_gates_of(stage), clear_looks_of(stage), offsets_sane_of(stage))
