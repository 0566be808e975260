"""Ed25519 public keys as text, the way verifiable credentials and `did:web` documents write them.

Source:
    W3C Controlled Identifiers 1.0, 2.4 (multibase: base58-btc with a leading z) and 2.2.2
    (Multikey: 0xed01 before the key's 32 bytes).
"""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from mrv.errors import InputRejected

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGITS = {character: value for value, character in enumerate(_ALPHABET)}
_BASE = len(_ALPHABET)
_PREFIX = "z"
_ED25519 = b"\xed\x01"
_KEY_BYTES = 32
_LONGEST = 200  # characters; of what is decoded here 88 is the most, and the cost grows by squares


def to_base58(data: bytes) -> str:
    """Write bytes in base58-btc with its multibase prefix."""
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, _BASE)
        text = _ALPHABET[digit] + text
    zeros = len(data) - len(data.lstrip(b"\0"))
    return _PREFIX + _ALPHABET[0] * zeros + text


def from_base58(text: str) -> bytes:
    """Read back what `to_base58` wrote.

    Raises:
        InputRejected: If it is something else.
    """
    digits = text[1:]
    if text[:1] != _PREFIX or len(text) > _LONGEST or not set(digits) <= set(_ALPHABET):
        raise InputRejected(
            f"'{text[:60]}' is not base58 text with a leading z; copy all of it and nothing else."
        )
    number = 0
    for character in digits:
        number = number * _BASE + _DIGITS[character]
    zeros = len(digits) - len(digits.lstrip(_ALPHABET[0]))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def to_multikey(public_key: Ed25519PublicKey) -> str:
    """Write a public key as a Multikey, such as z6Mk...."""
    return to_base58(_ED25519 + public_key.public_bytes_raw())


def from_multikey(text: str) -> Ed25519PublicKey:
    """Read a public key.

    Raises:
        InputRejected: If the text is no Ed25519 Multikey.
    """
    data = from_base58(text)
    if data[:2] != _ED25519 or len(data) != len(_ED25519) + _KEY_BYTES:
        raise InputRejected(
            f"'{text[:60]}' is not an Ed25519 public key; such keys begin with z6Mk."
        )
    return Ed25519PublicKey.from_public_bytes(data[2:])
