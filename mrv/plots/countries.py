"""Where a country is: a box around it, and an outline of its borders and coasts.

Boxes are the EPSG dataset's extent of each country (v11.022, as shipped with PROJ 9.5.1; its
licence allows redistribution), offshore waters included. Outlines are Natural Earth's 1:10m borders
(public domain), simplified by `tests/mrv/plots/freeze_outlines.py`; they are right to some
kilometres, so a plot is refused only beyond a slack around them.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import shapely
from numpy.typing import NDArray

from mrv.plots.surroundings import Floats

OUTLINE_TOLERANCE_DEGREES = 0.03  # to which they are simplified, 3.3 km; as good as 1:10m is [P]
SLACK_DEGREES = 0.1  # 11 km: real fields of Togo lie 2 km outside its extent [P]

Flags = NDArray[np.bool_]
Box = tuple[float, float, float, float]


@cache
def country_boxes() -> Mapping[str, Box]:
    """Give west, south, east, north [degree] by ISO 3166 code."""
    text = resources.files(__package__).joinpath("country_boxes.csv").read_text(encoding="utf-8")
    return {
        row["country"]: (
            float(row["west"]),
            float(row["south"]),
            float(row["east"]),
            float(row["north"]),
        )
        for row in csv.DictReader(text.splitlines())
    }


def lies_in(box: Box, lon: float, lat: float, slack_degrees: float = SLACK_DEGREES) -> bool:
    """Say whether a point lies in a box or within the slack around it."""
    west, south, east, north = box
    return (
        west - slack_degrees <= lon <= east + slack_degrees
        and south - slack_degrees <= lat <= north + slack_degrees
    )


@dataclass(frozen=True, slots=True)
class Outline:
    """Where a country's borders and coasts run."""

    country: str
    shape: shapely.Geometry

    def reaches(self, lon: Floats, lat: Floats) -> Flags:
        """Say whether points lie in it or near enough that the outline may err."""
        return np.atleast_1d(shapely.dwithin(self.shape, shapely.points(lon, lat), SLACK_DEGREES))

    def holds(self, lon: Floats, lat: Floats) -> Flags:
        """Say whether points lie in it."""
        return np.atleast_1d(shapely.intersects_xy(self.shape, lon, lat))


@cache
def outline_of(country: str) -> Outline | None:
    """Give a country's outline, its box where no outline is known, None where neither is."""
    box = country_boxes().get(country)
    if box is None:
        return None
    outline = _outlines().get(country)
    shape = shapely.box(*box) if outline is None else shapely.from_wkt(outline)
    shapely.prepare(shape)
    return Outline(country, shape)


@cache
def _outlines() -> Mapping[str, str]:
    text = resources.files(__package__).joinpath("country_outlines.csv").read_text(encoding="utf-8")
    _, *lines = text.splitlines()
    return {line[:2]: line[4:-1] for line in lines}  # GH,"MULTIPOLYGON ..."
