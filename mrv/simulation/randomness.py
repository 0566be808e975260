"""One independent stream of random numbers per component and seed.

A component's numbers do not depend on how many numbers another one drew, so a change in, say, the
clouds leaves the plots as they were.
"""

import zlib

import numpy as np


def stream(seed: int, component: str) -> np.random.Generator:
    """Give the generator of one component of one landscape."""
    return np.random.default_rng([seed, zlib.crc32(component.encode())])
