"""Searching credits by what documents attest of them: found only where all of a run has it."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.registry_api.a_market import SECOND_REGISTRAR
from tests.registry_api.api.test_labels import LETTER, PROJECT, SDG
from tests.registry_api.api.trade_story import Market, a_market

CCP = {
    **LETTER,
    "kind": "ccp",
    "name": "CCP-approved",
    "statement": "The programme and the methodology are approved.",
    "terms": {"programme_decision": "P-1", "methodology_decision": "M-1"},
}


@pytest.fixture
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with a_market(tmp_path_factory.mktemp("attested")) as opened:
        yield opened


def give(market: Market, body: dict[str, Any], **changed: object) -> dict[str, Any]:
    answer = market.post("/v1/labels", {**body, **changed}, by=SECOND_REGISTRAR)
    assert answer.status_code == 201, answer.text
    return answer.json()


def found_t(market: Market, query: str) -> int:
    runs = market.get(f"/v1/credits?{query}").json()["items"]
    total = sum(run["quantity_t"] for run in runs)
    assert market.get(f"/v1/credits/facets?{query}").json()["quantity_t"] == total
    return total


def values(market: Market, part: str, query: str = "") -> dict[str, int]:
    shown = market.get(f"/v1/credits/facets?{query}").json()["values"][part]
    return {each["value"]: each["quantity_t"] for each in shown}


def test_nothing_is_found_by_a_label_that_nobody_gave(market: Market) -> None:
    for part, value in (("label", "ccp:CCP-approved"), ("sdg", "13"), ("womens_share", "50_to_75")):
        assert found_t(market, f"{part}={value}") == 0
        assert values(market, part) == {}


def test_a_label_of_a_project_finds_all_its_runs_and_one_of_serials_only_those_it_covers(
    market: Market,
) -> None:
    every_t = found_t(market, "")
    give(market, SDG)
    give(market, SDG, statement="A second document says the same.")
    assert found_t(market, "sdg=5") == every_t
    assert values(market, "sdg") == {"5": every_t}  # two documents, counted once
    active = market.get("/v1/credits?status=active").json()["items"][0]
    first = market.get(f"/v1/serials/{active['serial']}?unit=1").json()["serial"]
    give(market, LETTER, serial=first)
    assert found_t(market, "label=article6:Authorisation") == (
        active["quantity_t"] if active["quantity_t"] == 1 else 0
    )
    give(market, LETTER, serial=active["serial"])
    assert found_t(market, "label=article6:Authorisation") == active["quantity_t"]
    assert values(market, "label") == {"article6:Authorisation": active["quantity_t"]}


def test_facets_leave_their_own_choice_aside_and_keep_the_others(market: Market) -> None:
    every_t = found_t(market, "")
    give(market, SDG)
    give(market, SDG, name="SDG 13 - Climate action", serial=market.batch["buffer"]["text"])
    buffer_t = market.batch["buffer_t"]
    assert values(market, "sdg", "sdg=13") == {"5": every_t, "13": buffer_t}
    assert values(market, "status", "sdg=13") == {"buffer": buffer_t}
    assert values(market, "sdg", "status=active").keys() == {"5"}
    assert found_t(market, "sdg=13&sdg=5") == every_t
    assert found_t(market, "sdg=13&status=active") == 0


def test_a_share_of_women_is_as_attested_or_unknown(market: Market) -> None:
    every_t = found_t(market, "")
    give(market, SDG)  # says 312 of 500 in its words: no share is read out of words
    assert values(market, "womens_share") == {}
    give(market, SDG, terms={"womens_share": "0.624"})
    assert values(market, "womens_share") == {"50_to_75": every_t}
    assert found_t(market, "womens_share=50_to_75") == every_t
    assert found_t(market, "womens_share=under_25&womens_share=75_or_more") == 0
    for share, name in (
        ("1.2", SDG["name"]),
        ("most", SDG["name"]),
        ("0.6", "SDG 2 - Zero hunger"),
    ):
        body = {**SDG, "name": name, "terms": {"womens_share": share}}
        refused = market.post("/v1/labels", body, by=SECOND_REGISTRAR)
        assert refused.status_code == 422
        assert "womens_share is a term of" in refused.text


def test_a_label_finds_only_within_its_days_and_until_it_is_withdrawn(market: Market) -> None:
    today = datetime.now(UTC).date()
    give(market, CCP, valid_from=(today + timedelta(days=2)).isoformat())
    give(market, CCP, valid_from="2024-01-01", valid_until="2024-12-31")
    assert found_t(market, "label=ccp:CCP-approved") == 0
    label = give(market, CCP)
    assert found_t(market, "label=ccp:CCP-approved") == found_t(market, "")
    market.post(
        f"/v1/labels/{label['id']}/withdrawal", {"reason": "Retracted"}, by=SECOND_REGISTRAR
    )
    assert found_t(market, "label=ccp:CCP-approved") == 0
    assert values(market, "label") == {}


def test_what_changed_is_not_asked_by_labels(market: Market) -> None:
    for query in ("label=ccp:CCP-approved", "sdg=5", "womens_share=under_25"):
        refused = market.get(f"/v1/credits?modified_since=0&{query}")
        assert refused.status_code == 422
        assert "without 'modified_since'" in refused.text
    for query in ("label=ccp", "label=sdg:x", "label=ccp:%00", "sdg=18", "womens_share=all"):
        assert market.get(f"/v1/credits?{query}").status_code == 422


def test_the_page_offers_what_was_attested(market: Market) -> None:
    give(market, SDG, terms={"womens_share": "0.8"})
    give(market, CCP, serial=market.batch["buffer"]["text"])
    html = market.get("/credits?sdg=5&label=ccp:CCP-approved").text
    assert re.search(r'name="sdg" value="5" checked', html)
    assert "SDG 5 - Gender equality" in html
    assert "75 % or more" in html
    assert f"{market.batch['buffer_t']} t CO₂e in 1 run" in html
    assert market.get("/credits?label=%00&sdg=99").status_code == 200


def test_a_table_holds_what_the_search_finds(market: Market) -> None:
    give(market, SDG, serial=market.batch["buffer"]["text"])
    told = market.client.get("/v1/credits?sdg=5", headers={"Accept": "text/csv"}).text
    (row,) = csv.DictReader(io.StringIO(told))
    assert row["project_id"] == PROJECT
    assert row["status"] == "buffer"
