"""Which code decides, by content: the digest of every file of the package `mrv`."""

import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable


@cache
def code_digest() -> str:
    """Give the sha-256 of the code that decides: every file of the package `mrv`."""
    digest = hashlib.sha256()
    for name, content in sorted(_sources(files("mrv"), "mrv")):
        digest.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()


@cache
def calculation_digest() -> str:
    """Give the sha-256 of the code that turns trees and looks into kilograms.

    The packages that compute, without sources of data, simulation and evidence.
    """
    digest = hashlib.sha256()
    for package in ("biomass", "change", "crediting", "estimation", "field", "imagery"):
        for name, content in sorted(_sources(files("mrv") / package, package)):
            digest.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()


def _sources(folder: Traversable, path: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        place = f"{path}/{entry.name}"
        if entry.is_dir():
            found += _sources(entry, place)
        elif entry.name.endswith((".py", ".toml", ".csv")):
            found.append((place, entry.read_bytes()))
    return found
