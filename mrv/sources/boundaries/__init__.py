"""Boundary files: whatever the field team has, into one table of shapes.

`read_boundaries` reads a stranger's file in a limited child process, `parse_boundaries` does the
same in this one. A shape that cannot be understood becomes a row without geometry and with the
reason, so that its neighbours still go in; judging shapes is `mrv.plots.screen`, writing them
`write`.
"""

from mrv.sources.boundaries.features import (
    GEOMETRY_CRS,
    GEOMETRY_NOTE,
    GEOMETRY_PROBLEM,
    MAX_FEATURES,
    BoundaryFile,
)
from mrv.sources.boundaries.formats import FORMATS, parse_boundaries
from mrv.sources.boundaries.limited import read_boundaries
from mrv.sources.limited import MAX_BYTES, Limits, shown_name

__all__ = [
    "FORMATS",
    "GEOMETRY_CRS",
    "GEOMETRY_NOTE",
    "GEOMETRY_PROBLEM",
    "MAX_BYTES",
    "MAX_FEATURES",
    "BoundaryFile",
    "Limits",
    "parse_boundaries",
    "read_boundaries",
    "shown_name",
]
