"""Where the browser finds scripts and styles: Vite's manifest and our own files.

`dist/` is built by `make web` and is no part of the sources. Where it is missing, pages go out
without scripts, which they must survive anyway.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

WEB = Path(__file__).parent
DIST = WEB / "dist"
STATIC = WEB / "static"


@dataclass(frozen=True, slots=True)
class Island:
    """The built files of one script, as addresses."""

    script: str
    styles: tuple[str, ...]


@lru_cache(maxsize=1)
def _manifest() -> dict[str, dict[str, list[str]]]:
    file = DIST / ".vite" / "manifest.json"
    if not file.is_file():
        return {}
    found: dict[str, dict[str, list[str]]] = json.loads(file.read_text(encoding="utf-8"))
    return found


def island(name: str) -> Island | None:
    """Find the built files of `src/<name>.ts`; None before they are built."""
    entry = _manifest().get(f"src/{name}.ts")
    if entry is None:
        return None
    styles = tuple(f"/assets/{css}" for css in dict.fromkeys(_styles(entry)))
    return Island(f"/assets/{entry['file']}", styles)


def _styles(entry: dict[str, list[str]]) -> Iterator[str]:
    """Find the style sheets of a script and of what it shares with others."""
    for shared in entry.get("imports", []):
        yield from _styles(_manifest()[shared])
    yield from entry.get("css", [])


@lru_cache(maxsize=16)
def static(name: str) -> str:
    """Give the address of one of our own files, which changes when the file does."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()
    return f"/static/{name}?v={digest[:12]}"
