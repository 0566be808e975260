"""Where one installation keeps things: registry, artifacts, scenes, shelves.

Everything lies under one home folder unless the registry's settings say otherwise.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sqlalchemy.orm import Session

from pipelines.shelf import Shelf
from registry_api.services.kept_files import KeptFiles
from registry_api.services.unit_of_work import reading, unit_of_work
from registry_api.settings import Settings


@dataclass(frozen=True)
class Workspace:
    """One installation.

    Attributes:
        home: Folder of everything.
        demo: Whether its registry is a demonstration.
        stac_url: API to ask for the scenes of simulated projects; empty reads their catalog.
        draws: Monte Carlo draws; 0 takes the methodology's own number.
    """

    home: Path
    demo: bool = False
    stac_url: str = ""
    draws: int = 0

    @cached_property
    def settings(self) -> Settings:
        """Give the registry's settings for this home."""
        return Settings(home=self.home, demo=self.demo)

    @cached_property
    def store(self) -> KeptFiles:
        """Give the content-addressed files."""
        return KeptFiles(self.settings)

    @contextmanager
    def registry(self) -> Iterator[Session]:
        """Open one transaction of the registry."""
        with unit_of_work(self.settings) as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Look at one state of the registry, beside any writer."""
        with reading(self.settings) as session:
            yield session

    def shelf(self, project: str, period: str) -> Shelf:
        """Give the shelf of one project and period."""
        return Shelf(self.store, self.home / "shelves" / project / period)
