"""Which equation a tree gets."""

import pytest

from mrv.biomass.allometry import EQUATIONS
from mrv.biomass.selection import (
    measured_by_height,
    not_credited,
    regions,
    reported_equation,
    select_equation,
)
from mrv.errors import InputRejected


@pytest.mark.parametrize(
    ("species", "region", "low", "high", "equation", "flags"),
    [
        ("Grevillea robusta", "western_kenya", 12, 15, "grevillea", ()),
        ("Markhamia lutea", "western_kenya", 6, 9, "markhamia", ()),
        ("Persea americana", "western_kenya", 6, 9, "avocado", ()),
        ("Mangifera indica", "western_kenya", 6, 9, "kuyah2012_agb", ("regional_mixed",)),
        ("", "western_kenya", 6, 9, "kuyah2012_agb", ("regional_mixed", "species_unknown")),
        ("Vitellaria paradoxa", "west_african_parkland_dry", 20, 30, "shea_koutiala", ()),
        ("Vitellaria paradoxa", "west_african_parkland_wet", 20, 30, "shea_yanfolila", ()),
        (
            "Parkia biglobosa",
            "west_african_parkland_wet",
            20,
            30,
            "shea_yanfolila",
            ("proxy", "regional_mixed"),
        ),
        ("Tectona grandis", "se_asia", 12, 20, "teak", ()),
        ("Artocarpus heterophyllus", "se_asia", 6, 9, "jackfruit", ()),
        ("Syzygium cumini", "se_asia", 6, 9, "syzygium", ("genus_equation",)),
        ("Anacardium occidentale", "se_asia", 6, 9, "chave2014_eq4", ("proxy", "generic")),
        ("Hevea brasiliensis", "se_asia", 6, 9, "chave2014_eq4", ("proxy", "generic")),
        ("Litchi chinensis", "se_asia", 6, 9, "chave2014_eq4", ("generic",)),
        ("Shorea obtusa", "dry_dipterocarp", 6, 9, "huy2019_dipterocarpaceae", ("genus_equation",)),
        ("Populus nigra", "central_asia", 2, 9, "poplar", ("genus_equation",)),
        ("Juglans regia", "central_asia", 9, 12, "walnut_b", ("proxy",)),
        ("Malus domestica", "central_asia", 9, 12, "walnut_b", ("proxy",)),
        ("Quercus robur", "central_asia", 9, 12, "montero_hardwoods", ("proxy", "regional_mixed")),
        ("Mangifera indica", "pantropical", 9, 12, "chave2014_eq4", ("generic",)),
    ],
)
def test_the_closest_equation_in_range(
    species: str, region: str, low: float, high: float, equation: str, flags: tuple[str, ...]
) -> None:
    choice = select_equation(species, region, low, high)
    assert choice.equation is EQUATIONS[equation]
    assert choice.flags == flags
    assert choice.proxy == ("proxy" in flags)


def test_a_tree_that_grows_into_a_range_keeps_one_equation() -> None:
    """Grevillea's starts at 10 cm; from 6 to 12 cm the mixed one covers both visits."""
    choice = select_equation("Grevillea robusta", "western_kenya", 6, 12)
    assert choice.equation is EQUATIONS["kuyah2012_agb"]


def test_a_seedling_tapers_in_the_equation_of_its_largest_size() -> None:
    choice = select_equation("Tectona grandis", "se_asia", 2, 14)
    assert choice.equation is EQUATIONS["teak"]
    assert "sapling" in choice.flags
    tiny = select_equation("Tectona grandis", "se_asia", 1, 2)
    assert tiny.equation is EQUATIONS["chave2014_eq4"]
    assert "sapling" in tiny.flags


def test_no_extrapolation_beyond_1_2_times_the_range() -> None:
    """Shea was fitted to 50 cm: used to 60 cm, and no further."""
    at_limit = select_equation("Vitellaria paradoxa", "west_african_parkland_dry", 55, 60)
    assert at_limit.equation is EQUATIONS["shea_koutiala"]
    beyond = select_equation("Vitellaria paradoxa", "west_african_parkland_dry", 55, 60.1)
    assert beyond.equation is EQUATIONS["chave2014_eq4"]
    assert {"generic", "above_range"} <= set(beyond.flags)
    giant = select_equation("Ficus virens", "pantropical", 333, 333)
    assert giant.equation is EQUATIONS["chave2014_eq4"]
    assert "above_range" in giant.flags


def test_without_height_the_generic_equation_needs_none() -> None:
    choice = select_equation("Litchi chinensis", "se_asia", 6, 9, height=False)
    assert choice.equation is EQUATIONS["chave2014_eq7"]


@pytest.mark.parametrize(
    ("species", "word"),
    [
        ("Musa acuminata", "not woody"),
        ("Carica papaya", "not woody"),
        ("Cocos nucifera", "palm"),
        ("Borassus aethiopum", "palm"),
        ("Bambusa procera", "bamboo"),
        ("Coffea arabica", "shrub"),
        ("Adansonia digitata", "held constant"),
        ("Ceiba pentandra", "held constant"),
    ],
)
def test_what_is_no_tree_of_wood_is_not_credited(species: str, word: str) -> None:
    for region in regions():
        choice = select_equation(species, region, 10, 20)
        assert choice.equation is None
        assert word in choice.reason
    assert word in not_credited(species)


@pytest.mark.parametrize(
    ("species", "measured_at_m", "equation"),
    [
        ("Citrus sinensis", 0.3, "citrus"),
        ("Citrus sinensis", 1.3, "chave2014_eq4"),
        ("Tectona grandis", 1.3, "teak"),
        ("Tectona grandis", 1.34, "teak"),
        ("Tectona grandis", 2.6, "teak"),  # above a buttress, where the stem is thinner
        ("Tectona grandis", 1.2, None),
        ("Tectona grandis", 0.3, None),
        ("Citrus sinensis", 0.5, None),
    ],
)
def test_a_diameter_serves_where_its_equation_takes_it(
    species: str, measured_at_m: float, equation: str | None
) -> None:
    choice = select_equation(species, "se_asia", 12, 16, measured_at_m=measured_at_m)
    assert choice.equation is (EQUATIONS[equation] if equation else None)
    if equation is None:
        assert f"taken at {measured_at_m:g} m" in choice.reason


@pytest.mark.parametrize(
    ("species", "measured_at_m", "equation"),
    [
        ("Cocos nucifera", 1.3, "coconut"),
        ("Musa acuminata", 1.3, "banana_exponential"),
        ("Coffea arabica", 0.4, "coffee_negash"),
        ("Coffea arabica", 0.15, "coffee_segura"),
        ("Coffea arabica", 1.3, None),
        ("Adansonia digitata", 1.3, None),
        ("Tectona grandis", 1.3, None),
    ],
)
def test_what_is_not_credited_is_weighed_where_an_equation_tells_it(
    species: str, measured_at_m: float, equation: str | None
) -> None:
    found = reported_equation(species, measured_at_m)
    assert found is (EQUATIONS[equation] if equation else None)
    assert found is None or (not found.creditable and not_credited(species))


def test_palms_are_measured_by_height() -> None:
    assert measured_by_height("Cocos nucifera")
    assert not measured_by_height("Musa acuminata")
    assert not measured_by_height("")


def test_an_unknown_region_is_told_with_the_known_ones() -> None:
    with pytest.raises(InputRejected, match="western_kenya"):
        select_equation("Mangifera indica", "atlantis", 10, 20)


def test_at_its_lower_limit_a_tree_is_no_sapling() -> None:
    lowest = EQUATIONS["kuyah2012_agb"].dbh_cm[0]
    at = select_equation("Mangifera indica", "western_kenya", lowest, lowest + 1)
    below = select_equation("Mangifera indica", "western_kenya", lowest - 0.01, lowest + 1)
    assert "sapling" not in at.flags
    assert "sapling" in below.flags
