"""Searching credits, and finding a serial's block from inside it."""

from datetime import date

import pytest

from mrv.crediting.serials import SerialBlock, format_serial
from mrv.errors import InputRejected
from registry_api.errors import CursorInvalid, NotFound
from registry_api.services import credit_search, lineage, plot_traces
from registry_api.services import credits as issued_credits
from registry_api.services.credit_runs import RunFilter
from registry_api.services.views import CreditFilter
from tests.registry_api.a_registry import Stage


def serial(first: int, last: int, **changes: object) -> str:
    stated: dict[str, object] = {
        "country": "KE",
        "project": "lakeside-grevillea",
        "kind": "C",
        "start": date(2021, 2, 1),
        "end": date(2023, 2, 1),
        "batch": 1,
        "first": first,
        "last": last,
    }
    return format_serial(SerialBlock(**(stated | changes)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "last", "status", "unit"),
    [
        (1, 9, "active", None),
        (1, 1, "active", 1),
        (9, 9, "active", 9),
        (4, 6, "active", None),
        (10, 11, "buffer", None),
        (11, 11, "buffer", 11),
    ],
)
def test_a_serial_is_found_from_inside(
    issued: Stage, first: int, last: int, status: str, unit: int | None
) -> None:
    with issued.registry.reading() as session:
        answer = issued_credits.find_serial(session, serial(first, last).lower())
    assert (answer.block.status, answer.unit) == (status, unit)
    assert answer.block.first_serial <= first <= last <= answer.block.last_serial


@pytest.mark.parametrize(
    "text",
    [
        serial(9, 10),
        serial(1, 12),
        serial(12, 12),
        serial(1, 9, batch=2),
        serial(1, 9, country="UG"),
        serial(1, 9, end=date(2023, 2, 2)),
        serial(1, 9, kind="R"),
        serial(1, 9, project="another-project"),
        serial(2**60, 2**61),
        serial(1, 10**30),
    ],
    ids=["across", "over", "beyond", "batch", "country", "dates", "kind", "project", "2^60", "big"],
)
def test_what_was_not_issued_is_not_found(issued: Stage, text: str) -> None:
    with issued.registry.reading() as session, pytest.raises(NotFound):
        issued_credits.find_serial(session, text)


def test_a_mistyped_serial_is_told_from_an_unknown_one(issued: Stage) -> None:
    wrong = serial(1, 9).replace("000009", "000008")
    with issued.registry.reading() as session, pytest.raises(InputRejected, match="mistyped"):
        issued_credits.find_serial(session, wrong)


def test_a_unit_of_a_block(issued: Stage) -> None:
    with issued.registry.reading() as session:
        answer = issued_credits.find_serial(session, serial(1, 9), unit=5)
        assert answer.serial == serial(5, 5)
        with pytest.raises(NotFound, match="Credit 10 is not in"):
            issued_credits.find_serial(session, serial(1, 9), unit=10)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (CreditFilter(), 1),
        (CreditFilter(country="KE"), 1),
        (CreditFilter(country="UG"), 0),
        (CreditFilter(project="lakeside-grevillea"), 1),
        (CreditFilter(project="' OR 1=1 --"), 0),
        (CreditFilter(vintage=2020), 0),
        (CreditFilter(vintage=2021), 1),
        (CreditFilter(vintage=2023), 1),
        (CreditFilter(vintage=2024), 0),
        (CreditFilter(status="buffer"), 1),
        (CreditFilter(methodology="agroforestry_removals"), 1),
        (CreditFilter(methodology="%"), 0),
    ],
)
def test_filters_of_issuances(issued: Stage, wanted: CreditFilter, found: int) -> None:
    with issued.registry.reading() as session:
        assert len(issued_credits.batches(session, wanted).items) == found


@pytest.mark.parametrize(
    ("wanted", "found_t"),
    [
        (RunFilter(), 11),
        (RunFilter(country=("KE", "UG")), 11),
        (RunFilter(country=("UG",)), 0),
        (RunFilter(project=("lakeside-grevillea",)), 11),
        (RunFilter(project=("' OR 1=1 --",)), 0),
        (RunFilter(vintage=(2021, 2022)), 0),
        (RunFilter(vintage=(2023,)), 11),  # the year of the last day
        (RunFilter(status=("buffer",)), 2),
        (RunFilter(status=("active", "retired")), 9),
        (RunFilter(claim=("resilience",)), 0),
        (RunFilter(methodology=("agroforestry_removals",)), 11),
        (RunFilter(methodology=("%",)), 0),
    ],
)
def test_filters_of_credits(issued: Stage, wanted: RunFilter, found_t: int) -> None:
    with issued.registry.reading() as session:
        assert sum(run.quantity_t for run in credit_search.search(session, wanted).items) == found_t


@pytest.mark.parametrize("cursor", ["", "!", "W10", "WyJhIl0", "WzFlOTld", "W1s" * 600])
def test_a_made_up_cursor_is_refused(issued: Stage, cursor: str) -> None:
    with issued.registry.reading() as session:
        with pytest.raises(CursorInvalid):
            issued_credits.batches(session, CreditFilter(), cursor=cursor)
        with pytest.raises(CursorInvalid):
            credit_search.search(session, RunFilter(), cursor=cursor)


def test_from_a_serial_down_to_scene_and_tree(issued: Stage) -> None:
    """Promise 6, walked: serial, batch, decision, waterfall, estimate, run, plots, scenes, rows."""
    with issued.registry.reading() as session:
        graph = lineage.lineage(session, serial(4, 4))
        trace = plot_traces.plot_trace(session, issued.settings, issued.sha256, "P-002")
    below: dict[str, list[str]] = {}
    for edge in graph.edges:
        below.setdefault(edge.source, []).append(edge.target)
    reached, waiting = set(), [graph.nodes[0].id]
    while waiting:
        node = waiting.pop()
        if node not in reached:
            reached.add(node)
            waiting += below.get(node, [])
    assert reached == {node.id for node in graph.nodes}
    kinds = [node.kind for node in graph.nodes]
    assert kinds[0] == "serial"
    assert kinds.count("decision") == kinds.count("run") == kinds.count("batch") == 1
    assert kinds.count("scene") >= 1
    assert kinds.count("plots") == 1  # those of the one stratum
    assert [tree.tree_id for tree in trace.trees] == ["P-002-t0", "P-002-t1"] * 2
    assert trace.observations[0].indices == {"ndvi": 0.61, "ndmi": None}
    assert trace.observations[0].scene_id in {n.label for n in graph.nodes if n.kind == "scene"}


def test_a_plot_that_is_not_in_the_estimate(issued: Stage) -> None:
    with issued.registry.reading() as session, pytest.raises(NotFound):
        plot_traces.plot_trace(session, issued.settings, issued.sha256, "P-999")


@pytest.mark.parametrize("batch_id", ["", "not-a-uuid", "0" * 32, "\x00"])
def test_an_unknown_issuance(issued: Stage, batch_id: str) -> None:
    with issued.registry.reading() as session, pytest.raises(NotFound):
        issued_credits.batch(session, batch_id)
