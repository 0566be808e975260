"""Estimates: the evidence of a project and period, down to one plot, and a verifier's decision."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, status
from pydantic import BaseModel, ConfigDict, Field

from mrv.evidence.credentials import MEDIA_TYPE
from mrv.evidence.documents import EvidenceDocument
from registry_api.api.certificates import CredentialAnswer
from registry_api.api.examples import example
from registry_api.api.parameters import Plain, PlotId, PurposeQuery, Sha256, SinceQuery
from registry_api.deps import Caller, ReadSession, SettingsDep, WriteSession
from registry_api.services import (
    bundles,
    estimates,
    opinions,
    plot_evidence,
    plot_traces,
    run_changes,
)
from registry_api.services.lineage_views import PlotTrace
from registry_api.services.plot_evidence import PlotEvidence
from registry_api.services.run_changes import RunChanges
from registry_api.services.views import Decision, EstimateDetail, OpinionKind

router = APIRouter(tags=["estimates"])
ZIP = "application/zip"
Purpose = Annotated[PurposeQuery, Query()]


Words = Annotated[str, Field(max_length=10_000)]


class OpinionRequest(BaseModel):
    """How a verification ends, in the words of ISO 14064-3."""

    model_config = ConfigDict(extra="forbid", strict=True)

    opinion: OpinionKind
    statement: Annotated[
        Words,
        Field(
            min_length=1,
            description="what the opinion rests on",
            examples=["Recomputed from the bundle; 12 plots visited; no material discrepancy."],
        ),
    ]
    qualification: Annotated[
        Words, Field(description="what it is qualified by; empty only of a positive opinion")
    ] = ""


@router.get("/estimates/{sha256}", summary="An estimate", responses=example("estimate"))
def get_estimate(session: ReadSession, sha256: Sha256, _query: Plain) -> EstimateDetail:
    """Show an estimate's evidence, with each plot's area as a band."""
    return estimates.estimate(session, sha256)


@router.get(
    "/estimates/{sha256}/document",
    summary="The exact evidence document",
    response_model=EvidenceDocument,
    responses=example("document"),
)
def get_document(session: ReadSession, sha256: Sha256, caller: Caller, _query: Plain) -> Response:
    """Give the document to the byte, so that its SHA-256 is its address.

    It names the area of each plot, so it needs the key of a verifier, a registrar or the project's
    developer.
    """
    text = estimates.exact_document(session, sha256, caller)
    headers = {"ETag": f'"{sha256}"', "Cache-Control": "private, max-age=31536000, immutable"}
    return Response(text, media_type="application/json", headers=headers)


@router.get(
    "/estimates/{sha256}/bundle",
    summary="The evidence bundle",
    response_class=Response,
    responses={200: {"content": {ZIP: {"schema": {"type": "string", "format": "binary"}}}}},
)
def get_bundle(
    session: ReadSession, settings: SettingsDep, sha256: Sha256, caller: Caller, query: Purpose
) -> Response:
    """Give all an estimate stands on as an RO-Crate in a zip, for `parkland verify`.

    It holds boundaries and trees: for the project's developer, and for the verifier assigned to the
    period, who states a purpose and is logged.
    """
    data = bundles.handed_out(session, settings, sha256, by=caller, purpose=query.purpose)
    headers = {
        "Content-Disposition": f'attachment; filename="{sha256[:16]}.zip"',
        "Cache-Control": "private, no-store",
    }
    return Response(data, media_type=ZIP, headers=headers)


@router.get(
    "/estimates/{sha256}/plot-evidence",
    summary="What stood on its plots before",
    responses=example("plot_evidence"),
)
def get_plot_evidence(
    session: ReadSession, settings: SettingsDep, sha256: Sha256, caller: Caller, query: Purpose
) -> PlotEvidence:
    """Show what stood on each plot before enrolment, what it grew, and whose growth is held.

    For the project's developer, and for verifiers, who state a purpose and are logged.
    """
    return plot_evidence.plot_evidence(session, settings, sha256, by=caller, purpose=query.purpose)


@router.get(
    "/estimates/{sha256}/plots/{plot_id}",
    summary="One plot in an estimate",
    responses=example("plot_trace"),
)
def get_plot_trace(
    session: ReadSession, settings: SettingsDep, sha256: Sha256, plot_id: PlotId, _query: Plain
) -> PlotTrace:
    """Show a plot's share, its measured stems and what each scene saw of it."""
    return plot_traces.plot_trace(session, settings, sha256, plot_id)


@router.get(
    "/estimates/{sha256}/changes",
    summary="What changed since an earlier run",
    responses=example("run_changes"),
)
def get_run_changes(
    session: ReadSession, sha256: Sha256, query: Annotated[SinceQuery, Query()]
) -> RunChanges:
    """Put two runs beside each other: inputs, parameters, code and results."""
    return run_changes.changes(session, query.since, sha256)


@router.get(
    "/estimates/{sha256}/opinion",
    summary="The signed opinion on an estimate",
    response_class=CredentialAnswer,
    responses=example("opinion", MEDIA_TYPE),
)
def get_opinion(session: ReadSession, sha256: Sha256, _query: Plain) -> dict[str, Any]:
    """Give the verifier's opinion as the verifiable credential that was signed."""
    return opinions.credential(session, sha256)


@router.post(
    "/estimates/{sha256}/decisions",
    status_code=status.HTTP_201_CREATED,
    summary="Give the opinion on an estimate",
    responses=example("decision", status=201),
)
def decide_on_estimate(
    sha256: Sha256,
    body: OpinionRequest,
    caller: Caller,
    session: WriteSession,
    settings: SettingsDep,
) -> Decision:
    """Sign an opinion; the newest counts. Needs the verifier who is assigned to the period.

    A positive or qualified opinion lets the period be issued; it rests on a sample, on a
    recomputation, and on findings that are all closed. The others send it back.
    """
    stated = opinions.Opinion(body.opinion, body.statement, body.qualification)
    return opinions.give(session, settings, sha256, stated, by=caller.id)
