"""Northern Lao uplands: a stratum of teak and a stratum of rubber."""

from datetime import date

from mrv.project import Ecology, Season, Seasons
from mrv.simulation.spec import Crop, LandscapeSpec, Stratum, TreeKind, Weather

_UPLAND_RICE = Crop("upland rice", ((240, 30, 0.75),), 0.10)
_LEGUMES = Crop("pineapple and legumes", ((220, 45, 0.45),), 0.13)
SPEC = LandscapeSpec(
    archetype="acorn-lao",
    title="Luang Namtha teak and rubber",
    summary=(
        "Upland villages in Luang Namtha turn rice fallows to small stands of teak and of rubber. "
        "Scenes follow Collection 1, whose pixels carry the offset at every date."
    ),
    country="LA",
    region="Namtha, Luang Namtha",
    developer="namtha-uplands",
    prefix="LA",
    centre=(101.42, 20.93),
    epochs=(date(2021, 1, 1), date(2024, 1, 1)),
    seasons=Seasons(
        dry=Season(first="11-10", last="01-31"), wet=Season(first="06-01", last="09-30")
    ),
    ecology=Ecology(
        ecoregion="Northern Indochina subtropical forests",
        allometry_region="se_asia",
        height_model="feldpausch_se_asia",
        root_shoot_zone="tropical_moist_deciduous.asia",
        growth_cap="humid_se_asia",
        bioclim_e=0.15,
    ),
    strata=(
        Stratum(
            name="teak",
            practice="teak woodlot on rice fallow",
            share=0.5,
            stems_per_ha=750,
            planted=(
                TreeKind(
                    "Tectona grandis",
                    share=1.0,
                    increment_cm_y=1.5,
                    crown_m=4.2,
                    height_20_m=14.5,
                    leafless=(35, 110),
                    common_name="teak",
                    use="timber",
                ),
            ),
            age_y=(1.8, 4.8),
            crop=_UPLAND_RICE,
        ),
        Stratum(
            name="rubber",
            practice="rubber with pineapple and legumes",
            share=0.5,
            stems_per_ha=430,
            planted=(
                TreeKind(
                    "Hevea brasiliensis",
                    share=1.0,
                    increment_cm_y=1.8,
                    crown_m=5.5,
                    height_20_m=13,
                    leafless=(25, 60),
                    common_name="rubber",
                    use="latex",
                ),
            ),
            age_y=(1.8, 4.8),
            crop=_LEGUMES,
        ),
    ),
    pre_existing=(
        TreeKind(
            "Pterocarpus macrocarpus",
            share=0.4,
            increment_cm_y=0.6,
            crown_m=7.0,
            height_20_m=14.5,
            start_dbh_cm=25,
            common_name="mai dou",
        ),
        TreeKind(
            "Styrax tonkinensis",
            share=0.6,
            increment_cm_y=0.9,
            crown_m=6.0,
            height_20_m=12,
            start_dbh_cm=16,
            common_name="nhan",
            use="benzoin",
        ),
    ),
    pre_existing_per_ha=6,
    regenerated=(
        TreeKind("Styrax tonkinensis", share=1.0, increment_cm_y=1.9, crown_m=5.0, height_20_m=12),
    ),
    regeneration_per_ha_y=24,
    median_area_ha=1.0,
    plots=110,
    sampled_per_stratum=34,
    trees_per_visit=15,
    collection="sentinel-2-c1-l2a",
    weather=Weather(dry_cloud=0.08, wet_cloud=0.55),
    fuel_tco2e={"2021-2024": 4.4},
)
