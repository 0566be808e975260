"""The landscapes that have a name: six sample projects and two for tests, one module each.

Places are real, everything on them is invented: villages, farmers, developers, trees. Densities,
increments, crown widths and heights are this project's choices (tag P) within what farmers'
handbooks and plot studies of such places report; nothing is credited from them.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from mrv.errors import InputRejected
from mrv.simulation.archetypes import (
    acorn_cambodia,
    acorn_kyrgyzstan,
    acorn_lao,
    acorn_viet_nam,
    burkina_shea,
    growing,
    kisumu_women,
)
from mrv.simulation.spec import NO_GROWTH, LandscapeSpec, resized, without_growth

_SAMPLES = (
    acorn_viet_nam, acorn_cambodia, acorn_lao, acorn_kyrgyzstan, kisumu_women, burkina_shea,
)  # fmt: skip
SAMPLE_PROJECTS = tuple(module.SPEC.archetype for module in _SAMPLES)
ARCHETYPES: Mapping[str, LandscapeSpec] = MappingProxyType(
    {module.SPEC.archetype: module.SPEC for module in (*_SAMPLES, growing)}
    | {"zero-growth": replace(without_growth(growing.SPEC), archetype="zero-growth")}
)


def find_archetype(name: str, plots: int | None = None) -> LandscapeSpec:
    """Find a recipe by the name that a project's `[simulation]` records.

    Args:
        name: A key of `ARCHETYPES`, or one with `-no-growth` behind it.
        plots: Number of plots, where it is not the recipe's own.

    Raises:
        InputRejected: If there is no such recipe, or the number of plots is too small.
    """
    base = name.removesuffix(NO_GROWTH)
    if base not in ARCHETYPES:
        raise InputRejected(
            f"There is no landscape '{name}'; there are {', '.join(ARCHETYPES)}.", archetype=name
        )
    spec = ARCHETYPES[base]
    if base != name:
        spec = without_growth(spec)
    return spec if plots is None else resized(spec, plots)
