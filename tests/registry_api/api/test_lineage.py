"""From a serial down to scene, tree, code and decision over the API, and who is told how much."""

import random
import re
from typing import Any
from urllib.parse import quote

import pytest

from registry_api.services import accounts
from registry_api.services.unit_of_work import unit_of_work
from tests.registry_api.a_registry import DEVELOPER, REGISTRAR, VERIFIER, Served

BUYER = "lake-hotel"


def _lineage(served: Served, path: str = "", **headers: str) -> Any:  # noqa: ANN401  (JSON)
    assert served.batch.credits is not None
    address = f"/v1/serials/{served.batch.credits.text}/lineage{path}"
    return served.client.get(address, headers=headers).raise_for_status().json()


def _node(served: Served, node_id: str, **headers: str) -> Any:  # noqa: ANN401  (JSON)
    return _lineage(served, f"/nodes/{quote(node_id, safe='')}", **headers)


def test_a_random_serial_reaches_scenes_trees_code_and_decision_by_links_alone(
    served: Served,
) -> None:
    """Walk `made_from` only: whatever is reached has a page of its own, and leads back up."""
    assert served.batch.credits is not None
    unit = random.Random(7).randint(1, served.batch.credits.quantity_t)  # noqa: S311
    root = _lineage(served, f"?unit={unit}")["nodes"][0]["id"]
    assert f"{unit:06d}-{unit:06d}" in root
    serial = root.partition(":")[2]
    waiting, reached = [root], {}
    while waiting:
        node_id = waiting.pop()
        if node_id in reached:
            continue
        path = f"/v1/serials/{serial}/lineage/nodes/{quote(node_id, safe='')}"
        shown = served.client.get(path).raise_for_status().json()
        reached[node_id] = shown
        waiting += [link["id"] for link in shown["made_from"]]
    kinds = {shown["node"]["kind"] for shown in reached.values()}
    assert {"serial", "batch", "decision", "waterfall", "estimate", "verdict", "stratum"} <= kinds
    assert {"plots", "plot", "tree", "look", "scene", "artifact", "model", "run"} <= kinds
    assert "methodology" in kinds
    for node_id, shown in reached.items():
        assert re.fullmatch("[0-9a-f]{64}", shown["node"]["digest"] or "") or (
            shown["node"]["kind"] == "plots"
        )
        assert shown["made_into"] or node_id == root
        for link in shown["made_into"]:
            assert link["id"] in reached
    assert reached["tree:P-001:P-001-t0"]["node"]["facts"]["2021-02-03 stem 1 dbh_cm"] == 10.0
    (run,) = (shown for shown in reached.values() if shown["node"]["kind"] == "run")
    assert run["node"]["code_version"] == "0.1.0+abc1234"


def test_no_node_tells_where_a_tree_stands_or_how_large_a_plot_is(served: Served) -> None:
    for node_id in ("plot:P-001", "tree:P-001:P-001-t0", "look:P-001:S2A_36MXE_20230115_0_L2A"):
        said = str(_node(served, node_id))
        for secret in ("34.6123", "-0.1234", "Secret village", "1.234567"):
            assert secret not in said


@pytest.mark.parametrize(
    ("account", "tier", "issued_by"),
    [
        (None, "public", None),
        (VERIFIER, "verifier", REGISTRAR),
        (REGISTRAR, "verifier", REGISTRAR),
        (DEVELOPER, "developer", REGISTRAR),
        (BUYER, "buyer", REGISTRAR),
    ],
)
def test_who_issued_is_told_to_account_holders(
    served: Served, account: str | None, tier: str, issued_by: str | None
) -> None:
    with unit_of_work(served.farm.settings) as session:
        accounts.register_account(session, BUYER, "Lake Hotel", "buyer")
        bearer = f"Bearer {accounts.create_key(session, account)}" if account else ""
    headers = {"Authorization": bearer} if bearer else {}
    shown = _lineage(served, **headers)
    assert shown["tier"] == tier
    made_by = {node["kind"]: node["made_by"] for node in shown["nodes"]}
    assert made_by["decision"] == "Independent Eyes"
    assert made_by["batch"] == issued_by


def test_a_wrong_key_is_not_taken_for_the_public(served: Served) -> None:
    assert served.batch.credits is not None
    address = f"/v1/serials/{served.batch.credits.text}/lineage"
    answer = served.client.get(address, headers={"Authorization": "Bearer pkl_wrong"})
    assert answer.status_code == 401


def test_nodes_are_searched_by_words_kind_and_stratum(served: Served) -> None:
    scenes = _lineage(served, "/nodes?kind=scene")["items"]
    assert [node["label"] for node in scenes] == ["S2A_36MXE_20230115_0_L2A"]
    assert [n["id"] for n in _lineage(served, "/nodes?q=P-003")["items"]] == ["plot:P-003"]
    assert _lineage(served, "/nodes?kind=plot&stratum=forest")["items"] == []
    first = _lineage(served, "/nodes?kind=plot&stratum=maize&limit=3")
    rest = _lineage(served, f"/nodes?kind=plot&stratum=maize&cursor={first['next_cursor']}")
    assert [n["id"] for n in first["items"] + rest["items"]] == [
        "plot:P-001", "plot:P-002", "plot:P-003", "plot:P-004",
    ]  # fmt: skip
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    "node_id", ["plot:P-999", "tree:P-001:none", "look:P-001:none", "nothing", "tree:", "scene:x"]
)
def test_what_the_credit_does_not_stand_on_is_not_found(served: Served, node_id: str) -> None:
    assert served.batch.credits is not None
    path = f"/v1/serials/{served.batch.credits.text}/lineage/nodes/{quote(node_id, safe='')}"
    assert served.client.get(path).status_code == 404
