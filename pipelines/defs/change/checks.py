"""Gates on the estimate, one check each, and the one that demands them all before crediting."""

import dagster as dg

from mrv.crediting.gates import REQUIRED_GATES, demand
from mrv.errors import NotCreditable
from pipelines.defs.change.assets import core_change__estimate
from pipelines.gates import estimate_gates_of, verdicts_of
from pipelines.resources import WorkspaceResource
from pipelines.stage import stage_of
from pipelines.verdicts import reported

_ELSEWHERE = {"clear_looks", "offsets_sane"}  # judged where the scenes are


def _gate_check(gate: str, asks_for: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=core_change__estimate, name=gate, description=f"Asks for {asks_for}.")
    def check(
        context: dg.AssetCheckExecutionContext, workspace: WorkspaceResource
    ) -> dg.AssetCheckResult:
        verdicts = estimate_gates_of(stage_of(context.partition_key, workspace))
        return reported(next(verdict for verdict in verdicts if verdict.gate == gate))

    return check


gate_checks = [
    _gate_check(gate, asks_for)
    for gate, asks_for in REQUIRED_GATES.items()
    if gate not in _ELSEWHERE
]


@dg.asset_check(asset=core_change__estimate, blocking=True)
def every_gate_passed(
    context: dg.AssetCheckExecutionContext, workspace: WorkspaceResource
) -> dg.AssetCheckResult:
    """No gate failed or stayed silent; only then is anything credited."""
    stage = stage_of(context.partition_key, workspace)
    try:
        demand(verdicts_of(stage), demo=stage.workspace.demo)
    except NotCreditable as refusal:
        return dg.AssetCheckResult(
            passed=False,
            severity=dg.AssetCheckSeverity.ERROR,
            description=refusal.message,
            metadata={"failed": str(refusal.facts["failed"])},
        )
    return dg.AssetCheckResult(passed=True, description="Every gate passed.")
