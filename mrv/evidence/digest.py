"""Names by content: sha-256 of bytes, streams and documents.

A document's digest is that of its canonical JSON (RFC 8785), so that spacing and key order decide
nothing. Where artifacts are kept is `mrv.sources.artifacts`.
"""

import hashlib
from typing import BinaryIO

import rfc8785

from mrv.evidence.documents import EvidenceDocument

_CHUNK_BYTES = 1 << 20


def bytes_digest(data: bytes) -> str:
    """Give the sha-256 of bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def stream_digest(stream: BinaryIO) -> str:
    """Give the sha-256 of an open file from where it stands, in hex, without reading it whole."""
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def canonical_json(document: EvidenceDocument) -> bytes:
    """Write a document in the one form that has a digest.

    Source:
        RFC 8785, JSON canonicalization scheme.
    """
    return rfc8785.dumps(document.model_dump(mode="json", by_alias=True))


def document_digest(document: EvidenceDocument) -> str:
    """Give the sha-256 by which the registry knows a document, in hex."""
    return bytes_digest(canonical_json(document))
