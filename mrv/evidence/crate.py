"""The evidence bundle: every file an estimate stands on in one folder, described as an RO-Crate.

What goes in is decided here, once: what the document names and a verifier needs, the rules, how it
all came about (PROV-O), and where it stands in the public log. Files that name farmers or are made
again from the others stay out. Packing folders and zips is `mrv.sources.bundles`, checking one
`mrv.verification`.

Source:
    RO-Crate 1.1 (metadata file, root data entity, CreateAction for how data came about).
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

import rfc8785

from mrv.evidence.content import JSON, NPZ, PARQUET, content_digest
from mrv.evidence.digest import canonical_json, document_digest
from mrv.evidence.documents import Artifact, EvidenceDocument
from mrv.evidence.provenance import provenance

METADATA: Final = "ro-crate-metadata.json"
EVIDENCE: Final = "evidence.json"
RULES: Final = "methodology.toml"
DELIVERY: Final = "delivery.json"
PROVENANCE: Final = "provenance.jsonld"
LEDGER: Final = "ledger.json"
CHECKPOINT: Final = "checkpoint.txt"
LEFT_OUT: Final = frozenset({"delivered plots", "delivered trees", "biomass_draws"})
"""Named by the document but not carried: two may name farmers, the third is drawn again."""
NEEDED: Final = (
    "project.toml", "plots", "inventory", "trees", "tree_findings", "biomass", "equations",
    "observations", "scenes_read", "missing_indices", "features", "disturbances",
    "before_enrolment", "estimate", "draws", "plot_changes", "books", "waterfall", "allocation",
)  # fmt: skip
"""Without one of these an estimate cannot be performed again."""
_ENDINGS: Final = {PARQUET: ".parquet", JSON: ".json", NPZ: ".npz", "application/geo+json": ""}
_CONTEXT: Final = "https://w3id.org/ro/crate/1.1/context"
_PROFILE: Final = "https://w3id.org/ro/crate/1.1"
_CONTENT: Final = "urn:parkland:contentSha256"
_MEDIA_TYPES: Final = {
    ".json": JSON, ".jsonld": "application/ld+json", ".toml": "application/toml",
    ".txt": "text/plain", ".parquet": PARQUET, ".npz": NPZ, ".geojson": "application/geo+json",
}  # fmt: skip
_SAYS: Final = {
    EVIDENCE: "The evidence document, in canonical JSON; its SHA-256 is its name in the registry",
    RULES: "The rules, with units, clauses and how firmly each stands",
    DELIVERY: "Since when the delivered files were here; later dates in them are refused",
    PROVENANCE: "How each file came about, as PROV-O",
    LEDGER: "Entries of the registry's ledger on this estimate, and that they are in its log",
    CHECKPOINT: "State of the log, signed by the registry",
    "inventory": "The field tables as they were read, every cell as text",
    "plots": "The plots as they were used",
    "observations": "What each scene says of each plot",
    "backscatter": "What each radar scene says of each plot, where the project names any",
    "biomass": "Biomass of the measured plots: means and spreads of the draws",
    "draws": "Gross, baseline and net removals, draw by draw",
    "allocation": "What each plot contributed",
}


def carried(document: EvidenceDocument) -> tuple[Artifact, ...]:
    """Name the artifacts that a bundle holds; where a landscape is invented, its boundaries too."""
    left_out = LEFT_OUT - ({"delivered plots"} if document.project.simulated else set())
    return tuple(artifact for artifact in document.artifacts if artifact.name not in left_out)


def place_of(artifact: Artifact) -> str:
    """Say under which name a bundle holds an artifact."""
    ending = _ENDINGS.get(artifact.media_type, "")
    return artifact.name.replace(" ", "_") + ending


def media_type_of(place: str) -> str:
    """Tell a file's media type from its name in a bundle."""
    ending = f".{place.rpartition('.')[2]}" if "." in place else ""
    return _MEDIA_TYPES.get(ending, "application/octet-stream")


def bundle_files(
    document: EvidenceDocument,
    read: Callable[[Artifact], bytes],
    *,
    rules: bytes,
    taken_in_on: date,
    log: Mapping[str, bytes] | None = None,
) -> dict[str, bytes]:
    """Put a bundle together.

    Args:
        document: The evidence.
        read: Gives the bytes of an artifact.
        rules: The methodology's file.
        taken_in_on: First day on which the delivered files were here.
        log: `LEDGER` and `CHECKPOINT`, where the registry has taken the estimate in.

    Returns:
        Name in the bundle -> content; the same evidence gives the same bytes.
    """
    files = {place_of(artifact): read(artifact) for artifact in carried(document)}
    files[EVIDENCE] = canonical_json(document)
    files[RULES] = rules
    files[DELIVERY] = rfc8785.dumps({"taken_in_on": taken_in_on.isoformat()})
    files[PROVENANCE] = rfc8785.dumps(provenance(document))
    files |= log or {}
    files[METADATA] = rfc8785.dumps(_metadata(document, files, taken_in_on))
    return files


def file_digests(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Read the digest of each file's content from a bundle's metadata.

    Raises:
        KeyError: If the metadata is not of this form.
    """
    return {
        str(entity["@id"]): str(entity["contentSha256"])
        for entity in metadata["@graph"]
        if entity.get("@type") == "File"
    }


def _metadata(document: EvidenceDocument, files: Mapping[str, bytes], on: date) -> dict[str, Any]:
    project, period, run = document.project, document.period, document.run
    parts = [_file(name, data) for name, data in sorted(files.items())]
    results = [part["@id"] for part in parts if part["@id"] not in (RULES, DELIVERY, LEDGER)]
    given = ("project.toml", "plots.parquet", "inventory.parquet", "books.json", RULES, DELIVERY)
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Evidence of {project.name}, {period.id}",
        "description": (
            f"Everything the {document.quantities.credits_t} credits of {project.id} {period.id} "
            "stand on, to be performed again without the registry: parkland verify."
            + (" Landscape, farmers and trees are invented." if project.simulated else "")
        ),
        "identifier": document_digest(document),
        "datePublished": on.isoformat(),
        "temporalCoverage": f"{period.start.isoformat()}/{period.end.isoformat()}",
        "license": _ref("#terms"),
        "author": _ref("#developer"),
        "publisher": _ref("#developer"),
        "hasPart": [_ref(part["@id"]) for part in parts],
        "mentions": _ref("#run"),
    }
    return {
        "@context": [_CONTEXT, {"contentSha256": _CONTENT}],
        "@graph": [
            {
                "@id": METADATA,
                "@type": "CreativeWork",
                "conformsTo": _ref(_PROFILE),
                "about": _ref("./"),
            },
            root,
            *parts,
            {
                "@id": "#run",
                "@type": "CreateAction",
                "name": f"Run {run.id}",
                "description": f"Seed {run.seed}, {run.draws} draws, Python {run.python}",
                "instrument": _ref("#parkland"),
                "agent": _ref("#developer"),
                "object": [_ref(name) for name in given if name in files],
                "result": [_ref(name) for name in results if name not in given],
            },
            {
                "@id": "#parkland",
                "@type": "SoftwareApplication",
                "name": "Parkland",
                "version": run.code_version,
                "softwareRequirements": [f"{k} {v}" for k, v in sorted(run.libraries.items())],
            },
            {"@id": "#developer", "@type": "Organization", "name": project.developer},
            {
                "@id": "#terms",
                "@type": "CreativeWork",
                "name": "For verification only",
                "description": "Holds the boundaries of farmers' plots: for the project's verifier "
                "and developer and for the registry, not to be passed on.",
            },
        ],
    }


def _file(name: str, data: bytes) -> dict[str, Any]:
    media_type = media_type_of(name)
    stem = name.rpartition(".")[0] or name
    return {
        "@id": name,
        "@type": "File",
        "name": _SAYS.get(name) or _SAYS.get(stem) or stem.replace("_", " "),
        "encodingFormat": media_type,
        "contentSize": str(len(data)),
        "contentSha256": content_digest(data, media_type),
    }


def _ref(name: str) -> dict[str, str]:
    return {"@id": name}
