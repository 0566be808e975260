"""The parts of a lineage: each thing a credit stands on, with its digest and what it rests on.

`lineage` puts them together and refuses a graph that lacks an edge.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

import rfc8785
from pydantic import BaseModel

from mrv.evidence.digest import bytes_digest
from mrv.evidence.documents import Artifact, EvidenceDocument, PlotContribution, StratumResult

Fact = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Node:
    """One thing a credit stands on.

    Attributes:
        id: Unique in its graph, `<kind>:<key>`.
        kind: serial, batch, decision, waterfall, estimate, stratum, model, verdict, run,
            methodology, artifact, scene, plot, or plots for those of one stratum.
        label: For a person.
        facts: What a table beside the graph would show.
        digest: sha-256 of its content in canonical JSON, or of the file itself; empty where the
            registry names the content.
    """

    id: str
    kind: str
    label: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    digest: str = ""


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
        batch_digest, decision_digest: Of the ledger's entries that recorded them.
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
    batch_digest: str = ""
    decision_digest: str = ""


Part = tuple[Node, tuple[Edge, ...]]
_WATERFALL: Final = "waterfall:"
_ESTIMATE: Final = "estimate:"
_MODEL: Final = "model:"
_FITTED_ON: Final = ("trees", "features", "observations")


class PlotResult(Protocol):
    """What a plot's node tells; a document's contribution has all of it."""

    @property
    def plot_id(self) -> str: ...  # noqa: D102
    @property
    def stratum(self) -> str: ...  # noqa: D102
    @property
    def sampled(self) -> bool: ...  # noqa: D102
    @property
    def trees_measured(self) -> int: ...  # noqa: D102
    @property
    def clear_looks(self) -> int: ...  # noqa: D102
    @property
    def net_kg(self) -> int: ...  # noqa: D102


def every_part(
    document: EvidenceDocument, issued: Issued | None, *, every_plot: bool
) -> Sequence[Part]:
    """Take a document apart, from what was issued on it down to its scenes and plots."""
    plots = _each_plot if every_plot else _plots_by_stratum
    return [
        *issued_parts(issued),
        *_estimate(document),
        *_inputs(document),
        *_strata(document, plots),
    ]


def plot_part(plot: PlotResult) -> Part:
    """Give the node of one plot, without its exact area, and what it rests on."""
    key = f"plot:{plot.plot_id}"
    field_rows = (Edge(key, "artifact:trees", "was measured in"),) if plot.sampled else ()
    return (
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


def _content_digest(content: BaseModel | list[object] | dict[str, object]) -> str:
    said = content.model_dump(mode="json") if isinstance(content, BaseModel) else content
    return bytes_digest(rfc8785.dumps(said))  # type: ignore[arg-type]


def issued_parts(issued: Issued | None) -> Iterator[Part]:
    """Give what the registry adds above a document: serial, issuance and decision."""
    if issued is None:
        return
    serial, batch = f"serial:{issued.serial}", f"batch:{issued.batch_id}"
    decision = f"decision:{issued.decision_id}"
    yield (
        Node(serial, "serial", issued.serial, digest=issued.batch_digest),
        (Edge(serial, batch, "was issued in"),),
    )
    yield (
        Node(
            batch,
            "batch",
            issued.batch_label,
            {"credits_t": issued.credits_t, "issued_at": issued.issued_at.isoformat()},
            issued.batch_digest,
        ),
        (Edge(batch, decision, "was allowed by"),),
    )
    yield (
        Node(
            decision,
            "decision",
            issued.decided_by,
            {"statement": issued.statement, "decided_at": issued.decided_at.isoformat()},
            issued.decision_digest,
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
            "gross to issuable",
            {line.key: line.quantity_kg for line in document.waterfall},
            _content_digest([line.model_dump(mode="json") for line in document.waterfall]),
        ),
        (Edge(_WATERFALL, _ESTIMATE, "starts from"), Edge(_WATERFALL, methodology, "follows")),
    )
    yield (
        Node(
            _ESTIMATE,
            "estimate",
            f"{document.project.name} {document.period.id}",
            {
                "u90": document.u90,
                "deducted_fraction": document.deducted_fraction,
                "estimator": model.estimator,
            },
        ),
        (
            *(Edge(_ESTIMATE, f"stratum:{s.stratum}", "adds up") for s in document.strata),
            Edge(_ESTIMATE, _MODEL, "rests on"),
            Edge(_ESTIMATE, computed, "was made by"),
            *(
                Edge(_ESTIMATE, f"verdict:{verdict.gate}", "was let through by")
                for verdict in document.verdicts
            ),
        ),
    )
    yield (
        Node(
            _MODEL,
            "model",
            model.estimator,
            {
                "r2": model.r2,
                "slope": model.slope,
                "reason": model.reason,
                "uses_map": model.estimator == "greg",
            },
            _content_digest(model),
        ),
        tuple(
            Edge(_MODEL, f"artifact:{artifact.name}", "was fitted on")
            for artifact in document.artifacts
            if artifact.name in _FITTED_ON
        ),
    )
    for verdict in document.verdicts:
        yield (
            Node(
                f"verdict:{verdict.gate}",
                "verdict",
                verdict.gate,
                {
                    "passed": verdict.passed,
                    "measured": verdict.measured,
                    "limit": verdict.limit,
                    "sentence": verdict.sentence,
                },
                _content_digest(verdict),
            ),
            (Edge(f"verdict:{verdict.gate}", methodology, "applies"),),
        )
    yield (
        Node(
            computed,
            "run",
            run.code_version,
            {"python": run.python, "seed": run.seed, "draws": run.draws, **run.libraries},
            _content_digest(run),
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
            f"{rules.id} {rules.version}",
            {"unverified": len(rules.unverified)},
            rules.digest,
        ),
        (),
    )


def _inputs(document: EvidenceDocument) -> Iterator[Part]:
    for artifact in document.artifacts:
        yield _artifact(artifact, document)
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
                    "offset_reason": scene.offset_reason,
                },
                scene.item_sha256,
            ),
            (),
        )


def _artifact(artifact: Artifact, document: EvidenceDocument) -> Part:
    key = f"artifact:{artifact.name}"
    edges: tuple[Edge, ...] = ()
    if artifact.name == "observations":
        edges = tuple(Edge(key, f"scene:{s.id}", "were read from") for s in document.scenes)
    elif artifact.name == "features":
        looks = [a.name for a in document.artifacts if a.name == "backscatter" and a.rows]
        edges = tuple(Edge(key, f"artifact:{name}", "sum up") for name in ("observations", *looks))
    facts: dict[str, Fact] = {"media_type": artifact.media_type, "rows": artifact.rows}
    return Node(key, "artifact", artifact.name, facts, artifact.sha256), edges


PlotsOf = Callable[[StratumResult, Sequence[PlotContribution]], Iterator[Part]]


def _strata(document: EvidenceDocument, plots_of: PlotsOf) -> Iterator[Part]:
    members: dict[str, list[PlotContribution]] = {}
    for plot in document.plots:
        members.setdefault(plot.stratum, []).append(plot)
    for stratum in document.strata:
        key = f"stratum:{stratum.stratum}"
        below = list(plots_of(stratum, members.get(stratum.stratum, [])))
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
                _content_digest(stratum),
            ),
            tuple(Edge(key, node.id, "holds") for node, _edges in below),
        )
        yield from below


def _each_plot(_stratum: StratumResult, plots: Sequence[PlotContribution]) -> Iterator[Part]:
    return map(plot_part, plots)


def _plots_by_stratum(stratum: StratumResult, plots: Sequence[PlotContribution]) -> Iterator[Part]:
    if not plots:
        return
    key = f"plots:{stratum.stratum}"
    sampled = sum(plot.sampled for plot in plots)
    field_rows = (Edge(key, "artifact:trees", "were measured in"),) if sampled else ()
    yield (
        Node(
            key,
            "plots",
            stratum.stratum,
            {
                "plots": len(plots),
                "sampled": sampled,
                "trees_measured": sum(plot.trees_measured for plot in plots),
                "gross_kg": sum(plot.gross_kg for plot in plots),
                "net_kg": sum(plot.net_kg for plot in plots),
            },
        ),
        (
            Edge(key, "artifact:plots", "are bounded in"),
            Edge(key, "artifact:observations", "were seen in"),
            *field_rows,
        ),
    )
