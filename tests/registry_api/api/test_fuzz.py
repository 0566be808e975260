"""No input, however odd, gets a 5xx or an answer that the description does not know."""

import json
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import jsonschema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry_api.api.problems import Problem
from tests.registry_api.a_registry import DEVELOPER, REGISTRAR, VERIFIER, Served
from tests.registry_api.api.freeze import FROZEN

DESCRIPTION: dict[str, Any] = json.loads(FROZEN.read_text("utf-8"))
OPERATIONS = [
    (path, method, operation)
    for path, methods in DESCRIPTION["paths"].items()
    for method, operation in methods.items()
]
ODD = st.one_of(
    st.text(max_size=40),
    st.integers().map(str),
    st.sampled_from(
        ["", " ", "..", "%00", "\x00", "' OR 1=1 --", "%", "_", "9" * 400, "-1", "1e9", "NaN",
         "null", "true", "2" * 19, str(2**53 + 1), "\u202e", "\U0001f333", "W10", "{{7*7}}"]
    ),
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_request_gets_a_described_answer(served: Served, data: st.DataObject) -> None:
    path, method, operation = data.draw(st.sampled_from(OPERATIONS))
    assert served.batch.credits is not None
    known = {
        "project_id": served.farm.project.id,
        "sha256": served.batch.estimate_sha256,
        "batch_id": served.batch.id,
        "serial": served.batch.credits.text,
        "plot_id": "P-001",
        "kind": "geojson",
        "day": "2026-03-01",
        "number": "0",
        "sequence": "1",
        "account_id": DEVELOPER,
    }
    query: dict[str, str] = {}
    for parameter in operation.get("parameters", []):
        name = parameter["name"]
        if parameter["in"] == "path":
            # An empty path value is another route, with another answer.
            usual = known.get(name, str(UUID(int=1)))  # of what is named by an id of ours
            value = data.draw(st.just(usual) | ODD.filter(bool), label=name)
            path = path.replace("{" + name + "}", quote(value, safe=""))
        elif parameter["in"] == "query" and data.draw(st.booleans()):
            query[name] = data.draw(ODD, label=name)
    if data.draw(st.integers(0, 9)) == 0:
        query[data.draw(st.text(min_size=1, max_size=10))] = data.draw(ODD)
    headers = data.draw(
        st.fixed_dictionaries(
            {},
            optional={
                "Authorization": st.sampled_from(
                    [f"Bearer {served.keys[a]}" for a in (VERIFIER, REGISTRAR, DEVELOPER)]
                )
                | st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), max_size=60),
                "Idempotency-Key": st.text(
                    st.characters(codec="ascii", categories=["L", "N", "P"]), max_size=140
                ),
                "If-None-Match": st.sampled_from(["*", '"x"', 'W/"', ",,,"]),
            },
        )
    )
    content = None
    if method == "post":
        content = data.draw(
            st.binary(max_size=40)
            | JSON.map(lambda body: json.dumps(body).encode())
            | st.just(
                json.dumps(
                    {"approved": False, "statement": "\ud800", "estimate_sha256": known["sha256"]}
                ).encode()
            )
            | st.just(json.dumps({"estimate_sha256": known["sha256"]}).encode())
            | st.just(json.dumps({"approved": True, "statement": "No reason."}).encode())
        )
        headers["Content-Type"] = data.draw(
            st.sampled_from(["application/json", "text/plain", "application/zip", ""])
        )
    answer = served.client.request(
        method.upper(), f"{path}?{urlencode(query)}", headers=headers, content=content
    )
    assert answer.status_code < 500, (path, query, headers, content, answer.text)
    if answer.status_code >= 400:
        if answer.headers["content-type"] != "application/problem+json":
            assert answer.status_code == 404  # an odd path may leave the API for the pages
            assert not str(answer.url.path).startswith("/v1")
            return
        Problem.model_validate_json(answer.content)
        assert "Traceback" not in answer.text
        assert "sqlite" not in answer.text.lower()
    elif answer.status_code in (200, 201) and str(answer.status_code) in operation["responses"]:
        described = operation["responses"][str(answer.status_code)]["content"]
        media = answer.headers["content-type"].partition(";")[0]
        assert media in described
        if media.endswith(("json", "/vc")):
            whole = {"components": DESCRIPTION["components"], **described[media]["schema"]}
            jsonschema.Draft202012Validator(whole).validate(answer.json())
