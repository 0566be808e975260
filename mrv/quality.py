"""The shape of a gate's answer: what was measured, what was allowed, and a sentence about it.

The gates themselves live beside what they judge; `mrv.crediting.gates` demands their verdicts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Verdict:
    """One gate's answer.

    Attributes:
        gate: Stable name, such as `enough_plots`.
        passed: Whether crediting may go on.
        measured: What was found, in the unit the sentence names; None where there was nothing.
        limit: What the rule allows, in the same unit.
        sentence: For a person: what was found, where, and how to mend it if it failed.
        facts: Whatever else a table or a chart would show.
    """

    gate: str
    passed: bool
    measured: float | None
    limit: float | None
    sentence: str
    facts: Mapping[str, float | int | str] = field(default_factory=dict)
