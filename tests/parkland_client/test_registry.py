"""The client against a real server on loopback, and against one that fails on purpose."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from parkland_client import Problem, Refused, Registry, TooOften, Unreachable
from parkland_client import registry as calls
from pipelines.commands import credits as commands
from registry_api.app import create_app
from tests.registry_api.a_market import BUYERS
from tests.registry_api.a_registry import DEVELOPER, make_settings
from tests.registry_api.api.trade_story import Market, a_market


@dataclass
class Shop:
    """A served registry: its address, and everybody's keys."""

    address: str
    market: Market

    def as_(self, account: str | None) -> Registry:
        """The client of an account."""
        return Registry(self.address, self.market.keys[account] if account else "")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    home = tmp_path_factory.mktemp("shop")
    with a_market(home) as market:
        app = create_app(make_settings(home))
        server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Shop(f"http://127.0.0.1:{port}", market)
        server.should_exit = True
        thread.join()


def test_search_goes_through_all_pages(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(shop.as_(None).credits())
    monkeypatch.setattr(calls, "_PAGE", 1)
    assert list(shop.as_(None).credits()) == whole
    assert len(whole) >= 2
    assert sum(credit.quantity_t for credit in whole) == shop.as_(None).supply().issued
    assert {credit.country for credit in shop.as_(None).credits(country="KE")} == {"KE"}
    assert list(shop.as_(None).credits(country="PE")) == []


def test_a_retirement_from_search_to_certificate(shop: Shop) -> None:
    holder = shop.as_(DEVELOPER)
    batch = shop.market.batch["id"]
    before = holder.supply()
    done = holder.retire(
        [(batch, 2)],
        beneficiary="Lakeside Hotel",
        reason="Heating of 2025",
        idempotency_key="hotel-2025-heating",
    )
    again = holder.retire(
        [(batch, 2)],
        beneficiary="Lakeside Hotel",
        reason="Heating of 2025",
        idempotency_key="hotel-2025-heating",
    )
    assert again == done
    after = holder.supply()
    assert (after.retired - before.retired, after.reconciles) == (2, True)
    public = shop.as_(None)
    shown = public.retirement(done.id)
    assert (shown.quantity_t, shown.terms["beneficiary"]) == (2, "Lakeside Hotel")
    where = public.where(shown.serials[0])
    assert [(held.state, held.quantity_t) for held in where.now] == [("retired", 2)]
    assert where.history[-1].retirement_id == done.id
    assert b"Lakeside Hotel" in public.certificate(done.id, "html")


def test_a_refusal_is_an_exception_that_says_why(shop: Shop) -> None:
    with pytest.raises(Refused) as refused:
        shop.as_(BUYERS[1]).retire([(shop.market.batch["id"], 10**6)], beneficiary="Somebody")
    assert refused.value.status in {409, 422}
    assert refused.value.code.startswith("registry.")
    with pytest.raises(Refused) as refused:
        list(shop.as_(None).credits(colour="red"))
    assert (refused.value.status, refused.value.faults[0][0]) == (422, "colour")
    with pytest.raises(Refused) as refused:
        list(shop.as_(None).holdings())
    assert refused.value.status == 401


@pytest.mark.parametrize("address", ["http://registry.example", "ftp://127.0.0.1", "registry"])
def test_a_key_does_not_travel_in_the_clear(address: str) -> None:
    with pytest.raises(Problem, match="https"):
        Registry(address, "pkl_secret")


@dataclass
class Moody:
    """A server that answers as it was told, one after the other, and keeps what it was sent."""

    answers: list[tuple[int, dict[str, str], Any]]
    heard: list[dict[str, str]] = field(default_factory=list)
    port: int = 0


@pytest.fixture
def moody() -> Iterator[Moody]:
    told = Moody([])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def do_GET(self) -> None:
            told.heard.append(dict(self.headers))
            status, headers, body = told.answers.pop(0)
            if status == 0:  # hang up
                self.close_connection = True
                return
            sent = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    told.port = server.server_address[1]
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


ORDER = {
    "id": "o-1", "kind": "retire", "state": "done", "quantity_t": 1, "serials": ["S-1"],
    "placed_at": "2026-01-02T03:04:05Z", "something_new": {},
}  # fmt: skip
BUSY = {"type": "/problems/request.too_often", "detail": "Ask again in 7 s.", "errors": []}


def test_what_fails_is_tried_again_under_the_same_key(moody: Moody) -> None:
    moody.answers = [
        (0, {}, None),
        (503, {}, {}),
        (429, {"Retry-After": "7", "Content-Type": "application/problem+json"}, BUSY),
        (201, {}, ORDER),
    ]
    waits: list[float] = []
    client = Registry(f"http://127.0.0.1:{moody.port}", "pkl_mine", sleep=waits.append)
    assert client.retire(["S-1"], beneficiary="Somebody").id == "o-1"
    assert waits == [0.5, 1.0, 7.0]
    assert len({heard["Idempotency-Key"] for heard in moody.heard}) == 1
    moody.answers = [(201, {}, ORDER)]
    client.retire(["S-1"], beneficiary="Somebody")
    assert len({heard["Idempotency-Key"] for heard in moody.heard}) == 2, "another order"


def test_patience_ends(moody: Moody) -> None:
    problem = {"Retry-After": "1", "Content-Type": "application/problem+json"}
    moody.answers = (
        [(429, problem, BUSY)] * 2 + [(0, {}, None)] * 2 + [(302, {"Location": "/"}, {})]
    )
    client = Registry(f"http://127.0.0.1:{moody.port}", tries=2, sleep=lambda _s: None)
    with pytest.raises(TooOften, match="7 s"):
        client.supply()
    with pytest.raises(Unreachable, match="does not answer"):
        client.supply()
    with pytest.raises(Unreachable, match="302"):
        client.supply()


def test_the_commands(shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key, batch = shop.market.keys[DEVELOPER], shop.market.batch["id"]
    terms = {"beneficiary": "Corner Bakery", "purpose": "voluntary", "idempotency_key": "bakery-1"}
    commands.retire_credits(shop.address, key, (batch, 1), terms, as_json=True)
    done = json.loads(capsys.readouterr().out)
    assert done["certificate"] == f"{shop.address}/retirements/{done['id']}"
    commands.search_credits(shop.address, {"country": "KE"}, most=50, as_json=True)
    listed = json.loads(capsys.readouterr().out)
    assert done["serials"][0] in [credit["serial"] for credit in listed]
    commands.search_credits(shop.address, {}, most=1, as_json=False)
    assert "credits in 1 lots" in capsys.readouterr().out
    commands.show_credit(shop.address, done["serials"][0], as_json=False)
    assert "1 t retired since" in capsys.readouterr().out
    page = tmp_path / "certificate.html"
    commands.save_certificate(shop.address, done["id"], page)
    assert "Corner Bakery" in page.read_text("utf-8")
