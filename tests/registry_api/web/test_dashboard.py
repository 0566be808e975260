"""The dashboard: what it draws is what the supply says, and every part of it is in its place."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_api.services.buffer import Balance
from registry_api.services.holdings import STATES
from registry_api.services.programme import Vintage
from registry_api.web.charts import HEIGHT, SHARES, WIDTH, shares_of, stacked, steps
from tests.registry_api.a_registry import DEVELOPER
from tests.registry_api.api.trade_story import Market, a_market, tell

VINTAGES = st.lists(
    st.builds(
        Vintage,
        st.integers(2000, 2100),
        st.dictionaries(st.sampled_from(STATES), st.integers(1, 10**6), min_size=1),
    ),
    min_size=1,
    max_size=8,
)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with a_market(tmp_path_factory.mktemp("dashboard")) as market:
        tell(market)
        yield market


@pytest.mark.parametrize("address", ["/dashboard", "/projects/{project}/dashboard"])
def test_it_says_what_the_supply_says(market: Market, address: str) -> None:
    supply = market.get("/v1/supply").json()
    page = market.get(address.format(project=market.batch["project_id"])).text
    figures = re.findall(r"<dd>([\d,]+) <small>t CO₂e</small></dd>", page)
    held = supply["active"] + supply["offered"] + supply["held"]
    assert supply["retired"] == 2
    assert [int(text.replace(",", "")) for text in figures] == [
        supply["issued"], held, supply["retired"], supply["buffer"], supply["cancelled"]
    ]  # fmt: skip
    assert f"at most {supply['buffer']} tonnes" in page


def test_a_project_that_is_none_has_none(market: Market) -> None:
    assert market.get("/projects/no-such-project/dashboard").status_code == 404


def test_a_project_page_leads_to_it_and_to_its_market(market: Market) -> None:
    page = market.get(f"/projects/{market.batch['project_id']}").text
    for end in ("dashboard", "quote"):
        assert f"/projects/{market.batch['project_id']}/{end}" in page
    assert market.get(f"/projects/{market.batch['project_id']}/quote", by=DEVELOPER).is_success


def test_each_state_has_one_share() -> None:
    assert sorted(state for states in SHARES.values() for state in states) == sorted(STATES)


@given(VINTAGES)
def test_bars_are_as_long_as_what_they_stand_for(vintages: list[Vintage]) -> None:
    most = max(vintage.issued_t for vintage in vintages)
    for vintage, segments in stacked(vintages):
        assert sum(part.quantity_t for part in segments) == vintage.issued_t
        assert sum(shares_of(vintage).values()) == vintage.issued_t
        for part in segments:
            assert part.width == pytest.approx(max(part.quantity_t / most * WIDTH, 3), abs=0.06)
        for one, other in pairwise(segments):
            assert other.left == pytest.approx(one.left + one.width, abs=0.11)


def test_a_buffer_is_drawn_step_by_step() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    line = steps([Balance(at, 5, 20), Balance(at, 9, 40), Balance(at, 12, 10)])
    assert line is not None
    assert line.highest == 40
    numbers = [float(y) for y in re.findall(r",(\d+(?:\.\d)?)", line.path)]
    assert numbers == [HEIGHT, 120, 120, 0, 0, 180, 180, HEIGHT]
    assert steps([]) is None
