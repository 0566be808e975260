"""What a tree truly weighs: the registry's mean, and how this landscape departs from it.

The departures follow the error model that the estimator allows for (methodology 4.2), written here
a second time on purpose: an error in one of the two shows as intervals that miss. Per equation one
site effect and one departure of its coefficients, per species one more where a proxy stands in, per
taxon one wood density, per tree one residual. Means come from `mrv.biomass`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mrv.biomass.allometry import Equation
from mrv.biomass.assignment import ln_agb_kg
from mrv.biomass.carbon import draw_root_shoot, root_shoot_ratio
from mrv.biomass.context import BiomassContext
from mrv.biomass.selection import GENERIC_WITH_HEIGHT, Choice, select_equation
from mrv.biomass.wood_density import LIMITS_G_CM3, find_wood_density
from mrv.methodologies import load_methodology
from mrv.simulation.randomness import stream
from mrv.simulation.spec import LandscapeSpec
from mrv.simulation.trees import HEIGHT_POWER

Floats = NDArray[np.float64]
_STEP_CM = 0.5  # trees whose diameters agree so far share one choice of equation
_TREES_UNKNOWN = 20  # behind an equation that does not say on how many it was fitted [P]


@dataclass(frozen=True, slots=True)
class Scales:
    """The true conversion from trees to carbon in one landscape.

    Attributes:
        seed: Of the landscape.
        species: Scientific name by kind.
        context: Region and sizes of errors.
        wood_density_g_cm3: True density by species.
        root_shoot: True ratio of below- to above-ground biomass [1].
        carbon_fraction: Carbon in dry matter [tC/t d.m.].
    """

    seed: int
    species: tuple[str, ...]
    context: BiomassContext
    wood_density_g_cm3: Mapping[str, float]
    root_shoot: float
    carbon_fraction: float

    def choose(self, kind: NDArray[np.int64], low_cm: Floats, high_cm: Floats) -> "Choices":
        """Choose the equation of every tree from its smallest and largest diameter [cm]."""
        steps = np.column_stack([kind, low_cm // _STEP_CM, high_cm // _STEP_CM]).astype(np.int64)
        distinct, which = np.unique(steps, axis=0, return_inverse=True)
        made = [
            select_equation(
                self.species[k],
                self.context.allometry_region,
                (low + 0.5) * _STEP_CM,
                (high + 0.5) * _STEP_CM,
                extrapolation_factor=self.context.allometry.extrapolation_factor,
            )
            for k, low, high in distinct.tolist()
        ]
        keys = [
            (choice.equation.id if choice.equation else "", self.species[k] if choice.proxy else "")
            for choice, k in zip(made, distinct[:, 0], strict=True)
        ]
        first = {key: index for index, key in reversed(list(enumerate(keys)))}
        names = sorted(first)
        position = np.array([names.index(key) for key in keys])[which.ravel()]
        return Choices(
            made=tuple(made[first[key]] for key in names),
            species=tuple(species for _, species in names),
            which=position,
        )

    def weigh(
        self,
        choices: "Choices",
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
        density = np.array([self.wood_density_g_cm3[s] for s in self.species])[kind]
        agb = np.zeros(len(kind))
        for index, (choice, name) in enumerate(zip(choices.made, choices.species, strict=True)):
            if choice.equation is None:
                continue
            here = np.flatnonzero(choices.which == index)
            sd = self._residual_sd_ln(choice.equation)
            own = np.exp(sd * residual[here] - sd**2 / 2) * self.departure(choice, name)
            mean = self._mean_kg(choice.equation, dbh_cm[here], height_m[here], density[here])
            agb[here] = mean * own
        return agb

    def departure(self, choice: Choice, species: str) -> float:
        """Give true biomass over an equation's mean in this landscape [1], 1 for no equation."""
        if choice.equation is None:
            return 1.0
        errors, name = self.context.allometry, choice.equation.id
        fitted_on = choice.equation.n_trees or _TREES_UNKNOWN
        coefficients = self._residual_sd_ln(choice.equation) / fitted_on**0.5
        factor = self._factor(f"site {name}", errors.site_sd_ln)
        factor *= self._factor(f"coefficients {name}", coefficients)
        return factor * self._factor(
            f"proxy {species}", errors.proxy_sd_ln if choice.proxy else 0.0
        )

    def departures(self, choices: "Choices") -> dict[str, float]:
        """Name the equations in use and how far true biomass departs from each [1]."""
        return {
            f"{choice.equation.id} for {name}" if name else choice.equation.id: self.departure(
                choice, name
            )
            for choice, name in zip(choices.made, choices.species, strict=True)
            if choice.equation
        }

    def _factor(self, what: str, sd_ln: float) -> float:
        """Draw a lognormal factor of mean 1."""
        return float(np.exp(sd_ln * stream(self.seed, what).standard_normal() - sd_ln**2 / 2))

    def _residual_sd_ln(self, equation: Equation) -> float:
        within = self.context.allometry.within_site_sd_ln
        if equation.id == GENERIC_WITH_HEIGHT:  # its published sigma holds the site effect too
            return within
        return equation.residual_sd_ln or within

    def _mean_kg(
        self, equation: Equation, dbh_cm: Floats, height_m: Floats, density: Floats
    ) -> Floats:
        # below its range an equation is taken at the range's limit, height and all, and tapered
        held = np.maximum(dbh_cm, equation.dbh_cm[0] if equation.dbh_cm else 0.0)
        ln_h = np.log(height_m * (held / dbh_cm) ** HEIGHT_POWER)
        ln, taper = ln_agb_kg(equation, np.log(dbh_cm), ln_h, np.log(density), self.context)
        return np.asarray(np.exp(ln + taper))


@dataclass(frozen=True, slots=True)
class Choices:
    """The equations of many trees.

    Attributes:
        made: The distinct choices.
        species: Species that each is for, empty unless it is a proxy.
        which: Index into both, per tree.
    """

    made: tuple[Choice, ...]
    species: tuple[str, ...]
    which: NDArray[np.int64]


def adjust_scales(spec: LandscapeSpec, seed: int) -> Scales:
    """Draw how this landscape departs from the equations and ratios, once."""
    rules = load_methodology("agroforestry_removals", 1)
    species = tuple(kind.species for kind in spec.kinds)
    context = BiomassContext.of(spec.ecology, rules)
    zone = root_shoot_ratio(spec.ecology.root_shoot_zone)
    cv = rules.number("carbon.root_shoot_cv")
    return Scales(
        seed=seed,
        species=species,
        context=context,
        wood_density_g_cm3={
            name: _true_density(seed, name, context) for name in sorted(set(species))
        },
        root_shoot=float(draw_root_shoot(stream(seed, "root:shoot"), 1, zone, cv)[0]),
        carbon_fraction=rules.number("carbon.fraction_mean"),
    )


def _true_density(seed: int, species: str, context: BiomassContext) -> float:
    known = find_wood_density(species, context.wood_densities)
    drawn = stream(seed, f"wood {known.taxon}").normal(known.mean_g_cm3, known.sd_g_cm3)
    return float(np.clip(drawn, *LIMITS_G_CM3))
