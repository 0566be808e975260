"""What pipelines ask of the registry: take an estimate in, issue what was approved."""

from sqlalchemy.orm import Session

from mrv.evidence.digest import document_digest
from mrv.evidence.documents import EvidenceDocument
from pipelines.plots import screened_plots
from pipelines.stage import Stage
from registry_api.services.accounts import register_account
from registry_api.services.estimates import (
    Submission,
    estimate,
    is_submitted,
    submit_estimate,
)
from registry_api.services.issuance import issue
from registry_api.services.issuance_proposals import propose
from registry_api.services.opinions import sign_for_demonstration
from registry_api.services.plots import demand_in_force, records_of
from registry_api.services.projects import project
from registry_api.services.views import BatchCard

REGISTRAR = "parkland-pipeline"
_READY = {"approved", "issued"}


def submit(stage: Stage) -> Submission | None:
    """Hand the evidence document in; in a demonstration registry it is signed at once.

    Returns:
        What came of it; None where the period was issued on other evidence already, so that there
        is nothing to decide any more.

    Raises:
        Contradiction: If a boundary was changed since the estimate began, so that it would stand on
            another than it was made with.
    """
    document = EvidenceDocument.model_validate(stage.shelf.json("evidence"))
    settings = stage.workspace.settings
    with stage.workspace.registry() as session:
        issued = _issued_on(session, stage)
        if issued not in (None, document_digest(document)):
            return None
        if not is_submitted(session, document_digest(document)):
            records = records_of(screened_plots(stage.shelf))
            demand_in_force(session, stage.project_id, records)
        submission = submit_estimate(session, document, settings=settings)
        if settings.demo and submission.state == "submitted":
            sign_for_demonstration(session, settings, submission.sha256)
    return submission


def issue_if_approved(stage: Stage, estimate_sha256: str) -> BatchCard | None:
    """Issue an estimate that a verifier approved; None while nobody has.

    Where an issuance takes two registrars, this proposes it and leaves the other to a person. The
    key is the estimate's own digest, so that any number of runs do it once.
    """
    with stage.workspace.registry() as session:
        if estimate(session, estimate_sha256, with_plots=False).state not in _READY:
            return None
        register_account(session, REGISTRAR, "Parkland pipeline", "registrar")
        key, settings = f"issue-{estimate_sha256}", stage.workspace.settings
        if not settings.registrar_alone:
            batches = project(session, stage.project_id).batches
            issued = [batch for batch in batches if batch.estimate_sha256 == estimate_sha256]
            if not issued:
                propose(session, estimate_sha256, key, by=REGISTRAR)
            return issued[0] if issued else None
        return issue(session, estimate_sha256, key, by=REGISTRAR, settings=settings)


def issued_batch(stage: Stage) -> BatchCard | None:
    """Find what was issued for the period before; None where nothing was."""
    with stage.workspace.registry() as session:
        batches = project(session, stage.project_id).batches
    return next((batch for batch in batches if batch.period_id == stage.period_id), None)


def _issued_on(session: Session, stage: Stage) -> str | None:
    batches = project(session, stage.project_id).batches
    return next((b.estimate_sha256 for b in batches if b.period_id == stage.period_id), None)
