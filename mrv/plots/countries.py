"""Where a country is, roughly: a box that catches swapped axes, zeros and wrong countries.

The table is the EPSG dataset's extent of each country (v11.022, as shipped with PROJ 9.5.1; its
licence allows redistribution), offshore waters included. A box is no border: a plot inside it may
still lie in the neighbouring country.
"""

import csv
from collections.abc import Mapping
from functools import cache
from importlib import resources

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
