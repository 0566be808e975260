"""Farmers are not exposed: what the public can ask for holds no exact place, area, name or village.

The registry behind these tests has all of it: exact boundaries, tree positions, a village.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from mrv.plots.disclosure import CELL_DEGREES
from registry_api.app import create_app
from tests.registry_api.a_registry import Served, make_settings
from tests.registry_api.api.freeze import addresses

# Names of fields that would give away a place, a person, or the size of one plot.
TELLING = {
    "lon", "lat", "boundary", "boundary_wkb", "box", "salt", "farmer", "farmer_id", "farmer_name",
    "village", "phone", "household", "email", "gps", "west", "south", "east", "north",
}  # fmt: skip
SECRETS = ("Secret village", "34.6123", "34.6143", "-0.1234", "-0.1224", "1.234567")
BEHIND_A_KEY = {
    "open_reversal",
    "list_reversals",
    "step_reversal",
    "quantify_reversal",
    "settle_losses",
    "restate_period",
    "list_proposals",
    "propose_issuance",
    "propose_release",
    "propose_correction",
    "confirm_proposal",
    "drop_proposal",
    "list_members",
    "add_member",
    "remove_member",
    "list_notices",
    "read_notice",
    "assign_verifier",
    "list_verifications",
    "get_verification",
    "get_plot_sheet",
    "get_chips",
    "get_plot_evidence",
    "draw_sample",
    "recompute_estimate",
    "request_finding",
    "answer_finding",
    "settle_finding",
    "get_bundle",
    "get_document", "issue_batch", "decide_on_estimate", "upload_project", "send_plots",
    "list_uploads", "get_upload", "get_columns", "run_upload_again", "get_file", "list_findings",
    "get_map", "get_repairs", "get_proposals", "get_rejected", "list_versions", "leave_programme",
    "get_farmer", "forget_farmer", "list_private_reads", "file_contest", "list_contests",
    "list_open_contests", "decide_contest", "get_evidence",
    "revoke_certificate",
    "give_label",
    "withdraw_label",
    "export_cad_trust",
    "export_aef",
    "export_cdop",
    "list_holdings",
    "list_orders",
    "get_order",
    "answer_order",
    "offer_transfer",
    "retire_credits",
    "ask_cancellation",
    "hold_credits",
    "list_credits_for_sale",
    "reserve_credits",
    "ask_for_quote",
    "list_keys",
    "make_key",
    "replace_key",
    "withdraw_key",
}  # fmt: skip


def public_shapes(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every property of every answer that needs no key, with the operation and the shape's name."""
    for path in description["paths"].values():
        for operation in path.values():
            if operation["operationId"] in BEHIND_A_KEY:
                continue
            for name in reachable(description, operation["responses"]):
                for field, shape in (
                    description["components"]["schemas"][name].get("properties", {}).items()
                ):
                    yield name, field, shape


def reachable(description: dict[str, Any], part: object) -> set[str]:
    """Names of all schemas that a part of the description leads to."""
    found: set[str] = set()
    waiting = [part]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            name = str(part.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.add(name)
                waiting.append(description["components"]["schemas"][name])
            waiting += [value for key, value in part.items() if key != "example"]
        elif isinstance(part, list):
            waiting += part
    return found


@pytest.fixture(scope="module")
def description(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return create_app(make_settings(tmp_path_factory.mktemp("described"))).openapi()


def test_no_public_shape_has_a_telling_field(description: dict[str, Any]) -> None:
    fields = {(name, field) for name, field, _shape in public_shapes(description)}
    assert len(fields) > 100
    assert [pair for pair in fields if pair[1] in TELLING] == []


def test_only_totals_have_an_area(description: dict[str, Any]) -> None:
    """One plot has a band; projects, countries and strata have hectares."""
    with_area = {name for name, field, _ in public_shapes(description) if field == "area_ha"}
    assert with_area == {"Portfolio", "CountryTotals", "ProjectCard", "StratumResult"}


def test_the_keyed_operations_are_the_only_exception(description: dict[str, Any]) -> None:
    keyed = {
        operation["operationId"]
        for path in description["paths"].values()
        for operation in path.values()
        if "security" in operation
    }
    assert keyed == BEHIND_A_KEY


def test_no_public_answer_holds_a_secret(served: Served) -> None:
    for name, address in addresses(served.batch).items():
        if name == "document":
            continue
        answer = served.client.get(address)
        assert answer.status_code == 200, address
        assert [secret for secret in SECRETS if secret in answer.text] == [], address


def test_the_exact_document_is_not_public(served: Served) -> None:
    answer = served.client.get(addresses(served.batch)["document"])
    assert answer.status_code == 401
    assert "1.234567" not in answer.text


def test_coordinates_are_no_finer_than_the_cell(served: Served) -> None:
    features = served.client.get("/v1/projects/lakeside-grevillea/plots").json()["features"]
    assert features
    numbers = [n for f in features for corner in f["geometry"]["coordinates"][0] for n in corner]
    for number in numbers:
        assert number / CELL_DEGREES == pytest.approx(round(number / CELL_DEGREES), abs=1e-9)
    assert json.dumps(features).count("commitment") == len(features)


def test_drill_down_shows_stems_but_not_where_they_stand(served: Served) -> None:
    answer = served.client.get(addresses(served.batch)["plot_trace"]).json()
    assert len(answer["trees"]) == 4
    assert set(answer["trees"][0]) & TELLING == set()
