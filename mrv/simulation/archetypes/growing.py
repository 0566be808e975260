"""A small landscape for tests: trees on maize in Kisumu County, one period."""

from datetime import date

from mrv.simulation.archetypes import kisumu_women
from mrv.simulation.spec import LandscapeSpec, Weather

SPEC = LandscapeSpec(
    archetype="growing",
    title="Test landscape",
    summary="A small landscape for tests: grevillea and avocado on maize, one period.",
    country="KE",
    region="Kisumu County",
    developer="test-growers",
    prefix="TG",
    centre=(34.80, -0.15),
    epochs=(date(2021, 1, 1), date(2024, 1, 1)),
    seasons=kisumu_women.SPEC.seasons,
    ecology=kisumu_women.SPEC.ecology,
    strata=kisumu_women.SPEC.strata,
    pre_existing=kisumu_women.SPEC.pre_existing,
    pre_existing_per_ha=10,
    regenerated=kisumu_women.SPEC.regenerated,
    regeneration_per_ha_y=18,
    median_area_ha=0.5,
    plots=66,
    side_m=3000,
    trees_per_visit=16,
    weather=Weather(dry_scenes=8, wet_scenes=1, dry_cloud=0.05),
)
