"""The certificate of a retirement, and what a credit's page says of its state."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import segno

from tests.registry_api.a_market import BUYERS
from tests.registry_api.api.trade_story import Market, a_market, tell


@pytest.fixture(scope="module")
def traded(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Market, Mapping[str, Any]]]:
    with a_market(tmp_path_factory.mktemp("traded")) as market:
        yield market, tell(market)


def test_a_certificate_says_what_was_retired_for_whom_and_not_by_whom(
    traded: tuple[Market, Mapping[str, Any]],
) -> None:
    market, told = traded
    shown = market.get(f"/retirements/{told['retired_order']['id']}")
    assert shown.status_code == 200
    for words in ("2 tonnes of CO₂e", "Lakeside Hotel", "Heating of 2025", "2025-12-31", "Kenya"):
        assert words in shown.text
    for serial in told["retired_order"]["serials"]:
        assert f"/credits/{serial}" in shown.text
    assert BUYERS[0] not in shown.text


def test_its_code_is_that_of_the_address_beneath_it(
    traded: tuple[Market, Mapping[str, Any]],
) -> None:
    market, told = traded
    text = market.get(f"/retirements/{told['retired_order']['id']}").text
    address = text.partition("<figcaption>")[2].partition('href="')[2].partition('"')[0]
    assert address == f"http://127.0.0.1:8000/retirements/{told['retired_order']['id']}"
    assert segno.make(address, micro=False).svg_inline(scale=3, border=2) in text


def test_a_credit_tells_its_state_and_how_it_came_there(
    traded: tuple[Market, Mapping[str, Any]],
) -> None:
    market, told = traded
    page = market.get(f"/credits/{market.batch['credits']['text']}").text
    assert "13 credits active, 8 credits on offer, 2 credits retired" in page
    assert "5 credits taken by the account it was offered to" in page
    assert f"/retirements/{told['retired_order']['id']}" in page


def test_there_is_no_certificate_of_anything_else(traded: tuple[Market, Mapping[str, Any]]) -> None:
    market, told = traded
    for order in (told["order"]["id"], "00000000-0000-0000-0000-000000000000", "x"):
        assert market.get(f"/retirements/{order}").status_code == 404
