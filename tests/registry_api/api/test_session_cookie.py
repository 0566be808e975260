"""A browser that is signed in may call the API, from our own pages and from nowhere else."""

import pytest
from fastapi import Response
from fastapi.testclient import TestClient
from pydantic import HttpUrl

from registry_api import sign_in
from registry_api.app import create_app
from registry_api.services import web_sessions
from registry_api.services.unit_of_work import unit_of_work
from registry_api.settings import Settings
from tests.registry_api.a_registry import DEVELOPER
from tests.registry_api.api.a_desk import OWN, STRANGER, Desk, some_plots

UPLOADS = f"/v1/projects/{OWN}/uploads"
HERE = "http://127.0.0.1"


def cookie(desk: Desk, account: str = DEVELOPER) -> dict[str, str]:
    with unit_of_work(desk.settings) as session:
        token = web_sessions.open(session, desk.settings, desk.keys[account])
    return {"Cookie": f"{sign_in.cookie_name(desk.settings)}={token}"}


def send(desk: Desk, headers: dict[str, str]) -> int:
    kind = {"Content-Type": "application/octet-stream"}
    place = f"{UPLOADS}?name=plots.geojson"
    return desk.client.post(place, content=some_plots(), headers=kind | headers).status_code


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 202),
        ({"Sec-Fetch-Site": "same-origin", "Origin": HERE}, 202),
        ({"Origin": HERE}, 202),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": HERE}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://127.0.0.1"}, 403),
        ({"Origin": "http://127.0.0.1:8080"}, 403),
        ({"Origin": "http://127.0.0.1.evil.example"}, 403),
        ({"Origin": "http://["}, 403),
        ({}, 403),
    ],
)
def test_sending_with_a_cookie(desk: Desk, said: dict[str, str], status: int) -> None:
    assert send(desk, cookie(desk) | said) == status


def test_a_key_needs_no_page(desk: Desk) -> None:
    said = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert send(desk, desk.by(DEVELOPER) | said) == 202


def test_a_key_comes_before_a_cookie(desk: Desk) -> None:
    """The cookie is not even looked at, so it lends the key nothing."""
    both = cookie(desk, DEVELOPER) | desk.by(STRANGER) | {"Sec-Fetch-Site": "same-origin"}
    assert send(desk, both) == 404


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
    ],
)
def test_reading_with_a_cookie(desk: Desk, said: dict[str, str], status: int) -> None:
    assert desk.client.get(UPLOADS, headers=cookie(desk) | said).status_code == status


def test_no_session_no_access(desk: Desk) -> None:
    name, own = sign_in.cookie_name(desk.settings), {"Sec-Fetch-Site": "same-origin"}
    for token in ("", "nonsense", "%00", "x" * 4000):
        sent = {"Cookie": f"{name}={token}"} | own
        assert desk.client.get(UPLOADS, headers=sent).status_code == 401
    signed_in = cookie(desk)
    with unit_of_work(desk.settings) as session:
        web_sessions.close(session, signed_in["Cookie"].partition("=")[2])
    assert desk.client.get(UPLOADS, headers=signed_in | own).status_code == 401


def test_a_public_answer_needs_no_session_and_suffers_none(desk: Desk) -> None:
    name = sign_in.cookie_name(desk.settings)
    answer = desk.client.get("/v1/projects", headers={"Cookie": f"{name}=nonsense"})
    assert answer.status_code == 200


def test_the_cookie_is_for_this_host_and_no_script(settings: Settings) -> None:
    public = settings.model_copy(update={"public_url": HttpUrl("https://registry.example/")})
    for told, name, secure in ((settings, "parkland", False), (public, "__Host-parkland", True)):
        response = Response()
        sign_in.set_cookie(response, "a-token", told)
        written = response.headers["Set-Cookie"]
        assert written.startswith(f"{name}=a-token; ")
        parts = written.split("; ")
        assert {"HttpOnly", "Path=/", "SameSite=strict", "Max-Age=43200"} <= set(parts)
        assert ("Secure" in parts) is secure
        assert not any(part.startswith("Domain") for part in parts)
        sign_in.clear_cookie(response, told)
        assert "Max-Age=0" in response.headers.getlist("Set-Cookie")[1]


def test_behind_https_the_origin_is_https(desk: Desk) -> None:
    public = Settings(
        home=desk.settings.home,
        database_url=desk.settings.database_url,
        public_url=HttpUrl("https://registry.example/"),
        worker=False,
        _env_file=None,
    )
    token = cookie(desk)["Cookie"].partition("=")[2]
    sent = {"Cookie": f"__Host-parkland={token}", "Host": "registry.example",
            "Content-Type": "text/csv"}  # fmt: skip
    with TestClient(create_app(public), base_url="http://127.0.0.1") as client:
        statuses = [
            client.post(f"{UPLOADS}?name=plots.csv", content=b"x", headers=sent | {"Origin": said})
            .status_code
            for said in ("https://registry.example", "http://registry.example")
        ]  # fmt: skip
    assert statuses == [202, 403]


def test_no_cache_keeps_what_a_signed_in_person_saw(desk: Desk) -> None:
    place = f"/projects/{OWN}/uploads"
    answer = desk.client.get(place, headers=cookie(desk) | {"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Cache-Control" not in desk.client.get("/").headers
