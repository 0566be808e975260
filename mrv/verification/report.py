"""What came of performing an estimate again: one answer per node, and the first cause."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

Level = Literal[0, 1, 2, 3]
Status = Literal["equal", "differs", "missing", "stated"]
LEVELS: Final[tuple[Level, ...]] = (0, 1, 2, 3)
MEANING: Final[dict[Level, str]] = {
    0: "digests, signatures and the log",
    1: "waterfall and allocation",
    2: "statistics from observations and trees",
    3: "observations from pixels",
}
_FROM_THE_GROUND_UP: Final[tuple[Level, ...]] = (0, 3, 2, 1)


@dataclass(frozen=True, slots=True)
class Node:
    """One thing that was looked at.

    Attributes:
        level: At which level.
        name: What: a file of the bundle, or a part of the evidence.
        status: `equal`; `differs`; `missing`, so that it could not be looked at; `stated`, which no
            level does again and which is taken as it stands.
        sentence: By what it differs, or what is missing; empty where all is well.
        optional: Whether all may be well without it.
    """

    level: Level
    name: str
    status: Status
    sentence: str = ""
    optional: bool = False

    @property
    def fails(self) -> bool:
        """Say whether the bundle does not stand because of it."""
        return self.status == "differs" or (self.status == "missing" and not self.optional)


@dataclass(frozen=True, slots=True)
class Report:
    """All answers on one bundle.

    Attributes:
        project: Id.
        period: Id.
        estimate_sha256: Digest of the evidence document: the estimate's name in the registry.
        levels: Those that were done, in order.
        nodes: In the order in which things follow from each other, level by level.
        recomputed_kg: Issuable kilograms as they came out, by level [kg CO2e].
        stated_kg: The same as the evidence states it [kg CO2e].
        code: Whether the code is that of the run; a sentence.
    """

    project: str
    period: str
    estimate_sha256: str
    levels: tuple[Level, ...]
    nodes: tuple[Node, ...]
    recomputed_kg: dict[Level, int]
    stated_kg: int
    code: str

    @property
    def stands(self) -> bool:
        """Say whether nothing differs and nothing needed is missing."""
        return not any(node.fails for node in self.nodes)

    @property
    def first_cause(self) -> Node | None:
        """Give the failing node that nothing else explains: nearest to what was given."""
        return first_cause(self.nodes)

    def as_json(self) -> dict[str, Any]:
        """Say the same to a program."""
        cause = self.first_cause
        return {
            "project": self.project,
            "period": self.period,
            "estimate": self.estimate_sha256,
            "levels": list(self.levels),
            "stands": self.stands,
            "stated_kg": self.stated_kg,
            "recomputed_kg": {str(level): kg for level, kg in self.recomputed_kg.items()},
            "first_cause": None if cause is None else _node(cause),
            "nodes": [_node(node) for node in self.nodes],
            "code": self.code,
        }


def first_cause(nodes: Iterable[Node]) -> Node | None:
    """Pick the failing node that comes first on the way from what was given to the result."""
    failing = [node for node in nodes if node.fails]
    return min(failing, key=lambda node: _FROM_THE_GROUND_UP.index(node.level), default=None)


def _node(node: Node) -> dict[str, Any]:
    return {
        "level": node.level,
        "name": node.name,
        "status": node.status,
        "fails": node.fails,
        "sentence": node.sentence,
    }
