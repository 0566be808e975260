"""A project's settings: who, where, which rules, which periods, which scenes.

The model is the source of the published schema `schemas/project/1-0-4.json`. Reading the file from
disk belongs to `mrv.sources.projects`; this module only understands its text.
"""

import re
import tomllib
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mrv.errors import ProjectInvalid

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$")]
MonthDay = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]
# 1-0-1 lets plots be absent, because they may be uploaded to the registry instead; 1-0-2 adds
# records of additionality, activities that emit, and production that is displaced; 1-0-3 adds what
# the baseline rests on; 1-0-4 adds where radar scenes are.
_Schema = Literal[
    "parkland/project/1-0-0",
    "parkland/project/1-0-1",
    "parkland/project/1-0-2",
    "parkland/project/1-0-3",
    "parkland/project/1-0-4",
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class MethodologyChoice(_Part):
    """Which rules the project is credited under."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    version: Annotated[int, Field(ge=1)]


class Inputs(_Part):
    """Where the boundaries and the field data are, relative to the project folder."""

    plots: str | None = Field(
        default=None, description="absent where plots are uploaded to the registry"
    )
    trees: str | None = None
    plot_columns: dict[str, str] = Field(default_factory=dict, description="our name -> theirs")
    tree_columns: dict[str, str] = Field(default_factory=dict, description="our name -> theirs")


class Ecology(_Part):
    """What the estimate needs to know of the place."""

    ecoregion: str
    allometry_region: str = Field(description="key of the regional equations, e.g. western_kenya")
    height_model: str = Field(
        description="regional height-diameter model, e.g. feldpausch_e_africa"
    )
    root_shoot_zone: str = Field(
        description="row of the root:shoot table, e.g. tropical_dry.africa"
    )
    growth_cap: str = Field(description="row of the plausibility caps, e.g. humid_se_asia")
    bioclim_e: float | None = Field(
        default=None, description="Chave's E, where heights are lacking"
    )


class Species(_Part):
    """A species the project plants or keeps."""

    name: str
    common_name: str = ""
    use: str = ""


class Season(_Part):
    """A window of the year, first and last day inclusive; it may run over the new year."""

    first: MonthDay
    last: MonthDay


class Seasons(_Part):
    """When only the trees are green, and when everything is."""

    dry: Season
    wet: Season | None = None


class Imagery(_Part):
    """Where the scenes are: a STAC API, a static catalog, or the simulation of a sample project."""

    source: Literal["api", "catalog", "simulation"]
    location: str = Field(default="", description="URL of the API; URL or path of the catalog")
    collection: str
    radar_collection: str = Field(
        default="",
        description="Sentinel-1 on a map grid, terrain-corrected, in the same place; empty: none",
    )
    max_cloud_percent: Annotated[float, Field(ge=0, le=100)] = 90.0

    @model_validator(mode="after")
    def _located(self) -> Self:
        if self.source == "simulation" and self.radar_collection:
            raise ValueError("imagery.radar_collection: a simulated landscape has no radar scenes")
        if self.source != "simulation" and not self.location:
            raise ValueError(f"imagery.location is needed where imagery.source is '{self.source}'")
        return self


class Period(_Part):
    """One monitoring period: start inclusive, end exclusive; stock is estimated at both dates."""

    id: Annotated[str, Field(pattern=r"^[0-9]{4}(-[0-9]{4})?$")]
    start: date
    end: date

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"period {self.id} ends ({self.end}) before it starts ({self.start})")
        return self


Emitted = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Emissions(_Part):
    """What the project itself emitted, per period id [t CO2e]."""

    burning_tco2e: dict[str, Emitted] = Field(default_factory=dict)
    fuel_tco2e: dict[str, Emitted] = Field(default_factory=dict)
    fertiliser_tco2e: dict[str, Emitted] = Field(default_factory=dict)

    def total_tco2e(self, period: str) -> float:
        """Add up what one period emitted [t CO2e]."""
        lines = (self.burning_tco2e, self.fuel_tco2e, self.fertiliser_tco2e)
        return sum(line.get(period, 0.0) for line in lines)

    @property
    def periods(self) -> frozenset[str]:
        """Name every period for which something is stated."""
        return frozenset((*self.burning_tco2e, *self.fuel_tco2e, *self.fertiliser_tco2e))


class Activities(_Part):
    """What was done in one period that emits; the rules turn it into t CO2e."""

    climate: Literal["wet", "dry", "any"] = Field(
        default="any", description="of the fields that get nitrogen; wet above 1,000 mm a year"
    )
    synthetic_n_kg: Emitted = Field(default=0.0, description="nitrogen in mineral fertiliser")
    organic_n_kg: Emitted = Field(default=0.0, description="nitrogen in manure and compost")
    diesel_l: Emitted = 0.0
    petrol_l: Emitted = 0.0
    limestone_t: Emitted = 0.0
    dolomite_t: Emitted = 0.0
    rice_burnt_t: Emitted = Field(default=0.0, description="rice straw, dry matter")
    wheat_burnt_t: Emitted = Field(default=0.0, description="wheat straw, dry matter")
    other_burnt_t: Emitted = Field(default=0.0, description="any other residue, dry matter")


class Displaced(_Part):
    """An agricultural product that the land yielded before, and yields in each period."""

    product: str
    before_t_year: Emitted
    now_t_year: dict[str, Emitted] = Field(description="period id -> production monitored")
    yield_t_ha: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        description="of the land where it goes"
    )
    cleared_tco2e_ha: Emitted = Field(description="stock lost where new land is taken")
    displacement: Literal["in_situ", "iso"] = Field(
        default="in_situ", description="iso where the market fills the gap"
    )


class DisplacedFuelwood(_Part):
    """Wood that was cut on the land before, and in each period [t d.m./year]."""

    before_t_year: Emitted
    now_t_year: dict[str, Emitted] = Field(description="period id -> wood cut")


class Leakage(_Part):
    """Production that may have moved elsewhere; where nothing is stated a flat share is charged."""

    crops: tuple[Displaced, ...] = ()
    fuelwood: DisplacedFuelwood | None = None

    @property
    def products(self) -> tuple[Displaced | DisplacedFuelwood, ...]:
        """Give everything that is stated."""
        return self.crops if self.fuelwood is None else (*self.crops, self.fuelwood)


class Additionality(_Part):
    """One test of additionality, what it found, and the document it rests on."""

    test: Literal["regulatory_surplus", "common_practice", "barriers", "investment"]
    shown: bool = Field(description="whether it shows that the trees are additional")
    finding: Annotated[str, Field(min_length=10)]
    document: str = Field(description="name of the file")
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] = Field(description="of the file")
    dated: date
    adoption: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, description="share of comparable land under the practice"
    )

    @model_validator(mode="after")
    def _common_practice_is_a_number(self) -> Self:
        if (self.test == "common_practice") != (self.adoption is not None):
            raise ValueError("adoption belongs to common_practice, which cannot do without it")
        return self


class ControlsBaseline(_Part):
    """The baseline is what grows on unplanted control plots, and in trees that stood before."""

    kind: Literal["controls"] = "controls"


class CensusBaseline(_Part):
    """Every planted unit is counted and located; then the baseline is zero (VM0047, census)."""

    kind: Literal["census"]
    direct_planting: bool = Field(
        description="whether every unit was planted, none left to come up"
    )
    cover_before: Annotated[float, Field(ge=0, le=1)] = Field(
        description="share of the land under woody plants before the project"
    )
    cropping_years_before: Annotated[float, Field(ge=0, le=1000)] = Field(
        description="of continuous cropping before the project"
    )
    spacing_m: Annotated[float, Field(gt=0, le=1000)] = Field(
        description="between units as they were planted, at least"
    )
    gps_accuracy_m: Annotated[float, Field(gt=0, le=1000)] = Field(
        description="of the units' positions"
    )


class BenchmarkBaseline(_Part):
    """Growth that matched controls had as well is baseline too (VM0047, performance benchmark)."""

    kind: Literal["benchmark"]
    index: Literal["nirv", "ndvi", "ndmi"] = Field(
        default="nirv", description="stocking index: what of the dry season follows woody biomass"
    )
    neighbours: Annotated[int, Field(ge=1, le=10)] = Field(
        default=1, description="controls for each project plot"
    )


Baseline = Annotated[
    ControlsBaseline | CensusBaseline | BenchmarkBaseline, Field(discriminator="kind")
]


class Simulation(_Part):
    """What an invented project was made from."""

    archetype: Slug
    seed: int
    plots: int


class ProjectSettings(_Part):
    """Everything a developer states about a project in project.toml."""

    schema_: _Schema = Field(default="parkland/project/1-0-4", alias="schema")
    id: Slug
    name: str
    summary: str
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    region: str
    developer: Slug
    developer_name: str = Field(default="", description="as people know the developer")
    methodology: MethodologyChoice
    inputs: Inputs
    ecology: Ecology
    species: tuple[Species, ...] = ()
    seasons: Seasons
    imagery: Imagery
    periods: Annotated[tuple[Period, ...], Field(min_length=1)]
    emissions: Emissions = Emissions()
    activities: dict[str, Activities] = Field(
        default_factory=dict, description="period id -> what was done in it that emits"
    )
    baseline: Baseline = ControlsBaseline()
    leakage: Leakage = Leakage()
    additionality: tuple[Additionality, ...] = ()
    simulation: Simulation | None = None

    @model_validator(mode="after")
    def _periods_follow(self) -> Self:
        for before, after in zip(self.periods, self.periods[1:], strict=False):
            if after.start != before.end:
                raise ValueError(
                    f"period {after.id} must start on {before.end}, where {before.id} ends"
                )
        if len({period.id for period in self.periods}) < len(self.periods):
            raise ValueError("two periods have the same id")
        return self

    @model_validator(mode="after")
    def _emissions_have_a_period(self) -> Self:
        # Emissions that belong to no period would be charged to none.
        known = [period.id for period in self.periods]
        if lost := sorted((self.emissions.periods | set(self.activities)) - set(known)):
            raise ValueError(
                f"emissions are stated for {', '.join(lost)}, and the periods are "
                f"{', '.join(known)}; write them under the period's id"
            )
        return self

    @model_validator(mode="after")
    def _production_is_known_in_every_period(self) -> Self:
        # A period left out would count as one in which nothing was displaced.
        known = {period.id for period in self.periods}
        for product in self.leakage.products:
            if wrong := sorted(known ^ set(product.now_t_year)):
                raise ValueError(
                    f"leakage states production for other periods than there are "
                    f"({', '.join(wrong)}); write now_t_year for each period's id"
                )
        return self

    def period(self, period_id: str) -> Period:
        """Find one period by its id.

        Raises:
            ProjectInvalid: If the project has no such period.
        """
        for period in self.periods:
            if period.id == period_id:
                return period
        known = ", ".join(period.id for period in self.periods)
        raise ProjectInvalid(
            f"Project {self.id} has no period '{period_id}'; its project.toml has {known}.",
            period=period_id,
        )


def parse_project(text: str) -> ProjectSettings:
    """Understand the text of a project.toml.

    Raises:
        ProjectInvalid: If the text is not TOML or a setting is missing, unknown or contradictory;
            the message names every such setting.
    """
    try:
        return ProjectSettings.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ProjectInvalid(f"project.toml is not valid TOML: {error}.") from error
    except ValidationError as error:
        faults = [_fault(".".join(map(str, e["loc"])), e["msg"]) for e in error.errors()]
        raise ProjectInvalid("project.toml: " + "; ".join(faults) + ".", faults=faults) from error

    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, a thousand brackets
        raise ProjectInvalid(
            "project.toml holds a value that cannot be read, nested too deeply or with too many "
            "digits; correct it."
        ) from error


def _fault(place: str, message: str) -> str:
    said = re.sub(r"^Value error, ", "", message)
    return f"{place}: {said}" if place else said
