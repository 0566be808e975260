"""Published height models, and fits on real trees that BIOMASS publishes results of."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mrv.biomass.heights import (
    HEIGHT_MODELS,
    PAIRS_MIN,
    SITE_SD_LN,
    TREE_SD_LN,
    chave_6a,
    fit_height_model,
    height_m,
    residual_error_m,
)
from tests.golden.felled_trees import FILE, read_felled_trees

_DIAMETERS = [10, 20, 30, 50]


@pytest.mark.parametrize(
    ("e", "expected"),
    [
        (-0.1, (13.359, 19.968, 24.881, 32.308)),
        (0.0, (12.088, 18.068, 22.514, 29.234)),
        (0.3, (8.955, 13.385, 16.678, 21.657)),
        (0.6, (6.634, 9.916, 12.356, 16.044)),
    ],
)
def test_chave_2014_eq6a(e: float, expected: tuple[float, ...]) -> None:
    """Heights at 10, 20, 30 and 50 cm."""
    assert height_m(chave_6a(e), _DIAMETERS) == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("e_africa", (9.3472, 15.4292, 20.1064, 26.8917)),
        ("w_africa", (10.7174, 17.5627, 22.8587, 30.6670)),
        ("se_asia", (11.8867, 19.5757, 25.5056, 34.1668)),
        ("pantropical", (11.4673, 18.1028, 23.0759, 30.2330)),
    ],
)
def test_feldpausch_2012(region: str, expected: tuple[float, ...]) -> None:
    """Heights at 10, 20, 30 and 50 cm."""
    model = HEIGHT_MODELS[f"feldpausch_{region}"]
    assert height_m(model, _DIAMETERS) == pytest.approx(expected, abs=6e-5)


@pytest.mark.parametrize(
    ("region", "coefficients", "rse_m"),
    [
        ("africa", (50.096, 0.03711, 0.8291), 5.739),
        ("c_africa", (50.453, 0.0471, 0.812), 6.177),
        ("e_africa", (43.974, 0.0334, 0.8546), 5.466),
        ("w_africa", (53.133, 0.0331, 0.8329), 5.165),
        ("s_america", (42.574, 0.0482, 0.8307), 5.619),
        ("brazilian_shield", (227.35, 0.0139, 0.555), 4.683),
        ("ec_amazonia", (48.131, 0.0375, 0.8228), 4.918),
        ("guiana_shield", (42.845, 0.0433, 0.9372), 5.285),
        ("w_amazonia", (46.263, 0.0876, 0.6072), 5.277),
        ("se_asia", (57.122, 0.0332, 0.8468), 5.691),
        ("n_australia", (41.721, 0.0529, 0.7755), 4.042),
        ("pantropical", (50.874, 0.042, 0.784), 5.479),
    ],
)
def test_feldpausch_2012_table_3(
    region: str, coefficients: tuple[float, float, float], rse_m: float
) -> None:
    """a, b, c and the residual error [m] of every region, from `feldCoef` of BIOMASS."""
    a, b, c = coefficients
    model = HEIGHT_MODELS[f"feldpausch_{region}"]
    expected = [a * (1 - math.exp(-b * d**c)) for d in _DIAMETERS]
    assert height_m(model, _DIAMETERS) == pytest.approx(expected, rel=1e-12)
    assert float(model.sd_ln(1000.0)) == pytest.approx(rse_m / 1000)
    assert float(model.sd_ln(2.0)) == TREE_SD_LN  # metres fitted on tall trees say too much


def test_errors_of_height_models() -> None:
    """RSE 0.243 of Chave et al. 2014 eq. 6a; 0.308 between sites (computed below); 50 pairs."""
    model = chave_6a(0.0)
    assert float(model.sd_ln(10.0)) == TREE_SD_LN == 0.243
    assert model.site_sd_ln == HEIGHT_MODELS["feldpausch_se_asia"].site_sd_ln == SITE_SD_LN == 0.308
    assert PAIRS_MIN == 50


@pytest.mark.parametrize(
    ("degree", "rse_m", "rse_ln", "coefficients"),
    [
        (1, 4.305060, 0.2231136, (1.511381, 0.494828)),
        (2, 4.222718, 0.2215495, (0.679574, 1.030834, -0.0835936)),
    ],
)
def test_nouragues_log1_log2(
    real_data: Callable[[str], Path],
    degree: int,
    rse_m: float,
    rse_ln: float,
    coefficients: tuple[float, ...],
) -> None:
    """The fits log1 and log2 of BIOMASS's own tests, on 888 trees of French Guiana."""
    path = real_data("tree_inventories/biomass_nouragues/NouraguesHD.csv")
    trees = pd.read_csv(path).dropna(subset=["H"])
    model = fit_height_model(trees["D"], trees["H"], degree=degree)
    assert model.n_pairs == 888
    assert model.coefficients == pytest.approx(coefficients, rel=1e-5)
    assert model.tree_sd_ln == pytest.approx(rse_ln, rel=1e-6)
    assert residual_error_m(model, trees["D"], trees["H"]) == pytest.approx(rse_m, rel=1e-6)


def test_heights_differ_between_sites_by_a_third(real_data: Callable[[str], Path]) -> None:
    """The shared error of a regional height model, from the trees of Chave et al. 2014."""
    trees = read_felled_trees(real_data(FILE))
    model = HEIGHT_MODELS["feldpausch_pantropical"]
    residual = np.log(trees["height_m"] / height_m(model, trees["dbh_cm"]))
    sites = residual.groupby(trees["site"]).agg(["mean", "size", "var"])
    sites = sites[sites["size"] >= 10]
    within = (sites["var"] * (sites["size"] - 1)).sum() / (sites["size"] - 1).sum()
    between = np.sqrt(sites["mean"].var() - within * (1 / sites["size"]).mean())
    assert len(sites) == 55
    assert between == pytest.approx(SITE_SD_LN, abs=5e-4)
