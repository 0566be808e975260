"""Attacks on how trees become tonnes, each with the test that answers it."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from numpy.typing import NDArray

from mrv.biomass.allometry import EQUATIONS
from mrv.biomass.assignment import tree_biomass
from mrv.biomass.carbon import co2e_t, root_shoot_ratio
from mrv.biomass.context import BiomassContext
from mrv.biomass.selection import regions, select_equation
from mrv.biomass.wood_density import WoodDensity
from mrv.estimation.monte_carlo import BiomassDraws, draw_plot_biomass
from mrv.field.csv_text import parse_csv
from mrv.field.inventory import Inventory, read_inventory
from mrv.methodologies import load_methodology
from mrv.project import Ecology

_RULES = load_methodology("agroforestry_removals", 1)
_EPOCHS = [date(2021, 1, 15), date(2024, 1, 15)]
_HEADER = "plot_id,tree_id,species,dbh_cm,height_m,measured_on,status,origin"


def _context(region: str, height_model: str = "none") -> BiomassContext:
    ecology = Ecology(
        ecoregion="attacked",
        allometry_region=region,
        height_model=height_model,
        root_shoot_zone="",
        growth_cap="",
    )
    return BiomassContext.of(ecology, _RULES)


def _read(rows: list[str]) -> Inventory:
    raw = parse_csv("\n".join([_HEADER, *rows]).encode())
    return read_inventory(raw, plot_ids=None, today=date(2025, 1, 1))


def _draw(rows: list[str], context: BiomassContext, draws: int = 2_000) -> BiomassDraws:
    return draw_plot_biomass(_read(rows).trees, {"P": 1.0}, _EPOCHS, context, draws, seed=3)


def _grown(species: str, tree: int, *, later: str = "alive", from_cm: float = 20) -> list[str]:
    then = f"P,t{tree},{species},{from_cm},{from_cm * 0.6:.1f},2021-01-10,alive,planted"
    now = f"P,t{tree},{species},{from_cm + 6},{from_cm * 0.7:.1f},2024-01-10,{later},planted"
    return [then, now]


def _cv(stock: NDArray[np.float32]) -> float:
    return float(stock.std(dtype=float) / stock.mean(dtype=float))


def test_attack_03_allometry_free_of_error_or_independent_per_tree() -> None:
    """Fifty times the trees must not make a stock surer than its site is known."""
    context = _context("pantropical")
    free = replace(context, allometry=replace(context.allometry, site_sd_ln=0.0))
    woods = {"Inventa arbor": WoodDensity("Inventa arbor", "species", 0.6, 0.01)}
    few, many = ([row for i in range(n) for row in _grown("Inventa arbor", i)] for n in (20, 1_000))
    cv = {
        (name, len(rows)): _cv(
            _draw(rows, replace(kind, wood_densities=woods), 1_500).agb_t_ha[:, 0, 1]
        )
        for name, kind in (("shared", context), ("free", free))
        for rows in (few, many)
    }
    assert cv["shared", len(few)] > 0.1865
    assert cv["shared", len(many)] == pytest.approx(np.sqrt(np.expm1(0.1865**2)), rel=0.08)
    assert cv["free", len(many)] < 0.04  # what the attack is about: 2-3 % on paper


@pytest.mark.parametrize(
    ("region", "equation", "at_least", "at_most"),
    [
        ("west_african_parkland_dry", "shea_koutiala", 1.70, 1.82),
        ("west_african_parkland_wet", "shea_yanfolila", 1.97, 2.09),
    ],
)
def test_attack_04_generic_equation_on_shea(
    region: str, equation: str, at_least: float, at_most: float
) -> None:
    """Pruned parkland trees weigh half of what the forest's equation makes of them."""
    rows = ["P,t1,Vitellaria paradoxa,20,17.56,2024-01-10,alive,planted"]
    local = tree_biomass(_read(rows).trees, _context(region))
    generic = tree_biomass(_read(rows).trees, _context("pantropical"))
    assert local["equation_id"].tolist() == [equation]
    assert generic["equation_id"].tolist() == ["chave2014_eq4"]
    assert at_least < generic["agb_kg"].iloc[0] / local["agb_kg"].iloc[0] < at_most
    for beside in ("Mangifera indica", "Parkia biglobosa", ""):
        choice = select_equation(beside, region, 15, 25)
        assert choice.equation is EQUATIONS[equation]
        assert choice.proxy  # another's equation costs a wider error
    beyond = select_equation("Vitellaria paradoxa", region, 40, 60.1)
    assert {"above_range", "generic"} <= set(beyond.flags)


def test_attack_14_root_shoot_jumps_and_carbon_fraction_wanders() -> None:
    """A tree that grows must never lose carbon, and 0.5 must not stand for 0.47."""
    stock = np.linspace(100, 150, 501)
    fraction = _RULES.number("carbon.fraction_mean")
    assert fraction == 0.47
    zone = "tropical_moist_deciduous.asia"
    fixed = co2e_t(stock, root_shoot_ratio(zone, stock[0]), fraction)
    asked_again = co2e_t(stock, [root_shoot_ratio(zone, agb) for agb in stock], fraction)
    assert (np.diff(fixed) > 0).all()
    assert (np.diff(asked_again) < 0).any()  # what the attack is about
    # A project's ratio is a single number, asked without a stock: no date can change it.
    assert root_shoot_ratio(zone) == root_shoot_ratio(zone, stock[0]) == 0.323


_NO_TREES = (
    "Musa acuminata",
    "Ensete ventricosum",
    "Carica papaya",
    "Cocos nucifera",
    "Elaeis guineensis",
    "Bambusa procera",
    "Coffea arabica",
    "Coffea canephora",
    "Adansonia digitata",
)


def test_attack_19_banana_palm_bamboo_and_coffee_counted_as_trees() -> None:
    """A plot full of them earns nothing, in any region, and the report says why."""
    plants = [row for i, name in enumerate(_NO_TREES * 4) for row in _grown(name, i)]
    trees = _read(plants).trees
    for region in regions():
        context = _context(region, height_model="feldpausch_pantropical")
        drawn = draw_plot_biomass(trees, {"P": 1.0}, _EPOCHS, context, 20, seed=3)
        assert drawn.plot_ids == ("P",)
        assert (drawn.agb_t_ha == 0).all()
        assert drawn.excluded["species"].tolist() == sorted(_NO_TREES)
        assert drawn.excluded["n_trees"].tolist() == [4] * len(_NO_TREES)
        assert drawn.excluded["reason"].str.len().min() > 10
    wood = _grown("Grevillea robusta", 99)
    context = _context("western_kenya")
    assert (_draw(plants + wood, context).agb_t_ha == _draw(wood, context).agb_t_ha).all()


@pytest.mark.parametrize(
    "species", ["Juglans regia", "Malus domestica", "Prunus armeniaca", "Quercus robur", ""]
)
def test_attack_21_temperate_trees_in_a_pantropical_model(species: str) -> None:
    """Kyrgyz walnut and apple get a temperate stand-in, flagged, with a wider shared error."""
    choice = select_equation(species, "central_asia", 12, 18)
    assert choice.equation is not None
    assert choice.equation.zones == ("temperate",)
    assert {"proxy"} <= set(choice.flags)
    assert choice.reason
    rows = [row for i in range(200) for row in _grown(species or "unknown", i, from_cm=12)]
    stock = _draw(rows, _context("central_asia")).agb_t_ha[:, 0, 1]
    at_least = np.hypot(_RULES.number("allometry.proxy_sd_ln"), 0.1865)
    assert float(np.log(stock).std()) > 0.95 * at_least
    # Even where a trunk has outgrown every temperate equation, the generic one is a stand-in.
    giant = select_equation(species, "central_asia", 80, 90)
    assert giant.proxy
    assert "above_range" in giant.flags


@pytest.mark.parametrize("fate", ["dead", "harvested", "missing", "absent"])
def test_attack_26_dead_and_harvested_trees_kept_in_the_stock(fate: str) -> None:
    """What died, was felled or cannot be found is a loss, netted against what grew."""
    lost = _grown("Grevillea robusta", 1, later=fate, from_cm=30)
    lost = lost[:1] if fate == "absent" else lost
    grown = _grown("Grevillea robusta", 2, from_cm=10)
    context = _context("western_kenya")
    both, alone = _draw(lost + grown, context), _draw(grown, context)
    assert both.n_trees.tolist() == [[2, 1]]
    change = np.diff(both.agb_t_ha[:, 0, :], axis=1)
    assert change.mean() < 0 < np.diff(alone.agb_t_ha[:, 0, :], axis=1).mean()
    # Nothing of the lost tree is left: the stock is what the other tree alone holds.
    assert both.agb_t_ha[:, 0, 1].mean() == pytest.approx(alone.agb_t_ha[:, 0, 1].mean(), rel=0.03)


def test_attack_26_a_tree_that_rises_again_is_told() -> None:
    """A dead tree that lives at the next visit is doubted, not credited in silence."""
    rows = [
        "P,t1,Grevillea robusta,20,12,2021-01-10,dead,planted",
        "P,t1,Grevillea robusta,24,13,2024-01-10,alive,planted",
    ]
    inventory = _read(rows)
    assert "alive_again" in set(inventory.findings["code"])
    assert inventory.trees["flags"].iloc[1].split(";").count("suspect") == 1


def test_attack_27_wood_density_error_shrinks_with_the_number_of_trees() -> None:
    """A thousand trees of one species know its wood no better than one does."""
    context = _context("pantropical")
    bare = replace(
        context,
        allometry=replace(
            context.allometry, site_sd_ln=0.0, within_site_sd_ln=0.0, parameters=False
        ),
        errors=replace(
            context.errors,
            diameter_proportional=0.0,
            diameter_constant_cm=0.0,
            diameter_gross_share=0.0,
            height_proportional=0.0,
        ),
        wood_densities={
            f"Taxon t{i}": WoodDensity(f"Taxon t{i}", "species", 0.6, 0.06) for i in range(100)
        },
    )
    cv = {
        kinds: _cv(
            _draw(
                [row for i in range(200) for row in _grown(f"Taxon t{i % kinds}", i)], bare
            ).agb_t_ha[:, 0, 0]
        )
        for kinds in (1, 100)
    }
    assert cv[1] == pytest.approx(0.976 * 0.1, rel=0.08)
    assert cv[100] == pytest.approx(0.976 * 0.1 / np.sqrt(100), rel=0.15)
