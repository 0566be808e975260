"""Contests: a developer holds a finding to be wrong and hands evidence in, a verifier decides."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Request, status
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from registry_api.api.examples import example
from registry_api.api.parameters import ContestId, Plain, ProjectId
from registry_api.api.plot_uploads import demand_own_project
from registry_api.bodies import keep_body
from registry_api.deps import Caller, ReadSession, SettingsDep, WriteSession
from registry_api.errors import WrongMediaType
from registry_api.form_files import read_form
from registry_api.services import contests
from registry_api.services.contests import Objection
from registry_api.services.private_store import PrivateStore
from registry_api.services.upload_views import ContestView

router = APIRouter(tags=["contests"])
_FORM = "multipart/form-data"
_ANYTHING = "application/octet-stream"
_LARGEST_EVIDENCE_BYTES = 50_000_000
_FORM_BYTES = 100_000  # around the file


class ObjectionForm(BaseModel):
    """What a developer holds against a finding."""

    model_config = ConfigDict(extra="forbid")

    upload_id: Annotated[UUID, Field(description="the upload whose report has the finding")]
    plot_id: Annotated[str, Field(min_length=1, max_length=120, examples=["KWG-001"])]
    code: Annotated[str, Field(pattern=r"^[a-z_]{1,80}$", examples=["tree_loss"])]
    statement: Annotated[
        str,
        Field(
            min_length=1,
            max_length=10_000,
            examples=["The trees fell in the storm of May 2022; see the county's report."],
        ),
    ]


class ContestDecisionRequest(BaseModel):
    """What a verifier says of a contest."""

    model_config = ConfigDict(extra="forbid", strict=True)

    upheld: bool
    statement: Annotated[
        str,
        Field(min_length=1, max_length=10_000, examples=["The report names the parcel; upheld."]),
    ]


# Taken apart by hand: FastAPI would read the form before anybody asked whose it is, and leave the
# evidence in plain on the disk while it does.
async def _objection(
    request: Request, settings: SettingsDep, _access: Annotated[None, Depends(demand_own_project)]
) -> Objection:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM:
        raise WrongMediaType(
            f"Send the contest as a form, '{_FORM}', with upload_id, plot_id, code, statement and, "
            "if you have one, the file 'evidence'."
        )

    def keep(body: Iterator[bytes]) -> tuple[dict[str, str], str, str | None]:
        def sealed(pieces: Iterator[bytes]) -> str:
            store = PrivateStore(settings)
            return store.put_stream(pieces, limit_bytes=_LARGEST_EVIDENCE_BYTES)[0]

        return read_form(body, request.headers["content-type"], sealed, file_field="evidence")

    largest = _LARGEST_EVIDENCE_BYTES + _FORM_BYTES
    fields, name, sha256 = await keep_body(request, keep, largest_bytes=largest)
    try:
        stated = ObjectionForm.model_validate(fields)
    except ValidationError as error:
        faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]
        raise RequestValidationError(faults) from error
    return Objection(
        upload_id=str(stated.upload_id),
        plot_id=stated.plot_id,
        code=stated.code,
        statement=stated.statement,
        evidence_name=(_last_part(name) or "evidence") if sha256 else "",
        evidence_sha256=sha256 or "",
    )


def _last_part(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).name


def _described() -> dict[str, Any]:
    shape = ObjectionForm.model_json_schema()
    shape["properties"]["evidence"] = {
        "type": "string",
        "format": "binary",
        "description": f"any file, at most {_LARGEST_EVIDENCE_BYTES // 10**6} MB; kept encrypted",
    }
    return {"requestBody": {"required": True, "content": {_FORM: {"schema": shape}}}}


@router.post(
    "/projects/{project_id}/contests",
    status_code=status.HTTP_201_CREATED,
    summary="Contest a finding",
    responses=example("contest", status=201),
    openapi_extra=_described(),
)
def file_contest(
    project_id: ProjectId,
    objection: Annotated[Objection, Depends(_objection)],
    caller: Caller,
    session: WriteSession,
    settings: SettingsDep,
    _query: Plain,
) -> ContestView:
    """Say that a finding that refused a plot is wrong. Needs the key of the project's developer.

    Where a verifier upholds it, the plot goes in with a warning when the upload is screened again.
    """
    return contests.file(session, settings, project_id, objection, by=caller)


@router.get(
    "/projects/{project_id}/contests",
    summary="Contests of a project",
    responses=example("contests"),
)
def list_contests(
    session: ReadSession, project_id: ProjectId, caller: Caller, _query: Plain
) -> tuple[ContestView, ...]:
    """List a project's contests, newest first."""
    return contests.contests(session, project_id, by=caller)


@router.get("/contests", summary="Contests that wait", responses=example("contests"))
def list_open_contests(
    session: ReadSession, caller: Caller, _query: Plain
) -> tuple[ContestView, ...]:
    """List what waits for a verifier, oldest first. Needs a verifier's key."""
    return contests.open_contests(session, by=caller)


@router.get(
    "/contests/{contest_id}/evidence",
    summary="Evidence of a contest",
    response_class=StreamingResponse,
    responses={200: {"content": {_ANYTHING: {}}, "description": "The file, to the byte"}},
)
def get_evidence(
    session: WriteSession,
    settings: SettingsDep,
    contest_id: ContestId,
    caller: Caller,
    _query: Plain,
) -> StreamingResponse:
    """Give the evidence as it was handed in, to its project's developer and to verifiers.

    The look is logged.
    """
    name, pieces = contests.evidence(session, settings, str(contest_id), by=caller)
    return StreamingResponse(
        pieces,
        media_type=_ANYTHING,
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"},
    )


@router.post(
    "/contests/{contest_id}/decision",
    status_code=status.HTTP_201_CREATED,
    summary="Decide a contest",
    responses=example("contest_decided", status=201),
)
def decide_contest(
    session: WriteSession, contest_id: ContestId, body: ContestDecisionRequest, caller: Caller
) -> ContestView:
    """Uphold a contest or turn it down, once. Needs a verifier's key."""
    return contests.decide(
        session, str(contest_id), upheld=body.upheld, statement=body.statement, by=caller
    )
