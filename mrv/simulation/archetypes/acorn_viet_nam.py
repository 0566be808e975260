"""Central Highlands of Viet Nam: fruit trees over robusta coffee."""

from datetime import date

from mrv.project import Ecology, Season, Seasons
from mrv.simulation.spec import Crop, LandscapeSpec, Stratum, TreeKind, Weather

_COFFEE = Crop("coffee", ((240, 60, 0.25),), 0.20)
SPEC = LandscapeSpec(
    archetype="acorn-viet-nam",
    title="Dak Lak coffee under fruit trees",
    summary=(
        "Coffee growers in the Central Highlands plant avocado, mango, jackfruit and litchi over "
        "their robusta. Coffee bushes are tallied; they are not credited."
    ),
    country="VN",
    region="Cu M'gar, Dak Lak",
    developer="ban-me-cooperative",
    prefix="VN",
    centre=(108.08, 12.86),
    epochs=(date(2021, 1, 1), date(2024, 1, 1)),
    seasons=Seasons(
        dry=Season(first="01-01", last="03-15"), wet=Season(first="06-01", last="09-30")
    ),
    ecology=Ecology(
        ecoregion="Central Highlands plateau",
        allometry_region="se_asia",
        height_model="feldpausch_se_asia",
        root_shoot_zone="tropical_moist_deciduous.asia",
        growth_cap="humid_se_asia",
        bioclim_e=0.10,
    ),
    strata=(
        Stratum(
            name="coffee-fruit",
            practice="fruit trees over robusta coffee",
            share=1.0,
            stems_per_ha=520,
            planted=(
                TreeKind(
                    "Coffea canephora",
                    share=0.55,
                    increment_cm_y=0.45,
                    crown_m=4.5,
                    height_20_m=7,
                    common_name="robusta coffee",
                    use="coffee",
                    nested=True,
                ),
                TreeKind(
                    "Persea americana",
                    share=0.18,
                    increment_cm_y=2.6,
                    crown_m=7.5,
                    height_20_m=7.5,
                    common_name="avocado",
                    use="fruit",
                ),
                TreeKind(
                    "Mangifera indica",
                    share=0.09,
                    increment_cm_y=2.3,
                    crown_m=7.0,
                    height_20_m=7,
                    common_name="mango",
                    use="fruit",
                ),
                TreeKind(
                    "Artocarpus heterophyllus",
                    share=0.1,
                    increment_cm_y=2.4,
                    crown_m=6.5,
                    height_20_m=8,
                    common_name="jackfruit",
                    use="fruit",
                ),
                TreeKind(
                    "Litchi chinensis",
                    share=0.08,
                    increment_cm_y=1.8,
                    crown_m=6.5,
                    height_20_m=5.5,
                    common_name="litchi",
                    use="fruit",
                ),
            ),
            age_y=(2.0, 4.8),
            crop=_COFFEE,
        ),
    ),
    pre_existing=(
        TreeKind(
            "Mangifera indica",
            share=0.4,
            increment_cm_y=0.8,
            crown_m=8.0,
            height_20_m=8,
            start_dbh_cm=24,
        ),
        TreeKind(
            "Artocarpus heterophyllus",
            share=0.6,
            increment_cm_y=0.8,
            crown_m=7.5,
            height_20_m=9.5,
            start_dbh_cm=24,
        ),
    ),
    pre_existing_per_ha=7,
    regenerated=(
        TreeKind(
            "Melia azedarach",
            share=0.6,
            increment_cm_y=1.9,
            crown_m=6.0,
            height_20_m=9.5,
            common_name="xoan",
            use="poles",
        ),
        TreeKind(
            "Leucaena leucocephala",
            share=0.4,
            increment_cm_y=1.6,
            crown_m=5.0,
            height_20_m=6,
            common_name="keo dau",
            use="fodder",
        ),
    ),
    regeneration_per_ha_y=20,
    median_area_ha=0.7,
    trees_per_visit=24,
    plots=88,
    weather=Weather(dry_cloud=0.05, wet_cloud=0.5),
    fuel_tco2e={"2021-2024": 4.1},
)
