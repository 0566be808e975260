"""Landscapes that the simulation's tests share: drawn once, never changed."""

import pytest

from mrv.simulation.archetypes import ARCHETYPES
from mrv.simulation.landscape import Landscape, simulate_landscape


@pytest.fixture(scope="session")
def growing() -> Landscape:
    """Give a small landscape in which trees grow."""
    return simulate_landscape(ARCHETYPES["growing"], seed=1)


@pytest.fixture(scope="session")
def still() -> Landscape:
    """Give the same landscape with time stopped."""
    return simulate_landscape(ARCHETYPES["zero-growth"], seed=1)
