"""What is never credited is weighed beside what is, and never enters it."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from mrv.biomass.assignment import assign_methods, tree_biomass
from mrv.biomass.context import BiomassContext
from mrv.biomass.uncredited import uncredited_stock
from mrv.estimation.monte_carlo import draw_plot_biomass
from mrv.field.csv_text import parse_csv
from mrv.field.inventory import read_inventory
from mrv.methodologies import load_methodology
from mrv.project import Ecology

_RULES = load_methodology("agroforestry_removals", 1)
_CONTEXT = BiomassContext.of(
    Ecology(
        ecoregion="x",
        allometry_region="western_kenya",
        height_model="none",
        root_shoot_zone="",
        growth_cap="",
    ),
    _RULES,
)
_HEADER = "plot_id,tree_id,species,dbh_cm,height_m,measured_at_m,shrub_cover,measured_on,status"


def _trees(*rows: str) -> pd.DataFrame:
    raw = parse_csv("\n".join([_HEADER, *rows]).encode())
    read = read_inventory(raw, plot_ids=None, today=date(2025, 1, 1))
    assert not (read.findings["severity"] == "error").any()
    return read.trees


_MIXED = (
    "P,m1,Mangifera indica,20,,,0.4,2024-01-10,alive",
    "P,c1,Cocos nucifera,,10,,0.4,2024-01-10,alive",
    "P,b1,Musa acuminata,10,,,0.4,2024-01-10,alive",
    "P,b2,Musa acuminata,10,,,0.4,2024-01-10,dead",
    "P,k1,Coffea arabica,5,,0.4,0.4,2024-01-10,alive",
    "P,a1,Adansonia digitata,180,,,0.4,2024-01-10,alive",
)


def test_palms_bananas_coffee_and_shrubs_are_weighed_apart() -> None:
    table = uncredited_stock(_trees(*_MIXED), {"P": 0.5}, _RULES, forest_agb_t_ha=100.0)
    told = table.set_index("species")
    expected = {
        "Cocos nucifera": 246.815236 / 500,
        "Musa acuminata": 2.958 / 500,
        "Coffea arabica": 3.675 / 500,
        "Adansonia digitata": np.nan,
        "shrubs": 0.10 * 100 * 0.4,
    }
    assert told["agb_t_ha"].to_dict() == pytest.approx(expected, rel=1e-3, nan_ok=True)
    assert told["n_plants"].to_dict() == {
        "Cocos nucifera": 1,
        "Musa acuminata": 1,
        "Coffea arabica": 1,
        "Adansonia digitata": 1,
        "shrubs": 0,
    }


def test_they_leave_the_credited_stock_as_it_is() -> None:
    day = [date(2024, 1, 1)]
    alone = draw_plot_biomass(_trees(_MIXED[0]), {"P": 0.5}, day, _CONTEXT, 200, seed=1)
    mixed = draw_plot_biomass(_trees(*_MIXED), {"P": 0.5}, day, _CONTEXT, 200, seed=1)
    assert (mixed.agb_t_ha == alone.agb_t_ha).all()
    assert set(mixed.excluded["species"]) == {
        "Cocos nucifera",
        "Musa acuminata",
        "Coffea arabica",
        "Adansonia digitata",
    }


def test_palms_bend_no_height_curve_of_trees() -> None:
    """Sixty mangoes make the curve of the one without a height; forty palms beside them do not."""
    sizes = [(5 + i, 2.2 * (5 + i) ** 0.55) for i in range(60)]
    mangoes = [
        f"P,m{i},Mangifera indica,{d},{h:.2f},,,2024-01-10,alive" for i, (d, h) in enumerate(sizes)
    ]
    palms = [f"P,c{i},Cocos nucifera,25,{8 + i % 9},,,2024-01-10,alive" for i in range(40)]
    bare = ["P,m99,Mangifera indica,30,,,,2024-01-10,alive"]
    alone = assign_methods(_trees(*mangoes, *bare), _CONTEXT).height_model
    beside = assign_methods(_trees(*mangoes, *bare, *palms), _CONTEXT).height_model
    assert alone is not None
    assert alone == beside


def test_a_tape_that_moved_tells_no_change() -> None:
    rows = (
        "P,m1,Mangifera indica,20,,1.3,,2021-01-10,alive",
        "P,m1,Mangifera indica,26,,2.0,,2024-01-10,alive",
    )
    stems = tree_biomass(_trees(*rows), _CONTEXT)
    assert (stems["equation_id"] == "").all()
    assert stems["reason"].str.contains("different heights").all()


def test_a_diameter_at_the_foot_of_the_stem_is_not_taken_for_one_at_breast_height() -> None:
    stems = tree_biomass(_trees("P,m1,Mangifera indica,26,,0.3,,2024-01-10,alive"), _CONTEXT)
    assert stems["agb_kg"].isna().all()
    assert stems["reason"].str.contains("taken at 0.3 m").all()


def test_a_circle_stands_for_its_own_area() -> None:
    header = "plot_id,tree_id,species,dbh_cm,subplot_radius_m,measured_on"
    raw = parse_csv(f"{header}\nP,t1,Mangifera indica,20,4,2024-01-10\n".encode())
    trees = read_inventory(raw, plot_ids=None, today=date(2025, 1, 1)).trees
    tree_t = 0.091 * 20**2.472 / 1000
    day = [date(2024, 1, 1)]
    for plot_ha, level_ha in ((0.25, np.pi * 4**2 / 10_000), (0.004, 0.004)):
        drawn = draw_plot_biomass(trees, {"P": plot_ha}, day, _CONTEXT, 20_000, seed=1)
        assert drawn.agb_t_ha.mean() == pytest.approx(tree_t / level_ha, rel=0.02)
