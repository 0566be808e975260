"""The way down from a serial to scenes and trees, as a graph that anything can draw.

The upper part (serial, batch, decision) is the registry's and handed in; the lower part is read
off the evidence document, see `lineage_parts`. A document that lacks an edge has no graph:
`lineage_graph` refuses it, and so stops its issuance. Two functions at the end pick the rows of one
plot from the artifacts.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from mrv.errors import NotCreditable
from mrv.evidence import lineage_parts
from mrv.evidence.documents import EvidenceDocument
from mrv.evidence.lineage_parts import Edge, Fact, Issued, Lineage, Node

if TYPE_CHECKING:  # the registry draws lineages and starts without pandas
    import pandas as pd

__all__ = [
    "NEEDED_EDGES",
    "REQUIRED_ARTIFACTS",
    "Edge",
    "Fact",
    "Issued",
    "Lineage",
    "Node",
    "broken_edges",
    "lineage_graph",
    "missing_edges",
    "plot_looks",
    "plot_trees",
]

REQUIRED_ARTIFACTS: Final = ("project.toml", "plots", "trees", "observations")
"""Names under which every document must list its inputs; GREG needs `features` too."""


class NeededEdge(NamedTuple):
    """An edge without which there is no way down.

    Attributes:
        parent: How the ids of the nodes begin that must have it.
        relation: As the edge names it.
        child: How the id begins of what it must lead to.
        where: Fact of the parent that must not be false or zero; empty for all of them.
    """

    parent: str
    relation: str
    child: str
    where: str = ""


NEEDED_EDGES: Final = (
    NeededEdge("serial:", "was issued in", "batch:"),
    NeededEdge("batch:", "was allowed by", "decision:"),
    NeededEdge("decision:", "approved", "waterfall:"),
    NeededEdge("waterfall:", "starts from", "estimate:"),
    NeededEdge("waterfall:", "follows", "methodology:"),
    NeededEdge("estimate:", "adds up", "stratum:"),
    NeededEdge("estimate:", "rests on", "model:"),
    NeededEdge("estimate:", "was made by", "run:"),
    NeededEdge("estimate:", "was let through by", "verdict:"),
    NeededEdge("verdict:", "applies", "methodology:"),
    NeededEdge("model:", "was fitted on", "artifact:trees"),
    NeededEdge("model:", "was fitted on", "artifact:observations"),
    NeededEdge("model:", "was fitted on", "artifact:features", "uses_map"),
    NeededEdge("run:", "applied", "methodology:"),
    *(NeededEdge("run:", "used", f"artifact:{name}") for name in REQUIRED_ARTIFACTS),
    NeededEdge("artifact:observations", "were read from", "scene:"),
    NeededEdge("artifact:features", "sum up", "artifact:observations"),
    NeededEdge("stratum:", "holds", "plot"),
    NeededEdge("plot", "bounded in", "artifact:plots"),
    NeededEdge("plot", "seen in", "artifact:observations"),
    NeededEdge("plot", "measured in", "artifact:trees", "sampled"),
)
"""Every kind of edge a lineage must have; `plot` stands for one plot and for `plots:`, a group."""


def missing_edges(document: EvidenceDocument) -> tuple[str, ...]:
    """Name every place where the way down breaks off; empty where it does not."""
    breaks = tuple(_breaks(document))
    return breaks or broken_edges(_drawn(document, None, every_plot=False))


def lineage_graph(
    document: EvidenceDocument, issued: Issued | None = None, *, every_plot: bool = True
) -> Lineage:
    """Draw everything a document, or a serial issued on it, stands on.

    Args:
        document: The evidence.
        issued: What the registry adds above it; None before anything is issued.
        every_plot: Whether each plot is a node; else those of a stratum are one, `plots:STRATUM`,
            and `lineage_parts.plot_part` gives the node of any of them.

    Raises:
        NotCreditable: If the way down breaks off somewhere; every such place is named.
    """
    breaks = tuple(_breaks(document))
    graph = _drawn(document, issued, every_plot=every_plot) if not breaks else Lineage((), ())
    breaks = breaks or broken_edges(graph)
    if breaks:
        raise NotCreditable(
            f"The evidence of {document.project.id} {document.period.id} cannot be followed down: "
            f"{'; '.join(breaks)}.",
            breaks=list(breaks),
        )
    return graph


def broken_edges(graph: Lineage) -> tuple[str, ...]:
    """Name each node that lacks an edge of a kind it needs, and each edge that ends in nothing."""
    nodes = {node.id: node for node in graph.nodes}
    found: dict[str, list[Edge]] = {}
    faults = []
    for edge in graph.edges:
        found.setdefault(edge.parent, []).append(edge)
        faults += [
            f"an edge '{edge.relation}' ends in '{end}', which is not there"
            for end in (edge.parent, edge.child)
            if end not in nodes
        ]
    for node in graph.nodes:
        faults += [
            f"{node.kind} '{node.label}' has no edge '{needed.relation}' to any "
            f"{needed.child.rstrip(':')}"
            for needed in NEEDED_EDGES
            if node.id.startswith(needed.parent)
            and (not needed.where or node.facts[needed.where])
            and not any(
                edge.relation.endswith(needed.relation) and edge.child.startswith(needed.child)
                for edge in found.get(node.id, ())
            )
        ]
    return tuple(faults)


def plot_trees(trees: "pd.DataFrame", plot_id: str) -> "pd.DataFrame":
    """Pick one plot's stems from the artifact `trees`, visit by visit."""
    rows = trees[trees["plot_id"].astype(str) == plot_id]
    return rows.sort_values(["measured_on", "tree_id"], kind="stable").reset_index(drop=True)


def plot_looks(observations: "pd.DataFrame", plot_id: str) -> "pd.DataFrame":
    """Pick what each scene saw of one plot from the artifact `observations`, in order of time."""
    rows = observations[observations["plot_id"].astype(str) == plot_id]
    return rows.sort_values(["acquired_at", "scene_id"], kind="stable").reset_index(drop=True)


def _drawn(document: EvidenceDocument, issued: Issued | None, *, every_plot: bool) -> Lineage:
    parts = lineage_parts.every_part(document, issued, every_plot=every_plot)
    nodes = {node.id: node for node, _edges in parts}
    edges = dict.fromkeys(edge for _node, given in parts for edge in given)
    return Lineage(tuple(nodes.values()), tuple(edges))


def _breaks(document: EvidenceDocument) -> Iterator[str]:
    named = {artifact.name for artifact in document.artifacts}
    needed = (*REQUIRED_ARTIFACTS, *(("features",) if document.model.estimator == "greg" else ()))
    for name in needed:
        if name not in named:
            yield f"the artifact '{name}' is not named"
    for there, said in (
        (document.scenes, "no scene is named"),
        (document.waterfall, "there is no waterfall"),
        (document.verdicts, "no gate has answered"),
        (document.run.code_version.strip(), "the run does not say which code computed it"),
        (document.run.libraries, "the run does not say which libraries computed it"),
        (document.strata, "there is no stratum"),
    ):
        if not there:
            yield said
    yield from _breaks_at_plots(document)


def _breaks_at_plots(document: EvidenceDocument) -> Iterator[str]:
    strata = {stratum.stratum for stratum in document.strata}
    if stray := sorted({plot.plot_id for plot in document.plots if plot.stratum not in strata}):
        yield f"plots lie in no stratum: {', '.join(stray[:5])}"
    if empty := sorted(strata - {plot.stratum for plot in document.plots}):
        yield f"strata have no plots: {', '.join(empty)}"
    if not any(plot.sampled and plot.trees_measured for plot in document.plots):
        yield "no plot has a measured tree"
