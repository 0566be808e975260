"""What pipelines ask of the registry: take an estimate in, issue what was approved."""

from mrv.evidence.documents import EvidenceDocument
from pipelines.stage import Stage
from registry_api.services.accounts import register_account
from registry_api.services.estimates import Submission, submit_estimate
from registry_api.services.issuance import issue
from registry_api.services.verification import sign_for_demonstration
from registry_api.services.views import BatchCard

REGISTRAR = "parkland-pipeline"
_READY = {"approved", "issued"}


def submit(stage: Stage) -> Submission:
    """Hand the evidence document in; in a demonstration registry it is signed at once."""
    document = EvidenceDocument.model_validate(stage.shelf.json("evidence"))
    with stage.workspace.registry() as session:
        submission = submit_estimate(session, document, settings=stage.workspace.settings)
        if stage.workspace.demo and submission.state == "submitted":
            sign_for_demonstration(session, stage.workspace.settings, submission.sha256)
    return submission


def issue_if_approved(stage: Stage, estimate_sha256: str) -> BatchCard | None:
    """Issue an estimate that a verifier approved; None while nobody has.

    The key is the estimate's own digest, so that any number of runs issue it once.
    """
    with stage.workspace.registry() as session:
        document = EvidenceDocument.model_validate(stage.shelf.json("evidence"))
        if (
            submit_estimate(session, document, settings=stage.workspace.settings).state
            not in _READY
        ):
            return None
        register_account(session, REGISTRAR, "Parkland pipeline", "registrar")
        return issue(
            session,
            estimate_sha256,
            f"issue-{estimate_sha256}",
            by=REGISTRAR,
            settings=stage.workspace.settings,
        )
