"""The API keeps its promise: a frozen description, examples that fit it, names that stay."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from registry_api.api.examples import known_examples
from registry_api.app import create_app
from tests.registry_api.a_registry import Served, make_settings
from tests.registry_api.api import trade_story
from tests.registry_api.api.a_desk import Desk
from tests.registry_api.api.freeze import FROZEN, addresses
from tests.registry_api.api.upload_story import tell

OPERATIONS = {
    "list_methodologies",
    "get_methodology",
    "list_adoptions",
    "get_certificate",
    "revoke_certificate",
    "get_status_list",
    "list_project_labels",
    "list_serial_labels",
    "give_label",
    "withdraw_label",
    "export_cad_trust",
    "export_aef",
    "export_cdop",
    "get_portfolio",
    "list_projects",
    "get_project",
    "upload_project",
    "list_periods",
    "list_plots",
    "list_credits",
    "get_credit_facets",
    "list_ledger",
    "list_batches",
    "issue_batch",
    "get_batch",
    "get_serial",
    "get_lineage",
    "list_lineage_nodes",
    "get_lineage_node",
    "get_estimate",
    "get_document",
    "get_bundle",
    "get_plot_trace",
    "decide_on_estimate",
    "get_opinion",
    "get_run_changes",
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
    "list_supply_statements",
    "get_supply_statement",
    "get_checkpoint",
    "prove_inclusion",
    "prove_consistency",
    "list_signing_keys",
    "get_health",
    "get_readiness",
    "send_plots",
    "list_uploads",
    "get_upload",
    "get_columns",
    "run_upload_again",
    "get_file",
    "list_findings",
    "get_map",
    "get_repairs",
    "get_proposals",
    "get_rejected",
    "list_finding_codes",
    "list_versions",
    "leave_programme",
    "get_farmer",
    "forget_farmer",
    "list_private_reads",
    "file_contest",
    "list_contests",
    "list_open_contests",
    "decide_contest",
    "get_evidence",
    "list_holdings",
    "list_orders",
    "get_order",
    "answer_order",
    "offer_transfer",
    "retire_credits",
    "get_retirement",
    "ask_cancellation",
    "hold_credits",
    "list_listings",
    "get_listing",
    "list_credits_for_sale",
    "reserve_credits",
    "ask_for_quote",
    "get_state",
    "get_supply",
    "list_buffer_entries",
    "get_standing",
    "list_settlements",
    "list_restatements",
    "list_corrections",
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
    "get_batch_supply",
    "list_keys",
    "make_key",
    "replace_key",
    "withdraw_key",
}
# Example -> the operation that answers so.
UPLOAD_STORY = {
    "plot_upload": "get_upload",
    "plot_uploads": "list_uploads",
    "plot_columns": "get_columns",
    "plot_findings": "list_findings",
    "plot_map": "get_map",
    "plot_repairs": "get_repairs",
    "plot_proposals": "get_proposals",
    "plot_versions": "list_versions",
    "farmer": "get_farmer",
    "private_reads": "list_private_reads",
    "contest": "file_contest",
    "contest_decided": "decide_contest",
    "contests": "list_contests",
    "plot_finding_codes": "list_finding_codes",
    "plot_exit": "leave_programme",
}
TRADE_STORY = {
    "order": "get_order",
    "retired_order": "retire_credits",
    "listed_order": "list_credits_for_sale",
    "reservation": "reserve_credits",
    "quote": "ask_for_quote",
    "listings": "list_listings",
    "listing": "get_listing",
    "orders": "list_orders",
    "holdings": "list_holdings",
    "retirement": "get_retirement",
    "state": "get_state",
    "supply": "get_supply",
    "supply_statements": "list_supply_statements",
    "supply_statement": "get_supply_statement",
    "new_key": "make_key",
    "keys": "list_keys",
}
NO_JSON = {
    "get_bundle",
    "get_chips",
    "get_checkpoint",
    "get_file",
    "get_rejected",
    "get_evidence",
    "forget_farmer",
    "withdraw_key",
    "remove_member",
}  # files to take home, and nothing at all


@pytest.fixture(scope="module")
def description(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return create_app(make_settings(tmp_path_factory.mktemp("described"))).openapi()


def operations(description: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        operation["operationId"]: operation
        for path in description["paths"].values()
        for operation in path.values()
    }


def described(answer: dict[str, Any]) -> Any:  # noqa: ANN401  (what a description says)
    """Give the JSON of an answer, or the one other thing it is."""
    kinds = dict(answer["content"])
    only = kinds.pop("application/json", None)
    return only or next(iter(kinds.values()))


def test_description_is_the_frozen_one(description: dict[str, Any]) -> None:
    """If the change is meant: python -m tests.registry_api.api.freeze."""
    assert json.loads(json.dumps(description)) == json.loads(FROZEN.read_text("utf-8"))


def test_it_is_openapi_3_1_with_stable_names(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1")
    assert set(operations(description)) == OPERATIONS


def test_every_operation_has_a_fitting_example(description: dict[str, Any]) -> None:
    for name, operation in operations(description).items():
        status = next(s for s in ("202", "201", "200", "204") if s in operation["responses"])
        if name not in NO_JSON:
            content = described(operation["responses"][status])
            assert content["example"], name
            check(description, content["schema"], content["example"])
        problem = operation["responses"]["default"]["content"]["application/problem+json"]
        check(description, problem["schema"], problem["example"])


def test_examples_have_the_fields_of_real_answers(served: Served) -> None:
    shown = known_examples()
    bearing = served.bearing("independent-eyes")
    for name, address in addresses(served.batch).items():
        answer = served.client.get(address, headers=bearing)
        assert answer.status_code == 200, (name, answer.text)
        real, told = answer.json(), shown[name]
        assert type(real) is type(told), name
        assert isinstance(real, list) or set(real) == set(told), name


def test_examples_of_uploads_have_the_fields_of_real_answers(
    desk: Desk, description: dict[str, Any]
) -> None:
    shown = known_examples()
    for name, real in tell(desk).items():
        told = shown[name]
        assert type(real) is type(told), name
        assert isinstance(real, list) or set(real) == set(told), name
        operation = operations(description)[UPLOAD_STORY[name]]
        status = next(s for s in ("202", "201", "200") if s in operation["responses"])
        content = described(operation["responses"][status])
        check(description, content["schema"], real)


def test_examples_of_trade_have_the_fields_of_real_answers(
    tmp_path: Path, description: dict[str, Any]
) -> None:
    shown = known_examples()
    with trade_story.a_market(tmp_path) as market:
        told = trade_story.tell(market)
    assert told.keys() == TRADE_STORY.keys()
    for name, real in told.items():
        assert isinstance(real, list) or set(real) == set(shown[name]), name
        operation = operations(description)[TRADE_STORY[name]]
        status = next(s for s in ("201", "200") if s in operation["responses"])
        content = described(operation["responses"][status])
        check(description, content["schema"], real)


def test_answers_are_as_described(served: Served, description: dict[str, Any]) -> None:
    by_name = {
        "projects": "list_projects", "plots": "list_plots", "credits": "list_credits",
        "batch": "get_batch", "lineage": "get_lineage",
        "lineage_nodes": "list_lineage_nodes", "lineage_node": "get_lineage_node",
        "estimate": "get_estimate",
        "document": "get_document", "plot_trace": "get_plot_trace", "portfolio": "get_portfolio",
    }  # fmt: skip
    bearing = served.bearing("independent-eyes")
    for name, operation_id in by_name.items():
        operation = operations(description)[operation_id]
        content = described(operation["responses"]["200"])
        answer = served.client.get(addresses(served.batch)[name], headers=bearing)
        check(description, content["schema"], answer.json())


def check(description: dict[str, Any], schema: dict[str, Any], instance: object) -> None:
    """Hold an instance against a schema of the description."""
    whole = {"components": description["components"], **schema}
    jsonschema.Draft202012Validator(whole).validate(instance)
