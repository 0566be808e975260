"""Verification as work: assignments, samples, recomputations and findings; opinions end it."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Response, status
from pydantic import Field

from registry_api.api.examples import example
from registry_api.api.orders import AccountId, Body, Key
from registry_api.api.parameters import ChipsOf, Plain, PlotPath, ProjectId
from registry_api.deps import Caller, ReadSession, SettingsDep, WriteSession
from registry_api.services import (
    assignments,
    audit_samples,
    plot_chips,
    plot_sheets,
    recomputations,
    verification_desk,
    verification_findings,
)
from registry_api.services.assignments import CONFIDENCE, MATERIALITY_FRACTION, AssignmentView
from registry_api.services.audit_samples import SampleView
from registry_api.services.plot_sheets import PlotSheet
from registry_api.services.recomputations import RecomputationView
from registry_api.services.verification_desk import Desk
from registry_api.services.verification_findings import FindingKind, NewFinding, VerifierFinding

router = APIRouter(tags=["verification"])
_PNG = "image/png"

VerificationId = Annotated[UUID, Path(description="id of the verification")]
FindingId = Annotated[UUID, Path(description="id of the finding")]
PeriodId = Annotated[str, Path(min_length=1, max_length=20, examples=["2021-2024"])]
Share = Annotated[float, Field(gt=0, lt=1)]
Words = Annotated[str, Field(min_length=1, max_length=4_000)]


class AssignmentBody(Body):
    """Who verifies, at which level, and what the sample is sized by."""

    verifier_id: AccountId
    level_of_assurance: Literal["reasonable", "limited"] = "reasonable"
    materiality_fraction: Share = MATERIALITY_FRACTION
    confidence: Share = CONFIDENCE


class RecomputationBody(Body):
    """What is computed again: one plot, or the whole estimate."""

    plot_id: Annotated[str, Field(max_length=120)] = ""


class FindingBody(Body):
    """What is asked, on which node of the run, and by when."""

    node: Annotated[str, Field(min_length=1, max_length=200, examples=["plot:KWG-001"])]
    kind: FindingKind
    request: Words
    due_on: date


class FindingAnswerBody(Body):
    """The developer's answer; `resubmitted` says that the period was run again."""

    text: Words
    resubmitted: bool = False


class FindingSettlementBody(Body):
    """Why a finding is closed, or, with a day, why and until when it is returned."""

    text: Words
    due_on: date | None = None


@router.post(
    "/projects/{project_id}/periods/{period_id}/verifications",
    status_code=status.HTTP_201_CREATED,
    summary="Assign a verifier to a period",
    responses=example("verification", status=201),
)
def assign_verifier(
    body: AssignmentBody,
    key: Key,
    caller: Caller,
    session: WriteSession,
    project_id: ProjectId,
    period_id: PeriodId,
) -> AssignmentView:
    """Assign; a later assignment takes an earlier one's place. Needs a registrar."""
    terms = assignments.Terms(body.level_of_assurance, body.materiality_fraction, body.confidence)
    return assignments.assign(
        session, project_id, period_id, body.verifier_id, terms, key, by=caller.id
    )


@router.get("/verifications", summary="Your verifications", responses=example("verifications"))
def list_verifications(caller: Caller, session: ReadSession, _query: Plain) -> list[AssignmentView]:
    """List those of a verifier, those of a developer's projects, or all to a registrar."""
    return list(assignments.of_account(session, caller))


@router.get(
    "/verifications/{verification_id}",
    summary="A verification",
    responses=example("verification_desk"),
)
def get_verification(
    caller: Caller, session: ReadSession, verification_id: VerificationId, _query: Plain
) -> Desk:
    """Show the runs of its period, the sample, what was computed again, and all findings."""
    return verification_desk.desk(session, str(verification_id), by=caller)


@router.get(
    "/verifications/{verification_id}/plots/{plot_id:path}",
    summary="One plot of a verification",
    responses=example("plot_sheet"),
)
def get_plot_sheet(  # whose plot, for whom
    caller: Caller,
    session: ReadSession,
    settings: SettingsDep,
    verification_id: VerificationId,
    plot_id: PlotPath,
    _query: Plain,
) -> PlotSheet:
    """Show boundary, chips, growth, trees, looks and share of a plot in the newest run.

    A look at an exact boundary is logged, with the verification as its purpose.
    """
    return plot_sheets.plot_sheet(session, settings, str(verification_id), plot_id, by=caller)[1]


@router.get(
    "/verifications/{verification_id}/chips",
    summary="Pictures of a drawn plot",
    response_class=Response,
    responses={200: {"content": {_PNG: {"schema": {"type": "string", "format": "binary"}}}}},
)
def get_chips(  # whose plot, for whom
    caller: Caller,
    session: ReadSession,
    settings: SettingsDep,
    verification_id: VerificationId,
    query: ChipsOf,
) -> Response:
    """Give one PNG with a drawn plot in every scene; its sheet says which part shows which.

    Needs its verifier, whose look is logged, or the developer.
    """
    png = plot_chips.picture_of(session, settings, str(verification_id), query.plot_id, by=caller)
    return Response(png, media_type=_PNG, headers={"Cache-Control": "private, no-store"})


@router.post(
    "/verifications/{verification_id}/sample",
    status_code=status.HTTP_201_CREATED,
    summary="Draw the sample",
    responses=example("sample", status=201),
)
def draw_sample(
    key: Key, caller: Caller, session: WriteSession, verification_id: VerificationId
) -> SampleView:
    """Draw plots of the newest run; a second time gives the same ones. Needs its verifier."""
    return audit_samples.draw(session, str(verification_id), key, by=caller)


@router.post(
    "/verifications/{verification_id}/recomputations",
    status_code=status.HTTP_201_CREATED,
    summary="Compute the newest run again",
    responses=example("recomputation", status=201),
)
def recompute_estimate(  # the parts of a request
    body: RecomputationBody,
    key: Key,
    caller: Caller,
    session: WriteSession,
    settings: SettingsDep,
    verification_id: VerificationId,
) -> RecomputationView:
    """Compute it, or one plot of it, and keep it beside what is stored. Needs its verifier."""
    return recomputations.perform(
        session, settings, str(verification_id), body.plot_id, key, by=caller
    )


@router.post(
    "/verifications/{verification_id}/findings",
    status_code=status.HTTP_201_CREATED,
    summary="Put a finding on a node of the newest run",
    responses=example("finding", status=201),
)
def request_finding(
    body: FindingBody,
    key: Key,
    caller: Caller,
    session: WriteSession,
    verification_id: VerificationId,
) -> VerifierFinding:
    """Ask the developer for something; the period waits until it is closed."""
    stated = NewFinding(body.node, body.kind, body.request, body.due_on)
    return verification_findings.request(session, str(verification_id), stated, key, by=caller)


@router.post(
    "/verification-findings/{finding_id}/answer",
    summary="Answer a finding",
    responses=example("finding_answered"),
)
def answer_finding(
    body: FindingAnswerBody, key: Key, caller: Caller, session: WriteSession, finding_id: FindingId
) -> VerifierFinding:
    """Answer, with the newest run where the period was run again. Needs the developer."""
    return verification_findings.answer(
        session, str(finding_id), body.text, key, by=caller, resubmitted=body.resubmitted
    )


@router.post(
    "/verification-findings/{finding_id}/settlement",
    summary="Close a finding, or return it",
    responses=example("finding_closed"),
)
def settle_finding(
    body: FindingSettlementBody,
    key: Key,
    caller: Caller,
    session: WriteSession,
    finding_id: FindingId,
) -> VerifierFinding:
    """Close it, or return it with a day by which it is to be answered again."""
    return verification_findings.settle(
        session, str(finding_id), body.text, key, by=caller, due_on=body.due_on
    )
