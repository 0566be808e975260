"""From one serial down to scenes, code, rules and trees; a missing edge stops it."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from mrv.errors import NotCreditable
from mrv.evidence.documents import EvidenceDocument
from mrv.evidence.lineage import (
    Issued,
    lineage_graph,
    missing_edges,
    plot_looks,
    plot_trees,
)

ISSUED = Issued(
    serial="PKL-KE-KISUMU-WOMEN-C-20210201-20240201-0001-000001-000120-3",
    batch_id="b1",
    batch_label="Batch 1",
    credits_t=120,
    issued_at=datetime(2024, 6, 1, tzinfo=UTC),
    decision_id="d1",
    decided_by="A verifier",
    decided_at=datetime(2024, 5, 1, tzinfo=UTC),
    statement="Agrees with the field.",
)


def test_a_serial_leads_down_to_everything_it_stands_on(document: EvidenceDocument) -> None:
    graph = lineage_graph(document, ISSUED)
    assert graph.nodes[0].label == ISSUED.serial
    below = graph.below(f"serial:{ISSUED.serial}")
    kinds = [node.kind for node in below]
    assert len(below) == len(graph.nodes) - 1  # nothing hangs loose
    assert kinds.count("decision") == kinds.count("run") == kinds.count("methodology") == 1
    assert kinds.count("scene") == len(document.scenes)
    assert kinds.count("plot") == len(document.plots)
    assert {"batch", "waterfall", "estimate", "model", "stratum", "artifact"} < set(kinds)


def test_no_edge_ends_in_nothing_and_no_way_leads_back(document: EvidenceDocument) -> None:
    graph = lineage_graph(document, ISSUED)
    ids = {node.id for node in graph.nodes}
    assert len(ids) == len(graph.nodes)
    assert all({edge.parent, edge.child} <= ids for edge in graph.edges)
    assert all(node.id not in {n.id for n in graph.below(node.id)} for node in graph.nodes)


def test_a_measured_plot_leads_to_its_trees_and_its_scenes(document: EvidenceDocument) -> None:
    graph = lineage_graph(document)
    sampled = next(plot for plot in document.plots if plot.sampled)
    unsampled = next(plot for plot in document.plots if not plot.sampled)
    below = {node.id for node in graph.below(f"plot:{sampled.plot_id}")}
    assert {"artifact:trees", "artifact:observations"} < below
    assert any(node.startswith("scene:") for node in below)
    assert "artifact:trees" not in {n.id for n in graph.below(f"plot:{unsampled.plot_id}")}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"scenes": ()}, "no scene is named"),
        ({"verdicts": ()}, "no gate has answered"),
        ({"waterfall": ()}, "there is no waterfall"),
        ({"plots": ()}, "strata have no plots: home, maize; no plot has a measured tree"),
        ({"strata": ()}, "there is no stratum; plots lie in no stratum: P000"),
        ({"artifacts": ()}, "the artifact 'trees' is not named"),
    ],
)
def test_a_missing_edge_stops_the_issuance(
    document: EvidenceDocument, change: dict[str, object], said: str
) -> None:
    broken = document.model_copy(update=change)
    assert missing_edges(document) == ()
    with pytest.raises(NotCreditable, match="cannot be followed down") as refusal:
        lineage_graph(broken, ISSUED)
    assert said in refusal.value.message


def test_a_run_without_its_code_is_a_missing_edge(document: EvidenceDocument) -> None:
    run = document.run.model_copy(update={"code_version": " ", "libraries": {}})
    breaks = missing_edges(document.model_copy(update={"run": run}))
    assert len(breaks) == 2
    assert "which code" in breaks[0]


def test_a_total_that_rests_on_the_map_needs_its_features(document: EvidenceDocument) -> None:
    kept = tuple(a for a in document.artifacts if a.name != "features")
    assert missing_edges(document.model_copy(update={"artifacts": kept})) == (
        "the artifact 'features' is not named",
    )
    by_field = document.model.model_copy(update={"estimator": "expansion"})
    assert missing_edges(document.model_copy(update={"artifacts": kept, "model": by_field})) == ()


def test_a_plots_trees_and_looks_come_in_order_of_time(trees: pd.DataFrame) -> None:
    assert plot_trees(trees, "P1")["tree_id"].tolist() == ["t1", "t2"]
    assert plot_trees(trees, "P9").empty
    looks = pd.DataFrame(
        {
            "plot_id": ["P1", "P1", "P2"],
            "scene_id": ["b", "a", "a"],
            "acquired_at": pd.to_datetime(["2024-01-02", "2021-01-02", "2021-01-02"], utc=True),
        }
    )
    assert plot_looks(looks, "P1")["scene_id"].tolist() == ["a", "b"]
