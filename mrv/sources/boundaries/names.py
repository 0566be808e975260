"""How the columns of a table with boundaries are called, from `names.toml`."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

from mrv.plots.mapping import plain


@cache
def column_names() -> Mapping[str, tuple[str, ...]]:
    """Give the names by what the column holds: boundary, lon, lat, order, part, ring, crs."""
    text = resources.files("mrv.sources.boundaries").joinpath("names.toml").read_text("utf-8")
    return MappingProxyType({what: tuple(names) for what, names in tomllib.loads(text).items()})


def ends_of(column: str) -> frozenset[str]:
    """Give a column's name and what it ends in: gps/_place_latitude ends in latitude."""
    words = plain(column).split("_")
    tail = words[-1:] if len(words[-1]) > 1 else []  # minus_x is no x
    return frozenset({"_".join(words), "_".join(words[-2:]), *tail})
