"""Losses and the buffer: cases step by step, settling them, and what anybody may read of it."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response, status
from pydantic import Field

from registry_api.api.examples import example
from registry_api.api.orders import Body, Key
from registry_api.api.parameters import (
    BatchId,
    Paged,
    PageQuery,
    PastQuery,
    Plain,
    ProjectId,
    link_next,
)
from registry_api.deps import Caller, ReadSession, SettingsDep, WriteSession
from registry_api.services import (
    buffer,
    restatements,
    reversal_cases,
    reversals,
    settlements,
    standings,
)
from registry_api.services.buffer import BufferEntry
from registry_api.services.restatements import RestatementView
from registry_api.services.reversal_cases import CaseView, Source
from registry_api.services.reversals import Loss
from registry_api.services.settlements import SettlementView
from registry_api.services.standings import Standing
from registry_api.services.views import Page

router = APIRouter(tags=["losses"])
_MOST_DRAWS = 10_000

CaseId = Annotated[UUID, Path(description="id of the case")]
Reason = Annotated[str, Field(min_length=1, max_length=2_000)]
Digest = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]


class CaseBody(Body):
    """Which plot seems to have lost its trees, since when, and what was seen."""

    plot_id: Annotated[str, Field(min_length=1, max_length=120)]
    broke_on: date
    source: Source = "report"
    reason: Reason
    evidence_sha256: Digest = ""


class StepBody(Body):
    """What somebody found out about a case; a cause goes with `classify` alone."""

    step: Literal["clear", "confirm", "plan", "classify"]
    on: date
    reason: Reason
    cause: Annotated[str, Field(max_length=20)] = ""
    evidence_sha256: Digest = ""


class LossBody(Body):
    """What stood on the plot, and which share of it is gone."""

    agb_before_t: Annotated[
        list[Annotated[float, Field(ge=0, le=1e9)]],
        Field(min_length=1, max_length=_MOST_DRAWS, description="t d.m., one number or its draws"),
    ]
    share_lost: Annotated[float, Field(ge=0, le=1)] = 1.0
    on: date


class SettlementBody(Body):
    """Which cancellations of the developer replace what was lost, and what to say with it."""

    order_ids: Annotated[list[UUID], Field(max_length=100, default_factory=list)]
    reason: Reason


class RestatementBody(Body):
    """Which later estimate is put beside an issued one, and which late data it rests on."""

    estimate_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    reason: Reason


class BufferQuery(PastQuery, PageQuery):
    """Which part of the ledger of a buffer, as of when."""


@router.get(
    "/projects/{project_id}/buffer",
    summary="What moved in a project's buffer",
    responses=example("buffer"),
)
def list_buffer_entries(
    request: Request,
    response: Response,
    session: ReadSession,
    project_id: ProjectId,
    query: Annotated[BufferQuery, Query()],
) -> Page[BufferEntry]:
    """List deposits, releases and cover of losses, newest first, each with the balance after it."""
    standings.demand_project(session, project_id)
    page = buffer.entries(
        session, project_id, as_of=query.as_of(), limit=query.limit, cursor=query.cursor
    )
    return link_next(request, response, page)


@router.get(
    "/projects/{project_id}/standing",
    summary="Whether a project is whole",
    responses=example("standing"),
)
def get_standing(session: ReadSession, project_id: ProjectId, _query: Plain) -> Standing:
    """Hold what was issued against what is there, with what the buffer has."""
    return standings.standing(session, project_id)


@router.get(
    "/projects/{project_id}/settlements",
    summary="How losses of a project were made good",
    responses=example("settlements"),
)
def list_settlements(
    session: ReadSession, project_id: ProjectId, _query: Plain
) -> list[SettlementView]:
    """List settlements, newest first."""
    standings.demand_project(session, project_id)
    return list(settlements.settlements_of(session, project_id))


@router.post(
    "/projects/{project_id}/settlements",
    status_code=status.HTTP_201_CREATED,
    summary="Make a project's losses good",
    responses=example("settlement", status=201),
)
def settle_losses(
    body: SettlementBody, key: Key, caller: Caller, session: WriteSession, project_id: ProjectId
) -> SettlementView:
    """Settle out of what the developer gave back, then out of the buffer. Needs a registrar."""
    orders = [str(order) for order in body.order_ids]
    return settlements.settle(session, project_id, orders, body.reason, key, by=caller.id)


@router.post(
    "/projects/{project_id}/reversals",
    status_code=status.HTTP_201_CREATED,
    summary="Report a loss",
    responses=example("reversal", status=201),
)
def open_reversal(
    body: CaseBody, key: Key, caller: Caller, session: WriteSession, project_id: ProjectId
) -> CaseView:
    """Make a plot a suspect: its developer, a verifier or a registrar may."""
    return reversals.open_case(
        session, project_id, body.plot_id, body.broke_on, body.source, body.reason, key,
        by=caller.id, evidence_sha256=body.evidence_sha256,
    )  # fmt: skip


@router.get(
    "/projects/{project_id}/reversals",
    summary="A project's losses and suspicions",
    responses=example("reversals"),
)
def list_reversals(
    request: Request,
    response: Response,
    caller: Caller,
    session: ReadSession,
    project_id: ProjectId,
    query: Paged,
) -> Page[CaseView]:
    """List cases, newest first, to the developer, verifiers and registrars."""
    page = reversal_cases.of_project(
        session, project_id, by=caller, limit=query.limit, cursor=query.cursor
    )
    return link_next(request, response, page)


@router.post(
    "/reversals/{case_id}/steps", summary="Take a case one step on", responses=example("reversal")
)
def step_reversal(
    body: StepBody, key: Key, caller: Caller, session: WriteSession, case_id: CaseId
) -> CaseView:
    """Clear a suspect, confirm it, call it planned or name its cause: a verifier or registrar."""
    case = str(case_id)
    if body.step == "classify":
        return reversals.classify(
            session, case, body.cause, body.on, body.reason, key, by=caller.id
        )
    return reversals.take_step(
        session, case, body.step, body.on, body.reason, key, by=caller.id,
        evidence_sha256=body.evidence_sha256,
    )  # fmt: skip


@router.post(
    "/reversals/{case_id}/loss", summary="Say how much was lost", responses=example("reversal")
)
def quantify_reversal(
    body: LossBody, key: Key, caller: Caller, session: WriteSession, case_id: CaseId
) -> CaseView:
    """Count a classified loss, roots included, by its upper bound."""
    loss = Loss(tuple(body.agb_before_t), body.share_lost)
    return reversals.quantify(session, str(case_id), loss, body.on, key, by=caller.id)


@router.post(
    "/restatements",
    status_code=status.HTTP_201_CREATED,
    summary="Put a later estimate beside an issued one",
    responses=example("restatement", status=201),
)
def restate_period(
    body: RestatementBody, key: Key, caller: Caller, session: WriteSession, settings: SettingsDep
) -> RestatementView:
    """Settle forward what late data changed. Needs a registrar's key."""
    return restatements.restate(
        session, body.estimate_sha256, body.reason, key, by=caller.id, settings=settings
    )


@router.get(
    "/batches/{batch_id}/restatements",
    summary="What was later said of an issuance",
    responses=example("restatements"),
)
def list_restatements(
    session: ReadSession, batch_id: BatchId, _query: Plain
) -> list[RestatementView]:
    """List later statements of its period, oldest first; what was issued stays as it was stated."""
    return list(restatements.of_batch(session, batch_id))
