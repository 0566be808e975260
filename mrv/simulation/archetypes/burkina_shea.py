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
            stems_per_ha=65,
            planted=(
                TreeKind(
                    "Anacardium occidentale",
                    share=0.55,
                    increment_cm_y=2.1,
                    crown_m=7.0,
                    height_20_m=6,
                    common_name="cashew",
                    use="nuts",
                ),
                TreeKind(
                    "Mangifera indica",
                    share=0.25,
                    increment_cm_y=1.9,
                    crown_m=7.0,
                    height_20_m=7,
                    common_name="mango",
                    use="fruit",
                ),
                TreeKind(
                    "Vitellaria paradoxa",
                    share=0.2,
                    increment_cm_y=0.9,
                    crown_m=6.0,
                    height_20_m=7,
                    common_name="shea",
                    use="butter",
                ),
            ),
            age_y=(2.0, 4.8),
            crop=_SORGHUM,
        ),
    ),
    pre_existing=(
        TreeKind(
            "Vitellaria paradoxa",
            share=0.72,
            increment_cm_y=0.28,
            crown_m=7.0,
            height_20_m=7.5,
            start_dbh_cm=27,
            common_name="shea",
            use="butter",
        ),
        TreeKind(
            "Parkia biglobosa",
            share=0.16,
            increment_cm_y=0.4,
            crown_m=9.0,
            height_20_m=8.5,
            start_dbh_cm=38,
            common_name="nere",
            use="soumbala",
        ),
        TreeKind(
            "Faidherbia albida",
            share=0.12,
            increment_cm_y=0.45,
            crown_m=8.0,
            height_20_m=9.5,
            start_dbh_cm=34,
            leafless=(170, 280),
        ),
    ),
    pre_existing_per_ha=19,
    regenerated=(
        TreeKind("Vitellaria paradoxa", share=0.5, increment_cm_y=0.7, crown_m=5.0, height_20_m=6),
        TreeKind(
            "Piliostigma reticulatum",
            share=0.5,
            increment_cm_y=0.9,
            crown_m=5.0,
            height_20_m=4.5,
            common_name="bagande",
        ),
    ),
    regeneration_per_ha_y=18,
    median_area_ha=2.5,
    plots=76,
    mortality_y=0.015,
    trees_per_visit=24,
    weather=Weather(dry_cloud=0.04, wet_cloud=0.5),
    fuel_tco2e={"2021-2024": 3.0},
)
