"""Smallholdings of western Kenya: grevillea, markhamia and avocado on maize plots."""

from datetime import date

from mrv.project import Ecology, Season, Seasons
from mrv.simulation.spec import Crop, LandscapeSpec, Stratum, TreeKind, Weather

_MAIZE = Crop("maize", ((150, 26, 0.75), (320, 24, 0.55)), 0.08)
SPEC = LandscapeSpec(
    archetype="kisumu-women",
    title="Kisumu women's tree groups",
    summary=(
        "Women's groups in Nyando, Kisumu County, plant grevillea, markhamia and avocado among "
        "their maize and keep the old shade trees."
    ),
    country="KE",
    region="Nyando, Kisumu County",
    developer="nyando-growers",
    prefix="KW",
    centre=(34.92, -0.21),
    epochs=(date(2019, 1, 1), date(2022, 1, 1), date(2025, 1, 1)),
    seasons=Seasons(
        dry=Season(first="01-01", last="02-28"), wet=Season(first="04-01", last="06-15")
    ),
    ecology=Ecology(
        ecoregion="Victoria Basin forest-savanna",
        allometry_region="western_kenya",
        height_model="feldpausch_e_africa",
        root_shoot_zone="tropical_moist_deciduous.africa",
        growth_cap="east_africa_farm",
        bioclim_e=0.05,
    ),
    strata=(
        Stratum(
            name="maize-agroforestry",
            practice="trees on boundaries and among maize",
            share=1.0,
            stems_per_ha=320,
            planted=(
                TreeKind(
                    "Grevillea robusta",
                    share=0.55,
                    increment_cm_y=1.7,
                    crown_m=5.0,
                    height_20_m=12.5,
                    common_name="grevillea",
                    use="poles",
                ),
                TreeKind(
                    "Markhamia lutea",
                    share=0.25,
                    increment_cm_y=1.3,
                    crown_m=5.0,
                    height_20_m=10,
                    common_name="siala",
                    use="timber",
                ),
                TreeKind(
                    "Persea americana",
                    share=0.2,
                    increment_cm_y=1.5,
                    crown_m=7.0,
                    height_20_m=7,
                    common_name="avocado",
                    use="fruit",
                ),
            ),
            age_y=(1.5, 4.5),
            crop=_MAIZE,
        ),
    ),
    pre_existing=(
        TreeKind(
            "Markhamia lutea",
            share=0.45,
            increment_cm_y=0.7,
            crown_m=6.0,
            height_20_m=10,
            start_dbh_cm=20,
        ),
        TreeKind(
            "Mangifera indica",
            share=0.3,
            increment_cm_y=0.6,
            crown_m=9.0,
            height_20_m=8.5,
            start_dbh_cm=30,
            common_name="mango",
            use="fruit",
        ),
        TreeKind(
            "Albizia coriaria",
            share=0.25,
            increment_cm_y=0.7,
            crown_m=9.0,
            height_20_m=10.5,
            start_dbh_cm=30,
            common_name="ober",
            use="shade",
        ),
    ),
    pre_existing_per_ha=14,
    regenerated=(
        TreeKind("Markhamia lutea", share=0.7, increment_cm_y=1.2, crown_m=5.0, height_20_m=10),
        TreeKind(
            "Sesbania sesban",
            share=0.3,
            increment_cm_y=1.8,
            crown_m=5.0,
            height_20_m=5.5,
            common_name="oyieko",
            use="fodder",
        ),
    ),
    regeneration_per_ha_y=22,
    median_area_ha=0.42,
    plots=92,
    controls=18,
    trees_per_visit=16,
    weather=Weather(dry_scenes=10, dry_cloud=0.08, wet_cloud=0.45),
    fuel_tco2e={"2019-2022": 3.2, "2022-2025": 2.6},
)
