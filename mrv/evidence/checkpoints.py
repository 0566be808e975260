"""Checkpoints of the log: its size and root in a signed note that anybody may keep and compare.

    registry.example/log
    1042
    (root in base64)

    — registry.example/log (signature in base64)
    — a.witness.example (that it saw the log go on from what it saw before)

Source:
    C2SP signed-note v1.0.0, tlog-checkpoint v1.0.0, tlog-cosignature v1.0.0.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from mrv.errors import InputRejected

_DASH = "—"
_ID_BYTES, _TIME_BYTES, _ROOT_BYTES = 4, 8, 32
_LINES = 3
_LONGEST = 64 * 1024  # characters of a note; with a hundred witnesses it has 20,000
_MOST_SIGNATURES = 100
_BIGGEST = 2**63


class KeyType(IntEnum):
    """How a note may be signed (C2SP signed-note, signature types)."""

    ED25519 = 0x01
    COSIGNATURE = 0x04


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A state of the log.

    Attributes:
        origin: Name of the log.
        size: Number of its entries.
        root: Of the Merkle tree over them, 32 bytes.
    """

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One signature of a note, not checked yet.

    Attributes:
        name: Who is said to have signed.
        key_id: First bytes of what names the key.
        value: The signature; of witnesses the time comes first.
    """

    name: str
    key_id: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A signed checkpoint as it was read; who signed it truly, `signed_by` says.

    Attributes:
        checkpoint: The state.
        text: What was signed, to the last byte.
        signatures: By whom it is said to be signed.
    """

    checkpoint: Checkpoint
    text: str
    signatures: tuple[SignatureLine, ...]


def key_id(name: str, key: Ed25519PublicKey, kind: KeyType = KeyType.ED25519) -> bytes:
    """Give the four bytes by which a note names a key."""
    said = name.encode() + b"\n" + bytes([kind]) + key.public_bytes_raw()
    return hashlib.sha256(said).digest()[:_ID_BYTES]


def verifier_key(name: str, key: Ed25519PublicKey, kind: KeyType = KeyType.ED25519) -> str:
    """Write a public key in the one line that other tools of such notes take.

    Args:
        name: Of the log or the witness.
        key: Its public key.
        kind: How it signs.

    Source:
        C2SP signed-note, verifier keys: name, key id in hex, and type and key in base64.
    """
    told = base64.b64encode(bytes([kind]) + key.public_bytes_raw()).decode()
    return f"{name}+{key_id(name, key, kind).hex()}+{told}"


def write_note(
    checkpoint: Checkpoint, key: Ed25519PublicKey, sign: Callable[[bytes], bytes]
) -> str:
    """Sign a checkpoint as the log itself.

    Args:
        checkpoint: The state; the log's name is also the signer's.
        key: The public key.
        sign: Signs bytes with its secret.
    """
    value = key_id(checkpoint.origin, key) + sign(checkpoint.text.encode())
    return f"{checkpoint.text}\n{_line(checkpoint.origin, value)}"


def cosign(
    note: Note, name: str, key: Ed25519PublicKey, sign: Callable[[bytes], bytes], at: int
) -> str:
    """Give the line by which a witness says that it saw the log in this state.

    Args:
        note: What it saw; that it goes on from what it saw before, the witness has checked.
        name: Of the witness.
        key: Its public key.
        sign: Signs bytes with its secret.
        at: When [s since 1970].

    Source:
        C2SP tlog-cosignature v1.0.0.
    """
    value = key_id(name, key, KeyType.COSIGNATURE) + at.to_bytes(_TIME_BYTES, "big")
    return _line(name, value + sign(_cosigned(note, at)))


def read_note(text: str) -> Note:
    """Read a signed checkpoint without believing it.

    Raises:
        InputRejected: If it is not of the published form.
    """
    body, gap, signatures = text.rpartition("\n\n")
    if not gap or len(text) > _LONGEST or not text.endswith("\n"):
        raise _not_a_note("a text, an empty line and at least one signature")
    body += "\n"
    lines = body.split("\n")
    if len(lines) <= _LINES or not all(lines[:_LINES]):
        raise _not_a_note("the log's name, its size and its root, a line each")
    origin, size, root = lines[:_LINES]
    if not (size.isascii() and size.isdigit()) or str(int(size[:20])) != size:
        raise _not_a_note("the log's size as a plain number in the second line")
    digest = _decoded(root)
    if len(digest) != _ROOT_BYTES or int(size) >= _BIGGEST:
        raise _not_a_note("the root of 32 bytes in base64 in the third line")
    lined = signatures.removesuffix("\n").split("\n")
    if not 1 <= len(lined) <= _MOST_SIGNATURES:
        raise _not_a_note(f"at most {_MOST_SIGNATURES} signatures")
    return Note(Checkpoint(origin, int(size), digest), body, tuple(map(_signature, lined)))


def signed_by(note: Note, keys: Mapping[str, tuple[Ed25519PublicKey, ...]]) -> frozenset[str]:
    """Name those of some signers who truly signed a note, as a log or as a witness.

    Args:
        note: The note.
        keys: Name of a signer -> its public keys, one or, after a rotation, several.
    """
    return frozenset(
        line.name
        for line in note.signatures
        for key in keys.get(line.name, ())
        if _signed(note, line, key)
    )


def _signed(note: Note, line: SignatureLine, key: Ed25519PublicKey) -> bool:
    if line.key_id == key_id(line.name, key):
        value, message = line.value, note.text.encode()
    elif line.key_id == key_id(line.name, key, KeyType.COSIGNATURE):
        at, value = line.value[:_TIME_BYTES], line.value[_TIME_BYTES:]
        message = _cosigned(note, int.from_bytes(at, "big"))
    else:
        return False
    try:
        key.verify(value, message)
    except InvalidSignature:
        return False
    return True


def _cosigned(note: Note, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{note.text}".encode()


def _line(name: str, value: bytes) -> str:
    return f"{_DASH} {name} {base64.b64encode(value).decode()}\n"


def _signature(line: str) -> SignatureLine:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    value = _decoded(encoded)
    if dash != _DASH or not name or len(value) <= _ID_BYTES:
        raise _not_a_note("signatures of the form '— name base64'")
    return SignatureLine(name, value[:_ID_BYTES], value[_ID_BYTES:])


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _not_a_note(wanted: str) -> InputRejected:
    return InputRejected(
        f"This is not a signed checkpoint: it needs {wanted}; save it again from "
        "/v1/log/checkpoint."
    )
