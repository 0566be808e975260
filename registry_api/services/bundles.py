"""Evidence bundles: everything an estimate stands on, with its place in the public log.

What goes in is `mrv.evidence.crate`; here the files are taken from where they are kept, and the
ledger's entries on the estimate from the ledger. A bundle holds boundaries and trees, so no door
hands it out: whoever keeps the registry gives it to the verifier and the project's developer.
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
from registry_api.db.models import LedgerEntry
from registry_api.errors import NotFound
from registry_api.services import ledger, signing, transparency
from registry_api.services.deliveries import PLOTS, PROJECT, TREES, first_day_of
from registry_api.services.estimates import is_submitted
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
