"""Projects brought over HTTP: a zipped project folder."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response, status
from starlette.requests import ClientDisconnect

from registry_api.api.examples import example
from registry_api.api.parameters import Plain
from registry_api.bodies import allow_body
from registry_api.deps import Caller, SettingsDep, WriteSession
from registry_api.errors import UploadRefused, WrongMediaType
from registry_api.services.archives import LARGEST_UPLOAD_BYTES, MOST_MEMBERS
from registry_api.services.uploads import DeliveryReceipt, take_in_upload

router = APIRouter(tags=["projects"])
_ZIP = "application/zip"


@dataclass(frozen=True, slots=True)
class LookNext:
    """Addresses of what becomes of an upload."""

    project: str
    periods: str
    plots: str


@dataclass(frozen=True, slots=True)
class UploadAnswer:
    """What was taken in, and where to see what becomes of it."""

    taken_in: DeliveryReceipt
    look_next: LookNext


# Taking the body apart by hand, so that a key is asked for before any of it is read.
async def _zip_body(request: Request, _caller: Caller) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _ZIP:
        raise WrongMediaType(
            f"Send the project folder as one zip with 'Content-Type: {_ZIP}', not as a form."
        )
    allow_body(request, LARGEST_UPLOAD_BYTES)
    try:
        return await request.body()
    except ClientDisconnect as error:
        raise UploadRefused("cut_short", "The upload ended early; send it again.") from error


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": f"A zip of the project folder, at most {LARGEST_UPLOAD_BYTES // 10**6} MB "
        f"and {MOST_MEMBERS} files: project.toml at its root or in its one folder, and the files "
        "that project.toml names.",
        "content": {_ZIP: {"schema": {"type": "string", "format": "binary"}}},
    }
}
_KNOWN_ALREADY: dict[int | str, dict[str, Any]] = {
    200: {
        "model": UploadAnswer,
        "description": "Exactly this was delivered before",
        **example("upload")[200],
    }
}


@router.post(
    "/projects",
    status_code=status.HTTP_201_CREATED,
    summary="Bring a project, or its changed files",
    responses=example("upload", status=201) | _KNOWN_ALREADY,
    openapi_extra=_BODY,
)
def upload_project(
    body: Annotated[bytes, Depends(_zip_body)],
    caller: Caller,
    session: WriteSession,
    settings: SettingsDep,
    response: Response,
    _query: Plain,
) -> UploadAnswer:
    """Take a zipped project folder in, whole or not at all. Needs the key of its developer.

    Only project.toml and the files it names are kept. The same content again is answered the same,
    with 200. The pipeline finds the delivery by itself and runs the periods that have ended.
    """
    taken = take_in_upload(session, body, by=caller, settings=settings)
    address = f"/v1/projects/{taken.receipt.project_id}"
    response.headers["Location"] = address
    if not taken.new:
        response.status_code = status.HTTP_200_OK
    return UploadAnswer(taken.receipt, LookNext(address, f"{address}/periods", f"{address}/plots"))
