"""How an estimate came about, as PROV-O in JSON-LD: things, the steps that made them, and who.

The context stands in the document itself, so that it is read without asking anybody.

Source:
    W3C PROV-O, 2013-04-30; JSON-LD 1.1.
"""

from collections.abc import Iterator
from typing import Any, Final

from mrv.evidence.digest import document_digest
from mrv.evidence.documents import EvidenceDocument
from mrv.evidence.steps import RULES, SCENES, STEPS

_PROV: Final = "http://www.w3.org/ns/prov#"
_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_CONTEXT: Final = {
    "prov": _PROV,
    "xsd": _XSD,
    "label": "http://www.w3.org/2000/01/rdf-schema#label",
    "sha256": "urn:parkland:contentSha256",
    "used": {"@id": "prov:used", "@type": "@id"},
    "wasGeneratedBy": {"@id": "prov:wasGeneratedBy", "@type": "@id"},
    "wasDerivedFrom": {"@id": "prov:wasDerivedFrom", "@type": "@id"},
    "wasAssociatedWith": {"@id": "prov:wasAssociatedWith", "@type": "@id"},
    "wasAttributedTo": {"@id": "prov:wasAttributedTo", "@type": "@id"},
    "actedOnBehalfOf": {"@id": "prov:actedOnBehalfOf", "@type": "@id"},
    "generatedAtTime": {"@id": "prov:generatedAtTime", "@type": "xsd:dateTime"},
}


def provenance(document: EvidenceDocument) -> dict[str, Any]:
    """Write down how a document's numbers came about.

    Args:
        document: The evidence.

    Returns:
        JSON-LD whose things have addresses below `urn:parkland:` and their digests.
    """
    return {"@context": _CONTEXT, "@graph": list(_graph(document))}


def _graph(document: EvidenceDocument) -> Iterator[dict[str, Any]]:
    run = document.run
    software, developer = f"urn:parkland:run:{run.id}:software", _developer(document)
    yield {"@id": developer, "@type": "prov:Organization", "label": document.project.developer}
    yield {
        "@id": software,
        "@type": "prov:SoftwareAgent",
        "label": run.code_version,
        "actedOnBehalfOf": developer,
    }
    yield {
        "@id": _rules(document),
        "@type": ["prov:Entity", "prov:Plan"],
        "label": f"{document.methodology.id} version {document.methodology.version}",
        "sha256": document.methodology.digest,
    }
    for scene in document.scenes:
        yield {
            "@id": f"urn:parkland:sha256:{scene.item_sha256}",
            "@type": "prov:Entity",
            "label": scene.id,
            "sha256": scene.item_sha256,
            "generatedAtTime": scene.acquired_at.isoformat(),
        }
    addresses = _addresses(document)
    made_by = {name: step for step in STEPS for name in step.makes}
    for artifact in document.artifacts:
        thing: dict[str, Any] = {
            "@id": addresses[artifact.name][0],
            "@type": "prov:Entity",
            "label": artifact.name,
            "sha256": artifact.content_sha256 or artifact.sha256,
        }
        if artifact.name in made_by:
            step = made_by[artifact.name]
            thing["wasGeneratedBy"] = _activity(document, step.id)
            thing["wasDerivedFrom"] = _named(addresses, step.takes)
        else:
            thing["wasAttributedTo"] = developer
        yield thing
    for step in STEPS:
        yield {
            "@id": _activity(document, step.id),
            "@type": "prov:Activity",
            "label": step.label,
            "used": _named(addresses, step.takes),
            "wasAssociatedWith": software,
        }
    writing = _activity(document, "writing")
    things = [addresses[artifact.name][0] for artifact in document.artifacts]
    yield {
        "@id": writing,
        "@type": "prov:Activity",
        "label": "The evidence is written down",
        "used": things,
        "wasAssociatedWith": software,
    }
    yield {
        "@id": f"urn:parkland:sha256:{document_digest(document)}",
        "@type": "prov:Entity",
        "label": f"Evidence of {document.project.id} {document.period.id}",
        "sha256": document_digest(document),
        "wasGeneratedBy": writing,
        "wasDerivedFrom": things,
    }


def _addresses(document: EvidenceDocument) -> dict[str, tuple[str, ...]]:
    """Say where each thing that a step takes is found in the graph."""
    scenes = tuple(f"urn:parkland:sha256:{scene.item_sha256}" for scene in document.scenes)
    named = {
        artifact.name: (f"urn:parkland:run:{document.run.id}:{artifact.name.replace(' ', '_')}",)
        for artifact in document.artifacts
    }
    return {**named, SCENES: scenes, RULES: (_rules(document),)}


def _named(addresses: dict[str, tuple[str, ...]], names: tuple[str, ...]) -> list[str]:
    return [address for name in names for address in addresses.get(name, ())]


def _activity(document: EvidenceDocument, step: str) -> str:
    return f"urn:parkland:run:{document.run.id}:step:{step}"


def _rules(document: EvidenceDocument) -> str:
    return f"urn:parkland:sha256:{document.methodology.digest}"


def _developer(document: EvidenceDocument) -> str:
    return f"urn:parkland:account:{document.project.developer}"
