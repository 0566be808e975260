"""Evidence bundles: everything an estimate stands on, with its place in the public log.

What goes in is `mrv.evidence.crate`; here the files are taken from where they are kept, and the
ledger's entries on the estimate from the ledger. A bundle holds boundaries and trees: it is handed
to the project's developer and the verifier assigned to its period, who states what for and is
logged.
"""

import json

import rfc8785
from sqlalchemy import select
from sqlalchemy.orm import Session

from mrv.errors import SourceFailed
from mrv.evidence.crate import CHECKPOINT, LEDGER
from mrv.evidence.digest import document_digest
from mrv.evidence.documents import Artifact, EvidenceDocument
from mrv.evidence.ledger_entries import extract_of
from mrv.methodologies import methodology_file
from registry_api.db.models import Estimate, LedgerEntry
from registry_api.errors import NotAllowed, NotFound
from registry_api.services import assignments, ledger, private_reads, signing, transparency
from registry_api.services.accounts import AccountView
from registry_api.services.deliveries import PLOTS, PROJECT, TREES, first_day_of
from registry_api.services.estimates import is_submitted
from registry_api.services.project_access import open_to
from registry_api.settings import Settings

_KINDS = ("estimate_submitted", "estimate_decided", "batch_issued")
_DELIVERED = {PROJECT: PROJECT, f"delivered {PLOTS}": PLOTS, f"delivered {TREES}": TREES}


def bundle_of(session: Session, settings: Settings, document: EvidenceDocument) -> dict[str, bytes]:
    """Put the bundle of a document together.

    Args:
        session: Where its delivery and its ledger entries are.
        settings: Say where files are kept and what signs the log.
        document: The evidence; where it was not submitted, the bundle has no ledger entries.

    Returns:
        Name in the bundle -> content.

    Raises:
        NotFound: If a file of it is no longer kept, or was never delivered here.
        NotReady: If there is no key to sign the log with.
    """
    # brings pandas, which start-up does without
    from mrv.evidence.crate import bundle_files
    from registry_api.services.kept_files import KeptFiles

    store = KeptFiles(settings)

    def read(artifact: Artifact) -> bytes:
        try:
            return store.get_bytes(artifact.sha256)
        except SourceFailed as lost:
            raise NotFound(lost.message, artifact=artifact.name) from lost

    delivered = {
        _DELIVERED[artifact.name]: artifact.sha256
        for artifact in document.artifacts
        if artifact.name in _DELIVERED
    }
    rules = document.methodology
    return bundle_files(
        document,
        read,
        rules=methodology_file(rules.id, rules.version),
        taken_in_on=first_day_of(session, document.project.id, delivered),
        log=_log(session, settings, document_digest(document)),
    )


def handed_out(
    session: Session, settings: Settings, sha256: str, *, by: AccountView, purpose: str
) -> bytes:
    """Give the bundle of an estimate as a zip, for `parkland verify`.

    Args:
        session: Where it is.
        settings: Say where files are kept and what signs the log.
        sha256: Digest of the evidence document.
        by: Who asks.
        purpose: What a verifier needs it for.

    Raises:
        NotFound: If there is no such estimate for this account, or a file of it is not kept here.
        NotAllowed: If the verifier is not the one assigned to its period.
        NotAcceptable: If a verifier states no purpose.
        NotReady: If there is no key to sign the log with.
    """
    from mrv.sources.bundles import zip_bundle

    estimate = session.get(Estimate, sha256)
    if estimate is None:
        raise NotFound("There is no estimate with that digest.", estimate=sha256)
    document = EvidenceDocument.model_validate_json(estimate.document)
    project = open_to(session, document.project.id, by)
    if project.developer_id != by.id:
        assignment = assignments.current(session, estimate.period_key)
        if assignment is None or assignment.verifier_id != by.id:
            raise NotAllowed(
                f"Only the verifier assigned to period {document.period.id} of {project.id} gets "
                "its bundle, which holds boundaries and trees; ask the registrar to assign you."
            )
        private_reads.note(
            session,
            settings,
            by=by,
            purpose=purpose,
            what="bundle",
            project_id=project.id,
            subject=sha256,
        )
    return zip_bundle(bundle_of(session, settings, document))


def _log(session: Session, settings: Settings, sha256: str) -> dict[str, bytes]:
    """Give the ledger's entries on an estimate, proved for the log as the last of them left it."""
    if not is_submitted(session, sha256):
        return {}
    rows = session.scalars(
        select(LedgerEntry)
        .where(LedgerEntry.kind.in_(_KINDS), LedgerEntry.payload.contains(sha256))
        .order_by(LedgerEntry.sequence)
    ).all()
    entries = [row for row in rows if json.loads(row.payload)["estimate"] == sha256]
    size = entries[-1].sequence
    proved = [
        (ledger.public(row), transparency.prove_inclusion(session, row.sequence, size).proof)
        for row in entries
    ]
    trusted = [key.key_id for key in signing.public_keys(session) if key.void_from is None]
    keys = list(dict.fromkeys([signing.current_key_id(settings), *trusted]))
    return {
        LEDGER: rfc8785.dumps(extract_of(proved, keys)),
        CHECKPOINT: transparency.note(session, settings, size).encode(),
    }
