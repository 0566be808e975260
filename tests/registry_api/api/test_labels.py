"""Labels and co-benefits: given by registrars on documents, of what they name, until they end."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.registry_api.a_market import SECOND_REGISTRAR
from tests.registry_api.a_registry import DEVELOPER, VERIFIER
from tests.registry_api.api.trade_story import Market, a_market

PROJECT = "lakeside-grevillea"
SDG = {
    "kind": "sdg",
    "name": "SDG 5 - Gender equality",
    "project_id": PROJECT,
    "statement": "312 of 500 members who were paid are women.",
    "document_sha256": "ab" * 32,
    "link": "https://example.org/report.pdf",
    "valid_from": "2024-01-01",
}
LETTER = {
    "kind": "article6",
    "name": "Authorisation",
    "project_id": PROJECT,
    "statement": "Kenya authorises 20 t for use towards other international mitigation purposes.",
    "document_sha256": "cd" * 32,
    "link": "https://example.org/letter.pdf",
    "valid_from": "2025-01-01",
    "terms": {
        "reference": "KE-2025-7",
        "cooperative_approach": "CA0042",
        "purposes": "OIMP",
        "first_transfer": "Issuance",
    },
}


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with a_market(tmp_path_factory.mktemp("labelled")) as opened:
        yield opened


def given(market: Market, body: dict[str, Any], **changed: object) -> dict[str, Any]:
    answer = market.post("/v1/labels", {**body, **changed}, by=SECOND_REGISTRAR)
    assert answer.status_code == 201, answer.text
    return answer.json()


def names(market: Market, serial: str) -> list[str]:
    listed = market.get(f"/v1/serials/{serial}/labels").json()
    return [label["name"] for label in listed if label["state"] == "valid"]


def test_a_label_is_of_what_it_names_and_of_nothing_else(market: Market) -> None:
    text = market.batch["credits"]["text"]
    part = market.get(f"/v1/serials/{text}?unit=1").json()["serial"]
    other = market.get(f"/v1/serials/{text}?unit=2").json()["serial"]
    of_one = given(market, LETTER, serial=part)
    assert of_one["serial"] == part
    of_all = given(market, SDG)
    assert of_all["serial"] is of_all["batch_id"] is None
    assert {"Authorisation", "SDG 5 - Gender equality"} <= set(names(market, part))
    assert "Authorisation" not in names(market, other)
    assert "Authorisation" in names(market, text)
    page = market.get(f"/credits/{text}").text
    for words in (SDG["statement"], SDG["link"], "SDG 5 - Gender equality", "cdcdcdcdcdcd"):
        assert words in page
    buffer = market.batch["buffer"]["text"]
    assert names(market, buffer) == ["SDG 5 - Gender equality"]


def test_a_withdrawn_label_counts_no_more_and_stays_to_be_seen(market: Market) -> None:
    label = given(market, SDG, name="SDG 13 - Climate action")
    address, body = f"/v1/labels/{label['id']}/withdrawal", {"reason": "The report was retracted"}
    first = market.post(address, body, by=SECOND_REGISTRAR, key="withdraw-once")
    assert first.json()["state"] == "withdrawn"
    again = market.post(address, body, by=SECOND_REGISTRAR, key="withdraw-once")
    assert again.json() == first.json()
    assert market.post(address, body, by=SECOND_REGISTRAR).status_code == 409
    text = market.batch["credits"]["text"]
    assert label["name"] not in names(market, text)
    assert "The report was retracted" in market.get(f"/credits/{text}").text
    listed = market.get(f"/v1/projects/{PROJECT}/labels").json()
    assert next(one for one in listed if one["id"] == label["id"])["state"] == "withdrawn"


def test_a_label_counts_within_its_days_only(market: Market) -> None:
    today = datetime.now(UTC).date()
    ahead = given(market, SDG, valid_from=str(today + timedelta(days=3)))
    over = given(market, SDG, valid_until=str(today - timedelta(days=3)))
    last = given(market, SDG, valid_until=str(today))
    assert [one["state"] for one in (ahead, over, last)] == ["not_yet", "ended", "valid"]


def test_only_registrars_give_labels_and_the_same_order_gives_one(market: Market) -> None:
    for account in (DEVELOPER, VERIFIER):
        assert market.post("/v1/labels", SDG, by=account).status_code == 403
    assert market.post("/v1/labels", SDG, by=None).status_code == 401
    before = len(market.get(f"/v1/projects/{PROJECT}/labels").json())
    for _ in range(3):
        answer = market.post("/v1/labels", SDG, by=SECOND_REGISTRAR, key="the-same-label")
        assert answer.status_code == 201
    assert len(market.get(f"/v1/projects/{PROJECT}/labels").json()) == before + 1


@pytest.mark.parametrize(
    ("body", "changed", "says"),
    [
        (SDG, {"name": "SDG 18 - Good coffee"}, "the name of such a label is one of"),
        (LETTER, {"terms": {"reference": "KE-2025-7"}}, "cooperative_approach"),
        (SDG, {"kind": "ccp", "name": "CCP-approved"}, "methodology_decision"),
        (SDG, {"valid_until": "2023-12-31"}, "ends no earlier"),
        (SDG, {"link": "https://example.org/a b"}, "where the document is published"),
        (SDG, {"statement": "a\nb"}, "control characters"),
    ],
)
def test_what_a_label_must_state_is_asked_for(
    market: Market, body: dict[str, Any], changed: dict[str, Any], says: str
) -> None:
    answer = market.post("/v1/labels", {**body, **changed}, by=SECOND_REGISTRAR)
    assert answer.status_code == 422
    assert says in answer.json()["detail"]


def test_labels_are_of_something_that_is_there(market: Market) -> None:
    for changed in ({"project_id": "no-such-project"}, {"batch_id": "x"}):
        answer = market.post("/v1/labels", {**SDG, **changed}, by=SECOND_REGISTRAR)
        assert answer.status_code == 404
    assert market.get("/v1/projects/no-such-project/labels").status_code == 404
