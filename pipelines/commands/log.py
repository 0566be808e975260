"""`parkland log`: hold a kept checkpoint against a newer one, witness it, and audit the ledger."""

import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from mrv.errors import InputRejected, SourceFailed
from mrv.evidence import merkle
from mrv.evidence.checkpoints import KeyType, Note, cosign, read_note, signed_by, verifier_key
from mrv.evidence.multikey import from_multikey
from pipelines.commands.show import console, notes
from pipelines.workspace import Workspace
from registry_api.services import transparency
from registry_api.services.secret_files import make_secret, read_secret

_PATIENCE_S = (10, 60)  # to connect, and for an answer
_LARGEST_NOTE_BYTES = 64 * 1024


def verify_log(
    old: Path, new: Path | None, proof: Path | None, registry: str, keys: Sequence[str]
) -> None:
    """Check that the log goes on from what a kept checkpoint says.

    Args:
        old: The kept checkpoint.
        new: A newer one; without it the registry's newest.
        proof: Answer of `/v1/log/consistency`; without it the registry is asked.
        registry: Address of the registry; not needed where both files are given.
        keys: Public keys that are trusted, as Multikeys; without one the registry says which.

    Raises:
        InputRejected: If a signature or the proof does not hold, or something is missing.
        SourceFailed: If the registry does not answer.
    """
    if not registry and (new is None or proof is None):
        raise InputRejected(
            "Say with --registry where the log is, or give a newer checkpoint and --proof."
        )
    trusted = tuple(from_multikey(key) for key in keys) or _told_keys(registry)
    before = _trusted(_read(old), trusted, str(old))
    text = new.read_text("utf-8") if new else _asked(registry, "/v1/log/checkpoint").text
    after = _trusted(read_note(text), trusted, str(new or "the newest checkpoint"))
    a, b = before.checkpoint, after.checkpoint
    if a.origin != b.origin:
        raise InputRejected(f"One checkpoint is of {a.origin}, the other of {b.origin}.")
    if b.size < a.size:
        raise InputRejected(
            f"The log was set back: it had {a.size} entries when {old} was signed and has {b.size} "
            "now. Keep both files, and ask the registry to explain."
        )
    hashes = _proof(proof, registry, a.size, b.size) if a.size else []
    if not merkle.goes_on_from((a.size, a.root), (b.size, b.root), hashes):
        raise InputRejected(
            f"The log was rewritten: its {b.size} entries do not begin with the {a.size} that "
            f"{old} was signed for. Keep both files: together they prove it."
        )
    console.print(
        f"{b.origin} went from {a.size} to {b.size} entries, and nothing before was changed."
    )
    if not keys:
        notes.print(
            "The registry itself said which keys to trust; with --key you hold it to one you know."
        )


def witness_log(kept: Path, name: str, registry: str, secret: Path, keys: Sequence[str]) -> None:
    """Check that the log goes on from what a witness kept, and keep its newest state co-signed.

    Args:
        kept: The witness's copy; where there is none yet, the newest state is trusted as the first.
        name: Of the witness.
        registry: Address of the registry.
        secret: File with the witness's key; made where there is none.
        keys: Public keys of the registry that are trusted; without one it says which itself.

    Raises:
        InputRejected: If a signature or the proof does not hold; what was kept stays as it was.
        SourceFailed: If the registry does not answer.
    """
    if not name or any(sign.isspace() or sign == "+" for sign in name):
        raise InputRejected("A witness's name has no spaces and no plus; take a host name.")
    newest = _asked(registry, "/v1/log/checkpoint").text
    if kept.exists():
        with tempfile.TemporaryDirectory(prefix="parkland-log-") as scratch:
            asked = Path(scratch) / "newest"
            asked.write_text(newest, "utf-8")
            verify_log(kept, asked, None, registry, keys)
    else:
        trusted = tuple(from_multikey(key) for key in keys) or _told_keys(registry)
        _trusted(read_note(newest), trusted, "the newest checkpoint")
    own = _witness_key(secret)
    line = cosign(read_note(newest), name, own.public_key(), own.sign, int(time.time()))
    draft = kept.with_name(f".{kept.name}.draft")
    draft.write_text(newest + line, "utf-8")
    draft.replace(kept)
    size = read_note(newest).checkpoint.size
    console.print(f"{name} has seen the log with {size} entries; its signature is in {kept}.")
    told = verifier_key(name, own.public_key(), KeyType.COSIGNATURE)
    notes.print(f"Whoever trusts you checks it with this line: {told}")


def _witness_key(place: Path) -> Ed25519PrivateKey:
    if not place.exists():
        made = Ed25519PrivateKey.generate()
        pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        make_secret(place, pem.decode())
    try:
        key = load_pem_private_key(read_secret(place, "witness key").encode(), password=None)
    except (ValueError, TypeError) as error:
        raise InputRejected(f"{place} holds no key; name another file with --secret.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InputRejected(f"{place} holds no Ed25519 key; name another file with --secret.")
    return key


def audit_log(home: Path, kept: Path | None, keys: Sequence[str]) -> bool:
    """Recompute ledger and log of the registry under a home; say whether all is well.

    Raises:
        InputRejected: If the kept checkpoint is none, or of no trusted key.
    """
    note = _read(kept) if kept else None
    if note is not None and keys:
        _trusted(note, tuple(from_multikey(key) for key in keys), str(kept))
    workspace = Workspace(home)
    with workspace.reading() as session:
        found = transparency.audit(session, workspace.settings, note)
    console.print(found.sentence)
    return found.sound


def _read(place: Path) -> Note:
    if place.stat().st_size > _LARGEST_NOTE_BYTES:
        raise InputRejected(f"{place} is too large for a checkpoint.")
    return read_note(place.read_text("utf-8", errors="replace"))


def _trusted(note: Note, keys: tuple[Ed25519PublicKey, ...], called: str) -> Note:
    name = note.checkpoint.origin
    if name not in signed_by(note, {name: keys}):
        raise InputRejected(
            f"{called} is not signed by a key that is trusted: it was forged or changed, or its "
            "key is another; give the right one with --key."
        )
    return note


def _proof(file: Path | None, registry: str, before: int, after: int) -> list[bytes]:
    if file is not None:
        told = file.read_text("utf-8")
    else:
        told = _asked(registry, f"/v1/log/consistency?before={before}&after={after}").text
    try:
        answer: Any = json.loads(told)
        if (answer["before"], answer["after"]) != (before, after):
            raise InputRejected(
                f"The proof goes from {answer['before']} to {answer['after']} entries, not from "
                f"{before} to {after}."
            )
        return [bytes.fromhex(step) for step in answer["proof"]]
    except (ValueError, KeyError, TypeError) as error:
        raise InputRejected(
            f"{file or registry} gives no proof; it is the answer of /v1/log/consistency."
        ) from error


def _told_keys(registry: str) -> tuple[Ed25519PublicKey, ...]:
    if not registry:
        raise InputRejected("Say with --key which public key you trust; it begins with z6Mk.")
    told = _asked(registry, "/v1/signing-keys").json()["keys"]
    return tuple(from_multikey(key["key_id"]) for key in told if key["void_from"] is None)


def _asked(registry: str, path: str) -> requests.Response:
    try:
        answer = requests.get(registry.rstrip("/") + path, timeout=_PATIENCE_S)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise SourceFailed(
            f"{registry} does not answer ({type(error).__name__}); check the address and ask again."
        ) from error
    return answer
