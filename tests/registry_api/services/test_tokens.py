"""Tokens of a real issuer over HTTP: what is accepted, what is not, and where nobody asks."""

import base64
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from fastapi.testclient import TestClient

from registry_api.app import create_app
from registry_api.db import database
from registry_api.errors import Contradiction, NotFound, NotReady
from registry_api.services import accounts, tokens
from registry_api.services.unit_of_work import unit_of_work
from registry_api.settings import Settings
from tests.registry_api.a_registry import make_settings

AUDIENCE, SUBJECT, BUYER = "the-registry", "auth0|12345", "first-buyer"
KEYS = {
    "rsa-1": (rsa.generate_private_key(65537, 2048), "RS256"),
    "ec-1": (ec.generate_private_key(ec.SECP256R1()), "ES256"),
    "ed-1": (ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
}
STRANGERS = rsa.generate_private_key(65537, 2048)


class LocalIssuer:
    """An issuer on loopback that says what it is told to, and counts who asks for its keys."""

    def __init__(self) -> None:
        issuer = self
        self.asked: list[str] = []
        self.shown = list(KEYS)
        self.changes: dict[str, Any] = {}
        self.redirect = ""

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                if issuer.redirect:
                    self.send_response(302)
                    self.send_header("Location", issuer.redirect)
                    self.end_headers()
                    return
                said = issuer.description() if "well-known" in self.path else issuer.keys()
                body = json.dumps(said).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/realm"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def description(self) -> dict[str, Any]:
        return {"issuer": self.url, "jwks_uri": f"{self.url}/keys"} | self.changes

    def keys(self) -> dict[str, Any]:
        listed = []
        for kid in self.shown:
            key, algorithm = KEYS[kid]
            made = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
            listed.append(made | {"kid": kid, "use": "sig"})
        return {"keys": listed}

    def token(self, kid: str = "rsa-1", **claims: Any) -> str:  # noqa: ANN401
        key, algorithm = KEYS[kid]
        return jwt.encode(self.said(**claims), key, algorithm, headers={"kid": kid})

    def said(self, **claims: Any) -> dict[str, Any]:  # noqa: ANN401
        now = datetime.now(UTC)
        said = {
            "iss": self.url, "aud": AUDIENCE, "sub": SUBJECT, "iat": now,
            "exp": now + timedelta(minutes=5), "scope": "openid registry:read",
        } | claims  # fmt: skip
        return {name: value for name, value in said.items() if value is not None}

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def issuer() -> Iterator[LocalIssuer]:
    opened = LocalIssuer()
    yield opened
    opened.close()


@pytest.fixture
def settings(tmp_path: Path, issuer: LocalIssuer) -> Iterator[Settings]:
    made = make_settings(tmp_path).model_copy(
        update={"oidc_issuer": issuer.url, "oidc_audience": AUDIENCE}
    )
    with unit_of_work(made) as session:
        accounts.register_account(session, BUYER, "First buyer", "buyer")
        tokens.link(session, issuer.url, SUBJECT, BUYER, by="the-registrar")
    yield made
    database(made.database).close()


@pytest.fixture
def client(settings: Settings) -> TestClient:
    return TestClient(create_app(settings), base_url="http://127.0.0.1")


def ask(client: TestClient, token: str, path: str = "/v1/holdings") -> int:
    return client.get(path, headers={"Authorization": f"Bearer {token}"}).status_code


@pytest.mark.parametrize("kid", KEYS)
def test_a_token_opens_what_its_scopes_name(
    client: TestClient, issuer: LocalIssuer, kid: str
) -> None:
    assert ask(client, issuer.token(kid)) == 200
    sent = {"Authorization": f"Bearer {issuer.token(kid)}", "Idempotency-Key": "an-order-of-mine"}
    refused = client.post("/v1/retirements", json={}, headers=sent)
    assert refused.status_code == 403
    assert "credits:retire" in refused.json()["detail"]


@pytest.mark.parametrize("scope", [None, "", "openid", "everything *", ["registry:read"], 7])
def test_without_a_scope_that_is_known_it_opens_nothing(
    client: TestClient, issuer: LocalIssuer, scope: object
) -> None:
    assert ask(client, issuer.token(scope=scope)) == 403


HOUR = timedelta(hours=1)
WRONG: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "another-registry"},
    "another issuer": {"iss": "https://accounts.example"},
    "run out": {"exp": datetime.now(UTC) - HOUR, "iat": datetime.now(UTC) - 2 * HOUR},
    "not yet": {"nbf": datetime.now(UTC) + HOUR},
    "made tomorrow": {"iat": datetime.now(UTC) + 24 * HOUR, "exp": datetime.now(UTC) + 25 * HOUR},
    "no end": {"exp": None},
    "no subject": {"sub": None},
    "no audience": {"aud": None},
    "somebody else": {"sub": "auth0|unknown"},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_claims_that_do_not_fit(client: TestClient, issuer: LocalIssuer, wrong: str) -> None:
    assert ask(client, issuer.token()) == 200
    assert ask(client, issuer.token(**WRONG[wrong])) == 401


def test_clocks_may_differ_by_a_minute(client: TestClient, issuer: LocalIssuer) -> None:
    now = datetime.now(UTC)
    late, early = now - timedelta(seconds=40), now + timedelta(seconds=40)
    assert ask(client, issuer.token(exp=late, iat=now - HOUR)) == 200
    assert ask(client, issuer.token(iat=early)) == 200
    assert ask(client, issuer.token(exp=now - timedelta(seconds=80), iat=now - HOUR)) == 401


def signed_by_secret(issuer: LocalIssuer, secret: bytes) -> str:
    """Sign as PyJWT refuses to: with a public key in the place of a shared secret."""
    _head, claims, _signature = issuer.token().split(".")
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": "rsa-1"}).encode())
    text = head.rstrip(b"=") + b"." + claims.encode()
    made = base64.urlsafe_b64encode(hmac.digest(secret, text, "sha256")).rstrip(b"=")
    return f"{text.decode()}.{made.decode()}"


def test_signatures_that_only_look_like_the_issuer_s(
    client: TestClient, issuer: LocalIssuer
) -> None:
    said = issuer.said()
    public = (
        KEYS["rsa-1"][0]
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    forged = {
        "none": jwt.encode(said, None, "none", headers={"kid": "rsa-1"}),
        "the public key as a secret": signed_by_secret(issuer, public),
        "a stranger's key": jwt.encode(said, STRANGERS, "RS256", headers={"kid": "rsa-1"}),
        "a key brought along": jwt.encode(
            said, STRANGERS, "RS256",
            headers={"kid": "rsa-1", "jku": f"{issuer.url}/evil", "jwk": {"kty": "RSA"}},
        ),
        "a path as key id": jwt.encode(
            said, STRANGERS, "RS256", headers={"kid": "../../../../dev/null"}
        ),
        "another algorithm's key": jwt.encode(
            said, STRANGERS, "RS256", headers={"kid": "ec-1"}
        ),
        "cut short": issuer.token()[:-4],
        "nothing": "..",
        "too long": "a." * 2 + "b" * 20_000,
    }  # fmt: skip
    for name, token in forged.items():
        assert ask(client, token) == 401, name
    assert f"{issuer.url}/evil" not in issuer.asked


def test_keys_are_kept_and_rotation_is_noticed(issuer: LocalIssuer) -> None:
    clock = [0.0]
    watched = tokens.Issuer(issuer.url, AUDIENCE, now=lambda: clock[0])
    issuer.shown = ["rsa-1"]
    for _ in range(5):
        watched.claims(issuer.token("rsa-1"))
    assert len(issuer.asked) == 2, "its description and its keys, once"
    issuer.shown = ["ec-1"]  # rotated
    with pytest.raises(tokens.NotAuthenticated):
        watched.claims(issuer.token("ec-1"))
    assert len(issuer.asked) == 2, "made-up key ids do not make us ask again and again"
    clock[0] += 31
    watched.claims(issuer.token("ec-1"))
    with pytest.raises(tokens.NotAuthenticated):
        watched.claims(issuer.token("rsa-1"))
    assert len(issuer.asked) == 4
    issuer.shown = ["ed-1"]
    clock[0] += tokens.KEYS_KEPT_S + 1
    with pytest.raises(tokens.NotAuthenticated):
        watched.claims(issuer.token("ec-1"))


@pytest.mark.parametrize(
    "changes",
    [{"jwks_uri": "http://169.254.169.254/latest/meta-data"}, {"jwks_uri": "file:///etc/passwd"},
     {"jwks_uri": "http://127.0.0.1:1/keys"}, {"jwks_uri": "http://[::1]/keys"},
     {"jwks_uri": "http://2130706433/keys"}, {"issuer": "https://accounts.example"},
     {"jwks_uri": 7}],
)  # fmt: skip
def test_keys_are_asked_of_the_issuer_and_nobody_else(
    client: TestClient, issuer: LocalIssuer, changes: dict[str, Any]
) -> None:
    issuer.changes = changes
    assert ask(client, issuer.token()) == 503
    assert issuer.asked == ["/realm/.well-known/openid-configuration"]


def test_redirects_are_not_followed(client: TestClient, issuer: LocalIssuer) -> None:
    issuer.redirect = f"{issuer.url}/elsewhere"
    assert ask(client, issuer.token()) == 503
    assert issuer.asked == ["/realm/.well-known/openid-configuration"]


@pytest.mark.parametrize("url", ["http://issuer.example", "ftp://issuer.example", "file:///keys"])
def test_an_issuer_is_reached_by_https(issuer: LocalIssuer, url: str) -> None:
    with pytest.raises(NotReady, match="https"):
        tokens.Issuer(url, AUDIENCE).claims(issuer.token())


def test_a_subject_acts_for_one_account_until_it_is_unlinked(
    client: TestClient, settings: Settings, issuer: LocalIssuer
) -> None:
    with unit_of_work(settings) as session:
        accounts.register_account(session, "second-buyer", "Second buyer", "buyer")
        tokens.link(session, issuer.url, SUBJECT, BUYER, by="the-registrar")
        with pytest.raises(Contradiction):
            tokens.link(session, issuer.url, SUBJECT, "second-buyer", by="the-registrar")
    assert ask(client, issuer.token()) == 200
    with unit_of_work(settings) as session:
        tokens.unlink(session, issuer.url, SUBJECT, by="the-registrar")
        with pytest.raises(NotFound):
            tokens.unlink(session, issuer.url, SUBJECT, by="the-registrar")
    assert ask(client, issuer.token()) == 401


def test_without_an_issuer_a_token_is_an_unknown_key(tmp_path: Path, issuer: LocalIssuer) -> None:
    plain = make_settings(tmp_path / "plain")
    asking = TestClient(create_app(plain), base_url="http://127.0.0.1")
    assert ask(asking, issuer.token()) == 401
    assert issuer.asked == []
    database(plain.database).close()
