"""Secrets in files: made once, readable by their owner only, whoever comes first."""

import os
import stat
from pathlib import Path
from uuid import uuid4

from registry_api.errors import NotReady

_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_secret(place: Path, text: str) -> None:
    """Write a secret where none is; of two processes at once the first one's stays."""
    place.parent.mkdir(parents=True, exist_ok=True)
    unfinished = place.with_name(f"{place.name}.{uuid4().hex}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        place.hardlink_to(unfinished)
    except FileExistsError:
        pass  # another process was first; its secret is the secret
    finally:
        unfinished.unlink()


def read_secret(place: Path, called: str) -> str:
    """Read a secret.

    Args:
        place: Its file.
        called: What it is, for whoever has to restore it.

    Raises:
        NotReady: If it is not there, or can be read by others.
    """
    try:
        others = place.stat().st_mode & _FOR_OTHERS
        text = place.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise NotReady(f"The {called} {place} cannot be read; restore it.") from error
    if others:
        raise NotReady(
            f"The {called} {place} can be read by others than its owner; run 'chmod 600' on it, "
            "and make a new one if it may have been copied."
        )
    return text
