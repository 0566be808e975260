"""The registry's signature: one Ed25519 key that signs, and all that ever did, to check it by.

The secret is one file. Whoever loses it puts a new one in its place: public keys stay in the
database, and what the old one signed is still checked by it. Whoever fears that it was copied
revokes it: from the time named its signatures count no more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

from mrv.evidence.multikey import from_multikey, to_multikey
from registry_api.db import lock_for_writing
from registry_api.db.models import SigningKey, SigningKeyRevocation
from registry_api.errors import Contradiction, NotAcceptable, NotFound, NotReady
from registry_api.services import clock, ledger
from registry_api.services.accounts import demand_role
from registry_api.services.secret_files import make_secret, read_secret
from registry_api.settings import Settings


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature.

    Attributes:
        key_id: The public key as a Multikey, z6Mk....
        value: 64 bytes.
    """

    key_id: str
    value: bytes


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that signs or once did.

    Attributes:
        key_id: The key itself, as a Multikey.
        since: When it was first used here.
        void_from: Signatures from then on count for nothing; None while it is trusted.
    """

    key_id: str
    since: datetime
    void_from: datetime | None


def sign(settings: Settings, message: bytes) -> Signature:
    """Sign a message with the key in force; where none is named and none is there, make one.

    Raises:
        NotReady: If the key is not there though it was named, can be read by others, or is none.
    """
    key = _secret(settings)
    return Signature(to_multikey(key.public_key()), key.sign(message))


def current_key_id(settings: Settings) -> str:
    """Give the public key in force, as a Multikey.

    Raises:
        NotReady: As `sign`.
    """
    return to_multikey(_secret(settings).public_key())


def adopt(session: Session, settings: Settings) -> None:
    """Put the key in force among the public keys, if it is not there yet.

    Raises:
        NotReady: If there is no key to be had, or the one in force was revoked.
    """
    key_id = current_key_id(settings)
    if session.get(SigningKeyRevocation, key_id) is not None:
        raise NotReady(
            "The signing key of this registry was revoked; move its file away, and a new one is "
            "made."
        )
    if session.get(SigningKey, key_id) is not None:
        return
    lock_for_writing(session)
    if session.get(SigningKey, key_id) is None:  # another process may have been first
        session.add(SigningKey(key_id=key_id, since=clock.now()))
        session.flush()


def revoke(session: Session, key_id: str, void_from: datetime, reason: str, *, by: str) -> None:
    """Say that a key may have been copied: what it signed from a time on counts for nothing.

    Raises:
        NotAllowed: If the account is no registrar.
        NotFound: If the key never signed here.
        NotAcceptable: If the time lies ahead.
        Contradiction: If it was revoked already.
    """
    demand_role(session, by, "registrar")
    lock_for_writing(session)
    if session.get(SigningKey, key_id) is None:
        raise NotFound("No such key ever signed here; /v1/signing-keys lists those that did.")
    if void_from > clock.now():
        raise NotAcceptable("A key is revoked from now or from a time that has passed.")
    if session.get(SigningKeyRevocation, key_id) is not None:
        raise Contradiction("That key is revoked already.")
    entry = ledger.append(
        session,
        "signing_key_revoked",
        actor=by,
        payload={"key": key_id, "void_from": void_from.astimezone(UTC).isoformat(), "why": reason},
    )
    session.add(
        SigningKeyRevocation(
            key_id=key_id, void_from=void_from, reason=reason, sequence=entry.sequence
        )
    )
    session.flush()


def public_keys(session: Session) -> tuple[PublicKey, ...]:
    """List all keys that ever signed, oldest first."""
    rows = session.execute(
        select(SigningKey, SigningKeyRevocation.void_from)
        .outerjoin(SigningKeyRevocation, SigningKeyRevocation.key_id == SigningKey.key_id)
        .order_by(SigningKey.since, SigningKey.key_id)
    )
    return tuple(PublicKey(key.key_id, key.since, void) for key, void in rows)


def is_ours(session: Session, signature: Signature, message: bytes, signed_at: datetime) -> bool:
    """Say whether a signature is of one of the registry's keys, made while it was trusted."""
    for key in public_keys(session):
        if key.key_id == signature.key_id:
            if key.void_from is not None and signed_at >= key.void_from:
                return False
            try:
                from_multikey(key.key_id).verify(signature.value, message)
            except InvalidSignature:
                return False
            return True
    return False


def controller(settings: Settings) -> str:
    """Give the registry's decentralised identifier, resolved at `/.well-known/did.json`.

    Source:
        did:web method: the host, a port with its colon as %3A.
    """
    url = settings.public_url
    usual = (url.scheme, url.port) in {("https", 443), ("http", 80)}
    return f"did:web:{url.host}" + ("" if usual else f"%3A{url.port}")


def did_document(session: Session, settings: Settings) -> Mapping[str, Any]:
    """Write the document that says which keys the registry's signatures are checked with.

    Revoked keys stand in it no more, so that nobody who only reads this trusts them.

    Source:
        W3C DID Core 1.0 and Controlled Identifiers 1.0.
    """
    name = controller(settings)
    trusted = [key.key_id for key in public_keys(session) if key.void_from is None]
    methods = [
        {
            "id": f"{name}#{key_id}",
            "type": "Multikey",
            "controller": name,
            "publicKeyMultibase": key_id,
        }
        for key_id in trusted
    ]
    return {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": name,
        "verificationMethod": methods,
        "assertionMethod": [method["id"] for method in methods],
    }


def rotate(session: Session, settings: Settings) -> Path:
    """Put a new key in the place of the one in force, which is kept beside it under another name.

    Returns:
        Where the earlier key lies now; whoever needs it no more deletes it.

    Raises:
        NotReady: If the key lies where the settings name it: there whoever named it puts another.
    """
    if settings.signing_key is not None:
        raise NotReady(
            f"The signing key is kept at {settings.signing_key}, as PARKLAND_SIGNING_KEY says; put "
            "another file there, and the registry signs with it from its next signature on."
        )
    adopt(session, settings)  # what it has signed stays checkable
    place = _place(settings)
    earlier = place.with_name(f"{place.name}.until-{clock.now():%Y%m%dT%H%M%SZ}")
    place.rename(earlier)
    adopt(session, settings)
    return earlier


def _place(settings: Settings) -> Path:
    return settings.signing_key or settings.home.absolute() / "signing.key"


def _secret(settings: Settings) -> Ed25519PrivateKey:
    place = _place(settings)
    if settings.signing_key is None and not place.exists():
        made = Ed25519PrivateKey.generate()
        pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        make_secret(place, pem.decode())
    return _read(place, place.stat().st_ctime_ns if place.exists() else 0)


@lru_cache(maxsize=32)
def _read(place: Path, _changed: int) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(read_secret(place, "signing key").encode(), password=None)
    except (ValueError, TypeError) as error:
        raise NotReady(f"The file {place} holds no signing key; restore it.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise NotReady(f"The signing key {place} is not an Ed25519 key; restore it.")
    return key
