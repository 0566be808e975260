"""What other rules would have made of a run: its bundle performed under two methodologies.

Trees, observations, books and what people decided are those of the bundle; rules and all that
follows from them change. What a run decides before its statistics (which plots were accepted, how
far clouds were widened, what the watch found) is not done again: where rules for that differ, the
report names them.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from mrv.crediting.allocation import contributions_kg
from mrv.crediting.issuance import Issuance
from mrv.crediting.period import credit
from mrv.crediting.waterfall import Waterfall
from mrv.errors import InputRejected
from mrv.evidence.digest import document_digest
from mrv.evidence.rules_reports import REPORT_FORMAT, report_digest
from mrv.methodologies import Methodology
from mrv.verification.opened import Bundle
from mrv.verification.statistics import Performed, check_statistics

Progress = Callable[[str, int, int], None]
_DECIDED_BEFORE = ("eligibility.", "permanence.", "imagery.cloud_buffer_m")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one methodology makes of a run.

    Attributes:
        waterfall: Cumulative since the first epoch.
        issuance: Of the period.
        plots: Net kilograms of the period by plot [kg CO2e].
        failed: Gates that do not pass, and the sentence of each.
    """

    waterfall: Waterfall
    issuance: Issuance
    plots: dict[str, int]
    failed: dict[str, str]


def perform_under(bundle: Bundle, rules: Methodology, tell: Progress) -> Outcome:
    """Perform a run again under some rules, from its trees and observations.

    Args:
        bundle: That was opened, with all that level 2 of a verification needs.
        rules: To follow instead of those it names.
        tell: Hears what is being done, how much of it, and of how much.

    Raises:
        InputRejected: If the bundle lacks something.
    """
    asked = replace(bundle, rules=rules)
    name = f"{rules.id} version {rules.version}: drawing biomass"
    performed: Performed | None = None
    for given in check_statistics(
        asked,
        asked.table("observations"),
        asked.table("scenes_read"),
        lambda done, total: tell(name, done, total),
    ):
        if isinstance(given, Performed):
            performed = given
    assert performed is not None  # noqa: S101  (the last thing given)
    steps, issuance = credit(asked.of, performed.estimate, asked.carried)
    plots = performed.estimate.plots
    ids = plots["plot_id"].astype(str).tolist()
    shares_kg = contributions_kg(
        issuance,
        ids,
        plots["net_tco2e"].astype(float).tolist(),
        plots["area_ha"].astype(float).tolist(),
        before_kg=asked.carried.plot_net_kg,
    )
    return Outcome(
        steps,
        issuance,
        shares_kg,
        {verdict.gate: verdict.sentence for verdict in performed.verdicts if not verdict.passed},
    )


def compare_rules(
    bundle: Bundle,
    before: Methodology,
    after: Methodology,
    tell: Progress = lambda _what, _done, _of: None,
) -> dict[str, Any]:
    """Perform a run under two methodologies and say what changes.

    Args:
        bundle: Of the run.
        before: The rules in force.
        after: The rules that would follow them.
        tell: Hears how far it has come.

    Returns:
        A report as it stands in JSON: `rules` that differ, `steps` of the waterfall [kg CO2e],
        `credits_t`, `gates`, `plots` whose kilograms change [kg CO2e], the rules that could not be
        performed, and `sha256` over all of it.

    Raises:
        InputRejected: If the bundle lacks something, or both are the same rules.
    """
    if before.digest == after.digest:
        raise InputRejected("Both are the same rules; name two versions, or a version and a draft.")
    first, second = (perform_under(bundle, rules, tell) for rules in (before, after))
    document = bundle.document
    report: dict[str, Any] = {
        "format": REPORT_FORMAT,
        "project": document.project.id,
        "period": document.period.id,
        "estimate_sha256": document_digest(document),
        "before": _named(before),
        "after": _named(after),
        "rules": list(_rules(before, after)),
        "not_performed": [
            name
            for name in (rule["rule"] for rule in _rules(before, after))
            if name.startswith(_DECIDED_BEFORE)
        ],
        "steps": [
            {
                "step": line.key,
                "before_kg": line.quantity_kg,
                "after_kg": second.waterfall.quantity_kg(line.key),
            }
            for line in first.waterfall.lines
        ],
        "credits_t": {
            "before": first.issuance.credits_t,
            "after": second.issuance.credits_t,
        },
        "gates": [
            {
                "gate": gate,
                "before": first.failed.get(gate, ""),
                "after": second.failed.get(gate, ""),
            }
            for gate in sorted({*first.failed, *second.failed})
            if first.failed.get(gate) != second.failed.get(gate)
        ],
        "plots_in_all": len({*first.plots, *second.plots}),
        "plots": [
            {
                "plot_id": plot,
                "before_kg": first.plots.get(plot, 0),
                "after_kg": second.plots.get(plot, 0),
            }
            for plot in sorted({*first.plots, *second.plots})
            if first.plots.get(plot) != second.plots.get(plot)
        ],
    }
    return report | {"sha256": report_digest(report)}


def _named(rules: Methodology) -> dict[str, Any]:
    return {"id": rules.id, "version": rules.version, "sha256": rules.digest}


def _rules(before: Methodology, after: Methodology) -> Iterator[dict[str, Any]]:
    for name in sorted({*before.rules, *after.rules}):
        old, new = before.rules.get(name), after.rules.get(name)
        if old != new:
            yield {
                "rule": name,
                "before": asdict(old) if old else None,
                "after": asdict(new) if new else None,
            }
