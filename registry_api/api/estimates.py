"""Estimates: the evidence of a project and period, down to one plot, and a verifier's decision."""

from typing import Annotated

from fastapi import APIRouter, Response, status
from pydantic import BaseModel, ConfigDict, Field

from mrv.evidence.documents import EvidenceDocument
from registry_api.api.examples import example
from registry_api.api.parameters import Plain, PlotId, Sha256
from registry_api.deps import Caller, ReadSession, SettingsDep, WriteSession
from registry_api.services import estimates, plot_traces, verification
from registry_api.services.lineage_views import PlotTrace
from registry_api.services.views import Decision, EstimateDetail

router = APIRouter(tags=["estimates"])


class DecisionRequest(BaseModel):
    """What a verifier says."""

    model_config = ConfigDict(extra="forbid", strict=True)

    approved: bool
    statement: Annotated[
        str,
        Field(
            min_length=1,
            max_length=10_000,
            description="what the opinion rests on",
            examples=["Recomputed from the bundle; 12 plots visited; no material discrepancy."],
        ),
    ]


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
    "/estimates/{sha256}/plots/{plot_id}",
    summary="One plot in an estimate",
    responses=example("plot_trace"),
)
def get_plot_trace(
    session: ReadSession, settings: SettingsDep, sha256: Sha256, plot_id: PlotId, _query: Plain
) -> PlotTrace:
    """Show a plot's share, its measured stems and what each scene saw of it."""
    return plot_traces.plot_trace(session, settings, sha256, plot_id)


@router.post(
    "/estimates/{sha256}/decisions",
    status_code=status.HTTP_201_CREATED,
    summary="Approve an estimate or send it back",
    responses=example("decision", status=201),
)
def decide_on_estimate(
    sha256: Sha256, body: DecisionRequest, caller: Caller, session: WriteSession
) -> Decision:
    """Record an opinion; the newest counts. Needs a verifier's key, and no part in the project."""
    return verification.decide(
        session, sha256, by=caller.id, approved=body.approved, statement=body.statement
    )
