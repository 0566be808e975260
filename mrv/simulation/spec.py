"""What a simulated landscape is made of: the recipe, before any number is drawn.

The recipes that are used have their names in `archetypes.py`; drawing from one is the work of
`landscape.py`. Sizes, densities and increments are choices of this project (tag P): they are made
to look like the places they are named after, and nothing is credited from them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise

from mrv.errors import InputRejected
from mrv.project import Ecology, Seasons

NO_GROWTH = "-no-growth"


@dataclass(frozen=True, slots=True)
class TreeKind:
    """A species as it grows on farms here.

    Attributes:
        species: Scientific name, one the equation registry or the wood density table knows.
        share: Share of the stems of its group.
        increment_cm_y: Mean growth of the diameter [cm/year].
        crown_m: Width of the crown at a diameter of 20 cm [m].
        height_20_m: Height at a diameter of 20 cm [m].
        start_dbh_cm: Median diameter at the first epoch of trees that stood before [cm].
        leafless: First and last day of the year without leaves; may run over the new year.
        common_name: As people here say.
        use: Why it is kept.
        nested: Small stems that are counted in a smaller part of the plot.
    """

    species: str
    share: float
    increment_cm_y: float
    crown_m: float
    height_20_m: float
    start_dbh_cm: float = 25.0
    leafless: tuple[int, int] | None = None
    common_name: str = ""
    use: str = ""
    nested: bool = False


@dataclass(frozen=True, slots=True)
class Crop:
    """What grows between the trees.

    Attributes:
        name: Of the crop.
        peaks: Day of the year and width [day] of each flush of green, and its greatest cover [1].
        resting_green: Green cover that stays in the dry season: weeds, grass, understorey [1].
    """

    name: str
    peaks: tuple[tuple[float, float, float], ...]
    resting_green: float


@dataclass(frozen=True, slots=True)
class Stratum:
    """A practice that is estimated on its own.

    Attributes:
        name: Value of the column `stratum`.
        practice: In plain words.
        share: Share of the enrolled plots.
        stems_per_ha: Median density of planted stems [1/ha].
        planted: Species planted.
        age_y: Youngest and oldest planting at the first epoch [year].
        crop: Between the trees.
    """

    name: str
    practice: str
    share: float
    stems_per_ha: float
    planted: tuple[TreeKind, ...]
    age_y: tuple[float, float]
    crop: Crop


@dataclass(frozen=True, slots=True)
class Weather:
    """How often the sky is looked through, per epoch.

    Attributes:
        dry_scenes: Dates in the dry window.
        wet_scenes: Dates in the wet window.
        dry_cloud: Mean share of the sky under cloud in the dry window [1].
        wet_cloud: The same in the wet window [1].
    """

    dry_scenes: int = 9
    wet_scenes: int = 4
    dry_cloud: float = 0.07
    wet_cloud: float = 0.40


@dataclass(frozen=True, slots=True)
class LandscapeSpec:
    """The recipe of one landscape.

    Attributes:
        archetype: Name of the recipe.
        title: Of the project that is made from it.
        summary: One or two sentences for the project's page.
        country: ISO 3166-1 alpha-2.
        region: Place name.
        developer: Slug of the invented developer.
        prefix: First letters of plot ids.
        centre: Longitude and latitude of the middle [degree].
        side_m: Width and height of the area [m].
        epochs: Boundary dates of the monitoring periods.
        seasons: Dry and wet window.
        ecology: As in project.toml.
        strata: Practices.
        pre_existing: Species that stood before the project.
        pre_existing_per_ha: Their mean density on every kind of plot [1/ha].
        regenerated: Species that come up by themselves.
        regeneration_per_ha_y: New stems that come up, on every kind of plot [1/ha/year].
        median_area_ha: Median size of a plot [ha].
        area_sd_ln: Spread of plot sizes, standard deviation of the logarithm.
        plots: Enrolled and control plots together.
        controls: Unplanted control plots among them.
        villages: Number of villages.
        village_sd_ln: Spread of ln(increment) between villages [1]; 0.15 is our choice [P].
        sampled_villages: Villages drawn before plots are; 0 where plots are drawn one by one.
        sampled_per_stratum: Enrolled plots measured in each stratum.
        sampled_controls: Control plots measured.
        trees_per_visit: Trees that a visit aims at.
        mortality_y: Share of young trees that die or are cut in a year [1/year].
        old_mortality_y: The same for trees that stood before [1/year].
        growth: Factor on all increments; 0 stops growth, mortality and regeneration together.
        collection: STAC collection that the scenes pretend to belong to.
        weather: Dates and clouds.
        fuel_tco2e: Fuel burnt by the project per period id [t CO2e].
    """

    archetype: str
    title: str
    summary: str
    country: str
    region: str
    developer: str
    prefix: str
    centre: tuple[float, float]
    epochs: tuple[date, ...]
    seasons: Seasons
    ecology: Ecology
    strata: tuple[Stratum, ...]
    pre_existing: tuple[TreeKind, ...]
    pre_existing_per_ha: float
    regenerated: tuple[TreeKind, ...]
    regeneration_per_ha_y: float
    median_area_ha: float
    plots: int
    controls: int = 16
    area_sd_ln: float = 0.55
    side_m: int = 6000
    villages: int = 12
    village_sd_ln: float = 0.15
    sampled_villages: int = 0
    sampled_per_stratum: int = 36
    sampled_controls: int = 15
    trees_per_visit: int = 22
    mortality_y: float = 0.02
    old_mortality_y: float = 0.004
    growth: float = 1.0
    collection: str = "sentinel-2-l2a"
    weather: Weather = field(default_factory=Weather)
    fuel_tco2e: Mapping[str, float] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[TreeKind, ...]:
        """Every kind of tree of the landscape: planted by stratum, pre-existing, regenerated."""
        planted = tuple(kind for stratum in self.strata for kind in stratum.planted)
        return planted + self.pre_existing + self.regenerated

    @property
    def period_ids(self) -> tuple[str, ...]:
        """Ids of the monitoring periods, such as 2021-2024."""
        years = [epoch.year for epoch in self.epochs]
        return tuple(f"{a}-{b}" for a, b in pairwise(years))


def resized(spec: LandscapeSpec, plots: int) -> LandscapeSpec:
    """Give the recipe for another number of plots; the area grows where they would not fit.

    Raises:
        InputRejected: If fewer than 20 plots are asked for.
    """
    if plots == spec.plots:
        return spec
    if plots < 20:  # noqa: PLR2004 (below that there is nothing left to sample)
        raise InputRejected(
            f"A landscape needs at least 20 plots; {plots} were asked for.", plots=plots
        )
    controls = max(5, round(plots * spec.controls / spec.plots))
    mean_area_m2 = 1e4 * spec.median_area_ha * 1.2
    room = int((plots * mean_area_m2 / 0.12) ** 0.5)  # plots cover at most 12 % of the land
    side = max(spec.side_m, -(-room // 1000) * 1000)
    villages = max(spec.villages, round(spec.villages * plots / spec.plots / 2))
    return replace(spec, plots=plots, controls=controls, side_m=side, villages=villages)


def without_growth(spec: LandscapeSpec) -> LandscapeSpec:
    """Give the same landscape with time stopped: nothing grows, dies or comes up."""
    if spec.growth == 0:
        return spec
    return replace(
        spec,
        archetype=spec.archetype + NO_GROWTH,
        title=f"{spec.title}, time stopped",
        growth=0.0,
    )
