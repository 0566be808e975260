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
    HeightModel,
    _variances,
    bioclim_e,
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


def test_trees_without_a_height_say_nothing() -> None:
    rng = np.random.default_rng(3)
    d = rng.uniform(5, 50, 90)
    h = np.exp(0.9 + 0.55 * np.log(d) + rng.normal(0, 0.18, d.size))
    model = fit_height_model(d[:60], h[:60])
    lacking_h, lacking_d = np.where(np.arange(90) < 60, h, np.nan), np.r_[d[:60], [np.nan] * 30]
    assert fit_height_model(d, lacking_h) == model
    assert fit_height_model(lacking_d, h) == model


def test_nouragues_weibull(real_data: Callable[[str], Path]) -> None:
    """BIOMASS's Weibull a 47.8032, b 44.6729, c 0.698702 leaves 4.220562 m on the same trees."""
    path = real_data("tree_inventories/biomass_nouragues/NouraguesHD.csv")
    trees = pd.read_csv(path).dropna(subset=["H"])
    a, b, c = 47.8032, 44.6729, 0.698702  # H = a (1 - exp(-(D / b)^c))
    model = HeightModel("nouragues", "weibull", (a, b**-c, c), TREE_SD_LN, 0.0, "BIOMASS")
    assert residual_error_m(model, trees["D"], trees["H"]) == pytest.approx(4.220562, rel=1e-6)


def test_bioclim_of_biomass() -> None:
    """Seasonality 6.62375 (thousands), rain 0.01925, deficit -0.0921875; E 1.129928 within 0.1."""
    assert bioclim_e(6623.75, -92.1875, 19.25) == pytest.approx(1.129928, abs=0.1)
    by_hand = (0.178 * 6623.75 + 0.938 * 92.1875 - 6.61 * 19.25) / 1000
    assert bioclim_e(6623.75, -92.1875, 19.25) == pytest.approx(by_hand, rel=1e-12)


def test_no_tree_is_lower_than_breast_height() -> None:
    """A diameter is taken at 1.3 m; a power law would put a wisp below it."""
    assert float(height_m(chave_6a(0.6), 0.5)) == 1.3


def test_random_intercepts_of_searle_casella_mcculloch() -> None:
    """Coefficients, departures and their errors against the whole covariance matrix, inverted."""
    rng = np.random.default_rng(7)
    kind = np.repeat(np.arange(5), [30, 20, 10, 8, 4])
    d = rng.uniform(5, 50, kind.size)
    level = np.array([0.0, 0.3, -0.2, 0.1, 0.4])[kind]
    h = np.exp(0.9 + level + 0.55 * np.log(d) + rng.normal(0, 0.18, kind.size))
    model = fit_height_model(d, h, [f"Genus s{k}" for k in kind])
    x, y = np.column_stack([np.ones(d.size), np.log(d)]), np.log(h)
    one_hot = (kind[:, None] == np.arange(5)).astype(float)
    within, between = _variances(x, y, one_hot)
    assert model.tree_sd_ln == pytest.approx(np.sqrt(within))
    inverse = np.linalg.inv(within * np.eye(d.size) + between * one_hot @ one_hot.T)
    covariance = np.linalg.inv(x.T @ inverse @ x)
    beta = covariance @ x.T @ inverse @ y
    assert model.coefficients == pytest.approx(beta)
    assert model.covariance == pytest.approx(covariance.ravel())
    departs = between * one_hot.T @ inverse @ (y - x @ beta)
    variance = between - between**2 * np.diag(one_hot.T @ inverse @ one_hot)
    for k in range(5):
        kept = model.species[f"Genus s{k}"]
        assert kept.departure_ln == pytest.approx(departs[k] + variance[k] / 2)
        assert kept.sd_ln == pytest.approx(np.sqrt(variance[k]))
    centre = x.mean(axis=0)
    elsewhere = max(between, TREE_SD_LN**2) + centre @ covariance @ centre
    assert model.other_species is not None
    assert model.other_species.sd_ln == pytest.approx(np.sqrt(elsewhere))
    assert model.other_species.departure_ln == pytest.approx(elsewhere / 2)
    assert model.site_sd_ln == 0.0


def test_species_without_spread_depart_from_nothing() -> None:
    """Moments may give a negative variance between species; it counts as none."""
    d = np.tile(np.linspace(5, 50, 40), 2)
    h = np.exp(0.9 + 0.55 * np.log(d) + 0.1 * np.cos(np.arange(d.size)))
    within, between = _variances(
        np.column_stack([np.ones(d.size), np.log(d)]),
        np.log(h),
        (np.repeat([0, 1], 40)[:, None] == np.arange(2)).astype(float),
    )
    assert within > 0
    assert between == 0.0
    alone = fit_height_model(d, h, ["Genus s"] * d.size)
    assert alone.species["Genus s"].departure_ln == alone.species["Genus s"].sd_ln == 0.0
    assert alone.coefficients == pytest.approx(fit_height_model(d, h).coefficients)


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


def test_pairs_without_a_size_are_left_out() -> None:
    rng = np.random.default_rng(8)
    d = rng.uniform(5, 40, 60)
    h = 2.0 * d**0.6 * np.exp(rng.normal(0, 0.2, 60))
    alone = fit_height_model(d, h)
    for extra in ((0.0, 7.0), (7.0, 0.0), (np.nan, 7.0), (7.0, np.nan)):
        again = fit_height_model(np.append(d, extra[0]), np.append(h, extra[1]))
        assert again == alone, extra


@pytest.mark.parametrize("degree", [1, 2])
def test_species_are_told_apart_from_ten_trees_to_spare_on(degree: int) -> None:
    """So many more trees than intercepts and slopes that a variance can be told."""
    rng = np.random.default_rng(9)
    d = rng.uniform(5, 40, 60)
    h = 2.0 * d**0.6 * np.exp(rng.normal(0, 0.2, 60))
    most = 60 - degree - 10

    def with_species(kinds: int) -> bool:
        names = [f"kind {min(i, kinds - 1)}" for i in range(60)]
        return fit_height_model(d, h, names, degree=degree).other_species is not None

    assert with_species(most)
    assert not with_species(most + 1)


def test_the_spread_of_species_is_that_of_the_books() -> None:
    """Searle, Casella and McCulloch 1992, balanced one-way: (mean square between - within) / n.

    Diameters are alike in every species, so that the slope takes nothing from between them.
    """
    rng = np.random.default_rng(10)
    species, each = 6, 12
    d = np.tile(np.linspace(5, 40, each), species)
    departure = np.repeat(rng.normal(0, 0.5, species), each)
    y = 0.4 + 0.6 * np.log(d) + departure + rng.normal(0, 0.1, species * each)
    names = [f"kind {i}" for i in np.repeat(np.arange(species), each)]
    model = fit_height_model(d, np.exp(y), names)
    x = np.log(d) - np.log(d).mean()
    residual = y - x * (x @ y) / (x @ x)
    by_species = residual.reshape(species, each)
    means = by_species.mean(axis=1)
    within = ((by_species - means[:, None]) ** 2).sum() / (species * each - species - 1)
    # One slope for all takes one degree of freedom from within, and none from between.
    between = (each * ((means - means.mean()) ** 2).sum() / (species - 1) - within) / each
    assert model.other_species is not None
    assert model.tree_sd_ln == pytest.approx(np.sqrt(within), rel=1e-6)
    known = np.array([1.0, np.log(d).mean()])
    covariance = np.reshape(model.covariance, (2, 2))
    expected = max(between, TREE_SD_LN**2) + known @ covariance @ known
    assert model.other_species.sd_ln**2 == pytest.approx(expected, rel=1e-6)


def test_two_species_have_a_spread_too() -> None:
    """A palm and a bush, far apart: what is said of a third is as unsure as they differ."""
    rng = np.random.default_rng(11)
    d = rng.uniform(5, 40, 60)
    tall = np.arange(60) % 2
    h = np.exp(0.3 + 0.5 * np.log(d) + 1.5 * tall + rng.normal(0, 0.05, 60))
    model = fit_height_model(d, h, [f"kind {k}" for k in tall])
    assert model.other_species is not None
    assert model.other_species.sd_ln > 0.8
