"""The registry's private key: one age identity that opens private files and people's names.

It is made once, readable by its owner only. Whoever loses it loses what it opens, so it is part of
every backup; whoever finds it can read farmers' names, so it is kept apart from the backups.
"""

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import pyrage
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mrv.errors import SourceFailed
from registry_api.errors import NotReady
from registry_api.services.secret_files import make_secret, read_secret
from registry_api.settings import Settings

_NONCE_BYTES = 12
_KEY_BYTES = 32


def identity(settings: Settings) -> pyrage.x25519.Identity:
    """Give the age identity; where none is named and none is there, make one.

    Raises:
        NotReady: If it is not there though it was named, can be read by others, or is not one.
    """
    return pyrage.x25519.Identity.from_str(_secret(settings))


class Records:
    """Short private records, one ciphertext each: AES-256-GCM under a key drawn from the identity.

    age would add a key exchange to every record, and fifty thousand of them would take ten seconds;
    HKDF and AES-GCM are those of the `cryptography` library.
    """

    def __init__(self, settings: Settings) -> None:
        derive = HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"parkland/private-records/1")
        self._cipher = AESGCM(derive.derive(_secret(settings).encode()))

    def seal(self, plain: bytes, place: str) -> bytes:
        """Encrypt a record for one place; moved to another, it cannot be opened."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, place.encode())

    def unseal(self, sealed: bytes, place: str) -> bytes:
        """Open a record.

        Raises:
            SourceFailed: If it was sealed with another key, for another place, or was changed.
        """
        nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, body, place.encode())
        except (InvalidTag, ValueError) as error:
            raise SourceFailed(
                f"The private record of {place} cannot be opened with this registry's key; restore "
                "the key from a copy."
            ) from error


def _secret(settings: Settings) -> str:
    place = settings.private_key or settings.home.absolute() / "private.key"
    if settings.private_key is None and not place.exists():
        _make(place)
    return _read(place)


@lru_cache(maxsize=32)
def _read(place: Path) -> str:
    text = read_secret(place, "private key")
    lines: Sequence[str] = [line.strip() for line in text.splitlines()]
    secret = next((line for line in lines if line and not line.startswith("#")), "")
    try:
        pyrage.x25519.Identity.from_str(secret)
    except pyrage.IdentityError as error:
        raise NotReady(f"The file {place} holds no age identity; restore the key.") from error
    return secret


def _make(place: Path) -> None:
    made = pyrage.x25519.Identity.generate()
    make_secret(place, f"# public key: {made.to_public()}\n{made}\n")
