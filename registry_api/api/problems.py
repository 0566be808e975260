"""Errors as RFC 9457 problem documents: one sentence, the place of each fault, never an inside.

Pages get their own error page; see `registry_api.web`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import singledispatch
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from starlette.exceptions import HTTPException

from mrv.errors import MrvError
from registry_api.errors import status_of

ErrorPage = Callable[[Request, int, str, str], Response]
_RETRY_AFTER_S = 2
API_PREFIX = "/v1"


class Fault(BaseModel):
    """One thing wrong with a request."""

    pointer: str = Field(description="JSON Pointer into the body, or the name of the parameter")
    code: str
    detail: str


class Problem(BaseModel):
    """Why a request was refused (RFC 9457)."""

    type: str = Field(description="stable name of the kind of problem")
    title: str
    status: int
    detail: str = Field(description="one sentence for a person")
    instance: str
    errors: list[Fault] = Field(default_factory=list)


PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "The request was refused",
        "content": {
            "application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "example": {
                    "type": "/problems/registry.not_found",
                    "title": "Not Found",
                    "status": 404,
                    "detail": "There is no project 'kisumu-mens-group'.",
                    "instance": "/v1/projects/kisumu-mens-group",
                    "errors": [],
                },
            }
        },
    }
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What an error comes to."""

    status: HTTPStatus
    code: str
    detail: str
    faults: tuple[Fault, ...] = ()


@singledispatch
def explain(_error: Exception) -> Refusal:
    """Say what an error comes to; one that nobody foresaw tells nothing of the inside."""
    return Refusal(
        HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "Something went wrong here; it is logged."
    )


@explain.register
def _(error: MrvError) -> Refusal:
    return Refusal(status_of(error), error.code, error.message)


@explain.register
def _(error: RequestValidationError) -> Refusal:
    faults = tuple(
        Fault(
            pointer=_sayable(_pointer(fault["loc"])),
            code=str(fault["type"]),
            detail=_sayable(str(fault["msg"])),
        )
        for fault in error.errors()
    )
    places = ", ".join(fault.pointer for fault in faults[:5])
    return Refusal(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "request.malformed",
        f"The request is not as the API describes it: see {places}.",
        faults,
    )


@explain.register
def _(error: HTTPException) -> Refusal:
    if isinstance(error.__cause__, MrvError):  # FastAPI wraps what is raised while a body is read
        return explain(error.__cause__)
    status = HTTPStatus(error.status_code)
    return Refusal(status, "http", f"{status.phrase}: this address does not answer that.")


@explain.register
def _(_error: IntegrityError) -> Refusal:
    return Refusal(
        HTTPStatus.CONFLICT,
        "registry.contradiction",
        "The database refused this, because it would contradict what is recorded.",
    )


@explain.register
def _(_error: DataError) -> Refusal:
    return Refusal(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "request.malformed",
        "The request holds a value that the database cannot take.",
    )


@explain.register
def _(_error: DBAPIError) -> Refusal:
    return Refusal(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "registry.not_ready",
        "The database did not answer in time; try again in a moment.",
    )


def answer_errors(app: FastAPI, error_page: ErrorPage | None = None) -> None:
    """Make every error of the application a problem document, or a page outside the API."""

    def answer(request: Request, error: Exception) -> Response:
        refusal = explain(error)
        response = (
            problem(request, refusal)
            if error_page is None or request.url.path.startswith(API_PREFIX)
            else error_page(request, refusal.status.value, refusal.status.phrase, refusal.detail)
        )
        response.headers.update(_headers(error, refusal.status))
        return response

    # Starlette keeps its own handlers for the two in the middle, hence the list.
    for kind in (MrvError, RequestValidationError, HTTPException, DBAPIError, Exception):
        app.add_exception_handler(kind, answer)


def problem(request: Request, refusal: Refusal) -> Response:
    """Write a refusal as a problem document."""
    document = Problem(
        type=f"/problems/{refusal.code}",
        title=refusal.status.phrase,
        status=refusal.status.value,
        detail=_sayable(refusal.detail),
        instance=_sayable(request.url.path),
        errors=list(refusal.faults),
    )
    return JSONResponse(
        document.model_dump(), refusal.status.value, media_type="application/problem+json"
    )


def _headers(error: Exception, status: HTTPStatus) -> dict[str, str]:
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(_RETRY_AFTER_S)
    return headers


def _sayable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()  # lone surrogates cannot be sent


def _pointer(place: Sequence[str | int]) -> str:
    root, *rest = place or ("body",)
    if root == "body":
        return "/" + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in rest)
    return ".".join(str(part) for part in rest) or str(root)
