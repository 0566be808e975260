"""One text for one value (RFC 8785), so that one value has one digest."""

import hashlib
from typing import Any

import rfc8785


def canonical_json(value: Any) -> str:  # noqa: ANN401  (any value JSON has)
    """Write a value as canonical JSON."""
    return rfc8785.dumps(value).decode()


def sha256_of_text(text: str) -> str:
    """Give the digest of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()
