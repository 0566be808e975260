"""Writing the evidence document from what the stages left on the shelf."""

import hashlib
from importlib.metadata import version

from mrv.evidence.bundle import Origin, build_document, describe_run, refer_to_scenes
from mrv.evidence.code import code_digest
from mrv.evidence.content import content_digest
from mrv.evidence.documents import Artifact, EvidenceDocument
from pipelines.credits import contributions_of, take_waterfall
from pipelines.estimates import take_estimate
from pipelines.gates import verdicts_of
from pipelines.scenes import take_scenes
from pipelines.shelf import Shelf
from pipelines.stage import Stage

_TABLES = (
    "plots",
    "plot_findings",
    "inventory",
    "trees",
    "tree_findings",
    "equations",
    "excluded_trees",
    "biomass_draws",
    "biomass",
    "observations",
    "scenes_read",
    "missing_indices",
    "backscatter",
    "features",
    "disturbances",
    "stocking_history",
    "estimate",
    "draws",
    "plot_changes",
    "before_enrolment",
    "books",
    "waterfall",
    "allocation",
)
_MEDIA_TYPES = {".csv": "text/csv", ".geojson": "application/geo+json", ".toml": "application/toml"}


def write_document(stage: Stage) -> EvidenceDocument:
    """Write down what the credits of one period stand on.

    The run is named by what went in, not by when it ran: the same inputs, rules and code give the
    same document, and so the same estimate in the registry.
    """
    steps, issuance = take_waterfall(stage.shelf)
    artifacts = [*_delivered(stage), *(_artifact(stage.shelf, name) for name in _TABLES)]
    code = code_digest()
    inputs = "".join(artifact.content_sha256 or artifact.sha256 for artifact in artifacts)
    run = describe_run(
        hashlib.sha256(f"{inputs}{stage.methodology.digest}{code}".encode()).hexdigest()[:16],
        code_version=f"parkland {version('parkland')} mrv {code[:16]}",
        seed=stage.seed,
        draws=stage.draws,
    )
    origin = Origin(
        settings=stage.settings,
        period=stage.period,
        methodology=stage.methodology,
        run=run,
        artifacts=artifacts,
        scenes=refer_to_scenes(take_scenes(stage.shelf)),
    )
    return build_document(
        origin,
        take_estimate(stage.shelf),
        steps,
        issuance,
        verdicts=verdicts_of(stage),
        plots=contributions_of(stage),
    )


def _delivered(stage: Stage) -> list[Artifact]:
    delivery = stage.delivery
    return [
        Artifact(
            name=key if key == "project.toml" else f"delivered {key}",
            sha256=sha256,
            media_type=_media_type(delivery.names[key]),
            content_sha256=sha256,
        )
        for key, sha256 in delivery.files.items()
    ]


def _media_type(name: str) -> str:
    return next(
        (kind for ending, kind in _MEDIA_TYPES.items() if name.endswith(ending)),
        "application/octet-stream",
    )


def _artifact(shelf: Shelf, name: str) -> Artifact:
    note = shelf.note(name)
    return Artifact(
        name=name,
        sha256=note.sha256,
        media_type=note.media_type,
        rows=note.rows,
        content_sha256=content_digest(shelf.data(name), note.media_type),
    )
