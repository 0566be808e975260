"""Which equation a tree gets, and which plants are never credited.

Order: its species in its region, its genus, a stand-in, the region's mixed species, then the
generic equations. The tables are in `taxa.toml`; the equations themselves are in `allometry.py`.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Literal

from mrv.biomass.allometry import BREAST_HEIGHT_M, EQUATIONS, Equation
from mrv.errors import InputRejected

Level = Literal["species", "genus", "stand_in", "regional", "generic", "not_credited"]

# How far from where an equation takes its diameter a crew may have taken it [m] [P].
_AT_TOLERANCE_M = 0.05

GENERIC_WITH_HEIGHT = "chave2014_eq4"
GENERIC_WITHOUT_HEIGHT = "chave2014_eq7"


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen for a tree and why.

    Attributes:
        equation: None where the tree is not credited.
        level: How close the equation is to the tree.
        proxy: Whether another species or continent stands in, so that the proxy error applies.
        flags: Codes for the report: proxy, genus_equation, regional_mixed, generic, sapling,
            above_range.
        reason: Why the tree is not credited, or why something stands in; else empty.
    """

    equation: Equation | None
    level: Level
    proxy: bool
    flags: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Candidate:
    equation: Equation
    level: Level
    proxy: bool
    reason: str = ""


@cache
def _tables() -> Mapping[str, Any]:
    file = resources.files(__name__.rpartition(".")[0]).joinpath("taxa.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


def regions() -> tuple[str, ...]:
    """List the allometry regions that a project may name."""
    return tuple(_tables()["region"])


@lru_cache(10_000)
def not_credited(species: str) -> str:
    """Say why a plant is never credited: herb, palm, bamboo, coffee, baobab; empty if it may be."""
    genus = species.split(" ", 1)[0]
    for row in _tables()["not_credited"].values():
        if genus in row["taxa"] or species in row["taxa"]:
            return str(row["reason"])
    return ""


@lru_cache(10_000)
def measured_by_height(species: str) -> bool:
    """Say whether a plant's biomass is told from its height alone, as a palm's is."""
    equation = reported_equation(species, BREAST_HEIGHT_M)
    return equation is not None and equation.inputs == ("height_m",)


def reported_equation(species: str, measured_at_m: float) -> Equation | None:
    """Find the equation that tells what a plant weighs that is never credited; None if none does.

    Args:
        species: Scientific name; empty if not known.
        measured_at_m: Height above ground at which its diameter was taken [m].
    """
    genus = species.split(" ", 1)[0]
    named = _tables()["reported"].get(genus, {"equations": ()})["equations"]
    return next((e for e in map(EQUATIONS.__getitem__, named) if _fits(e, measured_at_m)), None)


def select_equation(
    species: str,
    region: str,
    low_cm: float,
    high_cm: float,
    *,
    height: bool = True,
    measured_at_m: float = BREAST_HEIGHT_M,
    extrapolation_factor: float = 1.2,
) -> Choice:
    """Choose the equation for one tree, the same for all its visits.

    The first equation in order that covers the tree at every visit is taken; if none does, the
    first that covers its largest diameter, and the smaller visits taper below the range; if even
    that fails the generic one, held at the end of its range.

    Args:
        species: Scientific name; empty if not known.
        region: A key of `taxa.toml`, such as western_kenya.
        low_cm: Smallest diameter of the tree over its visits [cm].
        high_cm: Largest diameter of the tree over its visits [cm].
        height: Whether a height is to be had, measured or modelled.
        measured_at_m: Height above ground at which the diameter was taken, always the same [m].
            An equation that takes it elsewhere is not used; one that takes it at breast height
            may be used above, as above buttresses, because stems taper.
        extrapolation_factor: How far above the fitted range an equation may be used [1].

    Returns:
        The choice, with flags.

    Raises:
        InputRejected: If the region is not known.
    """
    if region not in _tables()["region"]:
        raise InputRejected(
            f"There is no allometry region '{region}'; set ecology.allometry_region to one of "
            f"{', '.join(regions())}.",
            region=region,
        )
    if reason := not_credited(species):
        return Choice(None, "not_credited", proxy=False, flags=(), reason=reason)
    candidates = _candidates(species, region, measured_at_m, height=height)
    if not candidates:
        reason = (
            f"its diameter was taken at {measured_at_m:g} m, where no verified equation takes it"
        )
        return Choice(None, "not_credited", proxy=False, flags=(), reason=reason)
    chosen = (
        _first(candidates, low_cm, high_cm, extrapolation_factor)
        or _first(candidates, high_cm, high_cm, extrapolation_factor)
        # Too thin for every range: the one that reaches lowest. Too thick: the generic one.
        or min(
            (c for c in candidates if _upper(c) * extrapolation_factor >= high_cm),
            key=_lower,
            default=candidates[-1],
        )
    )
    # The tree has outgrown this equation, or one that is closer to it.
    nearer = candidates[: candidates.index(chosen) + 1]
    above = any(_upper(c) * extrapolation_factor < high_cm for c in nearer)
    flags = {
        "proxy": chosen.proxy,
        "genus_equation": chosen.level == "genus",
        "regional_mixed": chosen.level == "regional",
        "generic": chosen.level == "generic" or chosen.equation.id == GENERIC_WITH_HEIGHT,
        "species_unknown": not species,
        "sapling": low_cm < _lower(chosen),
        "above_range": above,
    }
    return Choice(
        chosen.equation,
        chosen.level,
        chosen.proxy,
        tuple(code for code, on in flags.items() if on),
        chosen.reason,
    )


def _fits(equation: Equation, measured_at_m: float) -> bool:
    """Say whether an equation may be given a diameter that was taken at that height [m]."""
    off = measured_at_m - equation.diameter_at_m
    above_buttress = equation.diameter_at_m == BREAST_HEIGHT_M and off > 0
    return not equation.takes_diameter or abs(off) <= _AT_TOLERANCE_M or above_buttress


@lru_cache(10_000)  # asked for every tree, of few species at few heights
def _candidates(
    species: str, region: str, measured_at_m: float, *, height: bool
) -> tuple[_Candidate, ...]:
    return tuple(
        c
        for c in _in_order(species, region, height=height)
        if (height or not c.equation.takes_height) and _fits(c.equation, measured_at_m)
    )


def _in_order(species: str, region: str, *, height: bool) -> Iterator[_Candidate]:
    place = _tables()["region"][region]
    zones = set(place["zones"])
    genus = species.split(" ", 1)[0]
    local = [
        e for e in EQUATIONS.values() if e.creditable and e.output == "agb" and zones & set(e.zones)
    ]
    if species:
        yield from (
            _Candidate(e, "species", proxy=False)
            for e in local
            if species in e.taxa and " " in species
        )
        yield from (_Candidate(e, "genus", proxy=False) for e in local if genus in e.taxa)
        for taxon in (species, genus):
            row = _tables()["stand_in"].get(taxon)
            if row and zones & set(row["zones"]):
                yield _Candidate(
                    EQUATIONS[row["equation"]], "stand_in", proxy=True, reason=row["reason"]
                )
    if "mixed" in place:
        yield _Candidate(
            EQUATIONS[place["mixed"]],
            "regional",
            place.get("mixed_is_proxy", False),
            place["source"],
        )
    generic = GENERIC_WITH_HEIGHT if height else GENERIC_WITHOUT_HEIGHT
    # A temperate tree in the pantropical equation is a stand-in too.
    yield _Candidate(EQUATIONS[generic], "generic", proxy="tropics" not in zones)


def _first(
    candidates: tuple[_Candidate, ...], low_cm: float, high_cm: float, factor: float
) -> _Candidate | None:
    return next((c for c in candidates if c.equation.covers(low_cm, high_cm, factor)), None)


def _lower(candidate: _Candidate) -> float:
    return candidate.equation.dbh_cm[0] if candidate.equation.dbh_cm else 0.0


def _upper(candidate: _Candidate) -> float:
    return candidate.equation.dbh_cm[1] if candidate.equation.dbh_cm else 0.0
