"""What a tree truly weighs: the registry's mean, and how this landscape departs from it.

The departures follow the error model that the estimator allows for (methodology 4.2): one site
effect per equation, one more where a proxy stands in, one wood density per taxon, one residual per
tree. Means come from `mrv.biomass`; no coefficient of an equation is written here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mrv.biomass.allometry import EQUATIONS, Equation, ln_biomass
from mrv.biomass.carbon import draw_root_shoot, root_shoot_ratio
from mrv.biomass.selection import Choice, select_equation
from mrv.biomass.wood_density import LIMITS_G_CM3, find_wood_density, wood_densities
from mrv.methodologies import load_methodology
from mrv.simulation.randomness import stream
from mrv.simulation.spec import LandscapeSpec

Floats = NDArray[np.float64]
_STEP_CM = 0.5  # trees whose diameters agree so far share one choice of equation


@dataclass(frozen=True, slots=True)
class Scales:
    """The true conversion from trees to carbon in one landscape.

    Attributes:
        species: Scientific name by kind.
        region: Allometry region.
        site_factor: True biomass over the equation's mean, by equation [1].
        proxy_factor: The same again where the equation is a proxy for the species [1].
        wood_density_g_cm3: True density by species.
        root_shoot: True ratio by stratum.
        carbon_fraction: Carbon in dry matter [tC/t d.m.].
        within_sd_ln: Spread of ln(biomass) between trees of a site.
        sapling_exponent: How biomass tapers below an equation's range.
        extrapolation_factor: How far above its range an equation is used.
    """

    species: tuple[str, ...]
    region: str
    site_factor: Mapping[str, float]
    proxy_factor: Mapping[str, float]
    wood_density_g_cm3: Mapping[str, float]
    root_shoot: Mapping[str, float]
    carbon_fraction: float
    within_sd_ln: float
    sapling_exponent: float
    extrapolation_factor: float

    def choose(self, kind: NDArray[np.int64], low_cm: Floats, high_cm: Floats) -> list[Choice]:
        """Choose the equation of every tree from its smallest and largest diameter [cm]."""
        steps = np.column_stack([kind, low_cm // _STEP_CM, high_cm // _STEP_CM]).astype(np.int64)
        distinct, which = np.unique(steps, axis=0, return_inverse=True)
        choices = [
            select_equation(
                self.species[k],
                self.region,
                (low + 0.5) * _STEP_CM,
                (high + 0.5) * _STEP_CM,
                extrapolation_factor=self.extrapolation_factor,
            )
            for k, low, high in distinct.tolist()
        ]
        return [choices[i] for i in which.ravel()]

    def weigh(
        self,
        choices: list[Choice],
        kind: NDArray[np.int64],
        dbh_cm: Floats,
        height_m: Floats,
        residual: Floats,
    ) -> Floats:
        """Weigh every tree.

        Args:
            choices: Its equation.
            kind: Index into `species`.
            dbh_cm: True diameter [cm].
            height_m: True height [m].
            residual: The tree's departure within the site, in standard deviations.

        Returns:
            Above-ground biomass [kg d.m.]; 0 for what is not credited.
        """
        labels = np.array([_label(choice) for choice in choices])
        density = np.array([self.wood_density_g_cm3[s] for s in self.species])[kind]
        agb = np.zeros(len(kind))
        for label, choice in {_label(choice): choice for choice in choices}.items():
            if choice.equation is None:
                continue
            here = np.flatnonzero(labels == label)
            mean = self._mean_kg(choice.equation, dbh_cm[here], height_m[here], density[here])
            agb[here] = mean * self._departure(choice)
        spread = self.within_sd_ln
        return np.asarray(agb * np.exp(spread * residual - spread**2 / 2))

    def departures(self, choices: list[Choice]) -> dict[str, float]:
        """Name the equations in use and how far true biomass departs from each [1]."""
        used = {_label(choice): choice for choice in choices if choice.equation}
        return {label: self._departure(used[label]) for label in sorted(used)}

    def _departure(self, choice: Choice) -> float:
        name = choice.equation.id if choice.equation else ""
        return self.site_factor[name] * (self.proxy_factor[name] if choice.proxy else 1.0)

    def _mean_kg(
        self, equation: Equation, dbh_cm: Floats, height_m: Floats, density: Floats
    ) -> Floats:
        low, high = equation.dbh_cm or (0.0, np.inf)
        held = np.clip(dbh_cm, low, high * self.extrapolation_factor)
        ln = ln_biomass(equation, np.log(held), ln_h=np.log(height_m), ln_wd=np.log(density))
        taper = np.minimum(dbh_cm / held, 1.0) ** self.sapling_exponent
        return np.asarray(np.exp(ln) * taper)


def adjust_scales(spec: LandscapeSpec, seed: int) -> Scales:
    """Draw how this landscape departs from the equations and ratios, once."""
    rules = load_methodology("agroforestry_removals", 1)
    species = tuple(kind.species for kind in spec.kinds)
    zone = root_shoot_ratio(spec.ecology.root_shoot_zone)
    cv = rules.number("carbon.root_shoot_cv")
    return Scales(
        species=species,
        region=spec.ecology.allometry_region,
        site_factor=_factors(seed, "site", rules.number("allometry.site_sd_ln")),
        proxy_factor=_factors(seed, "proxy", rules.number("allometry.proxy_sd_ln")),
        wood_density_g_cm3={name: _true_density(seed, name) for name in sorted(set(species))},
        root_shoot={
            s.name: float(draw_root_shoot(stream(seed, f"root:shoot {s.name}"), 1, zone, cv)[0])
            for s in spec.strata
        },
        carbon_fraction=rules.number("carbon.fraction_mean"),
        within_sd_ln=rules.number("allometry.within_site_sd_ln"),
        sapling_exponent=rules.number("allometry.sapling_exponent"),
        extrapolation_factor=rules.number("allometry.extrapolation_factor"),
    )


def _label(choice: Choice) -> str:
    if choice.equation is None:
        return ""
    return f"{choice.equation.id} (proxy)" if choice.proxy else choice.equation.id


def _factors(seed: int, what: str, sd_ln: float) -> dict[str, float]:
    """Draw a factor of mean 1 per equation."""
    z = {name: stream(seed, f"{what} {name}").standard_normal() for name in EQUATIONS}
    return {name: float(np.exp(sd_ln * value - sd_ln**2 / 2)) for name, value in z.items()}


def _true_density(seed: int, species: str) -> float:
    known = find_wood_density(species, wood_densities())
    drawn = stream(seed, f"wood {known.taxon}").normal(known.mean_g_cm3, known.sd_g_cm3)
    return float(np.clip(drawn, *LIMITS_G_CM3))
