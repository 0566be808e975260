"""What was read of scenes, kept encrypted: where it lies, and the key that opens it.

Pipelines keep pixels there, and the registry finds the chips among them that verifiers look at.
"""

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from registry_api.services.private_key import identity
from registry_api.settings import Settings

if TYPE_CHECKING:
    from mrv.sources.sealed import SealedKeeper


def pixels_keeper(settings: Settings) -> "SealedKeeper":
    """Give the keeper of pixels; its key is drawn from the registry's, with another all is lost.

    Raises:
        SourceFailed: If the place that was set is none.
    """
    from mrv.sources.kept import keeper_at
    from mrv.sources.sealed import SealedKeeper

    derive = HKDF(SHA256(), 32, salt=None, info=b"parkland/kept-pixels/1")
    secret = derive.derive(str(identity(settings)).encode())
    store = keeper_at(settings.pixels_root)
    store.sweep()
    return SealedKeeper(store, secret)
