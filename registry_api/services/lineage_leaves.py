"""The ends of a lineage that are opened one by one: a plot, a tree, one look of a scene at a plot.

What they are is read from the tables that the evidence names; where a tree stands is not told.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

import rfc8785
from sqlalchemy.orm import Session

from mrv.evidence.digest import bytes_digest
from mrv.evidence.lineage_parts import Fact, Node, plot_part
from registry_api.errors import NotFound
from registry_api.services.lineage_views import LineageLink, ObservationRow, TreeRow
from registry_api.services.opened_evidence import OpenedEvidence, PlotLine
from registry_api.services.plot_traces import looks_at, plot_line, registered, stems_of
from registry_api.settings import Settings


@dataclass(frozen=True, slots=True)
class Leaf:
    """One node that the graph leaves folded, and its neighbours."""

    node: Node
    made_from: tuple[LineageLink, ...]
    made_into: tuple[LineageLink, ...]


def members(evidence: OpenedEvidence, node_id: str) -> list[LineageLink]:
    """List the plots that a node of the graph holds, those that contributed most first."""
    kind, _, stratum = node_id.partition(":")
    plots = evidence.strata.get(stratum, ()) if kind == "plots" else ()
    return [_to_plot("hold", plot) for plot in plots]


def leaf(session: Session, settings: Settings, evidence: OpenedEvidence, node_id: str) -> Leaf:
    """Open one plot (`plot:PLOT`), tree (`tree:PLOT:TREE`) or look (`look:PLOT:SCENE`).

    Raises:
        NotFound: If the evidence has no such thing, or the table with it is lost.
        EvidenceMissing: If the evidence names no trees or observations.
    """
    kind, _, key = node_id.partition(":")
    if kind == "plot":
        return _plot(session, settings, evidence, plot_line(evidence, key))
    for plot, rest in _plot_and_rest(evidence, key):
        if kind == "tree":
            visits = [t for t in stems_of(evidence, plot.plot_id, settings) if t.tree_id == rest]
            if visits:
                return _tree(plot, rest, visits)
        elif kind == "look":
            looks = looks_at(evidence, plot.plot_id, settings)
            for look in looks:
                if look.scene_id == rest:
                    return _look(plot, look)
    raise NotFound(f"The lineage has no node '{node_id[:120]}'.", node=node_id[:120])


def _plot_and_rest(evidence: OpenedEvidence, key: str) -> Iterator[tuple[PlotLine, str]]:
    """Part the name of a plot from what follows; both may hold colons."""
    at = key.find(":")
    while at >= 0:
        if plot := evidence.plots.get(key[:at]):
            yield plot, key[at + 1 :]
        at = key.find(":", at + 1)


def _plot(session: Session, settings: Settings, evidence: OpenedEvidence, plot: PlotLine) -> Leaf:
    node, edges = plot_part(plot)
    public = registered(session, evidence, [plot.plot_id])[plot.plot_id]
    facts = {**node.facts, "gross_kg": plot.gross_kg, "area_band": public.area_band}
    stems = stems_of(evidence, plot.plot_id, settings)
    looks = looks_at(evidence, plot.plot_id, settings)
    labels = {f"artifact:{a.name}": a.name for a in evidence.head.artifacts}
    return Leaf(
        replace(node, facts=facts, digest=public.commitment),
        (
            *(LineageLink(e.relation, e.child, "artifact", labels[e.child]) for e in edges),
            *(
                LineageLink("bears", f"tree:{plot.plot_id}:{tree_id}", "tree", tree_id)
                for tree_id in dict.fromkeys(stem.tree_id for stem in stems)
            ),
            *(
                LineageLink(
                    "was seen in", f"look:{plot.plot_id}:{look.scene_id}", "look", look.scene_id
                )
                for look in looks
            ),
        ),
        (LineageLink("hold", f"plots:{plot.stratum}", "plots", plot.stratum),),
    )


def _tree(plot: PlotLine, tree_id: str, visits: Sequence[TreeRow]) -> Leaf:
    facts: dict[str, Fact] = {"plot": plot.plot_id, "species": visits[0].species}
    for visit in visits:
        stem = f"{visit.measured_on} stem {visit.stem}"
        facts |= {
            f"{stem} dbh_cm": visit.dbh_cm,
            f"{stem} height_m": visit.height_m,
            f"{stem} status": visit.status,
            f"{stem} row": visit.row,
        }
        if visit.equation_id:
            facts |= {f"{stem} equation": visit.equation_id, f"{stem} agb_kg": visit.agb_kg}
    rows = [asdict(visit) | {"measured_on": visit.measured_on.isoformat()} for visit in visits]
    return Leaf(
        Node(f"tree:{plot.plot_id}:{tree_id}", "tree", tree_id, facts, _digest(rows)),
        (LineageLink("is written down in", "artifact:trees", "artifact", "trees"),),
        (_to_plot("bears", plot),),
    )


def _look(plot: PlotLine, look: ObservationRow) -> Leaf:
    facts: dict[str, Fact] = {
        "plot": plot.plot_id,
        "acquired_at": look.acquired_at.isoformat(),
        "clear_fraction": look.clear_fraction,
        **look.indices,
    }
    return Leaf(
        Node(
            f"look:{plot.plot_id}:{look.scene_id}", "look", look.scene_id, facts, _digest([facts])
        ),
        (
            LineageLink("was read from", f"scene:{look.scene_id}", "scene", look.scene_id),
            LineageLink("is written down in", "artifact:observations", "artifact", "observations"),
        ),
        (_to_plot("was seen in", plot),),
    )


def _to_plot(relation: str, plot: PlotLine) -> LineageLink:
    return LineageLink(relation, f"plot:{plot.plot_id}", "plot", plot.plot_id)


def _digest(rows: Sequence[object]) -> str:
    return bytes_digest(rfc8785.dumps(list(rows)))  # type: ignore[arg-type]
