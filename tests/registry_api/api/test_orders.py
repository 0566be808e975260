"""Orders over HTTP: the whole trade, who may do what, and what a mistake is answered."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.registry_api.a_market import BUYERS, SECOND_REGISTRAR
from tests.registry_api.a_registry import DEVELOPER, REGISTRAR, VERIFIER
from tests.registry_api.api.trade_story import EVERYBODY, TERMS, Market, a_market

BUYER, OTHER = BUYERS


@pytest.fixture
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with a_market(tmp_path_factory.mktemp("market")) as market:
        yield market


def offered(market: Market, quantity_t: int = 5) -> str:
    body = {"lots": market.lots(quantity_t), "to_account_id": BUYER}
    return str(market.post("/v1/transfers", body, by=DEVELOPER).json()["id"])


def answer(market: Market, order: str, outcome: str, by: str | None) -> int:
    said = market.post(f"/v1/orders/{order}/answer", {"outcome": outcome}, by=by)
    return said.status_code


def test_from_the_developer_to_a_retirement_anybody_can_read(market: Market) -> None:
    order = offered(market)
    assert market.get("/v1/supply").json()["offered"] == 5
    assert answer(market, order, "accepted", BUYER) == 200
    held = market.get("/v1/holdings", by=BUYER).json()["items"]
    assert [(h["state"], h["quantity_t"]) for h in held] == [("active", 5)]
    done = market.post(
        "/v1/retirements", {"lots": [{"serial": held[0]["serial"]}], **TERMS}, by=BUYER
    )
    assert done.status_code == 201
    shown = market.get(done.headers["Location"])
    assert shown.status_code == 200
    assert shown.json()["serials"] == [held[0]["serial"]]
    assert shown.json()["terms"]["beneficiary"] == "Lakeside Hotel"
    assert BUYER not in shown.text
    state = market.get(f"/v1/serials/{market.batch['credits']['text']}/state").json()
    assert next((h["state"], h["quantity_t"]) for h in state["now"]) == ("retired", 5)
    assert [e["kind"] for e in state["history"]] == [
        "batch_issued", "transfer_offered", "transfer_accepted", "credits_retired"
    ]  # fmt: skip
    supply = market.get(f"/v1/batches/{market.batch['id']}/supply").json()
    assert supply["retired"] == 5
    assert supply["reconciles"] is True


def test_every_route_tried_as_everybody(market: Market) -> None:
    lots = market.lots(1)
    routes: dict[str, tuple[dict[str, Any], set[str]]] = {
        # address -> body, and who is answered with 201
        "/v1/transfers": ({"lots": lots, "to_account_id": OTHER}, {DEVELOPER}),
        "/v1/retirements": ({"lots": lots, **TERMS}, {DEVELOPER}),
        "/v1/cancellations": ({"lots": lots, "reason": "Doubt"}, {DEVELOPER}),
        "/v1/holds": (
            {"lots": lots, "account_id": DEVELOPER, "reason": "Doubt"},
            {REGISTRAR, SECOND_REGISTRAR},
        ),
    }
    for address, (body, may) in routes.items():
        assert market.post(address, body, by=None).status_code == 401
        for account in EVERYBODY:
            status = market.post(address, body, by=account).status_code
            # Whoever holds nothing contradicts the record; whoever is no registrar may not hold.
            refused = 403 if address == "/v1/holds" else 409
            assert status == (201 if account in may else refused), (address, account)
    for address in ("/v1/holdings", "/v1/orders"):
        assert market.get(address).status_code == 401
        assert all(market.get(address, by=a).status_code == 200 for a in EVERYBODY)


@pytest.mark.parametrize("outcome", ["accepted", "declined", "withdrawn", "released"])
def test_an_offer_is_answered_by_whom_it_concerns(market: Market, outcome: str) -> None:
    order = offered(market)
    may = {"accepted": BUYER, "declined": BUYER, "withdrawn": DEVELOPER}.get(outcome)
    seen = {DEVELOPER, BUYER, REGISTRAR, SECOND_REGISTRAR}
    for account in EVERYBODY:
        if account == may:
            continue
        status = answer(market, order, outcome, account)
        expected = 404 if account not in seen else 409 if outcome == "released" else 403
        assert status == expected, (account, status)
        assert market.get(f"/v1/orders/{order}", by=account).status_code == (
            200 if account in seen else 404
        )
    if may:
        assert answer(market, order, outcome, may) == 200
        assert answer(market, order, outcome, may) == 409  # it was answered


def test_a_cancellation_takes_two(market: Market) -> None:
    body = {"lots": market.lots(4), "reason": "The survey was wrong"}
    order = market.post("/v1/cancellations", body, by=DEVELOPER).json()["id"]
    assert market.get("/v1/supply").json()["held"] == 4
    assert answer(market, order, "accepted", DEVELOPER) == 403
    assert answer(market, order, "accepted", VERIFIER) == 404
    assert answer(market, order, "accepted", REGISTRAR) == 200
    assert market.get("/v1/supply").json()["cancelled"] == 4


def test_the_same_request_again_is_answered_alike_and_another_is_refused(market: Market) -> None:
    body = {"lots": market.lots(3), **TERMS}
    once = market.post("/v1/retirements", body, by=DEVELOPER, key="my-retirement")
    again = market.post("/v1/retirements", body, by=DEVELOPER, key="my-retirement")
    assert (once.status_code, once.json()) == (201, again.json())
    other = market.post(
        "/v1/retirements", body | {"reason": "Another"}, by=DEVELOPER, key="my-retirement"
    )
    assert (other.status_code, other.json()["type"].rsplit("/", 1)[-1]) == (
        422, "registry.key_reused"
    )  # fmt: skip
    assert market.get("/v1/supply").json()["retired"] == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"beneficiary": "  "}, "names its beneficiary"),
        ({"beneficiary_lei": "5493001KJTIIGC8Y1R13"}, "check digits"),
        ({"consumed_from": "2025-03-01", "consumed_until": "2025-02-01"}, "in that order"),
        ({"reason": "line\nbreak"}, "control characters"),
        ({"lots": [{}]}, "either by a serial, or by an issuance"),
        ({"lots": [{"serial": "PKL-KE-NO"}]}, "is not a serial"),
        ({"lots": [{"batch_id": str(uuid4()), "quantity_t": 1}]}, "You can move 0 credits"),
    ],
)
def test_a_mistake_is_a_sentence_and_retires_nothing(
    market: Market, change: dict[str, Any], words: str
) -> None:
    body = {"lots": market.lots(1), **TERMS} | change
    refused = market.post("/v1/retirements", body, by=DEVELOPER)
    assert refused.status_code in (409, 422)
    assert words in refused.json()["detail"]
    assert market.get("/v1/supply").json()["retired"] == 0


def test_a_sound_legal_entity_identifier_is_taken(market: Market) -> None:
    """One that its holder publishes."""
    body = {"lots": market.lots(1), **TERMS, "beneficiary_lei": "5493001KJTIIGC8Y1R12"}
    assert market.post("/v1/retirements", body, by=DEVELOPER).status_code == 201


def test_the_market_tried_as_everybody(market: Market) -> None:
    project = market.batch["project_id"]
    sale = {"lots": market.lots(5), "price": "12.50", "currency": "USD"}
    listing = market.post("/v1/listings", sale, by=DEVELOPER).json()["id"]
    routes: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
        # address -> body, and what each account is answered
        "/v1/listings": (sale, {DEVELOPER: 201, BUYER: 409, OTHER: 409}),
        "/v1/reservations": (
            {"listing_id": listing, "quantity_t": 1}, {DEVELOPER: 409, BUYER: 201, OTHER: 201}
        ),
        "/v1/quotes": (
            {"account_id": DEVELOPER, "project_id": project, "quantity_t": 2},
            {DEVELOPER: 409, BUYER: 201, OTHER: 201},
        ),
    }  # fmt: skip
    for address, (body, answers) in routes.items():
        assert market.post(address, body, by=None).status_code == 401
        for account in EVERYBODY:
            status = market.post(address, body, by=account).status_code
            assert status == answers.get(account, 403), (address, account)


def test_from_a_listing_to_the_buyer(market: Market) -> None:
    sale = {"lots": market.lots(5), "price": "12.5", "currency": "USD"}
    made = market.post("/v1/listings", sale, by=DEVELOPER)
    assert market.get(made.headers["Location"], by=DEVELOPER).json()["state"] == "open"
    (shown,) = market.get("/v1/listings").json()["items"]
    assert (shown["price"], shown["quantity_t"], shown["free_t"]) == ("12.50", 5, 5)
    wanted = {"listing_id": shown["id"], "quantity_t": 3}
    order = market.post("/v1/reservations", wanted, by=BUYER).json()["id"]
    assert market.get(f"/v1/listings/{shown['id']}").json()["free_t"] == 2
    assert BUYER not in market.get(f"/v1/listings/{shown['id']}").text
    assert answer(market, order, "accepted", BUYER) == 403
    assert answer(market, order, "accepted", DEVELOPER) == 200
    held = market.get("/v1/holdings", by=BUYER).json()["items"]
    assert [(h["state"], h["quantity_t"]) for h in held] == [("active", 3)]
    history = market.get(f"/v1/serials/{held[0]['serial']}/state").json()["history"]
    assert [e["kind"] for e in history] == ["batch_issued", "credits_listed", "credits_sold"]


def test_a_quote_is_seen_by_the_two_whom_it_concerns(market: Market) -> None:
    wanted = {
        "account_id": DEVELOPER, "project_id": market.batch["project_id"], "quantity_t": 4,
    }  # fmt: skip
    asked = market.post("/v1/quotes", wanted, by=BUYER).json()["id"]
    sale = {"lots": market.lots(4), "price": "9", "currency": "EUR", "request_id": asked}
    quote = market.post("/v1/listings", sale, by=DEVELOPER).json()["id"]
    assert market.get("/v1/listings").json()["items"] == []
    assert market.get(f"/v1/listings/{quote}").status_code == 404
    assert market.get(f"/v1/orders/{quote}", by=BUYER).json()["terms"]["price"] == "9.00"
    assert market.get(f"/v1/orders/{quote}", by=OTHER).status_code == 404
    wanted = {"listing_id": quote, "quantity_t": 4}
    assert market.post("/v1/reservations", wanted, by=OTHER).status_code == 404
    assert market.post("/v1/reservations", wanted, by=BUYER).status_code == 201
