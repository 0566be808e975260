"""A boundary file on its way to a registry, and what the registry says of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

Steps = Callable[[str, int, int], None]  # the step, what is done of it, its total
_PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class Sending:
    """A file on its way.

    Attributes:
        columns: Our column -> theirs; empty leaves it to the registry.
    """

    file: Path
    project: str
    crs: str
    columns: Mapping[str, str]

    def pieces(self, progress: Callable[[int, int], None]) -> Iterator[bytes]:
        """Read the file piece by piece and tell how much of it is gone [byte]."""
        total = self.file.stat().st_size
        with self.file.open("rb") as file:
            done = 0
            while piece := file.read(_PIECE_BYTES):
                yield piece
                done += len(piece)
                progress(done, total)


@dataclass(frozen=True)
class Answer:
    """What a registry says of an upload.

    Attributes:
        new: Whether it was not there before.
        state: Of its newest run: waiting, working, done or failed.
        fault_code, fault: Why the file as a whole was refused; "" otherwise.
        tally: As `registry_api.services.upload_views.Tally`; None until it is done.
        page: Where a person reads the report.
    """

    id: str
    project: str
    new: bool
    state: str
    run: int
    fault_code: str
    fault: str
    tally: Mapping[str, int] | None
    page: str

    @property
    def ended(self) -> bool:
        """Say whether there is nothing to wait for."""
        return self.state in ("done", "failed")

    def as_data(self) -> dict[str, Any]:
        """Give it for a program to read."""
        return asdict(self)
