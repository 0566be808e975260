"""The ledger's rules over HTTP: who may, what it is answered, and what anybody may read of it."""

from collections.abc import Iterator
from typing import Any

import pytest

from registry_api.app import create_app
from registry_api.services.clock import today
from tests.registry_api.a_market import BUYERS, SECOND_REGISTRAR
from tests.registry_api.a_registry import DEVELOPER, REGISTRAR, VERIFIER
from tests.registry_api.api import rules_story
from tests.registry_api.api.rules_story import PROJECT, a_loss, an_estimate
from tests.registry_api.api.test_openapi import check, operations
from tests.registry_api.api.trade_story import EVERYBODY, Market, a_market

BUYER = BUYERS[0]
ANSWERS = {
    # example -> the operation that answers so
    "proposal": "propose_issuance",
    "proposals": "list_proposals",
    "corrections": "list_corrections",
    "member": "add_member",
    "members": "list_members",
    "reversal": "open_reversal",
    "reversals": "list_reversals",
    "settlement": "settle_losses",
    "settlements": "list_settlements",
    "standing": "get_standing",
    "buffer": "list_buffer_entries",
    "notices": "list_notices",
    "notice": "read_notice",
    "restatement": "restate_period",
    "restatements": "list_restatements",
}


@pytest.fixture
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with a_market(tmp_path_factory.mktemp("market")) as market:
        yield market


def test_the_story_is_answered_as_described(market: Market) -> None:
    description = create_app(market.client.app.state.settings).openapi()  # type: ignore[attr-defined]
    told = rules_story.tell(market)
    assert told.keys() == ANSWERS.keys()
    for name, real in told.items():
        operation = operations(description)[ANSWERS[name]]
        status = next(s for s in ("201", "200") if s in operation["responses"])
        (content,) = operation["responses"][status]["content"].values()
        check(description, content["schema"], real)
    assert told["settlement"]["cancelled_t"] == 3
    assert [entry["cause"] for entry in told["buffer"]["items"]] == ["reversal_coverage", "deposit"]
    assert told["standing"]["whole"] is True
    assert told["restatement"]["goes_to"] == "issuance"


def test_the_buffer_as_it_was(market: Market) -> None:
    (deposit,) = market.get(f"{PROJECT}/buffer").json()["items"]
    a_loss(market)
    body = {"reason": "Fire"}
    entry = market.post(f"{PROJECT}/settlements", body, by=REGISTRAR).json()["sequence"]
    now = market.get(f"{PROJECT}/buffer").json()["items"]
    assert [e["balance_t"] for e in now] == [2, 5]
    for asked in (
        {"sequence": entry - 1},
        {"recorded": deposit["recorded_at"]},
        {"effective": deposit["effective_at"]},
    ):
        then = market.client.get(f"{PROJECT}/buffer", params=asked)
        assert [e["balance_t"] for e in then.json()["items"]] == [5], asked
    naive = market.client.get(f"{PROJECT}/buffer", params={"recorded": "2026-01-01T00:00:00"})
    assert naive.status_code == 422
    assert market.get("/v1/projects/nowhere/buffer").status_code == 404


def test_every_route_tried_as_everybody(market: Market) -> None:
    ahead = an_estimate(market, (3_000, 0, 0), period=1)
    day = today().isoformat()
    case = a_loss(market)["id"]
    judges = {VERIFIER, REGISTRAR, SECOND_REGISTRAR}
    registrars = {REGISTRAR, SECOND_REGISTRAR}
    plot = {"plot_id": "P-002", "broke_on": day, "reason": "Felled"}
    routes: tuple[tuple[str, dict[str, Any], set[str]], ...] = (
        # address, body, and whom it is open to; others are refused before anything is looked at
        (f"{PROJECT}/reversals", plot, {DEVELOPER, *judges}),
        (f"/v1/reversals/{case}/steps", {"step": "clear", "on": day, "reason": "No"}, judges),
        (f"/v1/reversals/{case}/loss", {"agb_before_t": [1.0], "on": day}, judges),
        (f"{PROJECT}/settlements", {"reason": "Fire"}, registrars),
        ("/v1/proposals/issuances", {"estimate_sha256": ahead}, registrars),
        ("/v1/proposals/releases",
         {"project_id": "lakeside-grevillea", "quantity_t": 1, "reason": "Rule"}, registrars),
        ("/v1/ledger/1/corrections", {"reads": {"a": "b"}, "reason": "Typing"}, registrars),
        ("/v1/restatements", {"estimate_sha256": ahead, "reason": "Late"}, registrars),
        (f"/v1/accounts/{BUYER}/members", {"member_id": "a-clerk", "name": "A"}, registrars),
    )  # fmt: skip
    for address, body, may in routes:
        assert market.post(address, body, by=None).status_code == 401, address
        for account in EVERYBODY:
            status = market.post(address, body, by=account).status_code
            assert (status in (403, 404)) is (account not in may), (address, account, status)
            assert status < 500
    for address, may in (
        ("/v1/notices", set(EVERYBODY)),
        ("/v1/proposals", registrars),
        (f"{PROJECT}/reversals", {DEVELOPER, *judges}),
        (f"/v1/accounts/{BUYER}/members", {BUYER, *registrars}),
    ):
        assert market.get(address).status_code == 401, address
        for account in EVERYBODY:
            status = market.get(address, by=account).status_code
            assert (status == 200) is (account in may), (address, account, status)


def test_an_order_may_say_when_it_took_effect(market: Market) -> None:
    issued_at = market.batch["issued_at"]
    body = {"lots": market.lots(2), "beneficiary": "A hotel", "purpose": "voluntary"}
    for when, status in (
        (issued_at, 201),
        ("2999-01-01T00:00:00Z", 422),
        ("2020-01-01T00:00:00Z", 422),
    ):
        answer = market.post("/v1/retirements", body | {"effective_at": when}, by=DEVELOPER)
        assert answer.status_code == status, answer.text
    then = market.client.get("/v1/supply", params={"effective": issued_at}).json()
    assert (then["retired"], then["reconciles"]) == (2, True)
    known = market.client.get("/v1/supply", params={"recorded": issued_at}).json()
    assert (known["retired"], known["reconciles"]) == (0, True)
