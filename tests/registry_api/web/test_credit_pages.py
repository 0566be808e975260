"""Searching credits and reading the ledger without an account and without scripts."""

import re

import pytest

from tests.registry_api.a_registry import DEVELOPER, REGISTRAR, VERIFIER, Served


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_the_search_shows_what_there_is_and_what_to_choose(served: Served) -> None:
    html = served.client.get("/credits").text
    text = text_of(html)
    assert "11 t CO₂e in 2 runs of serials" in text
    assert 'name="status" value="active"' in html
    assert 'name="vintage" value="2023"' in html
    assert "Kenya 11" in text
    assert html.count('<a class="mono" href="/credits/PKL-KE-') == 2
    assert "invented landscape" in text


def test_a_choice_is_kept_and_narrows(served: Served) -> None:
    html = served.client.get("/credits?status=buffer&q=grevillea&sort=quantity").text
    assert "2 t CO₂e in 1 run of serials" in text_of(html)
    assert re.search(r'name="status" value="buffer" checked', html)
    assert re.search(r'name="status" value="active">', html)
    assert 'value="grevillea"' in html
    assert '<option value="quantity" selected>' in html


@pytest.mark.parametrize(
    "query", ["country=UG", "q=nothing+like+it", "vintage=1990", "price=USD_under_10"]
)
def test_nothing_found_is_a_sentence(served: Served, query: str) -> None:
    answer = served.client.get(f"/credits?{query}")
    assert answer.status_code == 200
    assert "No credits are like that" in answer.text


@pytest.mark.parametrize("query", ["status=x", "vintage=abc", "sort=x", "claim=%3Cscript%3E"])
def test_an_address_with_a_mistake_still_shows_the_search(served: Served, query: str) -> None:
    answer = served.client.get(f"/credits?{query}")
    assert answer.status_code == 200
    assert "11 t CO₂e in" in text_of(answer.text)
    assert "<script>" not in answer.text


def test_the_ledger_reads_newest_first_and_names_nobody(served: Served) -> None:
    html = served.client.get("/ledger").text
    text = text_of(html)
    numbers = [int(n) for n in re.findall(r'id="entry-(\d+)"', html)]
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[-1] == 1
    assert "credits issued lakeside-grevillea 11" in text
    assert "project registered" in text
    for account in (DEVELOPER, VERIFIER, REGISTRAR):
        assert account not in html
    told = served.client.get("/v1/ledger?limit=1").json()["items"][0]
    assert told["entry_sha256"][:12] in html
    assert set(told).isdisjoint({"actor", "payload"})
