"""Verifiable credentials, signed and checked: Data Integrity proofs of the suite eddsa-jcs-2022.

A credential is a JSON document; its proof signs the digests of two canonical texts, that of the
proof's own options and that of the document. Who signs and whose keys are trusted is the caller's.

Source:
    W3C Verifiable Credentials Data Model 2.0; Data Integrity EdDSA Cryptosuites 1.0, 3.3.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature

from mrv.errors import InputRejected
from mrv.evidence.multikey import from_base58, from_multikey, to_base58

CONTEXT = "https://www.w3.org/ns/credentials/v2"
MEDIA_TYPE = "application/vc"
_SUITE = {"type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022"}
_PURPOSE = "assertionMethod"
_DEEPEST = 50  # a document nested deeper is no credential, and would exhaust the canonicaliser

Document = Mapping[str, Any]


def with_proof(
    document: Document,
    *,
    verification_method: str,
    created: datetime,
    sign: Callable[[bytes], bytes],
) -> dict[str, Any]:
    """Sign a credential.

    Args:
        document: The credential without a proof.
        verification_method: Where the public key is told, such as did:web:example.org#z6Mk....
        created: When it was signed.
        sign: Gives the 64 bytes of the Ed25519 signature of a message.

    Source:
        Data Integrity EdDSA Cryptosuites 1.0, 3.3.1 (create proof).
    """
    proof = {
        **_SUITE,
        "created": moment(created),
        "verificationMethod": verification_method,
        "proofPurpose": _PURPOSE,
        "@context": document["@context"],
    }
    return {**document, "proof": {**proof, "proofValue": to_base58(sign(message(document, proof)))}}


def check(credential: Document, key_of: Callable[[str], str]) -> Document:
    """Check a credential's proof and give the document that it signs, without the proof.

    Args:
        credential: With its proof.
        key_of: Gives the public key, as a Multikey, that a verification method names; refuses one
            that is not trusted.

    Raises:
        InputRejected: If there is no proof of this suite, or it does not fit the document.

    Source:
        Data Integrity EdDSA Cryptosuites 1.0, 3.3.2 (verify proof).
    """
    proof = credential.get("proof")
    if not isinstance(proof, Mapping) or any(proof.get(k) != v for k, v in _SUITE.items()):
        raise InputRejected("The credential has no proof of the suite eddsa-jcs-2022.")
    method, value = proof.get("verificationMethod"), proof.get("proofValue")
    if proof.get("proofPurpose") != _PURPOSE or not (
        isinstance(method, str) and isinstance(value, str)
    ):
        raise InputRejected("The credential's proof does not say which key asserts it.")
    document = {name: held for name, held in credential.items() if name != "proof"}
    options = {name: held for name, held in proof.items() if name != "proofValue"}
    if "@context" in options:
        signed, told = _as_list(options["@context"]), _as_list(document.get("@context"))
        if told[: len(signed)] != signed:
            raise InputRejected("The credential's context is not the one that was signed.")
        document["@context"] = options["@context"]
    try:
        from_multikey(key_of(method)).verify(from_base58(value), message(document, options))
    except InvalidSignature as error:
        raise InputRejected(
            "The credential is not what was signed: something in it was changed, or another key "
            "signed it."
        ) from error
    return document


def message(document: Document, proof: Document) -> bytes:
    """Give the 64 bytes that are signed: the digest of the proof's options, then the document's.

    Raises:
        InputRejected: If one of them has no canonical form.

    Source:
        Data Integrity EdDSA Cryptosuites 1.0, 3.3.4 (hashing).
    """
    return b"".join(hashlib.sha256(canonical(part)).digest() for part in (proof, document))


def canonical(document: Document) -> bytes:
    """Write a document in its canonical form.

    Raises:
        InputRejected: If it has none, such as for a number that JSON cannot hold exactly.

    Source:
        RFC 8785, JSON canonicalization scheme.
    """
    if _depth(document) > _DEEPEST:
        raise InputRejected(f"The document is nested deeper than {_DEEPEST} levels.")
    try:
        written: bytes = rfc8785.dumps(document)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise InputRejected(
            "The document has no canonical form: a number or a text in it is not JSON's."
        ) from error
    return written


def moment(at: datetime) -> str:
    """Write a time as credentials do, in whole seconds of UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _as_list(context: object) -> list[object]:
    return list(context) if isinstance(context, list | tuple) else [context]


def _depth(document: object) -> int:
    depth, level = 0, [document]
    while level and depth <= _DEEPEST:
        depth += 1
        level = [one for part in level for one in _parts(part)]
    return depth


def _parts(part: object) -> Iterable[object]:
    if isinstance(part, Mapping):
        return part.values()
    return part if isinstance(part, list | tuple) else ()
