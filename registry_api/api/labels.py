"""Labels and co-benefits of credits: read by anybody, written down and withdrawn by registrars."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response, status
from pydantic import BaseModel, ConfigDict, Field

from registry_api.api.examples import example
from registry_api.api.orders import Key
from registry_api.api.parameters import Plain, ProjectId, SerialText
from registry_api.deps import Caller, ReadSession, WriteSession
from registry_api.services import labels
from registry_api.services.label_terms import LabelKind, NewLabel
from registry_api.services.labels import LabelView

router = APIRouter(tags=["labels"])
_Text = Annotated[str, Field(min_length=1, max_length=2_000)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LabelBody(_Body):
    """A label as its document states it."""

    kind: LabelKind
    name: Annotated[str, Field(min_length=1, max_length=120, examples=["SDG 13 - Climate action"])]
    project_id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$")]
    batch_id: Annotated[str, Field(max_length=40, description="empty: all of the project")] = ""
    serial: Annotated[str, Field(max_length=200, description="empty: all of the issuance")] = ""
    statement: _Text
    document_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    link: Annotated[str, Field(pattern=r"^https://", max_length=500)]
    valid_from: date
    valid_until: date | None = None
    terms: Annotated[
        dict[str, _Text], Field(max_length=20, description="what its kind states beside")
    ] = {}  # pydantic copies it


class WithdrawalBody(_Body):
    """Why a label counts no more."""

    reason: _Text


@router.get(
    "/projects/{project_id}/labels",
    summary="Labels and co-benefits of a project",
    responses=example("labels"),
)
def list_project_labels(
    session: ReadSession, project_id: ProjectId, _query: Plain
) -> tuple[LabelView, ...]:
    """List what others said of the project and its credits, withdrawn labels too."""
    return labels.of_project(session, project_id)


@router.get(
    "/serials/{serial}/labels",
    summary="Labels and co-benefits of some credits",
    responses=example("labels"),
)
def list_serial_labels(
    session: ReadSession, serial: SerialText, _query: Plain
) -> tuple[LabelView, ...]:
    """List what others said of these credits, of some of them, or of all of their project."""
    return labels.of_serial(session, serial)


@router.post(
    "/labels",
    status_code=status.HTTP_201_CREATED,
    summary="Give credits a label",
    responses=example("label", status=201),
)
def give_label(
    body: LabelBody, key: Key, caller: Caller, session: WriteSession, response: Response
) -> LabelView:
    """Write down what a document says of credits. Needs a registrar's key."""
    given = labels.give(session, NewLabel(**body.model_dump()), key, by=caller.id)
    response.headers["Location"] = f"/v1/projects/{given.project_id}/labels"
    return given


@router.post(
    "/labels/{label_id}/withdrawal",
    status_code=status.HTTP_201_CREATED,
    summary="Withdraw a label",
    responses=example("label", status=201),
)
def withdraw_label(
    body: WithdrawalBody,
    key: Key,
    caller: Caller,
    session: WriteSession,
    label_id: Annotated[UUID, Path(description="id of the label")],
) -> LabelView:
    """Say that a label counts no more; it stays to be seen. Needs a registrar's key."""
    return labels.withdraw(session, str(label_id), body.reason, key, by=caller.id)
