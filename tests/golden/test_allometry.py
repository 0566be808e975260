"""Published equations, evaluated by hand or by their reference implementation."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from mrv.biomass.allometry import EQUATIONS, biomass_kg


@pytest.mark.parametrize(
    ("dbh_cm", "density", "height_m", "agb_t"),
    [
        (5, 0.45, 4, 0.002764079167),
        (10, 0.60, 8, 0.027855214808),
        (20, 0.772, 11, 0.188078590572),
        (30, 0.50, 18, 0.439234497861),
        (50, 0.60, 25, 1.960060973247),
        (75, 0.55, 30, 4.746778645454),
        (100, 0.70, 35, 12.241683940562),
        (10, 0.6, 10 ** (2 / 3), 0.01637409672),
        (25, 0.6, 25 ** (2 / 3), 0.17777166793),
        (50, 0.6, 50 ** (2 / 3), 1.07979989909),
        (99, 0.6, 99 ** (2 / 3), 6.38945600913),
    ],
)
def test_chave_2014_eq4(dbh_cm: float, density: float, height_m: float, agb_t: float) -> None:
    """As BIOMASS computes it."""
    agb = biomass_kg(
        EQUATIONS["chave2014_eq4"], dbh_cm, height_m=height_m, wood_density_g_cm3=density
    )
    assert float(agb) / 1000 == pytest.approx(agb_t, rel=1e-9)


@pytest.mark.parametrize(
    ("dbh_cm", "density", "e", "biomass_t", "published_t"),
    [
        (10, 0.6, 0, 0.040340301644, 0.040234200445),
        (50, 0.6, 0, 2.286870643555, 2.203240163136),
        (10, 0.6, 0.3, 0.030835311022, 0.030021608066),
        (50, 0.6, 0.3, 1.748037686550, 1.643994709037),
        (50, 0.6, -0.1, 2.501143073588, 2.429120064214),
        (50, 0.6, 0.6, 1.336164667735, 1.226701767952),
        (20, 0.772, 0.3, 0.227866713848, 0.219400147754),
    ],
)
def test_chave_2014_eq7(
    dbh_cm: float, density: float, e: float, biomass_t: float, published_t: float
) -> None:
    """The published equation and the variant in BIOMASS."""
    for name, expected in (("chave2014_eq7", published_t), ("chave2014_eq7_biomass", biomass_t)):
        agb = biomass_kg(EQUATIONS[name], dbh_cm, wood_density_g_cm3=density, bioclim_e=e)
        assert float(agb) / 1000 == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        ("kuyah2012_agb", (4.863, 26.980, 149.688, 407.836)),
        ("kuyah2012_bgb_diameter", (1.954, 9.644, 47.590, 121.074)),
        ("shea_koutiala", (4.350, 27.112, 169.000, 492.910)),
        ("shea_yanfolila", (3.706, 23.261, 146.000, 427.558)),
        ("avocado", (3.825, 22.301, 130.014, 364.652)),
        ("teak", (7.074, 36.872, 192.196, 504.887)),
        ("jackfruit", (10.044, 39.920, 158.666, 355.670)),
        ("syzygium", (5.731, 34.912, 212.698, 612.116)),
        ("cocoa_simple", (2.924, 11.536, 45.510, 101.570)),
        ("grevillea", (24.717, 64.997, 189.693, 392.453)),
        ("maesopsis", (2.726, 15.110, 87.923, 254.483)),
        ("markhamia", (2.804, 15.515, 86.130, 235.109)),
        ("ryan2010", (1.746, 10.591, 64.258, 184.475)),
        ("segura_shade", (5.246, 24.491, 114.338, 281.605)),
        ("walnut_a", (4.915, 26.911, 153.219, 433.163)),
        ("walnut_b", (6.816, 33.266, 162.351, 410.371)),
        ("poplar", (4.381, 22.395, 114.475, 297.299)),
        ("populus_davidiana", (3.803, 20.393, 109.367, 292.116)),
        ("robinia", (6.047, 29.077, 139.817, 350.357)),
        ("fraxinus", (5.412, 37.818, 264.259, 824.006)),
        ("ulmus_japonica", (6.132, 32.434, 178.928, 497.695)),
    ],
)
def test_species_equations(equation: str, expected: tuple[float, ...]) -> None:
    """Kilograms at diameters of 5, 10, 20 and 30 cm."""
    agb = biomass_kg(EQUATIONS[equation], [5, 10, 20, 30])
    assert agb == pytest.approx(expected, abs=6e-4)


def test_kuyah_2012_roots_from_shoots() -> None:
    """Below ground from above ground: 5, 10, 20 and 30 cm."""
    agb = biomass_kg(EQUATIONS["kuyah2012_agb"], [5, 10, 20, 30])
    bgb = biomass_kg(EQUATIONS["kuyah2012_bgb"], agb_kg=agb)
    assert bgb == pytest.approx([2.110, 10.258, 49.876, 125.798], abs=6e-4)


def test_shea_of_50_cm() -> None:
    """Koutiala and Yanfolila."""
    koutiala = biomass_kg(EQUATIONS["shea_koutiala"], 50)
    yanfolila = biomass_kg(EQUATIONS["shea_yanfolila"], 50)
    assert (float(koutiala), float(yanfolila)) == pytest.approx((1898.664925, 1655.365420))


@pytest.mark.parametrize(
    ("equation", "dbh_cm", "height_m", "expected"),
    [
        ("coffee_segura", 3, 2, 0.652823),
        ("coffee_negash", 5, None, 3.675),
        ("cocoa_somarriba", 12, 5, 18.550447),
        ("citrus", 12, None, 31.488734),
        ("coconut", 1, 10, 246.815236),
        ("banana", 10, None, 4.129929),
        ("banana_exponential", 10, None, 2.958),
    ],
)
def test_single_values(
    equation: str, dbh_cm: float, height_m: float | None, expected: float
) -> None:
    """Shrubs, palms and herbs: computed for comparison, not credited."""
    agb = biomass_kg(EQUATIONS[equation], dbh_cm, height_m=height_m)
    assert float(agb) == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize(
    ("equation", "parts"),
    [
        ("huy2019_mixed", (72.167535, 34.915257, 5.692270, 23.002890)),
        ("huy2019_dipterocarpaceae", (75.367785, 39.869826, 6.077680, 19.570624)),
    ],
)
def test_huy_2019(equation: str, parts: tuple[float, ...]) -> None:
    """Stem, branch, leaf and bark of a tree of 20 cm, 12 m and 0.6 g/cm3."""
    terms = EQUATIONS[equation].terms
    drawn = [
        math.exp(t.ln_scale + t.d * math.log(20) + t.h * math.log(12) + t.wd * math.log(0.6))
        for t in terms
    ]
    assert drawn == pytest.approx(parts, abs=1e-5)
    whole = biomass_kg(EQUATIONS[equation], 20, height_m=12, wood_density_g_cm3=0.6)
    assert float(whole) == pytest.approx(sum(parts), abs=1e-4)


def test_feldpausch_2012() -> None:
    """20 cm, 0.6 g/cm3; without height and with 12 m."""
    without = biomass_kg(EQUATIONS["feldpausch2012"], 20, wood_density_g_cm3=0.6)
    having = biomass_kg(EQUATIONS["feldpausch2012_height"], 20, height_m=12, wood_density_g_cm3=0.6)
    assert (float(without), float(having)) == pytest.approx((239.009546, 142.680917))


def test_chave_2005_without_height() -> None:
    """Dry, dry as in SHAMBA, moist and wet, 0.6 g/cm3, at 10, 20 and 50 cm."""
    names = ("chave2005_dry", "chave2005_dry_uncorrected", "chave2005_moist", "chave2005_wet")
    expected = [
        [39.823, 194.182, 1460.9],
        [37.391, 182.326, 1371.703],
        [40.068, 251.450, 2640.661],
        [35.295, 197.149, 1775.016],
    ]
    got = [biomass_kg(EQUATIONS[n], [10, 20, 50], wood_density_g_cm3=0.6) for n in names]
    assert np.array(got) == pytest.approx(np.array(expected), rel=5e-5)


@pytest.mark.parametrize(
    ("equation", "formula"),
    [
        ("shea_root_koutiala", lambda d: 8.73 * (d / 10) ** 2.35),
        ("shea_root_yanfolila", lambda d: 8.16 * (d / 10) ** 2.38),
        ("acacia_mangium_fresh", lambda d: 0.4103 * d**2.3315),
        ("populus_euramericana", lambda d: np.exp(-2.94077) * d**2.56677),
        ("populus_euramericana_roots", lambda d: np.exp(-5.00204) * d**2.82049),
        ("betula", lambda d: 0.135159 * d**2.3683),
        ("betula_roots", lambda d: 0.172786 * d**1.8764),
        ("montero_hardwoods", lambda d: np.exp(-1.87511) * d**2.29843),
        ("montero_hardwoods_roots", lambda d: np.exp(-1.38199) * d**1.96764),
        ("citrus", lambda d: -6.64 + 0.279 * _basal_cm2(d) + 0.000514 * _basal_cm2(d) ** 2),
    ],
)
def test_formulas_of_methodology_3_2(
    equation: str, formula: Callable[[np.ndarray], np.ndarray]
) -> None:
    """Equations without a printed value, written out as methodology 3.2 prints them."""
    d = np.array([8.0, 12.0, 17.0])
    assert biomass_kg(EQUATIONS[equation], d) == pytest.approx(formula(d), rel=1e-8)


def test_eucalyptus_volume_of_methodology_3_2() -> None:
    """1.22 D^2 H 0.01."""
    volume = biomass_kg(EQUATIONS["eucalyptus_volume"], 20, height_m=15)
    assert float(volume) == pytest.approx(1.22 * 20**2 * 15 * 0.01)


@pytest.mark.parametrize(
    ("forest", "constant", "power"),
    [("dry", -2.187, 0.916), ("moist", -2.977, 1.0), ("wet", -2.557, 0.940)],
)
def test_chave_2005_with_height(forest: str, constant: float, power: float) -> None:
    """One power of WD D^2 H, as methodology 3.1 prints it."""
    size = np.log(0.6 * 20**2 * 12)
    agb = biomass_kg(
        EQUATIONS[f"chave2005_{forest}_height"], 20, height_m=12, wood_density_g_cm3=0.6
    )
    assert float(agb) == pytest.approx(math.exp(constant + power * size))


def test_chave_2005_mangrove() -> None:
    """WD exp(-1.349 + 1.980 lnD + 0.207 lnD^2 - 0.0281 lnD^3)."""
    ln = math.log(20)
    agb = biomass_kg(EQUATIONS["chave2005_mangrove"], 20, wood_density_g_cm3=0.6)
    expected = 0.6 * math.exp(-1.349 + 1.980 * ln + 0.207 * ln**2 - 0.0281 * ln**3)
    assert float(agb) == pytest.approx(expected)


_CM5_30 = (5.0, 30.0)  # where methodology 7.4 prints values and the source states no range


@pytest.mark.parametrize(
    ("equation", "dbh_cm", "n_trees"),
    [
        ("chave2014_eq4", (5, 212), 4004),
        ("chave2014_eq7", (5, 212), 4004),
        ("chave2014_eq7_biomass", (5, 212), None),
        *(
            (f"chave2005_{f}{h}", (5, 156), None)
            for f in ("dry", "moist", "wet")
            for h in ("", "_height")
        ),
        ("chave2005_dry_uncorrected", (5, 156), None),
        ("chave2005_mangrove", (5, 156), None),
        ("feldpausch2012", (5, 156), None),
        ("feldpausch2012_height", (5, 156), None),
        ("kuyah2012_agb", (3, 102), 72),
        ("kuyah2012_bgb", (3, 102), 72),
        ("kuyah2012_bgb_diameter", (3, 102), 72),
        ("avocado", (5.3, 96.2), None),
        ("grevillea", (10, 30), None),
        ("maesopsis", _CM5_30, None),
        ("markhamia", _CM5_30, None),
        ("ryan2010", _CM5_30, None),
        ("shea_koutiala", (5, 50), None),
        ("shea_yanfolila", (5, 50), None),
        ("cocoa_simple", _CM5_30, None),
        ("segura_shade", _CM5_30, None),
        ("citrus", (8, 17), None),
        ("teak", (10, 59), None),
        ("jackfruit", _CM5_30, None),
        ("eucalyptus_volume", (1, 31), None),
        ("syzygium", _CM5_30, None),
        ("huy2019_mixed", _CM5_30, None),
        ("huy2019_dipterocarpaceae", _CM5_30, None),
        ("walnut_a", (6.5, 42.5), 10),
        ("walnut_b", (8.1, 40.9), 10),
        ("poplar", (0.1, 44.7), 198),
        ("populus_davidiana", (5.8, 35.0), 20),
        ("populus_euramericana", _CM5_30, None),
        ("robinia", (0.1, 40.1), 132),
        ("fraxinus", (0.1, 40.0), 132),
        ("ulmus_japonica", (5.6, 39.9), 10),
        ("betula", _CM5_30, None),
        ("montero_hardwoods", _CM5_30, None),
    ],
)
def test_what_equations_were_fitted_on(
    equation: str, dbh_cm: tuple[float, float], n_trees: int | None
) -> None:
    """Range of diameters [cm] and number of trees, as the sources state them."""
    row = EQUATIONS[equation]
    assert (row.dbh_cm, row.n_trees) == (dbh_cm, n_trees)


def test_published_residuals() -> None:
    """SD of ln(biomass): Chave 2014 within sites, its eq. 7 less the site part, Feldpausch 2012."""
    stated = {e.id: e.residual_sd_ln for e in EQUATIONS.values() if e.residual_sd_ln is not None}
    assert stated == {
        "chave2014_eq4": 0.307,
        "chave2014_eq7": pytest.approx(math.sqrt(0.413**2 - 0.1865**2), abs=1e-4),
        "feldpausch2012": 0.3595,
        "feldpausch2012_height": 0.3222,
    }


def test_where_diameters_are_taken() -> None:
    """Breast height, save coffee at 15 and 40 cm, cocoa and citrus at 30 cm."""
    elsewhere = {e.id: e.diameter_at_m for e in EQUATIONS.values() if e.diameter_at_m != 1.3}
    assert elsewhere == {
        "coffee_segura": 0.15,
        "coffee_negash": 0.40,
        "cocoa_somarriba": 0.30,
        "citrus": 0.30,
    }


def _basal_cm2(dbh_cm: np.ndarray) -> np.ndarray:
    return np.asarray(math.pi / 4 * dbh_cm**2)
