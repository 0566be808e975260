"""The geometry of the waterfall, the folding of the lineage, and what maps may know."""

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrv.evidence.documents import WaterfallLine
from mrv.plots.disclosure import area_band
from registry_api.services.lineage_views import Lineage, LineageEdge, LineageNode
from registry_api.services.views import BatchCard, PlotCell, ProjectCard, SerialBlock
from registry_api.web import assets, language, places
from registry_api.web.lineage import FOLD_ABOVE, fold
from registry_api.web.vocabulary import vocabulary
from registry_api.web.waterfall import WIDTH, draw

TEXTS = language.texts("en")
WORDS = vocabulary(TEXTS)
KEYS = ("gross", "baseline", "uncertainty", "project_emissions", "leakage")


def _lines(amounts: list[int]) -> list[WaterfallLine]:
    benefit = sum(amounts)
    buffer = -max(0, benefit) // 5
    steps = dict(zip(KEYS, amounts, strict=True))
    steps |= {"net_benefit": benefit, "buffer": buffer, "issuable": benefit + buffer}
    return [WaterfallLine(key=k, quantity_kg=v, source="s") for k, v in steps.items()]


amounts = st.lists(st.integers(-(10**9), 10**9), min_size=5, max_size=5)


@given(amounts, st.floats(0, 3))
def test_each_bar_starts_where_the_one_before_ends(steps: list[int], u90: float) -> None:
    """Whatever the signs: one scale, nothing off the paper, totals on zero."""
    drawing = draw(_lines(steps), u90)
    for bar in drawing.bars:
        assert -0.1 <= bar.left <= bar.left + bar.width <= WIDTH + 0.1
        ends = (bar.left, bar.left + bar.width)
        if bar.total:
            assert min(abs(end - drawing.zero) for end in ends) <= 0.11
    for before, after in pairwise(drawing.bars):
        if not after.total:
            ends = (after.left, after.left + after.width)
            assert min(abs(end - before.reached) for end in ends) <= 0.11


@given(amounts, st.floats(0, 3))
def test_interval_is_drawn_around_removals_net_of_baseline(steps: list[int], u90: float) -> None:
    """U90 is the half-width relative to gross less baseline, on either side."""
    bars = {bar.line.key: bar for bar in draw(_lines(steps), u90).bars}
    net = steps[0] + steps[1]
    low, high = bars["baseline"].low_kg, bars["baseline"].high_kg
    assert low is not None
    assert high is not None
    assert low <= net <= high
    assert high - low == pytest.approx(2 * abs(net) * u90, abs=1.01)
    assert [key for key, bar in bars.items() if bar.low is not None] == ["baseline"]


def test_nothing_at_all_is_drawn_as_nothing() -> None:
    """Zero growth divides by no zero."""
    assert {bar.width for bar in draw(_lines([0] * 5), 0.0).bars} == {0.0}


def _lineage(scenes: int, plots: int) -> Lineage:
    block = SerialBlock("PKL-1", "active", 1, 9, 9)
    day = date(2021, 1, 1)
    batch = BatchCard(
        id="b", number=1, project_id="p", project_name="P", country="KE", developer_name="D",
        period_id="2021", vintage_start=day, vintage_end=day, methodology_id="m",
        methodology_version=1, credits_t=9, buffer_t=0, credits=block, buffer=None,
        issued_at=datetime(2022, 1, 1, tzinfo=UTC), estimate_sha256="e", simulated=True,
        unverified=(),
        registrars=1,
    )  # fmt: skip
    nodes = [LineageNode("serial", "serial", "S"), LineageNode("estimate", "estimate", "E")]
    edges = [LineageEdge("serial", "estimate", "rests on")]
    for kind, count in (("plot", plots), ("scene", scenes)):
        above = [n.id for n in nodes if n.kind == "plot"] or ["estimate"]
        new = [LineageNode(f"{kind}:{i}", kind, f"{kind} {i}") for i in range(count)]
        edges += [
            LineageEdge(a, n.id, "")
            for n in new
            for a in (above if kind == "scene" else ["estimate"])
        ]
        nodes += new
    return Lineage("S", 1, block, batch, "public", tuple(nodes), tuple(edges))


@given(st.integers(0, 60), st.integers(0, 60))
def test_folded_lineage_stays_small_and_whole(scenes: int, plots: int) -> None:
    """However many plots and scenes: few steps, every step hangs on another, none on itself."""
    whole = _lineage(scenes, plots)
    steps = {step.id: step for step in fold(whole, WORDS, TEXTS)}
    assert len(steps) <= 2 + 2 * FOLD_ABOVE
    assert [step.id for step in steps.values() if not step.parents] == ["serial"]
    for step in steps.values():
        assert step.id not in step.parents
        assert len(set(step.parents)) == len(step.parents)
        assert set(step.parents) <= steps.keys()
    if plots > FOLD_ABOVE:
        assert steps["all:plot"].title == f"Plots: {plots}"
        assert steps["all:plot"].href == "/credits/S/lineage?kind=plot"


def test_unknown_kinds_of_steps_are_drawn_too() -> None:
    """A new kind of node has no word and no place yet, but it is not lost."""
    whole = _lineage(0, 0)
    strange = LineageNode("x", "soil_core", "Core 7")
    whole = replace(
        whole, nodes=(*whole.nodes, strange), edges=(*whole.edges, LineageEdge("estimate", "x", ""))
    )
    step = fold(whole, WORDS, TEXTS)[-1]
    assert (step.title, step.text, step.href, step.parents) == (
        "soil_core", "Core 7", "/credits/S/lineage/x", ("estimate",),
    )  # fmt: skip


def _cell(plot: int, west: float, role: str = "enrolled", band: str = "0.5-1 ha") -> PlotCell:
    return PlotCell(f"P-{plot}", "p", "maize", role, band, west, 0.0, west + 0.1, 0.1, "c")


def test_cells_hold_counts_and_nothing_of_a_plot() -> None:
    """Plots of one cell become one square with a number."""
    drawn = places.cells([_cell(1, 34.6), _cell(2, 34.6), _cell(3, 34.7)], TEXTS)
    told = [f["properties"] for f in drawn["features"]]
    assert [p["name"] for p in told] == ["2", "1"]
    assert [p["text"] for p in told] == ["2 plots lie here", "1 plot lies here"]
    assert "P-1" not in str(drawn)


def test_strata_are_counted_by_band_in_order_of_size() -> None:
    """Bands come as sizes, not as letters; roles apart."""
    bands = [area_band(ha) for ha in (7.0, 0.05, 0.7, 12.0, 1.5)]
    plots = [_cell(i, 34.6, band=band) for i, band in enumerate(bands)]
    ordered, rows = places.by_stratum([*plots, _cell(9, 34.6, role="control")])
    assert ordered == ["below 0.1 ha", "0.5-1 ha", "1-2 ha", "5-10 ha", "10 ha or more"]
    assert [(row.role, row.plots) for row in rows] == [("control", 1), ("enrolled", 5)]
    assert rows[0].by_band["5-10 ha"] == 0


def test_project_without_a_place_is_not_on_the_map() -> None:
    """Before it has plots, a project is in the table only."""
    card = ProjectCard(
        "p", "P", "", "KE", "", "d", "D", simulated=True, methodology_id="m",
        methodology_version=1, plots=0, control_plots=0, area_ha=0.0, credits_t=0, buffer_t=0,
        longitude=None, latitude=None,
    )  # fmt: skip
    assert places.projects([card], TEXTS)["features"] == []
    (drawn,) = places.projects([replace(card, longitude=34.65, latitude=-0.15)], TEXTS)["features"]
    assert drawn["properties"]["href"] == "/projects/p"


def test_our_own_files_change_their_address_with_their_content() -> None:
    """So that browsers may keep them."""
    assert assets.static("parkland.css").startswith("/static/parkland.css?v=")
    assert assets.static("parkland.css") != assets.static("mark.svg")
    assert assets.island("no-such-island") is None
