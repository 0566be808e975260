"""Wood density: oven-dry mass over green volume, per species, genus, stand or at large.

The means are facts of the Global Wood Density Database v2 as estimated in BIOMASS (Réjou-Méchain
et al. 2017), for the species met on farms; `wood_density.csv` holds them with their tag. Their
error belongs to the taxon, not to the tree: it is drawn once for all trees of a taxon.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from io import StringIO
from types import MappingProxyType
from typing import Literal

import numpy as np

from mrv.errors import RuleMissing

Level = Literal["species", "genus", "stand", "dataset"]

# Range outside which no wood is known [g cm-3]; BIOMASS, Réjou-Méchain et al. 2017 [V].
LIMITS_G_CM3 = (0.08, 1.39)
# Mean over 16,882 species of GWDD v2 as estimated in BIOMASS, and the SD that a species drawn at
# random has: 0.128 between species, 0.087 for the estimate of one [C].
_DATASET = (0.598, 0.155)
# A stand mean needs a few known trees to be better than the mean of all woods [P].
_STAND_TREES_MIN = 10


@dataclass(frozen=True, slots=True)
class WoodDensity:
    """A density, its error, and which taxon it was found for.

    Attributes:
        taxon: Species or genus looked up; "stand" or "dataset" where neither was found.
        level: How close that is to the tree.
        mean_g_cm3: Mean [g cm-3].
        sd_g_cm3: Standard deviation of the taxon's mean [g cm-3].
    """

    taxon: str
    level: Level
    mean_g_cm3: float
    sd_g_cm3: float


@cache
def wood_densities() -> Mapping[str, WoodDensity]:
    """Give the densities that come with this package, by taxon.

    Raises:
        RuleMissing: If a density lies outside the range of any wood.
    """
    file = resources.files(__name__.rpartition(".")[0]).joinpath("wood_density.csv")
    rows = csv.DictReader(StringIO(file.read_text(encoding="utf-8")))
    table: dict[str, WoodDensity] = {}
    for row in rows:
        mean, sd = float(row["mean_g_cm3"]), float(row["sd_g_cm3"])
        if not LIMITS_G_CM3[0] <= mean <= LIMITS_G_CM3[1] or sd <= 0 or row["taxon"] in table:
            raise RuleMissing(
                f"The wood density of '{row['taxon']}' is unusable.", rule=row["taxon"]
            )
        level: Level = "species" if row["level"] == "species" else "genus"
        table[row["taxon"]] = WoodDensity(row["taxon"], level, mean, sd)
    return MappingProxyType(table)


def find_wood_density(
    species: str,
    table: Mapping[str, WoodDensity],
    stand: WoodDensity | None = None,
) -> WoodDensity:
    """Look a density up: species, then genus, then the stand's mean, then that of all woods.

    Args:
        species: Scientific name; empty if not known.
        table: Densities by taxon.
        stand: Mean of the trees around, from `stand_mean`.

    Source:
        Réjou-Méchain et al. 2017, doi:10.1111/2041-210X.12753; family means are left out, because
        an inventory names no families.
    """
    genus = species.split(" ", 1)[0]
    return (
        table.get(species)
        or table.get(genus)
        or stand
        or WoodDensity("dataset", "dataset", *_DATASET)
    )


def stand_mean(species: Iterable[str], table: Mapping[str, WoodDensity]) -> WoodDensity | None:
    """Average the densities of the trees whose species is known, one entry per tree.

    Returns:
        The mean, with the spread between trees and the error of a taxon as its SD; None where
        fewer than ten trees are known.
    """
    known = [w for name in species if (w := table.get(name) or table.get(name.split(" ", 1)[0]))]
    if len(known) < _STAND_TREES_MIN:
        return None
    means = np.array([w.mean_g_cm3 for w in known])
    errors = np.array([w.sd_g_cm3 for w in known])
    sd = float(np.sqrt(means.var() + (errors**2).mean()))
    return WoodDensity("stand", "stand", float(means.mean()), sd)
