"""Level 0: is the bundle what it says it is, and what the registry signed for?

Every file against its digest, the document against the ledger, the ledger entries against the log,
and the log's state against the registry's signature. A key that only the bundle names proves that
the bundle agrees with itself, not whose it is: whoever knows the registry's key hands it in.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from mrv.errors import InputRejected
from mrv.evidence import merkle
from mrv.evidence.checkpoints import Note, read_note, signed_by
from mrv.evidence.content import content_digest
from mrv.evidence.crate import (
    CHECKPOINT,
    EVIDENCE,
    LEDGER,
    METADATA,
    RULES,
    carried,
    file_digests,
    media_type_of,
    place_of,
)
from mrv.evidence.digest import bytes_digest, document_digest
from mrv.evidence.ledger_entries import Entry
from mrv.evidence.multikey import from_multikey
from mrv.verification.opened import Bundle
from mrv.verification.report import Node

_SUBMITTED = "estimate_submitted"


@dataclass(frozen=True, slots=True)
class Trust:
    """What whoever verifies knows from elsewhere.

    Attributes:
        keys: Public keys of the registry, as Multikeys; none believes those that the bundle names.
        estimate_sha256: Digest of the evidence, as a certificate or a page of the registry says;
            empty where it is not known.
    """

    keys: tuple[str, ...] = ()
    estimate_sha256: str = ""


def check_integrity(bundle: Bundle, trust: Trust) -> Iterator[Node]:
    """Look at every file, then at the way from the document to the signature."""
    yield from _described(bundle)
    yield from _artifacts(bundle)
    yield _rules(bundle)
    yield _named(bundle, trust)
    yield from _in_the_log(bundle, trust)


def _described(bundle: Bundle) -> Iterator[Node]:
    """Hold every file against the bundle's own description."""
    try:
        stated = file_digests(json.loads(bundle.files[METADATA]))
    except (KeyError, ValueError, TypeError, AttributeError):
        yield Node(0, METADATA, "missing", f"There is no {METADATA} that says what is in here.")
        return
    for name in sorted(set(bundle.files) - {METADATA} - set(stated)):
        yield Node(0, name, "differs", f"{name} is in the bundle, but {METADATA} does not name it.")
    for name, digest in sorted(stated.items()):
        if name not in bundle.files:
            yield Node(0, name, "missing", f"{name} is named by {METADATA} and is not here.")
            continue
        said = _unlike(bundle.files[name], media_type_of(name), digest, f"{name} was changed")
        yield Node(0, name, "differs" if said else "equal", said)


def _artifacts(bundle: Bundle) -> Iterator[Node]:
    """Hold every artifact against what the evidence says of it."""
    for artifact in carried(bundle.document):
        name, place = f"evidence of {artifact.name}", place_of(artifact)
        if place not in bundle.files:
            yield Node(
                0, name, "missing", f"The evidence names {artifact.name}, which is not here."
            )
        elif artifact.content_sha256 is None:
            said = "" if bytes_digest(bundle.files[place]) == artifact.sha256 else "changed"
            yield Node(0, name, "differs" if said else "equal", said)
        else:
            said = _unlike(
                bundle.files[place],
                artifact.media_type,
                artifact.content_sha256,
                f"{artifact.name} is not the one that the evidence was written on",
            )
            yield Node(0, name, "differs" if said else "equal", said)


def _unlike(data: bytes, media_type: str, digest: str, what: str) -> str:
    try:
        found = content_digest(data, media_type)
    except InputRejected as error:
        return f"{what}: {error.message}"
    return "" if found == digest else f"{what}: its digest is {found[:12]}…, not {digest[:12]}…."


def _rules(bundle: Bundle) -> Node:
    stated = bundle.document.methodology
    if RULES not in bundle.files:
        return Node(0, "rules", "missing", f"{RULES} is not here.")
    found = bytes_digest(bundle.files[RULES])
    if found == stated.digest:
        return Node(0, "rules", "equal")
    return Node(
        0,
        "rules",
        "differs",
        f"{RULES} is not the version that the evidence names: its digest is {found[:12]}…, not "
        f"{stated.digest[:12]}….",
    )


def _named(bundle: Bundle, trust: Trust) -> Node:
    digest = document_digest(bundle.document)
    if trust.estimate_sha256 and trust.estimate_sha256 != digest:
        return Node(
            0,
            EVIDENCE,
            "differs",
            f"This is the evidence {digest[:12]}…, not {trust.estimate_sha256[:12]}… as you asked.",
        )
    return Node(0, "name of the evidence", "equal")


def _in_the_log(bundle: Bundle, trust: Trust) -> Iterator[Node]:
    if LEDGER not in bundle.files or CHECKPOINT not in bundle.files:
        yield Node(
            0,
            "ledger",
            "missing",
            "The bundle holds no ledger entry: nothing in it shows that the registry took this "
            "estimate in; ask for a bundle that was written after it did.",
            optional=True,
        )
        return
    try:
        extract = json.loads(bundle.files[LEDGER])
        entries = [Entry(**told["entry"]) for told in extract["entries"]]
        proofs = [[bytes.fromhex(step) for step in told["proof"]] for told in extract["entries"]]
        names = tuple(str(key) for key in extract["keys"])
        note = read_note(bundle.files[CHECKPOINT].decode("utf-8", errors="replace"))
        keys = tuple(from_multikey(key) for key in trust.keys or names)
    except InputRejected as error:
        yield Node(0, CHECKPOINT, "differs", error.message)
        return
    except (ValueError, KeyError, TypeError):
        yield Node(0, LEDGER, "differs", f"{LEDGER} is not of the published form.")
        return
    yield _signed(note, keys, known=bool(trust.keys))
    yield _about(bundle, entries)
    for entry, proof in zip(entries, proofs, strict=True):
        yield _entry(entry, proof, note)


def _signed(note: Note, keys: Sequence[Ed25519PublicKey], *, known: bool) -> Node:
    name = note.checkpoint.origin
    if name not in signed_by(note, {name: tuple(keys)}):
        whose = "the registry's key that you gave" if known else "a key that the bundle names"
        return Node(
            0,
            "signature of the checkpoint",
            "differs",
            f"The checkpoint of {name} is not signed by {whose}: the signature was forged, or the "
            "text under it changed.",
        )
    if known:
        return Node(0, "signature of the checkpoint", "equal")
    return Node(
        0,
        "signature of the checkpoint",
        "equal",
        "Signed by a key that the bundle itself names; with --key you hold it to one you know.",
    )


def _about(bundle: Bundle, entries: Sequence[Entry]) -> Node:
    digest = document_digest(bundle.document)
    named = [json.loads(e.payload).get("estimate") for e in entries if e.kind == _SUBMITTED]
    if not named:
        return Node(0, "ledger", "differs", "No ledger entry says that an estimate was taken in.")
    if digest in named:
        return Node(0, "ledger", "equal")
    return Node(
        0,
        "ledger",
        "differs",
        f"The registry took in the evidence {str(named[0])[:12]}…, and this is {digest[:12]}…: "
        "something in it was changed since.",
    )


def _entry(entry: Entry, proof: Sequence[bytes], note: Note) -> Node:
    name, log = f"ledger entry {entry.sequence}", note.checkpoint
    fault = entry.fault()
    if fault is not None:
        return Node(0, name, "differs", f"Ledger entry {entry.sequence} does not fit: {fault}.")
    if entry.sequence > log.size:
        return Node(
            0,
            name,
            "differs",
            f"The checkpoint knows {log.size} entries and cannot vouch for entry {entry.sequence}: "
            "it is older than the entry; ask the registry for a newer one.",
        )
    leaf = merkle.leaf_hash(bytes.fromhex(entry.entry_hash))
    if merkle.includes(leaf, entry.sequence - 1, log.size, proof, log.root):
        return Node(0, name, "equal")
    return Node(
        0,
        name,
        "differs",
        f"Ledger entry {entry.sequence} ({entry.kind}) is not at its place in the log that was "
        "signed: entries were put into another order, or this one was rewritten.",
    )
