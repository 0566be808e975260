"""Schemathesis on the described API, as every kind of caller: no 5xx, nothing undescribed.

The real application on a real database, with an upload screened beforehand; half of the names in
addresses are names that exist. Some bodies and queries are as described and some are not.
"""

import json
from collections.abc import Iterator
from http import HTTPStatus

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import BaseSchema, Case, GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from registry_api.api.problems import Problem
from tests.registry_api.a_registry import DEVELOPER, REGISTRAR, VERIFIER
from tests.registry_api.api.a_desk import BUYER, OWN, STRANGER, Desk, opened_desk, some_plots
from tests.registry_api.api.freeze import FROZEN

OPERATIONS = {
    operation["operationId"]: (path, method.upper())
    for path, methods in json.loads(FROZEN.read_text("utf-8"))["paths"].items()
    for method, operation in methods.items()
}
schemathesis.serializer.alias("application/zip", "application/octet-stream")
EXAMPLES = 5  # of each operation, each of them as every caller; `make fuzz-api` goes on
CALLERS = (DEVELOPER, VERIFIER, REGISTRAR, BUYER, STRANGER, None)
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
# What a refusal may be; `default` in the description would let any other number pass.
REFUSALS = {400, 401, 403, 404, 405, 409, 413, 415, 422, 428}


@pytest.fixture(scope="module")
def screened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, str]]:
    """A registry with one screened upload, and the upload's id."""
    with opened_desk(tmp_path_factory.mktemp("described"), largest_plot_file_mb=1) as desk:
        yield desk, desk.screened(some_plots()).rpartition("/")[2]


@pytest.fixture(scope="module")
def described(screened: tuple[Desk, str]) -> BaseSchema:
    desk, _upload = screened
    return schemathesis.openapi.from_asgi(
        "/v1/openapi.json", desk.client.app, headers={"Host": "127.0.0.1"}
    )


@pytest.mark.parametrize("operation_id", sorted(OPERATIONS))
def test_every_answer_is_described(
    described: BaseSchema, screened: tuple[Desk, str], operation_id: str
) -> None:
    desk, upload = screened
    there = {"project_id": OWN, "upload_id": upload, "plot_id": "K/001"}
    path, method = OPERATIONS[operation_id]
    operation = described[path][method]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],  # shrinking would take minutes
    )
    @given(
        case=st.one_of(operation.as_strategy(mode) for mode in GenerationMode),
        named=st.sets(st.sampled_from(sorted(there))),
    )
    def try_it(case: Case, named: set[str]) -> None:
        for name in named & set(case.path_parameters or {}):
            case.path_parameters[name] = there[name]
        for caller in CALLERS:
            answer = case.call(headers={"Host": "127.0.0.1"} | desk.by(caller))
            case.validate_response(answer, checks=list(CHECKS))
            if answer.status_code >= HTTPStatus.BAD_REQUEST:
                assert answer.status_code in REFUSALS, answer.text
                Problem.model_validate_json(answer.content)

    try_it()
