"""A lineage as a picture can show it: many things of one kind become one step.

The whole graph stays in the services' answer and in the page's nested list; a graph of hundreds of
boxes explains nothing.
"""

from collections import defaultdict
from dataclasses import dataclass
from gettext import NullTranslations

from registry_api.services.lineage_views import Lineage, LineageNode
from registry_api.web.vocabulary import Vocabulary

FOLD_ABOVE = 2  # things of one kind
SAMPLES = 3  # of them that a folded step names
_PLACE = {  # where on the page a kind is told in full
    "serial": "#credit",
    "block": "#credit",
    "batch": "#issuance",
    "decision": "#decision",
    "estimate": "#evidence",
    "evidence": "#evidence",
    "waterfall": "#waterfall",
    "stratum": "#strata",
    "model": "#model",
    "run": "#run",
    "methodology": "#methodology",
    "artifact": "#files",
    "plot": "#plots",
    "scene": "#scenes",
    "verdict": "#checks",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One box of the picture."""

    id: str
    kind: str
    title: str
    text: str
    href: str
    parents: tuple[str, ...]

    def as_data(self) -> dict[str, object]:
        """Give what the lineage island reads."""
        return {
            "id": self.id,
            "kind": self.kind,
            "title": self.title,
            "text": self.text,
            "href": self.href,
            "parentIds": list(self.parents),
        }


def fold(lineage: Lineage, words: Vocabulary, texts: NullTranslations) -> list[Step]:
    """Merge the nodes of each kind that has many, and keep who stands on what."""
    by_kind: dict[str, list[LineageNode]] = defaultdict(list)
    for node in lineage.nodes:
        by_kind[node.kind].append(node)
    many = {kind for kind, nodes in by_kind.items() if len(nodes) > FOLD_ABOVE}
    home = {n.id: f"all:{n.kind}" if n.kind in many else n.id for n in lineage.nodes}
    parents: dict[str, list[str]] = defaultdict(list)
    for edge in lineage.edges:
        above, below = home[edge.source], home[edge.target]
        if above != below and above not in parents[below]:
            parents[below].append(above)
    steps: dict[str, Step] = {}
    for node in lineage.nodes:
        alike = by_kind[node.kind]
        step_id = home[node.id]
        if step_id in steps:
            continue
        title, text = words.kind.get(node.kind, node.kind), node.label
        if node.kind in many:
            name = words.kind_many.get(node.kind, node.kind)
            title = texts.gettext("%(things)s: %(n)s") % {"things": name, "n": len(alike)}
            text = ", ".join(each.label for each in alike[:SAMPLES])
        steps[step_id] = Step(
            step_id, node.kind, title, text, _PLACE.get(node.kind, ""), tuple(parents[step_id])
        )
    return list(steps.values())
