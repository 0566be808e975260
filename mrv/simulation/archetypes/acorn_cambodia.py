"""Kampong Thom, Cambodia: cashew on cassava land."""

from datetime import date

from mrv.project import Ecology, Season, Seasons
from mrv.simulation.spec import Crop, LandscapeSpec, Stratum, TreeKind, Weather

_CASSAVA = Crop("cassava", ((240, 50, 0.55),), 0.07)
SPEC = LandscapeSpec(
    archetype="acorn-cambodia",
    title="Kampong Thom cashew",
    summary="Families in Kampong Thom plant cashew on cassava land, with cassava between the rows.",
    country="KH",
    region="Sandan, Kampong Thom",
    developer="stung-sen-growers",
    prefix="KH",
    centre=(105.24, 13.02),
    epochs=(date(2021, 1, 1), date(2024, 1, 1)),
    seasons=Seasons(
        dry=Season(first="01-01", last="03-20"), wet=Season(first="06-01", last="09-30")
    ),
    ecology=Ecology(
        ecoregion="Central Indochina dry forests",
        allometry_region="se_asia",
        height_model="feldpausch_se_asia",
        root_shoot_zone="tropical_moist_deciduous.asia",
        growth_cap="humid_se_asia",
        bioclim_e=0.20,
    ),
    strata=(
        Stratum(
            name="cashew",
            practice="cashew with cassava between the rows",
            share=1.0,
            stems_per_ha=200,
            planted=(
                TreeKind(
                    "Anacardium occidentale",
                    share=0.92,
                    increment_cm_y=2.2,
                    crown_m=8.0,
                    height_20_m=7.5,
                    common_name="cashew",
                    use="nuts",
                ),
                TreeKind(
                    "Mangifera indica",
                    share=0.08,
                    increment_cm_y=2.0,
                    crown_m=7.0,
                    height_20_m=7.5,
                    common_name="mango",
                    use="fruit",
                ),
            ),
            age_y=(1.5, 4.0),
            crop=_CASSAVA,
        ),
    ),
    pre_existing=(
        TreeKind(
            "Dipterocarpus alatus",
            share=0.5,
            increment_cm_y=0.6,
            crown_m=8.0,
            height_20_m=17,
            start_dbh_cm=30,
            common_name="chheuteal",
            use="resin",
        ),
        TreeKind(
            "Mangifera indica",
            share=0.5,
            increment_cm_y=0.7,
            crown_m=8.0,
            height_20_m=8.5,
            start_dbh_cm=26,
        ),
    ),
    pre_existing_per_ha=6,
    regenerated=(
        TreeKind(
            "Leucaena leucocephala",
            share=1.0,
            increment_cm_y=1.6,
            crown_m=5.0,
            height_20_m=6,
            common_name="leucaena",
            use="fodder",
        ),
    ),
    regeneration_per_ha_y=24,
    median_area_ha=1.2,
    plots=84,
    weather=Weather(dry_cloud=0.06, wet_cloud=0.5),
    fuel_tco2e={"2021-2024": 5.0},
)
