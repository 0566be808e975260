"""How far a long extraction has come."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Done:
    """What one piece of work did.

    Attributes:
        scenes: Scenes finished.
        blocks: Blocks fetched and decoded; 0 where everything had been kept.
        bytes: Size of these blocks decoded [byte].
    """

    scenes: int
    blocks: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Extent:
    """What has been done so far.

    Attributes:
        scenes_done: Scenes finished.
        scenes: Scenes to do in all.
        blocks: Blocks fetched and decoded so far.
        bytes: Their size decoded [byte].
    """

    scenes_done: int
    scenes: int
    blocks: int
    bytes: int


Progress = Callable[[Extent], None]
