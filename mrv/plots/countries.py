"""Where a country is: a box that catches swapped axes and zeros, and an outline for its borders.

Boxes are the EPSG dataset's extent of each country (v11.022, as shipped with PROJ 9.5.1; its
licence allows redistribution), offshore waters included.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from mrv.plots.surroundings import Floats

SLACK_DEGREES = 0.1  # the extents are rounded; real fields of Togo lie 2 km outside theirs [P]

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
    """How far a country reaches."""

    country: str
    box: Box

    def reaches(self, lon: Floats, lat: Floats) -> np.ndarray:
        """Say whether points may lie in it, the errors of the outline granted."""
        west, south, east, north = self.box
        slack = SLACK_DEGREES
        inside = (west - slack <= lon) & (lon <= east + slack)
        return inside & (south - slack <= lat) & (lat <= north + slack)

    def holds(self, lon: Floats, lat: Floats) -> np.ndarray:
        """Say whether points lie in it."""
        return self.reaches(lon, lat)


def outline_of(country: str) -> Outline | None:
    """Give a country's outline; None where it is not known."""
    box = country_boxes().get(country)
    return None if box is None else Outline(country, box)
