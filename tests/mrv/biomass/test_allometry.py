"""The registry of equations keeps its promises."""

import numpy as np
import pytest

from mrv.biomass.allometry import EQUATIONS, biomass_kg, check_range, ln_biomass
from mrv.biomass.selection import _tables
from mrv.errors import InputRejected, OutOfCalibration


def test_every_equation_names_source_and_tag() -> None:
    for equation in EQUATIONS.values():
        assert len(equation.source) > 10
        assert equation.tag in {"V", "V2", "C", "M", "P"}
        assert equation.creditable or equation.note


def test_nothing_is_credited_from_memory_or_without_a_range() -> None:
    for equation in EQUATIONS.values():
        if equation.creditable:
            assert equation.tag != "M"
            assert equation.dbh_cm is not None
            assert (equation.output, equation.unit) == ("agb", "kg")
            assert equation.diameter_at_m == 1.3 or equation.id == "citrus"


def test_tables_name_equations_that_exist_and_may_be_credited() -> None:
    named = [row["equation"] for row in _tables()["stand_in"].values()]
    named += [row["mixed"] for row in _tables()["region"].values() if "mixed" in row]
    assert all(EQUATIONS[name].creditable for name in named)
    assert all(row["reason"] and row["tag"] for row in _tables()["stand_in"].values())
    assert all(row["reason"] and row["tag"] for row in _tables()["not_credited"].values())


def test_an_input_that_is_missing_is_named() -> None:
    with pytest.raises(InputRejected, match="height_m and wood_density_g_cm3"):
        biomass_kg(EQUATIONS["chave2014_eq4"], 20)
    with pytest.raises(InputRejected, match="dbh_cm"):
        biomass_kg(EQUATIONS["grevillea"])


def test_extrapolation_is_refused() -> None:
    check_range(EQUATIONS["teak"], [10, 59, 70.8], 1.2)
    for outside in (9.9, 70.9, np.nan):
        with pytest.raises(
            OutOfCalibration, match=rf"{outside:g} cm lies outside 10-59 cm, .*teak"
        ):
            check_range(EQUATIONS["teak"], [12, outside], 1.2)


def test_local_shea_is_about_half_of_the_generic_equation() -> None:
    """Methodology 3.2: 296.9 kg at 20 cm against 169 and 146: parkland trees are pruned."""
    generic = biomass_kg(EQUATIONS["chave2014_eq4"], 20, height_m=17.5627, wood_density_g_cm3=0.772)
    assert float(generic) == pytest.approx(296.9, abs=0.1)
    assert float(generic) / 169 == pytest.approx(1.76, abs=0.01)
    assert float(generic) / 146 == pytest.approx(2.03, abs=0.01)


@pytest.mark.parametrize("name", sorted(EQUATIONS))
def test_on_logarithms_an_equation_keeps_all_its_terms(name: str) -> None:
    """Grevillea's stem and branches are two terms, walnut's are three: none may go missing."""
    equation = EQUATIONS[name]
    dbh_cm, height_m, wd, agb_kg, bioclim_e = np.array([8.0, 20.0, 45.0]), 12.0, 0.6, 150.0, 0.1
    plain = biomass_kg(
        equation,
        dbh_cm,
        height_m=height_m,
        wood_density_g_cm3=wd,
        agb_kg=agb_kg,
        bioclim_e=bioclim_e,
    )
    ln = ln_biomass(
        equation,
        np.log(dbh_cm),
        ln_h=np.log(height_m),
        ln_wd=np.log(wd),
        ln_agb=np.log(agb_kg),
        bioclim_e=bioclim_e,
    )
    np.testing.assert_allclose(np.exp(ln), plain, rtol=1e-12)
