"""Southern Kyrgyzstan: walnut, apple and poplar, outside the pantropical equations."""

from datetime import date

from mrv.project import Ecology, Season, Seasons
from mrv.simulation.spec import Crop, LandscapeSpec, Stratum, TreeKind, Weather

_ORCHARD_GRASS = Crop("hay meadow", ((135, 28, 0.60),), 0.14)
SPEC = LandscapeSpec(
    archetype="acorn-kyrgyzstan",
    title="Arslanbob walnut and fruit gardens",
    summary=(
        "Households below the Arslanbob forest plant walnut, apple and poplar on hay land. The "
        "species lie outside the pantropical equations, so proxies with a wider error stand in."
    ),
    country="KG",
    region="Bazar-Korgon, Jalal-Abad",
    developer="arslanbob-gardens",
    prefix="KG",
    centre=(72.89, 41.27),
    epochs=(date(2021, 8, 1), date(2024, 8, 1)),
    seasons=Seasons(
        dry=Season(first="07-01", last="09-10"), wet=Season(first="05-01", last="06-05")
    ),
    ecology=Ecology(
        ecoregion="Gissaro-Alai open woodlands",
        allometry_region="central_asia",
        height_model="feldpausch_pantropical",
        root_shoot_zone="temperate_continental.asia",
        growth_cap="kyrgyz_orchard",
    ),
    strata=(
        Stratum(
            name="walnut-orchard",
            practice="walnut and apple with poplar along the ditches",
            share=1.0,
            stems_per_ha=330,
            planted=(
                TreeKind(
                    "Juglans regia",
                    share=0.4,
                    increment_cm_y=1.3,
                    crown_m=6.5,
                    height_20_m=10,
                    leafless=(305, 105),
                    common_name="walnut",
                    use="nuts",
                ),
                TreeKind(
                    "Malus domestica",
                    share=0.3,
                    increment_cm_y=1.2,
                    crown_m=6.0,
                    height_20_m=5,
                    leafless=(305, 100),
                    common_name="apple",
                    use="fruit",
                ),
                TreeKind(
                    "Populus nigra",
                    share=0.3,
                    increment_cm_y=2.0,
                    crown_m=3.5,
                    height_20_m=15.5,
                    leafless=(305, 100),
                    common_name="poplar",
                    use="poles",
                ),
            ),
            age_y=(2.0, 4.8),
            crop=_ORCHARD_GRASS,
        ),
    ),
    pre_existing=(
        TreeKind(
            "Juglans regia",
            share=0.5,
            increment_cm_y=0.6,
            crown_m=8.0,
            height_20_m=11,
            start_dbh_cm=26,
            leafless=(305, 105),
        ),
        TreeKind(
            "Malus sieversii",
            share=0.5,
            increment_cm_y=0.5,
            crown_m=6.0,
            height_20_m=5.5,
            start_dbh_cm=16,
            leafless=(305, 100),
        ),
    ),
    pre_existing_per_ha=8,
    regenerated=(
        TreeKind(
            "Prunus armeniaca",
            share=1.0,
            increment_cm_y=1.0,
            crown_m=5.0,
            height_20_m=5,
            leafless=(305, 95),
            common_name="apricot",
        ),
    ),
    regeneration_per_ha_y=15,
    median_area_ha=0.8,
    plots=78,
    collection="sentinel-2-c1-l2a",
    weather=Weather(dry_cloud=0.05, wet_scenes=3, wet_cloud=0.35),
    fuel_tco2e={"2021-2024": 2.0},
)
