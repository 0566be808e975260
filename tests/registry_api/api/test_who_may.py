"""Who may do what with uploads, plots, people and contests: every route, tried as everybody.

Somebody else's project is answered like one that does not exist, to the letter but for its name.
"""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.registry_api.a_registry import DEVELOPER, REGISTRAR, VERIFIER
from tests.registry_api.api.a_desk import (
    FOREIGN,
    NONE,
    OWN,
    STRANGER,
    Desk,
    opened_desk,
    some_plots,
)

UPLOAD, PLOT = "{upload}", "K/001"
PURPOSE = {"purpose": "Drawing the sample"}
READING = [
    "/uploads",
    f"/uploads/{UPLOAD}",
    f"/uploads/{UPLOAD}/columns",
    f"/uploads/{UPLOAD}/findings",
    f"/uploads/{UPLOAD}/map",
    f"/uploads/{UPLOAD}/repairs",
    f"/uploads/{UPLOAD}/proposals",
    f"/uploads/{UPLOAD}/rejected.geojson",
    f"/uploads/{UPLOAD}/rejected.gpkg",
    f"/uploads/{UPLOAD}/rejected.csv",
    f"/uploads/{UPLOAD}/file",
    f"/plots/{PLOT}/versions",
    f"/plots/{PLOT}/farmer",
    "/private-reads",
    "/contests",
]
NEEDS_NO_PURPOSE = {"/uploads", f"/uploads/{UPLOAD}", "/private-reads", "/contests"}
EVERYBODY_STATES_ONE = {f"/uploads/{UPLOAD}/file", f"/plots/{PLOT}/farmer"}
FORM = {"upload_id": UPLOAD, "plot_id": "K/004", "code": "self_crossing", "statement": "It is so."}
# method, path, how to send, what the developer is answered
CHANGING: list[tuple[str, str, dict[str, Any], int]] = [
    ("POST", "/uploads?name=plots.geojson",
     {"content": some_plots(), "headers": {"Content-Type": "application/geo+json"}}, 200),
    ("POST", f"/uploads/{UPLOAD}/runs", {"json": {}}, 202),
    ("POST", f"/plots/{PLOT}/leave", {"json": {"left_on": "2024-05-01", "reason": "Sold."}}, 201),
    ("DELETE", "/plots/K/002/farmer?reason=Asked+for", {}, 204),
]  # fmt: skip


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One registry with a screened upload for the whole table."""
    with opened_desk(tmp_path_factory.mktemp("who-may")) as desk:
        desk.screened(some_plots())
        yield desk


@pytest.fixture(scope="module")
def upload(desk: Desk) -> str:
    (found,) = desk.get(f"/v1/projects/{OWN}/uploads").json()["items"]
    return str(found["id"])


def address(path: str, upload: str, project: str = OWN) -> str:
    return f"/v1/projects/{project}{path.replace(UPLOAD, upload)}"


@pytest.mark.parametrize("path", READING)
def test_reading(desk: Desk, upload: str, path: str) -> None:
    place = address(path, upload)
    asked = {} if path in NEEDS_NO_PURPOSE else PURPOSE
    answered = {
        account: desk.get(place, by=account, **asked).status_code
        for account in (DEVELOPER, VERIFIER, REGISTRAR, STRANGER, None)
    }
    assert answered == {DEVELOPER: 200, VERIFIER: 200, REGISTRAR: 404, STRANGER: 404, None: 401}


@pytest.mark.parametrize("path", [path for path in READING if path not in NEEDS_NO_PURPOSE])
def test_a_verifier_states_a_purpose_and_is_logged(desk: Desk, upload: str, path: str) -> None:
    place, log = address(path, upload), f"/v1/projects/{OWN}/private-reads"
    before = len(desk.get(log, limit="200").json()["items"])
    refused = desk.get(place, by=VERIFIER)
    assert refused.status_code == 422
    assert "purpose" in refused.json()["detail"]
    assert len(desk.get(log, limit="200").json()["items"]) == before
    assert desk.get(place, by=VERIFIER, **PURPOSE).status_code == 200
    newest = desk.get(log, limit="200").json()["items"][0]
    assert (newest["account_id"], newest["role"]) == (VERIFIER, "verifier")
    assert newest["purpose"] == PURPOSE["purpose"]
    own = desk.get(place)
    assert own.status_code == (422 if path in EVERYBODY_STATES_ONE else 200)


@pytest.mark.parametrize(("method", "path", "sent", "done"), CHANGING)
def test_changing(
    desk: Desk, upload: str, method: str, path: str, sent: dict[str, Any], done: int
) -> None:
    def answer(account: str | None) -> int:
        headers = sent.get("headers", {}) | desk.by(account)
        given = {name: value for name, value in sent.items() if name != "headers"}
        place = address(path, upload)
        return desk.client.request(method, place, headers=headers, **given).status_code

    answered = {
        account: answer(account) for account in (None, STRANGER, REGISTRAR, VERIFIER, DEVELOPER)
    }
    assert answered == {None: 401, STRANGER: 404, REGISTRAR: 404, VERIFIER: 403, DEVELOPER: done}


@pytest.mark.parametrize("account", [DEVELOPER, REGISTRAR])
@pytest.mark.parametrize("path", READING)
def test_somebody_elses_project_is_like_none(
    desk: Desk, upload: str, account: str, path: str
) -> None:
    theirs, none = (
        desk.get(address(path, upload, project), by=account, **PURPOSE)
        if path not in NEEDS_NO_PURPOSE
        else desk.get(address(path, upload, project), by=account)
        for project in (FOREIGN, NONE)
    )
    assert (theirs.status_code, none.status_code) == (404, 404)
    assert theirs.text.replace(FOREIGN, NONE) == none.text
    kept = {"date", "etag", "content-length"}
    assert {k: v for k, v in theirs.headers.items() if k not in kept} == {
        k: v for k, v in none.headers.items() if k not in kept
    }


def test_an_upload_is_found_under_its_own_project_only(desk: Desk, upload: str) -> None:
    for place in (address("/uploads/{upload}", upload, FOREIGN),
                  address("/uploads/{upload}/map", upload, FOREIGN)):  # fmt: skip
        theirs = desk.get(place, by=STRANGER)
        none = desk.get(place.replace(upload, str(uuid4())), by=STRANGER)
        assert (theirs.status_code, none.status_code) == (404, 404)
        assert theirs.json()["type"] == none.json()["type"]


def test_contests_wait_for_verifiers_only(desk: Desk) -> None:
    answered = {
        account: desk.get("/v1/contests", by=account).status_code
        for account in (VERIFIER, DEVELOPER, STRANGER, REGISTRAR, None)
    }
    assert answered == {VERIFIER: 200, DEVELOPER: 403, STRANGER: 403, REGISTRAR: 403, None: 401}


def test_nothing_of_it_is_kept_by_a_cache(desk: Desk, upload: str) -> None:
    for path in READING:
        asked = {} if path in NEEDS_NO_PURPOSE else PURPOSE
        answer = desk.get(address(path, upload), **asked)
        assert answer.headers["Cache-Control"] == "private, no-store", path


def test_every_route_behind_a_key_is_in_this_table(desk: Desk) -> None:
    described = desk.client.get("/v1/openapi.json").json()["paths"]
    keyed = {
        (method.upper(), path.removeprefix("/v1/projects/{project_id}"))
        for path, methods in described.items()
        for method, operation in methods.items()
        if "security" in operation and path.startswith("/v1/projects/")
    }
    tried = {("GET", path) for path in READING} | {
        (m, p.partition("?")[0]) for m, p, *_ in CHANGING
    }
    named = {
        (method, path.replace(UPLOAD, "{upload_id}").replace(PLOT, "{plot_id}")
         .replace("K/002", "{plot_id}").replace(".geojson", ".{kind}"))
        for method, path in tried if not path.endswith((".gpkg", ".csv"))
    }  # fmt: skip
    told_elsewhere = {("POST", "/contests"), ("POST", "/reversals"), ("GET", "/reversals"),
                      ("POST", "/settlements"),
                      ("POST", "/periods/{period_id}/verifications")}  # fmt: skip
    assert keyed - named == told_elsewhere, "contests and losses have stories of their own"
