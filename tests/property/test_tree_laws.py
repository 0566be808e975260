"""Laws of trees: what holds for every diameter, every equation, every plot."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrv.biomass.allometry import EQUATIONS
from mrv.biomass.assignment import ln_agb_kg, tree_biomass
from mrv.biomass.context import AllometryErrors, BiomassContext, MeasurementErrors
from mrv.biomass.selection import not_credited, regions, select_equation
from mrv.estimation.monte_carlo import draw_plot_biomass

_CREDITABLE = [e for e in EQUATIONS.values() if e.creditable]
_CONTEXT = BiomassContext(
    "western_kenya",
    "anywhere",
    "feldpausch_pantropical",
    AllometryErrors(site_sd_ln=0.1865, within_site_sd_ln=0.307, proxy_sd_ln=0.3),
    MeasurementErrors(0.0062, 0.0904, 0.05, 4.64),
    bioclim_e=0.2,
)
_SPECIES = st.sampled_from(
    [
        "",
        "Mangifera indica",
        "Tectona grandis",
        "Grevillea robusta",
        "Vitellaria paradoxa",
        "Juglans regia",
        "Populus nigra",
        "Musa acuminata",
        "Adansonia digitata",
        "Inventa arbor",
    ]
)
_DIAMETERS = st.floats(0.2, 400.0)


@pytest.mark.parametrize("equation", _CREDITABLE, ids=lambda e: e.id)
@given(one=_DIAMETERS, other=_DIAMETERS)
def test_a_thicker_tree_never_weighs_less(equation: object, one: float, other: float) -> None:
    """Below, inside and above the fitted range, at a given height and density."""
    thin, thick = (
        sum(ln_agb_kg(equation, np.log(np.array([d])), np.log(12.0), np.log(0.6), _CONTEXT))
        for d in sorted((one, other))
    )
    assert thin <= thick + 1e-9


@given(species=_SPECIES, region=st.sampled_from(regions()), one=_DIAMETERS, other=_DIAMETERS)
def test_every_tree_gets_an_equation_or_a_reason(
    species: str, region: str, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    choice = select_equation(species, region, low, high)
    if choice.equation is None:
        assert choice.reason == not_credited(species) != ""
        return
    fitted = choice.equation.dbh_cm
    assert fitted is not None
    assert choice.equation.creditable
    assert low >= fitted[0] or "sapling" in choice.flags
    assert high <= 1.2 * fitted[1] or "above_range" in choice.flags


_TREE = st.tuples(
    _SPECIES,
    st.floats(0.5, 80.0),
    st.floats(0.0, 5.0),
    st.sampled_from(["planted", "pre_existing", "regenerated"]),
    st.sampled_from(["alive", "alive", "dead", "absent"]),
)


def _rows(trees: list[tuple[str, float, float, str, str]]) -> pd.DataFrame:
    rows = []
    for number, (species, dbh, growth, origin, later) in enumerate(trees):
        for visit, day in enumerate(("2021-01-05", "2024-01-05")):
            status = later if visit else "alive"
            if status != "absent":
                rows.append(
                    {
                        "plot_id": f"P{number % 3}",
                        "tree_id": f"t{number}",
                        "stem": 1,
                        "species": species,
                        "dbh_cm": dbh + visit * growth,
                        "height_m": np.nan,
                        "measured_on": pd.Timestamp(day),
                        "status": status,
                        "origin": origin,
                        "inclusion_probability": 1.0,
                        "tree_fraction": 1.0,
                        "flags": "",
                    }
                )
    return pd.DataFrame(rows)


@settings(max_examples=10, deadline=None)
@given(st.lists(_TREE, min_size=1, max_size=8), st.sampled_from(regions()))
def test_draws_are_stocks(trees: list[tuple[str, float, float, str, str]], region: str) -> None:
    """Finite, never negative, the older part within the whole, and zero where nothing lives."""
    context = BiomassContext(
        region, "x", "feldpausch_pantropical", _CONTEXT.allometry, _CONTEXT.errors
    )
    rows = _rows(trees)
    epochs = [date(2021, 1, 1), date(2024, 1, 1)]
    areas = dict.fromkeys(rows["plot_id"], 0.3)
    drawn = draw_plot_biomass(rows, areas, epochs, context, 40, seed=1)
    assert np.isfinite(drawn.agb_t_ha).all()
    assert (drawn.pre_existing_agb_t_ha >= 0).all()
    assert (drawn.pre_existing_agb_t_ha <= drawn.agb_t_ha * (1 + 1e-6)).all()
    assert ((drawn.agb_t_ha > 0).all(axis=0) == (drawn.n_trees > 0)).all()
    assert (drawn.agb_t_ha[:, drawn.n_trees == 0] == 0).all()


@settings(max_examples=10, deadline=None)
@given(st.lists(_TREE, min_size=1, max_size=8), st.permutations(range(16)))
def test_the_order_of_rows_says_nothing(
    trees: list[tuple[str, float, float, str, str]], order: list[int]
) -> None:
    rows = _rows(trees)
    shuffled = rows.iloc[[i for i in order if i < len(rows)]]
    epochs = [date(2021, 1, 1), date(2024, 1, 1)]
    areas = dict.fromkeys(rows["plot_id"], 0.3)
    one = draw_plot_biomass(rows, areas, epochs, _CONTEXT, 20, seed=1)
    two = draw_plot_biomass(shuffled, areas, epochs, _CONTEXT, 20, seed=1)
    assert np.array_equal(one.agb_t_ha, two.agb_t_ha)
    assert one.plot_ids == two.plot_ids
    point, again = (tree_biomass(r, _CONTEXT)["agb_kg"].sum() for r in (rows, shuffled))
    assert point == pytest.approx(again)
