"""What the biomass of a project depends on besides its trees: place, models, sizes of errors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from mrv.biomass.wood_density import WoodDensity, wood_densities
from mrv.methodologies import Methodology
from mrv.project import Ecology


@dataclass(frozen=True, slots=True)
class MeasurementErrors:
    """How far off a crew's tape and clinometer are.

    Attributes:
        diameter_proportional: Share of the diameter in its SD [1].
        diameter_constant_cm: Constant part of that SD [cm].
        diameter_gross_share: Share of diameters that carry a gross error [1].
        diameter_gross_sd_cm: SD of a gross error [cm].
        diameter_gross_cap: Largest SD of a gross error as a share of the diameter [1].
        height_proportional: SD of a measured height as a share of it [1]; 10 % is our policy [P].
        height_constant_m: Constant part of that SD [m].
    """

    diameter_proportional: float = 0.0
    diameter_constant_cm: float = 0.0
    diameter_gross_share: float = 0.0
    diameter_gross_sd_cm: float = 0.0
    diameter_gross_cap: float = 0.25
    height_proportional: float = 0.10
    height_constant_m: float = 0.0


@dataclass(frozen=True, slots=True)
class AllometryErrors:
    """How far off equations are, and how they are kept inside their range.

    Attributes:
        site_sd_ln: SD of ln(biomass) between sites, shared by an ecoregion's trees [1].
        within_site_sd_ln: SD of ln(biomass) between trees, where the equation states none [1].
        proxy_sd_ln: Added shared SD where another species stands in [1].
        extrapolation_factor: How far above its range an equation may be used [1].
        sapling_exponent: Below the range biomass tapers with this power of the diameter [1].
        parameters: Whether the equations' own coefficients are uncertain.
    """

    site_sd_ln: float
    within_site_sd_ln: float
    proxy_sd_ln: float
    extrapolation_factor: float = 1.2
    sapling_exponent: float = 2.5
    parameters: bool = True


@dataclass(frozen=True, slots=True)
class BiomassContext:
    """Everything `draw_plot_biomass` needs besides trees, areas and dates.

    Attributes:
        allometry_region: Key of the regional equations, such as western_kenya.
        ecoregion: Name of the site: its trees share one site effect per equation.
        height_model: Regional height model for trees without a measured height; "none" if there is
            none.
        allometry: Errors and limits of the equations.
        errors: Errors of measurement.
        bioclim_e: Chave's E, for the equations that take it.
        wood_densities: By taxon.
        plot_ecoregions: Plots that lie in another ecoregion than the project's.
        epoch_tolerance_days: How far from an epoch a visit may be [day].
    """

    allometry_region: str
    ecoregion: str
    height_model: str
    allometry: AllometryErrors
    errors: MeasurementErrors = MeasurementErrors()
    bioclim_e: float | None = None
    wood_densities: Mapping[str, WoodDensity] = field(default_factory=wood_densities)
    plot_ecoregions: Mapping[str, str] = field(default_factory=dict)
    epoch_tolerance_days: int = 183

    @classmethod
    def of(cls, ecology: Ecology, methodology: Methodology) -> Self:
        """Put a project's ecology and a methodology's rules together.

        Raises:
            RuleMissing: If the methodology lacks one of the rules.
        """
        number = methodology.number
        return cls(
            allometry_region=ecology.allometry_region,
            ecoregion=ecology.ecoregion,
            height_model=ecology.height_model,
            bioclim_e=ecology.bioclim_e,
            epoch_tolerance_days=int(number("field_sample.epoch_tolerance_days")),
            allometry=AllometryErrors(
                site_sd_ln=number("allometry.site_sd_ln"),
                within_site_sd_ln=number("allometry.within_site_sd_ln"),
                proxy_sd_ln=number("allometry.proxy_sd_ln"),
                extrapolation_factor=number("allometry.extrapolation_factor"),
                sapling_exponent=number("allometry.sapling_exponent"),
            ),
            errors=MeasurementErrors(
                diameter_proportional=number("measurement.diameter_proportional"),
                diameter_constant_cm=number("measurement.diameter_constant_cm"),
                diameter_gross_share=number("measurement.diameter_gross_share"),
                diameter_gross_sd_cm=number("measurement.diameter_gross_sd_cm"),
                diameter_gross_cap=number("measurement.diameter_gross_cap"),
                height_proportional=number("measurement.height_proportional"),
            ),
        )
