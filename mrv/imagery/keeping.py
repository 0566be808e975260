"""Keeping what was made, so that it is not made twice: the protocol of a store, and one in memory.

What is kept is made again at any time from the scenes: an entry that is lost or damaged costs time
and nothing else. A store on disk is `mrv.sources.kept`.
"""

from typing import Protocol


class Keeper(Protocol):
    """A store of bytes by key; it can be pickled where the work is done by other processes.

    Keys look like `pixels/ab/abcd…`: parts of letters, digits, `-`, `_` and `.`, joined by `/`.
    """

    def get(self, key: str) -> bytes | None:
        """Give what is kept under a key; None where nothing is."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Keep bytes under a key: all of them or none, replacing what was there."""
        ...


class MemoryKeeper:
    """Keeps in this process, for callers without a store.

    Args:
        kinds: First parts of the keys that are kept, such as `plans`; all where not given.
    """

    def __init__(self, *kinds: str) -> None:
        self.entries: dict[str, bytes] = {}
        self._kinds = kinds

    def get(self, key: str) -> bytes | None:
        """Give what is kept under a key; None where nothing is."""
        return self.entries.get(key)

    def put(self, key: str, data: bytes) -> None:
        """Keep bytes under a key, if it is of a kind that is kept."""
        if not self._kinds or key.split("/", maxsplit=1)[0] in self._kinds:
            self.entries[key] = data
