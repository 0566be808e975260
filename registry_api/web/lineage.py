"""A lineage as a reader can take it in: a picture of few boxes, and a list that opens step by step.

Many things of one kind become one step; a graph of hundreds of boxes explains nothing. In the list
each thing stands once, below the first thing that rests on it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from gettext import NullTranslations
from urllib.parse import quote

from registry_api.services.lineage_views import Lineage, LineageNode
from registry_api.web.vocabulary import Vocabulary

FOLD_ABOVE = 2  # things of one kind
SAMPLES = 3  # of them that a folded step names


def node_path(serial: str, node_id: str) -> str:
    """Give the address of a node's own page."""
    return f"/credits/{quote(serial, safe='')}/lineage/{quote(node_id, safe='')}"


def kind_path(serial: str, kind: str) -> str:
    """Give the address of the page that lists all nodes of one kind."""
    return f"/credits/{quote(serial, safe='')}/lineage?kind={quote(kind)}"


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
        title, text = words.kind.get(node.kind, node.kind), label_of(node.kind, node.label, words)
        href = node_path(lineage.serial, node.id)
        if node.kind in many:
            name = words.kind_many.get(node.kind, node.kind)
            title = texts.gettext("%(things)s: %(n)s") % {"things": name, "n": len(alike)}
            text = ", ".join(label_of(each.kind, each.label, words) for each in alike[:SAMPLES])
            href = kind_path(lineage.serial, node.kind)
        elif node.kind == "plots":
            title = texts.gettext("%(things)s: %(n)s") % {
                "things": title,
                "n": node.facts["plots"],
            }
        steps[step_id] = Step(step_id, node.kind, title, text, href, tuple(parents[step_id]))
    return list(steps.values())


@dataclass(frozen=True, slots=True)
class Branch:
    """One thing in the list.

    Attributes:
        label: For a person.
        href: Of its own page.
        below: What it alone rests on, in groups of one kind.
        elsewhere: What it rests on too, and which stands in the list below another.
        open: Whether it is shown opened at first.
    """

    node: LineageNode
    label: str
    href: str
    below: "tuple[Group, ...]"
    elsewhere: "tuple[Branch, ...]"
    open: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Things of one kind below one thing.

    Attributes:
        href: Of the page that lists them all.
        folded: Whether they are many, and stay closed at first.
    """

    kind: str
    href: str
    branches: tuple[Branch, ...]
    folded: bool


_OPEN = {"serial", "batch", "decision", "waterfall", "estimate"}


def branches(lineage: Lineage, words: Vocabulary) -> Branch:
    """Spread the graph out as a list: each thing once, by the shortest way from the credit."""
    nodes = {node.id: node for node in lineage.nodes}
    below: dict[str, list[str]] = defaultdict(list)
    for edge in lineage.edges:
        below[edge.source].append(edge.target)
    first = lineage.nodes[0].id
    owner: dict[str, str] = {first: ""}
    waiting = [first]
    for node_id in waiting:  # grows while it is walked
        for child in below[node_id]:
            if child not in owner:
                owner[child] = node_id
                waiting.append(child)
    return _branch(lineage.serial, nodes[first], nodes, below, owner, words)


def _branch(
    serial: str,
    node: LineageNode,
    nodes: Mapping[str, LineageNode],
    below: Mapping[str, Sequence[str]],
    owner: Mapping[str, str],
    words: Vocabulary,
) -> Branch:
    kinds: dict[str, list[Branch]] = defaultdict(list)
    for child in below.get(node.id, ()):
        if owner[child] == node.id:
            shown = _branch(serial, nodes[child], nodes, below, owner, words)
            kinds[shown.node.kind].append(shown)
    others = [nodes[child] for child in below.get(node.id, ()) if owner[child] != node.id]
    return Branch(
        node,
        label_of(node.kind, node.label, words),
        node_path(serial, node.id),
        tuple(
            Group(kind, kind_path(serial, kind), tuple(some), len(some) > FOLD_ABOVE)
            for kind, some in kinds.items()
        ),
        tuple(
            Branch(n, label_of(n.kind, n.label, words), node_path(serial, n.id), (), (), open=False)
            for n in others
        ),
        open=node.kind in _OPEN,
    )


def label_of(kind: str, label: str, words: Vocabulary) -> str:
    """Give the label of a thing, in the reader's language where it is a term and not a name."""
    terms = {"verdict": words.gate, "model": words.estimator}.get(kind, {})
    return words.kind_many["waterfall"] if kind == "waterfall" else terms.get(label, label)
