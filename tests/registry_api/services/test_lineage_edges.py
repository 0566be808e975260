"""A lineage without one of its edges stops the issuance, whichever kind of edge it is."""

from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import func, select

from mrv.evidence import lineage_parts
from mrv.evidence.documents import EvidenceDocument
from mrv.evidence.lineage import NEEDED_EDGES, NeededEdge, broken_edges
from mrv.evidence.lineage_parts import Edge, Issued, Lineage, Node, Part
from registry_api.db import Database
from registry_api.db.models import CreditBatch, LedgerEntry
from registry_api.errors import EvidenceMissing
from registry_api.services import issuance
from tests.registry_api.a_registry import REGISTRAR, Stage

EveryPart = Callable[..., Sequence[Part]]
whole: EveryPart = lineage_parts.every_part


def _of_kind(edge: Edge, kind: NeededEdge) -> bool:
    return (
        edge.parent.startswith(kind.parent)
        and edge.relation.endswith(kind.relation)
        and edge.child.startswith(kind.child)
    )


def _without(kind: NeededEdge) -> EveryPart:
    """Draw the real graph of the real document, less one kind of edge."""

    def drawn(document: EvidenceDocument, issued: Issued | None, *, every_plot: bool) -> list[Part]:
        parts = whole(document, issued, every_plot=every_plot)
        return [(n, tuple(e for e in edges if not _of_kind(e, kind))) for n, edges in parts]

    return drawn


def _counted(registry: Database) -> tuple[int, int]:
    with registry.reading() as session:
        batches = session.scalar(select(func.count()).select_from(CreditBatch))
        entries = session.scalar(select(func.count()).select_from(LedgerEntry))
    return batches or 0, entries or 0


@pytest.mark.parametrize("kind", NEEDED_EDGES, ids=lambda k: f"{k.parent} {k.relation} {k.child}")
def test_removing_any_kind_of_edge_stops_the_issuance(
    approved: Stage, kind: NeededEdge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal names what is missing; no credits and no entry of the ledger are left."""
    before = _counted(approved.registry)
    monkeypatch.setattr(lineage_parts, "every_part", _without(kind))
    with pytest.raises(EvidenceMissing) as refused, approved.registry.writing() as session:
        issuance.issue(
            session, approved.sha256, "an-edge-less", by=REGISTRAR, settings=approved.settings
        )
    assert kind.relation in refused.value.message
    assert kind.child.rstrip(":") in refused.value.message
    assert _counted(approved.registry) == before
    monkeypatch.setattr(lineage_parts, "every_part", whole)
    with approved.registry.writing() as session:  # the same request, with the edge in its place
        issuance.issue(
            session, approved.sha256, "an-edge-less", by=REGISTRAR, settings=approved.settings
        )
    assert _counted(approved.registry)[0] == before[0] + 1


def test_every_edge_of_a_real_graph_is_of_a_needed_kind(
    approved: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the list leaves no kind out; a run may have used more files than the required."""
    drawn: list[Edge] = []

    def watched(
        document: EvidenceDocument, issued: Issued | None, *, every_plot: bool
    ) -> Sequence[Part]:
        parts = whole(document, issued, every_plot=every_plot)
        drawn.extend(edge for _node, edges in parts for edge in edges)
        return parts

    monkeypatch.setattr(lineage_parts, "every_part", watched)
    with approved.registry.writing() as session:
        issuance.issue(
            session, approved.sha256, "an-edge-watched", by=REGISTRAR, settings=approved.settings
        )
    left = {
        (edge.parent.partition(":")[0], edge.relation, edge.child)
        for edge in drawn
        if not any(_of_kind(edge, kind) for kind in NEEDED_EDGES)
    }
    assert left == {("run", "used", "artifact:features")}
    assert all(any(_of_kind(edge, kind) for edge in drawn) for kind in NEEDED_EDGES)


def test_an_edge_that_ends_in_nothing_is_broken_too() -> None:
    graph = Lineage((Node("scene:a", "scene", "a"),), (Edge("scene:a", "scene:b", "lies beside"),))
    assert broken_edges(graph) == ("an edge 'lies beside' ends in 'scene:b', which is not there",)
