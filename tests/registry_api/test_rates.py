"""Who asks too often waits: what is left is told, memory is bounded, made-up keys are no way in."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from registry_api import rates
from registry_api.app import create_app
from registry_api.db import database
from registry_api.rates import Budget
from registry_api.services import accounts
from registry_api.services.unit_of_work import unit_of_work
from tests.registry_api.a_registry import make_settings


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


def test_a_budget_is_spent_and_fills_up_steadily() -> None:
    clock = Clock()
    budget = Budget("key", 60, now=clock)
    lefts = [budget.spend(b"somebody", 1) for _ in range(61)]
    assert [standing.granted for standing in lefts] == [True] * 60 + [False]
    assert (lefts[0].left, lefts[59].left, lefts[60].left) == (59, 0, 0)
    assert lefts[60].wait_s == pytest.approx(1.0)
    assert lefts[60].full_s == pytest.approx(60.0)
    assert budget.spend(b"somebody else", 1).granted
    clock.s += 2.0
    assert [budget.spend(b"somebody", 1).granted for _ in range(3)] == [True, True, False]
    clock.s += 3600.0
    assert budget.spend(b"somebody", 1).left == 59


def test_a_million_callers_take_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "MOST_CALLERS", 100)
    budget = Budget("address", 10)
    for number in range(1_000):
        budget.spend(str(number).encode(), 1)
    assert len(budget) == 100


def client(home: Path, **limits: int) -> TestClient:
    settings = make_settings(home).model_copy(update=limits)
    return TestClient(create_app(settings), base_url="http://127.0.0.1")


def test_an_address_hears_what_is_left_and_then_waits(tmp_path: Path) -> None:
    asking = client(tmp_path, calls_per_minute=3)
    answers = [asking.get("/v1/projects") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {'"address";q=3;w=60'}
    lefts = [answer.headers["RateLimit"].split(";")[1] for answer in answers]
    assert lefts == ["r=2", "r=1", "r=0", "r=0"]
    refused = answers[3]
    assert refused.json()["type"] == "/problems/request.too_often"
    assert refused.headers["content-type"] == "application/problem+json"
    assert 1 <= int(refused.headers["Retry-After"]) <= 20
    assert refused.headers["X-Content-Type-Options"] == "nosniff"
    for free in ("/v1/health", "/static/parkland.css"):
        assert asking.get(free).status_code != 429


def test_a_key_has_its_own_budget_and_a_wrong_one_costs_the_address(tmp_path: Path) -> None:
    settings = make_settings(tmp_path).model_copy(
        update={"calls_per_minute": 25, "calls_per_minute_with_key": 3}
    )
    with unit_of_work(settings) as session:
        accounts.register_account(session, "first-buyer", "First buyer", "buyer")
        mine, other = (accounts.create_key(session, "first-buyer") for _ in range(2))
    asking = TestClient(create_app(settings), base_url="http://127.0.0.1")

    def ask(key: str) -> int:
        return asking.get("/v1/holdings", headers={"Authorization": f"Bearer {key}"}).status_code

    assert [ask(mine) for _ in range(4)] == [200, 200, 200, 429]
    assert ask(other) == 200
    guesses = [ask(f"pkl_guess-{number}") for number in range(6)]
    assert guesses[:2] == [401, 401]
    assert guesses[-1] == 429
    assert ask(other) == 429, "who guesses from an address is not heard from it for a while"
    database(settings.database).close()


@pytest.mark.parametrize(
    ("hosts", "same"),
    [(("192.0.2.1", "192.0.2.2"), False), (("2001:db8::1", "2001:db8::ffff:1"), True),
     (("2001:db8::1", "2001:db8:0:1::1"), False), (("192.0.2.1", "::ffff:192.0.2.1"), True),
     (("testclient", ""), False)],
)  # fmt: skip
def test_what_counts_as_one_address(hosts: tuple[str, str], *, same: bool) -> None:
    def named(host: str) -> bytes:
        scope: dict[str, Any] = {"client": (host, 1)}
        return rates._address(scope)

    assert (named(hosts[0]) == named(hosts[1])) == same
