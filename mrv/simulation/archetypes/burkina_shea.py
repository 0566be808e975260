"""Western Burkina Faso: shea parkland, most of whose stock stood before."""

from datetime import date

from mrv.project import Ecology, Season, Seasons
from mrv.simulation.spec import Crop, LandscapeSpec, Stratum, TreeKind, Weather

_SORGHUM = Crop("sorghum and millet", ((245, 26, 0.70),), 0.04)
SPEC = LandscapeSpec(
    archetype="burkina-shea",
    title="Houet shea parkland",
    summary=(
        "Families in Houet keep old shea, nere and Faidherbia on their sorghum fields and plant "
        "cashew, mango and young shea between them. Most of the stock stood before the project."
    ),
    country="BF",
    region="Houet, Hauts-Bassins",
    developer="houet-parkland",
    prefix="BF",
    centre=(-4.35, 11.25),
    epochs=(date(2021, 1, 1), date(2024, 1, 1)),
    seasons=Seasons(
        dry=Season(first="11-20", last="02-20"), wet=Season(first="07-20", last="09-20")
    ),
    ecology=Ecology(
        ecoregion="West Sudanian savanna",
        allometry_region="west_african_parkland_wet",
        height_model="feldpausch_w_africa",
        root_shoot_zone="tropical_dry.africa",
        growth_cap="dry_parkland",
        bioclim_e=0.35,
    ),
    strata=(
        Stratum(
            name="shea-parkland",
            practice="cashew, mango and young shea among old parkland trees on sorghum",
            share=1.0,
            stems_per_ha=95,
            planted=(
                TreeKind(
                    "Anacardium occidentale", 0.55, 2.1, 7.0, 6, common_name="cashew", use="nuts"
                ),
                TreeKind("Mangifera indica", 0.25, 1.9, 7.0, 7, common_name="mango", use="fruit"),
                TreeKind(
                    "Vitellaria paradoxa", 0.20, 0.9, 6.0, 7, common_name="shea", use="butter"
                ),
            ),
            age_y=(2.0, 4.8),
            crop=_SORGHUM,
        ),
    ),
    pre_existing=(
        TreeKind("Vitellaria paradoxa", 0.72, 0.28, 7.0, 7.5, 27, common_name="shea", use="butter"),
        TreeKind("Parkia biglobosa", 0.16, 0.40, 9.0, 8.5, 38, common_name="nere", use="soumbala"),
        TreeKind("Faidherbia albida", 0.12, 0.45, 8.0, 9.5, 34, leafless=(170, 280)),
    ),
    pre_existing_per_ha=13,
    regenerated=(
        TreeKind("Vitellaria paradoxa", 0.5, 0.7, 5.0, 6),
        TreeKind("Piliostigma reticulatum", 0.5, 0.9, 5.0, 4.5, common_name="bagande"),
    ),
    regeneration_per_ha_y=12,
    median_area_ha=2.5,
    plots=76,
    mortality_y=0.015,
    trees_per_visit=24,
    weather=Weather(dry_cloud=0.04, wet_cloud=0.5),
    fuel_tco2e={"2021-2024": 3.0},
)
