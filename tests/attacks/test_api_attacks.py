"""The OWASP API Security Top 10 of 2023, item by item, against the real application.

Each test fails where its guard is taken away; the guards' own tests say more about each.
"""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from registry_api.app import create_app
from registry_api.doors import DOORS
from registry_api.errors import NotReady
from registry_api.services import accounts, tokens
from registry_api.services.unit_of_work import unit_of_work
from tests.registry_api.a_market import BUYERS
from tests.registry_api.a_registry import DEVELOPER, REGISTRAR, VERIFIER
from tests.registry_api.api.a_desk import FOREIGN, OWN, STRANGER, Desk, opened_desk, some_plots
from tests.registry_api.api.trade_story import TERMS, Market, a_market


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with opened_desk(tmp_path_factory.mktemp("attacked")) as desk:
        yield desk


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with a_market(tmp_path_factory.mktemp("attacked-market")) as market:
        yield market


def test_api1_somebody_else_s_object_is_like_none(desk: Desk, market: Market) -> None:
    """Broken object level authorization: their id in my address, body and order."""
    upload = desk.send(some_plots()).json()["id"]
    for project, by in ((OWN, STRANGER), (FOREIGN, STRANGER), (FOREIGN, DEVELOPER)):
        theirs = desk.get(f"/v1/projects/{project}/uploads/{upload}", by=by)
        none = desk.get(f"/v1/projects/{project}/uploads/{uuid4()}", by=by)
        assert (theirs.status_code, none.status_code) == (404, 404)
        assert theirs.json()["type"] == none.json()["type"]
    offer = {"lots": market.lots(1), "to_account_id": BUYERS[0]}
    order = market.post("/v1/transfers", offer, by=DEVELOPER).json()["id"]
    assert market.get(f"/v1/orders/{order}", by=BUYERS[1]).status_code == 404
    taken = market.post(f"/v1/orders/{order}/answer", {"outcome": "accepted"}, by=BUYERS[1])
    assert taken.status_code == 404
    not_mine = market.post("/v1/retirements", {"lots": market.lots(1), **TERMS}, by=BUYERS[1])
    assert not_mine.status_code in {403, 404, 409, 422}


def test_api2_what_is_no_valid_key_opens_nothing(desk: Desk) -> None:
    """Broken authentication: dead keys, keys in addresses, sessions from elsewhere."""
    with unit_of_work(desk.settings) as session:
        dead = accounts.create_key(session, DEVELOPER)
        accounts.revoke_key(session, dead)
        late = accounts.create_key(session, DEVELOPER, days=-1)
        limited = accounts.create_key(session, DEVELOPER, scopes=("registry:read",))
    for key in (dead, late, desk.keys[DEVELOPER][:-1], desk.keys[DEVELOPER].upper()):
        assert (
            desk.client.get("/v1/keys", headers={"Authorization": f"Bearer {key}"}).status_code
            == 401
        )
    good = desk.keys[DEVELOPER]
    for query in ("access_token", "api_key", "key"):
        assert desk.client.get(f"/v1/keys?{query}={good}").status_code == 401
    browser = TestClient(desk.client.app, base_url="http://127.0.0.1")
    here = {"Origin": "http://127.0.0.1"}
    assert browser.post("/sign-in", data={"key": limited}, headers=here).status_code == 401
    assert browser.post("/sign-in", data={"key": good}, headers=here).status_code == 200
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert browser.post("/v1/keys", json={"name": "x"}, headers=elsewhere).status_code == 403


def test_api3_no_field_is_taken_that_is_not_the_caller_s_to_set(market: Market) -> None:
    """Broken object property level authorization: mass assignment, talkative answers."""
    for more in ({"account_id": BUYERS[1]}, {"state": "done"}, {"sequence": 1}):
        body = {"lots": market.lots(1), **TERMS, **more}
        assert market.post("/v1/retirements", body, by=DEVELOPER).status_code == 422
    body = {"name": "mine", "account_id": REGISTRAR}
    assert market.post("/v1/keys", body, by=DEVELOPER).status_code == 422
    shown = market.get("/v1/keys", by=DEVELOPER)
    assert market.keys[DEVELOPER] not in shown.text
    assert "sha256" not in shown.text


def test_api4_nobody_asks_for_more_than_there_is_room_for(desk: Desk) -> None:
    """Unrestricted resource consumption: pages, bodies, calls."""
    for query in ("limit=1000000000", "limit=0", f"cursor={'x' * 10_000}"):
        assert desk.client.get(f"/v1/credits?{query}").status_code == 422
    large = desk.client.post("/v1/keys", content=b"[" * 2_000_000, headers=desk.by(DEVELOPER))
    assert large.status_code == 413
    few = desk.settings.model_copy(update={"calls_per_minute": 2})
    asking = TestClient(create_app(few), base_url="http://127.0.0.1")
    assert [asking.get("/v1/supply").status_code for _ in range(3)] == [200, 200, 429]


def test_api5_what_another_role_does_is_refused_before_it_is_read(desk: Desk) -> None:
    """Broken function level authorization: a developer issues, verifies and holds nothing."""
    key = {"Idempotency-Key": "what-is-not-mine"}
    for by, address in (
        (DEVELOPER, "/v1/batches"), (VERIFIER, "/v1/batches"), (DEVELOPER, "/v1/holds"),
        (DEVELOPER, f"/v1/estimates/{'0' * 64}/decisions"), (REGISTRAR, "/v1/projects"),
    ):  # fmt: skip
        answer = desk.client.post(address, content=b"{", headers=desk.by(by) | key)
        assert answer.status_code == 403, (by, address, answer.text)


def test_api6_an_order_sent_again_and_again_is_done_once(market: Market) -> None:
    """Unrestricted access to sensitive business flows: no effect without a name for it."""
    body = {"lots": market.lots(1), **TERMS}
    before = market.get("/v1/supply").json()["retired"]
    answers = [
        market.post("/v1/retirements", body, by=DEVELOPER, key="once-and-for-all") for _ in range(5)
    ]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert market.get("/v1/supply").json()["retired"] == before + 1
    bearing = {"Authorization": f"Bearer {market.keys[DEVELOPER]}"}
    assert market.client.post("/v1/retirements", json=body, headers=bearing).status_code == 428


class Sink:
    """A server that must not be asked, and one that answers whatever it is told."""

    def __init__(self, said: bytes) -> None:
        sink = self
        self.asked: list[str] = []
        self.said = said

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                sink.asked.append(self.path)
                self.send_response(200)
                self.send_header("Content-Length", str(len(sink.said)))
                self.end_headers()
                self.wfile.write(sink.said)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


TOKEN = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.e30.c2ln"  # noqa: S105  signed by nobody


def test_api7_no_stranger_s_address_is_asked() -> None:
    """Server side request forgery: an issuer that names other places for its keys."""
    inside = Sink(b'{"keys": []}')
    liar = Sink(b"")
    liar.said = json.dumps(
        {"issuer": liar.url, "jwks_uri": f"{inside.url}/latest/meta-data"}
    ).encode()
    try:
        with pytest.raises(NotReady):
            tokens.Issuer(liar.url, "parkland").claims(TOKEN)
        assert (len(liar.asked), inside.asked) == (1, [])
        for url in ("http://169.254.169.254", "http://10.0.0.1", "file:///etc", "gopher://x"):
            with pytest.raises(NotReady):
                tokens.Issuer(url, "parkland").claims(TOKEN)
    finally:
        liar.close()
        inside.close()


def test_api8_answers_are_strict_and_faults_tell_nothing(desk: Desk) -> None:
    """Security misconfiguration: headers, hosts, other sites, stack traces."""
    answer = desk.client.get("/v1/projects", headers={"Origin": "https://elsewhere.example"})
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert desk.client.get("/v1/projects", headers={"Host": "evil.example"}).status_code == 400
    private = desk.get("/v1/holdings")
    assert private.headers["Cache-Control"] == "private, no-store"
    for wrong in ("/v1/credits?cursor=%00", "/v1/serials/%27%20OR%201=1"):
        refused = desk.client.get(wrong)
        assert refused.headers["content-type"] == "application/problem+json"
        assert not [word for word in ("Traceback", "sqlalchemy", "SELECT") if word in refused.text]


def test_api9_what_is_there_is_described_and_nothing_else_is_there(desk: Desk) -> None:
    """Improper inventory management: every operation has a row and a place in the description."""
    described = desk.client.get("/v1/openapi.json").json()["paths"]
    operations = {o["operationId"] for methods in described.values() for o in methods.values()}
    assert operations == DOORS.keys()
    for gone in ("/docs", "/redoc", "/openapi.json", "/v0/credits", "/v2/credits", "/debug",
                 "/.git/config", "/metrics", "/v1/admin", "/static/../app.py"):  # fmt: skip
        assert desk.client.get(gone).status_code == 404, gone


@pytest.mark.parametrize(
    "said",
    [b"", b"not json", b"[]", b'{"keys": 7}', b'{"keys": [7, {"kid": "x", "kty": "RSA"}]}',
     b'{"keys": [' + b'{"kid": "x"},' * 40_000 + b"{}]}", b'{"keys": ' + b"[" * 100_000],
)  # fmt: skip
def test_api10_a_third_party_s_answer_is_not_believed(said: bytes) -> None:
    """Unsafe consumption of APIs: whatever the issuer sends is a sentence, never a fault."""
    issuer = Sink(said)
    try:
        with pytest.raises((NotReady, tokens.NotAuthenticated)):
            tokens.Issuer("https://issuer.example", "parkland", f"{issuer.url}/keys").claims(TOKEN)
        assert issuer.asked == ["/keys"]
    finally:
        issuer.close()


def test_the_list_is_whole() -> None:
    here = Path(__file__).read_text("utf-8")
    assert all(f"def test_api{item}_" in here for item in range(1, 11))
