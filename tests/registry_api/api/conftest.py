"""A registry with two developers, each with a project, for the routes that are not public."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.registry_api.api.a_desk import Desk, opened_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk of its own for each test; it takes files of plots up to a megabyte."""
    with opened_desk(tmp_path, largest_plot_file_mb=1) as desk:
        yield desk
