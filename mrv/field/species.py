"""Scientific names as crews write them, to the names that equations and densities know."""

import re
from difflib import get_close_matches
from functools import cache

from mrv.biomass.allometry import EQUATIONS
from mrv.biomass.selection import not_credited
from mrv.biomass.wood_density import wood_densities

_NOT_A_NAME = {
    "",
    "na",
    "n/a",
    "none",
    "null",
    "unknown",
    "unidentified",
    "indet",
    "indet.",
    "?",
    "-",
}
_NO_EPITHET = {"sp", "sp.", "spp", "spp.", "indet", "indet.", "na", "n/a", "?", "-"}
_LIKENESS = 0.85


def tidy_species(written: str) -> str:
    """Bring a name to the form Genus species; blank where it names nothing.

    Underscores, capitals, authors and ranks below the species are dropped; a hybrid keeps its
    cross: "Populus x euramericana".
    """
    words = re.sub(r"[_\s]+", " ", written.replace("\u00d7", " x ")).strip().split(" ")
    genus = words[0].lower()
    if genus in _NOT_A_NAME:
        return ""
    genus = genus.capitalize()
    rest = [word.lower() for word in words[1:]]
    if not rest or rest[0] in _NO_EPITHET:
        return genus
    if rest[0] == "x" and len(rest) > 1:
        return f"{genus} x {rest[1]}"
    return f"{genus} {rest[0]}"


def is_known(species: str) -> bool:
    """Say whether an equation, a density or a list of plants never credited knows the name."""
    genus = species.split(" ", 1)[0]
    return bool(species) and (
        species in _known() or genus in _known() or bool(not_credited(species))
    )


def nearest_known(species: str) -> str:
    """Give the known name a misspelling is closest to; empty if none is close."""
    found = get_close_matches(species, sorted(_known()), n=1, cutoff=_LIKENESS)
    return found[0] if found else ""


@cache
def _known() -> frozenset[str]:
    return frozenset(wood_densities()) | {t for e in EQUATIONS.values() for t in e.taxa}
