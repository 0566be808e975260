"""Status lists: one bit for each credential, set once it counts no more.

Source:
    W3C Bitstring Status List 1.0, 3 (algorithms): at least 16 kB, compressed with GZIP, written in
    base64url without padding after the multibase prefix u; index 0 is the leftmost bit.
"""

import base64
import binascii
import gzip
import io
import zlib
from collections.abc import Iterable

from mrv.errors import InputRejected

LENGTH = 131_072  # bits; the least that hides which credential somebody asks about
_PREFIX = "u"
_BYTES = LENGTH // 8


def encode(set_bits: Iterable[int]) -> str:
    """Write the list in which these indices are set.

    The same indices give the same text.
    """
    bits = bytearray(_BYTES)
    for index in set_bits:
        bits[index // 8] |= 0x80 >> index % 8
    packed = gzip.compress(bytes(bits), mtime=0)
    return _PREFIX + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def is_set(encoded: str, index: int) -> bool:
    """Say whether a credential's bit is set.

    Raises:
        InputRejected: If the text is no such list, or the index lies outside it.
    """
    text = encoded.removeprefix(_PREFIX) if encoded.startswith(_PREFIX) else "!"
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as file:
            bits = file.read(_BYTES + 1)
    except (ValueError, binascii.Error, OSError, EOFError, zlib.error) as error:
        raise InputRejected("This is not an encoded status list.") from error
    if len(bits) != _BYTES or not 0 <= index < LENGTH:
        raise InputRejected(f"The status list has no bit {index} among its {len(bits) * 8}.")
    return bool(bits[index // 8] & (0x80 >> index % 8))
