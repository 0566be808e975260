"""Kept entries encrypted, because plans and even pixels tell where farmers' plots lie.

AES-256-GCM, bound to the entry's key: one that was changed, moved to another key or sealed with
another secret counts as not there, and is made again.
"""

import os
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mrv.imagery.keeping import Keeper

_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class SealedKeeper:
    """Keeps elsewhere what only the holder of a secret can read.

    Attributes:
        keeper: Keeps what is sealed.
        secret: 32 bytes; it travels with this keeper to the workers of a cluster.
    """

    keeper: Keeper
    secret: bytes = field(repr=False)

    def get(self, key: str) -> bytes | None:
        """Give an entry; None where there is none that can be opened."""
        sealed = self.keeper.get(key)
        if sealed is None:
            return None
        nonce, body = sealed[:_NONCE_BYTES], memoryview(sealed)[_NONCE_BYTES:]
        try:
            return AESGCM(self.secret).decrypt(nonce, body, key.encode())
        except (InvalidTag, ValueError):  # ValueError where even the nonce is cut
            return None

    def put(self, key: str, data: bytes) -> None:
        """Seal an entry and keep it."""
        nonce = os.urandom(_NONCE_BYTES)
        self.keeper.put(key, nonce + AESGCM(self.secret).encrypt(nonce, data, key.encode()))
