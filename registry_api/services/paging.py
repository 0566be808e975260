"""Where a list goes on: an opaque cursor that names the last row seen.

Rows added meanwhile neither repeat nor hide any other.
"""

import base64
import binascii
import json
from typing import Any

from registry_api.errors import CursorInvalid

_LONGEST = 512
_BIGGEST = 2**53


def encode(*key: str | int) -> str:
    """Write the key of the last row as a cursor."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode(cursor: str | None, *kinds: type[Any]) -> tuple[Any, ...] | None:
    """Read a cursor back; None where there is none.

    Raises:
        CursorInvalid: If it is not a cursor of this list.
    """
    if cursor is None:
        return None
    try:
        cursor = cursor[:_LONGEST]
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key = json.loads(raw)
    except (ValueError, binascii.Error, RecursionError) as error:
        raise CursorInvalid("This is not a cursor of this list; start without one.") from error
    fits = isinstance(key, list) and [type(part) for part in key] == list(kinds)
    if not fits or any(isinstance(part, int) and abs(part) > _BIGGEST for part in key):
        raise CursorInvalid("This is not a cursor of this list; start without one.")
    return tuple(key)
