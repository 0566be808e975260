"""An evidence document computed again, and two of them beside each other."""

from pathlib import Path

import pytest

from mrv.crediting.issuance import issue
from mrv.crediting.waterfall import waterfall
from mrv.evidence.documents import EvidenceDocument
from mrv.evidence.recomputed import nodes_of, recompute, recompute_gross, recompute_plots
from mrv.evidence.run_diff import run_diff
from tests.registry_api.a_registry import NET_KG, RULES, a_farm, evidence, make_settings


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> EvidenceDocument:
    """A document whose amounts add up, and follow no rule."""
    home: Path = tmp_path_factory.mktemp("evidence")
    return evidence(a_farm(make_settings(home)), NET_KG)


@pytest.fixture(scope="module", params=[21.4567, 3.21987, 1234.5678912, 0.9])
def by_the_rules(invented: EvidenceDocument, request: pytest.FixtureRequest) -> EvidenceDocument:
    """The same with a waterfall and books as the rules make them of a gross removal [t]."""
    steps = waterfall(
        gross_tco2e=request.param,
        baseline_tco2e=0.1234,
        u90=0.18,
        project_emissions_tco2e=0.0777,
        methodology=RULES,
    )
    books = issue(steps.issuable_kg, cumulative_buffer_kg=steps.buffer_kg)
    stated = invented.model_dump(mode="json", by_alias=True) | {
        "deducted_fraction": steps.deducted_fraction,
        "waterfall": [
            {"key": line.key, "quantity_kg": line.quantity_kg, "source": line.source, "note": ""}
            for line in steps.lines
        ],
        "quantities": {name: getattr(books, name) for name in invented.quantities.model_dump()},
    }
    return EvidenceDocument.model_validate(stated)


def test_what_the_rules_made_comes_out_the_same(by_the_rules: EvidenceDocument) -> None:
    assert [n for n in recompute(by_the_rules, RULES) if n.verdict != "equal"] == []


@pytest.mark.parametrize("line", ["uncertainty", "net_benefit", "buffer", "issuable"])
@pytest.mark.parametrize("by_kg", [-7, 7])
def test_a_line_that_is_not_the_rules_is_named(
    by_the_rules: EvidenceDocument, line: str, by_kg: int
) -> None:
    stated = by_the_rules.model_dump(mode="json", by_alias=True)
    for each in stated["waterfall"]:
        each["quantity_kg"] += by_kg if each["key"] == line else 0
    found = recompute(EvidenceDocument.model_validate(stated), RULES)
    differing = [node for node in found if node.verdict == "differs"]
    assert f"waterfall:{line}" in {node.node for node in differing}
    assert all("kg are stated more" in node.said for node in differing)


def test_a_softer_deduction_is_named(by_the_rules: EvidenceDocument) -> None:
    softer = by_the_rules.model_copy(update={"deducted_fraction": 0.05})
    said = [node.said for node in recompute(softer, RULES) if node.verdict == "differs"]
    assert any("VM0047 gives another share" in each for each in said)


def test_gross_is_the_mean_draw_rounded_down(invented: EvidenceDocument) -> None:
    stated = {line.key: line.quantity_kg for line in invented.waterfall}["gross"]
    low, high = stated / 1000 - 1, stated / 1000 + 1
    assert recompute_gross(invented, [low, high]).verdict == "equal"
    assert recompute_gross(invented, [low, high + 0.1]).verdict == "differs"
    assert recompute_gross(invented, None).verdict == "missing"


def test_shares_of_plots_are_computed_again_to_the_kilogram(invented: EvidenceDocument) -> None:
    def changes(spoilt: float = 0.0) -> list[tuple[str, float, float, float]]:
        return [
            (p.plot_id, p.gross_kg / 1000, p.net_kg / 1000 + (spoilt if n == 0 else 0), p.area_ha)
            for n, p in enumerate(invented.plots)
        ]

    same = recompute_plots(invented, changes(), before_kg={})
    assert [node.verdict for node in same] == ["equal"] * len(invented.plots)
    other = recompute_plots(invented, changes(0.5), before_kg={})
    assert "differs" in {node.verdict for node in other}
    assert {n.verdict for n in recompute_plots(invented, None, before_kg={})} == {"missing"}


def test_every_node_may_have_a_finding(invented: EvidenceDocument) -> None:
    named = set(nodes_of(invented))
    assert {"plot:P-001", "waterfall:buffer", "artifact:trees", "run"} <= named
    assert {node.node for node in recompute(invented, RULES)} - named <= {
        "books:credits_t", "books:buffer_t", "books:carried_out_kg", "books:reversal_kg",
    }  # fmt: skip


def test_two_runs_differ_in_what_was_exchanged_and_what_came_of_it(
    invented: EvidenceDocument,
) -> None:
    stated = invented.model_dump(mode="json", by_alias=True)
    stated["artifacts"][1]["sha256"] = "e" * 64
    stated["run"] |= {"seed": 8, "code_version": "0.2.0", "libraries": {"numpy": "2.5.0"}}
    stated["plots"][1] |= {"net_kg": 2600, "trees_measured": 1}
    stated["quantities"]["credits_t"] = 8
    found = run_diff(invented, EvidenceDocument.model_validate(stated))
    told = {(c.part, c.name): (c.before, c.after) for c in found.changes}
    assert told["input", "trees"][1] == "e" * 64
    assert told["parameter", "seed"] == (7, 8)
    assert told["code", "numpy"] == ("2.4.6", "2.5.0")
    assert told["result", "credits_t"] == (9, 8)
    assert [(p.plot_id, p.difference_kg) for p in found.plots] == [("P-002", -600)]
    assert found.plots_alike == 3


def test_a_run_does_not_differ_from_itself(invented: EvidenceDocument) -> None:
    found = run_diff(invented, invented)
    assert (found.changes, found.plots, found.plots_alike) == ((), (), 4)
