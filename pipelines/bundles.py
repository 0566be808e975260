"""The evidence bundle of a run: put together by the registry, kept encrypted on the run's shelf."""

from mrv.evidence.documents import EvidenceDocument
from mrv.sources.bundles import MEDIA_TYPE, zip_bundle
from pipelines.shelf import Note
from pipelines.stage import Stage
from registry_api.services.bundles import bundle_of

BUNDLE = "bundle"


def bundle_files_of(stage: Stage) -> dict[str, bytes]:
    """Put together what the run of a project and period left, with its ledger entries so far.

    Raises:
        SourceFailed: If the period was not run yet, or the rules allowed no credits.
    """
    document = EvidenceDocument.model_validate(stage.shelf.json("evidence"))
    with stage.workspace.reading() as session:
        return bundle_of(session, stage.workspace.settings, document)


def keep_bundle(stage: Stage) -> Note:
    """Leave the bundle as a zip, encrypted, because it holds boundaries."""
    files = bundle_files_of(stage)
    return stage.shelf.put_bytes(BUNDLE, zip_bundle(files), MEDIA_TYPE, len(files))
