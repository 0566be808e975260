"""The errors of biomass that all trees of a draw share: site, coefficients, wood, height curve.

Every component has a random stream of its own, keyed by its name and the block of draws, so that
what is drawn does not depend on which plots there are nor on how many blocks follow.
"""

import hashlib
from typing import cast

import numpy as np
from numpy.typing import NDArray

from mrv.biomass.allometry import Equation
from mrv.biomass.context import BiomassContext
from mrv.biomass.heights import HeightModel
from mrv.biomass.selection import GENERIC_WITH_HEIGHT
from mrv.biomass.wood_density import LIMITS_G_CM3

Draws = NDArray[np.float32]
Which = NDArray[np.int64] | slice

ALL = slice(None)
# Posterior of Chave et al. 2014 eq. 4 in BIOMASS (1,001 draws): SD of intercept and slope of
# ln(AGB) on ln(WD D^2 H), and their correlation; doi:10.1111/2041-210X.12753 [V].
_EQ4_INTERCEPT_SD, _EQ4_SLOPE_SD, _EQ4_CORRELATION = 0.021475, 0.002747, -0.96455
# Trees behind an equation whose number is not known [P]: few, so that its coefficients stay vague.
_TREES_UNKNOWN = 20


def stream(seed: int, component: str, *block: int) -> np.random.Generator:
    """Open the random stream of one component of the error, by its name and block of draws."""
    digest = hashlib.sha256(component.encode()).digest()[:16]
    name = (int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4))
    seeds = np.random.SeedSequence(seed, spawn_key=(*name, *block))
    return np.random.Generator(np.random.SFC64(seeds))


class SharedErrors:
    """The errors that all trees of a draw share, for one block of draws.

    Each is drawn once, when first asked for, and is the same whenever it is asked for again.

    Attributes:
        draws: How many draws the block has.
        block: Its number, from 0.
    """

    def __init__(
        self,
        context: BiomassContext,
        height_model: HeightModel | None,
        draws: int,
        seed: int,
        block: int = 0,
    ) -> None:
        self.context = context
        self.height_model = height_model
        self.draws = draws
        self.seed = seed
        self.block = block
        self._drawn: dict[str, Draws] = {}

    def normal(self, component: str) -> Draws:
        """Give a component's standard normal draws, the same ones whenever asked."""
        if component not in self._drawn:
            rng = stream(self.seed, component, self.block)
            self._drawn[component] = rng.standard_normal(self.draws, dtype=np.float32)
        return self._drawn[component]

    def ln_factor(self, component: str, sd_ln: float) -> Draws:
        """Give the logarithm of a lognormal factor of mean one."""
        return np.asarray(self.normal(component) * np.float32(sd_ln) - np.float32(sd_ln**2 / 2))

    def ln_density(self, taxon: str, mean: float, sd: float) -> Draws:
        """Give the logarithm of a taxon's wood density [ln g cm-3]."""
        drawn = np.float32(mean) + self.normal(f"wood_density/{taxon}") * np.float32(sd)
        return np.asarray(np.log(np.clip(drawn, *LIMITS_G_CM3)))

    def line(self, equation: Equation, ecoregion: str, proxy_species: str) -> tuple[Draws, Draws]:
        """Give slope and offset that turn an equation's ln(biomass) into a drawn one."""
        errors = self.context.allometry
        offset: Draws = self.ln_factor(f"site/{ecoregion}/{equation.id}", errors.site_sd_ln)
        slope: Draws = np.ones(self.draws, np.float32)
        if proxy_species:
            offset = offset + self.ln_factor(f"proxy/{proxy_species}", errors.proxy_sd_ln)
        if errors.parameters and equation.id == GENERIC_WITH_HEIGHT:
            (term,) = equation.terms
            z = [self.normal(f"parameters/{equation.id}/{i}") for i in (0, 1)]
            intercept = np.float32(_EQ4_INTERCEPT_SD) * z[0]
            along, apart = _EQ4_CORRELATION, np.sqrt(1 - _EQ4_CORRELATION**2)
            both = np.float32(along) * z[0] + np.float32(apart) * z[1]
            tilt = np.float32(_EQ4_SLOPE_SD) * both / np.float32(term.h)
            slope = 1 + tilt
            offset = offset + intercept - tilt * np.float32(term.ln_scale)
        elif errors.parameters:
            sd = self.residual_sd_ln(equation) / np.sqrt(equation.n_trees or _TREES_UNKNOWN)
            offset = offset + self.ln_factor(f"parameters/{equation.id}", float(sd))
        return np.asarray(slope, np.float32), np.asarray(offset, np.float32)

    def residual_sd_ln(self, equation: Equation) -> float:
        """Give the SD of ln(biomass) of single trees about an equation [1]."""
        within = self.context.allometry.within_site_sd_ln
        if equation.id == GENERIC_WITH_HEIGHT or equation.residual_sd_ln is None:
            return within
        return equation.residual_sd_ln

    def ln_height(self, ln_d: Draws, ecoregion: str, species: str, at: Which = ALL) -> Draws:
        """Give the logarithm of the modelled mean height of diameters [ln m].

        Args:
            ln_d: Logarithms of diameters [ln cm]; the last axis is that of the draws, or is 1.
            ecoregion: Whose site effect they share.
            species: Whose departure from the curve they share; empty for none.
            at: Which draws the last axis stands for.
        """
        model = cast("HeightModel", self.height_model)
        name = f"height_model/{model.id}/{ecoregion}"
        site = self.ln_factor(name, model.site_sd_ln)[at]
        if model.form == "weibull":
            a, b, c = (np.float32(v) for v in model.coefficients)
            return np.asarray(np.log(-a * np.expm1(-b * np.exp(c * ln_d))) + site)
        degree = len(model.coefficients) - 1
        coefficients = np.asarray(model.coefficients, np.float32)[None, :]
        if model.covariance:
            root = np.linalg.cholesky(np.reshape(model.covariance, (degree + 1, degree + 1)))
            z = np.stack([self.normal(f"{name}/{i}")[at] for i in range(degree + 1)], axis=1)
            error = z @ root.T.astype(np.float32)
            coefficients = coefficients + error
            if departs := model.departure(species):
                site = site + self.ln_factor(f"{name}/{species}", departs.sd_ln)[at]
                site += np.float32(departs.departure_ln)
                site -= error @ np.asarray(departs.known_at, np.float32)
        value = coefficients[:, degree] * np.ones_like(ln_d)
        for power in range(degree - 1, -1, -1):
            value = value * ln_d + coefficients[:, power]
        return np.asarray(value + np.float32(0.5 * model.tree_sd_ln**2) + site)
