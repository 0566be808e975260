"""How a gate's verdict looks in Dagster."""

import dagster as dg

from mrv.quality import Verdict


def reported(verdict: Verdict) -> dg.AssetCheckResult:
    """Report a verdict as a check; what failed is an error, never a warning."""
    facts = {name: value for name, value in verdict.facts.items() if value is not None}
    return dg.AssetCheckResult(
        passed=verdict.passed,
        severity=dg.AssetCheckSeverity.ERROR,
        description=verdict.sentence,
        metadata={
            "measured": verdict.measured if verdict.measured is not None else "nothing",
            "limit": verdict.limit if verdict.limit is not None else "none",
            **facts,
        },
    )
