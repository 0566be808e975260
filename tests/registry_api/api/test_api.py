"""The API over HTTP: keys, roles, paging, caching, and problems that say what to do."""

import csv
import hashlib
import io
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from pydantic import HttpUrl

from registry_api.api import geojson
from registry_api.app import create_app
from registry_api.services import accounts
from registry_api.services.unit_of_work import unit_of_work
from registry_api.settings import Settings
from tests.registry_api.a_registry import (
    DEVELOPER,
    REGISTRAR,
    VERIFIER,
    Served,
    Stage,
    make_settings,
    prepare,
)


@pytest.fixture
def waiting(submitted: Stage) -> Iterator[tuple[TestClient, dict[str, str], str]]:
    """An API with an estimate that waits for its decision; keys by account."""
    with unit_of_work(submitted.settings) as session:
        keys = {
            name: accounts.create_key(session, name) for name in (VERIFIER, REGISTRAR, DEVELOPER)
        }
    bearing = {name: f"Bearer {key}" for name, key in keys.items()}
    with TestClient(create_app(submitted.settings), base_url="http://127.0.0.1") as client:
        yield client, bearing, submitted.sha256


def test_decide_and_issue_over_http(waiting: tuple[TestClient, dict[str, str], str]) -> None:
    client, bearing, sha256 = waiting
    order = {"estimate_sha256": sha256}
    issuing = {"Authorization": bearing[REGISTRAR], "Idempotency-Key": "my-own-request"}
    early = client.post("/v1/batches", json=order, headers=issuing)
    assert (early.status_code, early.json()["type"]) == (403, "/problems/registry.not_allowed")
    with unit_of_work(client.app.state.settings) as session:  # type: ignore[attr-defined]
        prepare(session, sha256)
    decided = client.post(
        f"/v1/estimates/{sha256}/decisions",
        json={"opinion": "qualified", "statement": "Recomputed.", "qualification": "Invented."},
        headers={"Authorization": bearing[VERIFIER]},
    )
    assert decided.status_code == 201
    answers = [client.post("/v1/batches", json=order, headers=issuing) for _ in range(2)]
    assert [a.status_code for a in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    batch = client.get(answers[0].headers["Location"]).json()
    assert batch["card"]["credits_t"] == 9
    again = client.post("/v1/batches", json=order, headers=issuing | {"Idempotency-Key": "other-1"})
    assert (again.status_code, again.json()["type"]) == (422, "/problems/registry.not_acceptable")
    again = client.post(
        "/v1/batches", json=order, headers=issuing | {"Idempotency-Key": "another-request"}
    )
    assert (again.status_code, again.json()["type"]) == (409, "/problems/registry.already_issued")
    other = client.post("/v1/batches", json={"estimate_sha256": "0" * 64}, headers=issuing)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/registry.key_reused")


@pytest.mark.parametrize("account", [REGISTRAR, DEVELOPER])
def test_only_a_verifier_decides(
    waiting: tuple[TestClient, dict[str, str], str], account: str
) -> None:
    client, bearing, sha256 = waiting
    refused = client.post(
        f"/v1/estimates/{sha256}/decisions",
        json={"opinion": "positive", "statement": "Mine is fine."},
        headers={"Authorization": bearing[account]},
    )
    assert refused.status_code == 403


@pytest.mark.parametrize("account", [VERIFIER, DEVELOPER])
def test_only_a_registrar_issues(
    waiting: tuple[TestClient, dict[str, str], str], account: str
) -> None:
    client, bearing, sha256 = waiting
    refused = client.post(
        "/v1/batches",
        json={"estimate_sha256": sha256},
        headers={"Authorization": bearing[account], "Idempotency-Key": "my-own-request"},
    )
    assert refused.status_code == 403


@pytest.mark.parametrize(
    "header", [None, "Bearer", "Bearer nonsense", "Basic dTpw", "Bearer pkl_%00", "bearer  "]
)
def test_no_key_no_writing(served: Served, header: str | None) -> None:
    refused = served.client.post(
        "/v1/batches",
        json={"estimate_sha256": served.batch.estimate_sha256},
        headers={"Idempotency-Key": "my-own-request"}
        | ({"Authorization": header} if header else {}),
    )
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_issuing_needs_an_idempotency_key(served: Served) -> None:
    refused = served.client.post(
        "/v1/batches",
        json={"estimate_sha256": served.batch.estimate_sha256},
        headers=served.bearing(REGISTRAR),
    )
    assert refused.status_code == 428
    assert "Idempotency-Key" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"opinion": "positive", "statement": "Yes.", "status": "verified"}, "/status"),
        ({"opinion": "yes", "statement": "Yes."}, "/opinion"),
        ({"opinion": True, "statement": "Yes."}, "/opinion"),
        ({"opinion": "positive"}, "/statement"),
        ({"opinion": "positive", "statement": ""}, "/statement"),
        ([], "/"),
    ],
)
def test_bodies_are_taken_literally(served: Served, body: object, pointer: str) -> None:
    refused = served.client.post(
        f"/v1/estimates/{served.batch.estimate_sha256}/decisions",
        json=body,
        headers=served.bearing(VERIFIER),
    )
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert [fault["pointer"] for fault in refused.json()["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=1e9", "limit"),
        ("page=2", "page"),
        ("country=KE&country=ke", "country.1"),
        ("vintage=1", "vintage.0"),
        ("price=cheap", "price.0"),
        ("sort=id", "sort"),
    ],
)
def test_queries_are_taken_literally(served: Served, query: str, pointer: str) -> None:
    refused = served.client.get(f"/v1/credits?{query}")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer


def test_pages_follow_their_links(served: Served) -> None:
    first = served.client.get("/v1/credits?limit=1&country=KE")
    link = first.headers["Link"]
    assert link.endswith('; rel="next"')
    second = served.client.get(link[1 : link.index(">")])
    assert "Link" not in second.headers
    found = [item["status"] for page in (first, second) for item in page.json()["items"]]
    assert found == ["buffer", "active"]
    assert second.json()["next_cursor"] is None


def test_credits_are_found_by_what_they_are(served: Served) -> None:
    def found(query: str) -> list[tuple[str, int]]:
        answer = served.client.get(f"/v1/credits?{query}")
        assert answer.status_code == 200, answer.text
        return [(run["status"], run["quantity_t"]) for run in answer.json()["items"]]

    both = [("buffer", 2), ("active", 9)]
    assert found("") == found("country=KE&country=UG&vintage=2023&claim=carbon") == both
    assert found("sort=quantity") == found("sort=changed&uncertainty=10_to_20")[::-1] == both
    assert found("status=active&q=KISUMU+grevillea") == [("active", 9)]
    for nothing in ("country=UG", "vintage=2021", "q=100%25", "price=USD_under_10", "status=held"):
        assert found(nothing) == []


def test_facets_count_what_another_choice_would_bring(served: Served) -> None:
    told = served.client.get("/v1/credits/facets?status=active").json()
    values = {name: {v["value"]: v["quantity_t"] for v in told["values"][name]} for name in (
        "status", "country", "vintage", "claim", "uncertainty", "price")}  # fmt: skip
    assert told["quantity_t"] == 9
    assert values == {
        "status": {"active": 9, "buffer": 2},
        "country": {"KE": 9},
        "vintage": {"2023": 9},
        "claim": {"carbon": 9},
        "uncertainty": {"10_to_20": 9},
        "price": {},
    }
    nothing = served.client.get("/v1/credits/facets?country=UG&status=held").json()
    assert (nothing["quantity_t"], nothing["runs"]) == (0, 0)
    assert nothing["values"]["country"] == nothing["values"]["status"] == []


def test_who_has_seen_all_is_told_of_nothing(served: Served) -> None:
    first = served.client.get("/v1/credits?modified_since=0").json()
    assert {run["closed_sequence"] for run in first["items"]} == {None}
    later = served.client.get(f"/v1/credits?modified_since={first['as_of']}").json()
    assert (later["items"], later["as_of"]) == ([], first["as_of"])
    ahead = served.client.get(f"/v1/credits?modified_since={first['as_of'] + 1}")
    assert ahead.status_code == 422
    assert "entries so far" in ahead.json()["detail"]


def test_the_whole_search_comes_as_a_table_or_a_map(served: Served, tmp_path: Path) -> None:
    def asked(media_type: str) -> Response:
        answer = served.client.get("/v1/credits?limit=1", headers={"Accept": media_type})
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(media_type)
        return answer

    runs = served.client.get("/v1/credits").json()["items"]
    rows = list(csv.DictReader(io.StringIO(asked("text/csv").text)))
    assert [row["serial"] for row in rows] == [run["serial"] for run in runs]
    assert list(rows[0]) == list(runs[0])
    assert [int(row["quantity_t"]) for row in rows] == [2, 9]

    (tmp_path / "credits.parquet").write_bytes(asked("application/vnd.apache.parquet").content)
    table = pq.read_table(tmp_path / "credits.parquet").to_pylist()
    assert [list(row) for row in table] == [list(run) for run in runs]
    assert [row["serial"] for row in table] == [run["serial"] for run in runs]
    assert [row["since"].isoformat().replace("+00:00", "Z") for row in table] == [
        run["since"] for run in runs
    ]

    features = asked("application/geo+json").json()["features"]
    assert [feature["properties"] for feature in features] == runs
    lon, lat = features[0]["geometry"]["coordinates"]
    assert (lon, lat) == (34.65, -0.15)  # of the cell, not of a plot
    nothing = served.client.get(
        "/v1/credits?country=UG", headers={"Accept": "application/geo+json"}
    )
    assert nothing.json() == {"type": "FeatureCollection", "features": []}


def test_a_link_names_the_format_that_a_browser_cannot(served: Served) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    html = served.client.get("/credits?status=active").text
    links = re.findall(r'href="(/v1/credits[^"]*)" download', html)
    assert len(links) == 3
    for link, (ending, begins) in zip(
        links,
        (("csv", b"id,serial,"), ("geojson", b'{"type":"Fea'), ("parquet", b"PAR1")),
        strict=True,
    ):
        answer = served.client.get(unescape(link), headers=browser)
        assert answer.status_code == 200
        assert f'filename="credits.{ending}"' in answer.headers["content-disposition"]
        assert answer.content.startswith(begins)
    assert served.client.get("/v1/credits?format=xlsx").status_code == 422


def test_an_answer_is_not_sent_twice(served: Served) -> None:
    first = served.client.get("/v1/projects")
    same = served.client.get("/v1/projects", headers={"If-None-Match": first.headers["ETag"]})
    weak = served.client.get(
        "/v1/projects", headers={"If-None-Match": f'"x", W/{first.headers["ETag"]}'}
    )
    other = served.client.get("/v1/projects", headers={"If-None-Match": '"something-else"'})
    assert (same.status_code, same.content, same.headers["ETag"]) == (
        304,
        b"",
        first.headers["ETag"],
    )
    assert (weak.status_code, other.status_code) == (304, 200)


def test_the_document_is_its_address(served: Served) -> None:
    sha256 = served.batch.estimate_sha256
    answer = served.client.get(f"/v1/estimates/{sha256}/document", headers=served.bearing(VERIFIER))
    assert hashlib.sha256(answer.content).hexdigest() == sha256
    assert answer.headers["ETag"] == f'"{sha256}"'
    assert "immutable" in answer.headers["Cache-Control"]
    assert "private" in answer.headers["Cache-Control"]


def test_answers_keep_a_browser_strict(served: Served) -> None:
    for address in ("/v1/projects", "/v1/nothing-here"):
        headers = served.client.get(address).headers
        policy = headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Strict-Transport-Security" not in headers


def test_https_is_kept_once_it_is_public(settings: Settings) -> None:
    public = settings.model_copy(update={"public_url": HttpUrl("https://registry.example/")})
    client = TestClient(create_app(public), base_url="https://127.0.0.1")
    assert "max-age" in client.get("/v1/health").headers["Strict-Transport-Security"]


def test_a_foreign_host_gets_nothing(served: Served) -> None:
    assert served.client.get("/v1/projects", headers={"Host": "evil.example"}).status_code == 400


def test_a_huge_body_is_refused(served: Served) -> None:
    answer = served.client.post(
        "/v1/batches", content=b"x" * 1_000_001, headers=served.bearing(REGISTRAR)
    )
    assert answer.status_code == 413


def test_a_huge_body_in_pieces_is_refused(served: Served) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 50_000

    answer = served.client.post("/v1/batches", content=pieces(), headers=served.bearing(REGISTRAR))
    assert 400 <= answer.status_code < 500


def test_an_unknown_address_and_a_wrong_method_are_problems(served: Served) -> None:
    for answer, status in (
        (served.client.get("/v1/nothing-here"), 404),
        (served.client.delete("/v1/projects"), 405),
        (served.client.get("/v1/projects/not-there-at-all"), 404),
    ):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status
        assert answer.json()["detail"]


def test_no_pages_that_load_scripts_from_elsewhere(served: Served) -> None:
    for address in ("/docs", "/redoc", "/openapi.json"):
        assert served.client.get(address).status_code == 404


def test_a_registry_without_its_database_is_not_ready(settings: Settings) -> None:
    (settings.home / "not-a-folder").write_text("")
    broken = settings.model_copy(
        update={"database_url": f"sqlite:///{settings.home}/not-a-folder/registry.sqlite"}
    )
    client = TestClient(create_app(broken), base_url="http://127.0.0.1")
    assert client.get("/v1/health").status_code == 200
    answer = client.get("/v1/ready")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


def test_settings_are_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setenv("PARKLAND_HOME", str(settings.home))
    monkeypatch.setenv("PARKLAND_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("PARKLAND_DEMO", "yes")
    read = Settings()
    assert read.demo
    assert read.database == make_settings(settings.home).database


def test_plots_have_the_shape_that_is_promised(served: Served) -> None:
    """The service's answer goes out unchecked, so it is checked here."""
    answer = served.client.get("/v1/projects/lakeside-grevillea/plots")
    assert answer.headers["Content-Type"] == geojson.MEDIA_TYPE
    assert len(geojson.PlotCells.model_validate_json(answer.content).features) == 4
