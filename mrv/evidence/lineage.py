"""The way down from a serial to scenes and trees, as a graph that anything can draw.

The upper part (serial, batch, decision) is the registry's and handed in; the lower part is read
off the evidence document. A document that lacks an edge has no graph: `lineage_graph` refuses it,
and so stops its issuance. Two functions at the end pick the rows of one plot from the artifacts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from mrv.errors import NotCreditable
from mrv.evidence.documents import EvidenceDocument

if TYPE_CHECKING:  # the registry draws lineages and starts without pandas
    import pandas as pd

REQUIRED_ARTIFACTS: Final = ("project.toml", "plots", "trees", "observations")
"""Names under which every document must list its inputs; GREG needs `features` too."""

Fact = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Node:
    """One thing a credit stands on.

    Attributes:
        id: Unique in its graph, `<kind>:<key>`.
        kind: serial, batch, decision, waterfall, estimate, stratum, model, run, methodology,
            artifact, scene or plot.
        label: For a person.
        facts: What a table beside the graph would show.
    """

    id: str
    kind: str
    label: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edge:
    """`parent` stands on `child`; `relation` reads between the two."""

    parent: str
    child: str
    relation: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """A connected graph without cycles; its first node is what was asked about."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def below(self, node_id: str) -> tuple[Node, ...]:
        """Everything a node stands on, directly or through others, in the graph's order."""
        children: dict[str, list[str]] = {}
        for edge in self.edges:
            children.setdefault(edge.parent, []).append(edge.child)
        reached: set[str] = set()
        waiting = [node_id]
        while waiting:
            for child in children.get(waiting.pop(), ()):
                if child not in reached:
                    reached.add(child)
                    waiting.append(child)
        return tuple(node for node in self.nodes if node.id in reached)


@dataclass(frozen=True, slots=True)
class Issued:
    """What the registry knows of an issuance.

    Attributes:
        serial: As it was asked for.
        batch_id: Of the batch.
        batch_label: Of the batch, for a person.
        credits_t: Credits in the batch [t CO2e].
        issued_at: When.
        decision_id: Of the verification decision.
        decided_by: Who decided, by the name shown in public.
        decided_at: When.
        statement: What they said.
    """

    serial: str
    batch_id: str
    batch_label: str
    credits_t: int
    issued_at: datetime
    decision_id: str
    decided_by: str
    decided_at: datetime
    statement: str


def missing_edges(document: EvidenceDocument) -> tuple[str, ...]:
    """Name every place where the way down breaks off; empty where it does not."""
    return tuple(_breaks(document))


def lineage_graph(document: EvidenceDocument, issued: Issued | None = None) -> Lineage:
    """Draw everything a document, or a serial issued on it, stands on.

    Args:
        document: The evidence.
        issued: What the registry adds above it; None before anything is issued.

    Raises:
        NotCreditable: If the way down breaks off somewhere; every such place is named.
    """
    breaks = missing_edges(document)
    if breaks:
        raise NotCreditable(
            f"The evidence of {document.project.id} {document.period.id} cannot be followed down: "
            f"{'; '.join(breaks)}.",
            breaks=list(breaks),
        )
    parts = [*_upper(issued), *_estimate(document), *_inputs(document), *_plots(document)]
    nodes = {node.id: node for node, _edges in parts}
    edges = dict.fromkeys(edge for _node, given in parts for edge in given)
    return Lineage(tuple(nodes.values()), tuple(edges))


def plot_trees(trees: "pd.DataFrame", plot_id: str) -> "pd.DataFrame":
    """Pick one plot's stems from the artifact `trees`, visit by visit."""
    rows = trees[trees["plot_id"].astype(str) == plot_id]
    return rows.sort_values(["measured_on", "tree_id"], kind="stable").reset_index(drop=True)


def plot_looks(observations: "pd.DataFrame", plot_id: str) -> "pd.DataFrame":
    """Pick what each scene saw of one plot from the artifact `observations`, in order of time."""
    rows = observations[observations["plot_id"].astype(str) == plot_id]
    return rows.sort_values(["acquired_at", "scene_id"], kind="stable").reset_index(drop=True)


Part = tuple[Node, tuple[Edge, ...]]
_WATERFALL, _ESTIMATE, _MODEL = "waterfall:", "estimate:", "model:"


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


def _upper(issued: Issued | None) -> Iterator[Part]:
    if issued is None:
        return
    serial, batch = f"serial:{issued.serial}", f"batch:{issued.batch_id}"
    decision = f"decision:{issued.decision_id}"
    yield Node(serial, "serial", issued.serial), (Edge(serial, batch, "was issued in"),)
    yield (
        Node(
            batch,
            "batch",
            issued.batch_label,
            {"credits_t": issued.credits_t, "issued_at": issued.issued_at.isoformat()},
        ),
        (Edge(batch, decision, "was allowed by"),),
    )
    yield (
        Node(
            decision,
            "decision",
            f"Approved by {issued.decided_by}",
            {"statement": issued.statement, "decided_at": issued.decided_at.isoformat()},
        ),
        (Edge(decision, _WATERFALL, "approved"),),
    )


def _estimate(document: EvidenceDocument) -> Iterator[Part]:
    rules, run, model = document.methodology, document.run, document.model
    methodology, computed = f"methodology:{rules.digest}", f"run:{run.id}"
    yield (
        Node(
            _WATERFALL,
            "waterfall",
            "From gross removals to credits",
            {line.key: line.quantity_kg for line in document.waterfall},
        ),
        (Edge(_WATERFALL, _ESTIMATE, "starts from"), Edge(_WATERFALL, methodology, "follows")),
    )
    strata = tuple(
        Edge(_ESTIMATE, f"stratum:{stratum.stratum}", "adds up") for stratum in document.strata
    )
    yield (
        Node(
            _ESTIMATE,
            "estimate",
            f"Growth of {document.project.name}, {document.period.id}",
            {
                "u90": document.u90,
                "deducted_fraction": document.deducted_fraction,
                "estimator": model.estimator,
            },
        ),
        (*strata, Edge(_ESTIMATE, _MODEL, "rests on"), Edge(_ESTIMATE, computed, "was made by")),
    )
    yield (
        Node(
            _MODEL,
            "model",
            "Map and field plots" if model.accepted else "Field plots alone",
            {"r2": model.r2, "slope": model.slope, "reason": model.reason},
        ),
        tuple(
            Edge(_MODEL, f"artifact:{artifact.name}", "was fitted on")
            for artifact in document.artifacts
            if artifact.name in ("trees", "features", "observations")
        ),
    )
    yield (
        Node(
            computed,
            "run",
            f"Run of code {run.code_version}",
            {"python": run.python, "seed": run.seed, "draws": run.draws, **run.libraries},
        ),
        (
            Edge(computed, methodology, "applied"),
            *(Edge(computed, f"artifact:{a.name}", "used") for a in document.artifacts),
        ),
    )
    yield (
        Node(
            methodology,
            "methodology",
            f"{rules.id} version {rules.version}",
            {"digest": rules.digest, "unverified": len(rules.unverified)},
        ),
        (),
    )


def _inputs(document: EvidenceDocument) -> Iterator[Part]:
    scenes = tuple(
        Edge("artifact:observations", f"scene:{scene.id}", "were read from")
        for scene in document.scenes
    )
    for artifact in document.artifacts:
        key = f"artifact:{artifact.name}"
        edges = scenes if artifact.name == "observations" else ()
        if artifact.name == "features":
            edges = (Edge(key, "artifact:observations", "sum up"),)
        facts: dict[str, Fact] = {"sha256": artifact.sha256, "rows": artifact.rows}
        yield Node(key, "artifact", artifact.name, facts), edges
    for scene in document.scenes:
        yield (
            Node(
                f"scene:{scene.id}",
                "scene",
                scene.id,
                {
                    "acquired_at": scene.acquired_at.isoformat(),
                    "collection": scene.collection,
                    "mgrs_tile": scene.mgrs_tile,
                    "cloud_percent": scene.cloud_percent,
                    "offset": scene.offset,
                    "item_sha256": scene.item_sha256,
                },
            ),
            (),
        )


def _plots(document: EvidenceDocument) -> Iterator[Part]:
    for stratum in document.strata:
        key = f"stratum:{stratum.stratum}"
        plots = (p for p in document.plots if p.stratum == stratum.stratum)
        yield (
            Node(
                key,
                "stratum",
                stratum.stratum,
                {
                    "plots": stratum.plots,
                    "sampled": stratum.sampled,
                    "area_ha": stratum.area_ha,
                    "agb_change_t_ha": stratum.agb_change_t_ha,
                    "gross_kg": stratum.gross_kg,
                },
            ),
            tuple(Edge(key, f"plot:{plot.plot_id}", "holds") for plot in plots),
        )
    for plot in document.plots:
        key = f"plot:{plot.plot_id}"
        field_rows = (Edge(key, "artifact:trees", "was measured in"),) if plot.sampled else ()
        yield (
            Node(
                key,
                "plot",
                plot.plot_id,
                {
                    "stratum": plot.stratum,
                    "sampled": plot.sampled,
                    "trees_measured": plot.trees_measured,
                    "clear_looks": plot.clear_looks,
                    "net_kg": plot.net_kg,
                },
            ),
            (
                Edge(key, "artifact:plots", "is bounded in"),
                Edge(key, "artifact:observations", "was seen in"),
                *field_rows,
            ),
        )
