"""Tree Monte Carlo against BIOMASS's own (means of 30 runs of 1,000 draws) and the site effect.

Twenty trees of 6-80 cm; deterministic sum 27.37996 Mg. BIOMASS draws wood density per tree and has
no site effect; here each tree gets a taxon of its own, and the site effect is switched off where
BIOMASS is compared. Tolerances: mean 1 %, SD 8 %.
"""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from mrv.biomass.assignment import tree_biomass
from mrv.biomass.carbon import draw_carbon_fraction
from mrv.biomass.wood_density import WoodDensity
from mrv.estimation.monte_carlo import (
    AllometryErrors,
    BiomassContext,
    MeasurementErrors,
    draw_plot_biomass,
)

_DBH = [6, 8, 10, 12, 15, 18, 20, 22, 25, 28, 30, 33, 36, 40, 45, 50, 55, 60, 70, 80]
_DENSITY = [0.45, 0.55, 0.65, 0.75]
_DAY = date(2024, 1, 1)
_BIOMASS = AllometryErrors(site_sd_ln=0.0, within_site_sd_ln=0.35743895, proxy_sd_ln=0.3)
_EXACT = MeasurementErrors(height_proportional=0.0)
_TAPE = MeasurementErrors(
    diameter_proportional=0.0062,
    diameter_constant_cm=0.0904,
    diameter_gross_share=0.05,
    diameter_gross_sd_cm=4.64,
    diameter_gross_cap=1e9,  # BIOMASS has no cap
    height_proportional=0.0,
)


def _trees(times: int = 1, sites: int = 1) -> pd.DataFrame:
    d = np.tile(np.array(_DBH, float), times)
    n = len(d)
    return pd.DataFrame(
        {
            "plot_id": [f"site-{i % sites}" for i in range(n)],
            "tree_id": [f"{i:05d}" for i in range(n)],
            "stem": 1,
            "species": [f"Taxon t{i % 20}" for i in range(n)],
            "dbh_cm": d,
            "height_m": np.round(1.3 + 40 * (1 - np.exp(-0.03 * d**0.9)), 4),
            "measured_on": pd.Timestamp(_DAY),
            "status": "alive",
            "origin": "planted",
            "inclusion_probability": 1.0,
            "tree_fraction": 1.0,
            "flags": "",
        }
    )


def _context(
    allometry: AllometryErrors, errors: MeasurementErrors, density_sd: float = 0.0
) -> BiomassContext:
    woods = {
        f"Taxon t{i}": WoodDensity(f"Taxon t{i}", "species", _DENSITY[i % 4], density_sd)
        for i in range(20)
    }
    return BiomassContext("pantropical", "golden", "none", allometry, errors, None, woods)


def _total_t(trees: pd.DataFrame, context: BiomassContext, draws: int) -> np.ndarray:
    areas = dict.fromkeys(trees["plot_id"], 1.0)
    drawn = draw_plot_biomass(trees, areas, [_DAY], context, draws, seed=20)
    return drawn.agb_t_ha[:, :, 0].sum(axis=1, dtype=np.float64)


def _agrees(total: np.ndarray, mean: float, sd: float) -> bool:
    return bool(
        total.mean() == pytest.approx(mean, rel=0.01) and total.std() == pytest.approx(sd, rel=0.08)
    )


def test_case_a_allometry_only() -> None:
    """Parameters and residual: 27.32, sd 4.013, 95 % interval 20.64-36.24."""
    total = _total_t(_trees(), _context(_BIOMASS, _EXACT), 20_000)
    assert _agrees(total, 27.32, 4.013)
    assert np.quantile(total, [0.025, 0.975]) == pytest.approx([20.64, 36.24], rel=0.03)


@pytest.mark.parametrize("dbh_cm", [2.0, 4.0, 9.9, 12.0, 40.0])
def test_without_errors_every_draw_is_the_point_value(dbh_cm: float) -> None:
    """Also of saplings, below what any equation was fitted on: biomass tapers as D^2.5 there."""
    trees = _trees().assign(species="Tectona grandis", dbh_cm=dbh_cm)
    certain = AllometryErrors(0.0, 0.0, 0.0, parameters=False)
    context = replace(
        _context(certain, _EXACT),
        wood_densities={"Tectona grandis": WoodDensity("Tectona grandis", "species", 0.6, 0.0)},
    )
    weighed = tree_biomass(trees, context)
    assert set(weighed["equation_id"]) == {"teak" if dbh_cm >= 10 else "chave2014_eq4"}
    drawn = _total_t(trees, context, 50)
    assert drawn == pytest.approx(np.full(50, weighed["agb_kg"].sum() / 1000), rel=1e-4)


def test_case_b_wood_density() -> None:
    """Wood density SD 0.07 per tree: 27.32, sd 4.18."""
    assert _agrees(_total_t(_trees(), _context(_BIOMASS, _EXACT, 0.07), 20_000), 27.32, 4.18)


def test_case_c_height() -> None:
    """Height SD 2 m: sd 4.25."""
    errors = replace(_EXACT, height_constant_m=2.0)
    total = _total_t(_trees(), _context(_BIOMASS, errors), 20_000)
    assert total.std() == pytest.approx(4.25, rel=0.08)


def test_case_d_diameter() -> None:
    """The diameter error "chave2004": 27.29, sd 4.18, 95 % interval 20.37-36.65."""
    total = _total_t(_trees(), _context(_BIOMASS, _TAPE), 20_000)
    assert _agrees(total, 27.29, 4.18)
    assert np.quantile(total, [0.025, 0.975]) == pytest.approx([20.37, 36.65], rel=0.03)


def test_case_e_a_thousand_trees_without_site_effect() -> None:
    """Case A fifty times over: 1367.1, sd 31.8, which is 2.3 % and far too sure."""
    assert _agrees(_total_t(_trees(50), _context(_BIOMASS, _EXACT), 4_000), 1367.1, 31.8)


def test_case_f_carbon() -> None:
    """Case D in carbon, fraction 0.4713 with SD 0.0206: 12.888, sd 1.988."""
    total = _total_t(_trees(), _context(_BIOMASS, _TAPE), 20_000)
    fraction = draw_carbon_fraction(np.random.default_rng(1), 20_000, 0.4713, 0.0206)
    assert _agrees(total * fraction, 12.888, 1.988)


@pytest.mark.parametrize(
    ("times", "sites", "mean", "cv", "half_width"),
    [
        pytest.param(1, 1, 27.39, 0.225, 0.366, id="20 trees at one site"),
        pytest.param(50, 1, 1368.9, 0.189, 0.309, id="1,000 trees at one site"),
        pytest.param(50, 10, 1368.3, 0.081, 0.134, id="1,000 trees at ten sites"),
    ],
)
def test_the_site_effect_does_not_average_out(
    times: int, sites: int, mean: float, cv: float, half_width: float
) -> None:
    """Residual 0.307 within sites and 0.1865 between them, once per site and draw."""
    allometry = AllometryErrors(site_sd_ln=0.1865, within_site_sd_ln=0.307, proxy_sd_ln=0.3)
    trees = _trees(times, sites)
    context = replace(
        _context(allometry, _EXACT), plot_ecoregions={p: p for p in trees["plot_id"].unique()}
    )
    total = _total_t(trees, context, 10_000)
    low, high = np.quantile(total, [0.05, 0.95])
    assert total.mean() == pytest.approx(mean, rel=0.01)
    assert total.std() / total.mean() == pytest.approx(cv, rel=0.08)
    assert (high - low) / 2 / total.mean() == pytest.approx(half_width, rel=0.08)
