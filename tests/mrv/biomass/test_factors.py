"""Wood density, heights, roots and carbon: what is looked up and what is drawn."""

import numpy as np
import pytest

from mrv.biomass.carbon import (
    ROOT_SHOOT,
    RootShoot,
    _check,
    draw_carbon_fraction,
    draw_root_shoot,
    root_shoot_ratio,
)
from mrv.biomass.heights import (
    HEIGHT_MODELS,
    find_height_model,
    fit_height_model,
    height_m,
)
from mrv.biomass.wood_density import find_wood_density, stand_mean, wood_densities
from mrv.errors import InputRejected, RuleMissing


@pytest.mark.parametrize(
    ("species", "taxon", "level", "mean", "sd"),
    [
        ("Vitellaria paradoxa", "Vitellaria paradoxa", "species", 0.772, 0.068),
        ("Citrus sinensis", "Citrus", "genus", 0.669, 0.087),
        ("Inventa arbor", "dataset", "dataset", 0.598, 0.155),
        ("", "dataset", "dataset", 0.598, 0.155),
    ],
)
def test_wood_density_is_looked_up_from_near_to_far(
    species: str, taxon: str, level: str, mean: float, sd: float
) -> None:
    found = find_wood_density(species, wood_densities())
    assert (found.taxon, found.level) == (taxon, level)
    assert (found.mean_g_cm3, found.sd_g_cm3) == (mean, sd)


def test_the_stand_stands_in_for_an_unknown_species() -> None:
    table = wood_densities()
    species = ["Grevillea robusta"] * 6 + ["Mangifera indica"] * 6 + [""] * 3
    stand = stand_mean(species, table)
    assert stand is not None
    assert stand.mean_g_cm3 == pytest.approx((0.522 + 0.532) / 2)
    assert stand.sd_g_cm3 > 0.055
    assert find_wood_density("", table, stand) is stand
    assert stand_mean(species[:9], table) is None


def test_height_models_are_found_by_name() -> None:
    assert find_height_model("none", None) is None
    assert find_height_model("feldpausch_se_asia", None) is HEIGHT_MODELS["feldpausch_se_asia"]
    model = find_height_model("chave2014_6a", 0.3)
    assert model is not None
    assert float(height_m(model, 20)) == pytest.approx(13.385, abs=1e-3)
    with pytest.raises(InputRejected, match="bioclim_e"):
        find_height_model("chave2014_6a", None)
    with pytest.raises(InputRejected, match="feldpausch_e_africa"):
        find_height_model("feldpausch_kenya", None)


def test_a_height_model_needs_fifty_pairs() -> None:
    d = np.linspace(5, 40, 49)
    with pytest.raises(InputRejected, match="there are 49"):
        fit_height_model(d, d)


def test_a_fit_finds_what_the_heights_were_made_of() -> None:
    rng = np.random.default_rng(1)
    d = rng.uniform(5, 50, 2000)
    h = np.exp(0.8 + 0.6 * np.log(d) + rng.normal(0, 0.2, d.size))
    model = fit_height_model(d, h)
    assert model.coefficients == pytest.approx((0.8, 0.6), abs=0.03)
    assert model.tree_sd_ln == pytest.approx(0.2, abs=0.01)
    sd = np.sqrt(np.reshape(model.covariance, (2, 2))[1, 1])
    assert abs(model.coefficients[1] - 0.6) < 4 * sd


def test_a_fit_tells_tall_species_from_short_ones() -> None:
    """One curve through relict forest trees and planted fruit trees would be wrong for both."""
    rng = np.random.default_rng(2)
    kinds = {"Anacardium occidentale": (120, 4, 14, 0.4), "Mangifera indica": (60, 4, 14, 0.5)}
    kinds |= {"Dipterocarpus alatus": (8, 25, 60, 1.2), "Leucaena leucocephala": (40, 2, 8, 0.2)}
    species = np.repeat(list(kinds), [n for n, *_ in kinds.values()])
    d = np.concatenate([rng.uniform(low, high, n) for n, low, high, _ in kinds.values()])
    level = np.repeat([level for *_, level in kinds.values()], [n for n, *_ in kinds.values()])
    h = np.exp(level + 0.6 * np.log(d) + rng.normal(0, 0.15, d.size))
    model = fit_height_model(d, h, species.tolist())
    assert model.coefficients[1] == pytest.approx(0.6, abs=0.03)
    assert model.tree_sd_ln == pytest.approx(0.15, abs=0.02)
    for name, (_, _, high, level) in kinds.items():
        departs = model.departure(name)
        assert departs is not None
        modelled = float(height_m(model, high, departs.departure_ln))
        assert modelled / np.exp(level + 0.15**2 / 2) / high**0.6 == pytest.approx(1, abs=0.12)
        assert departs.sd_ln < 0.1
    # Nothing is known of a species without heights but how far the others lie apart.
    other = model.departure("Tectona grandis")
    assert other is not None
    assert other.sd_ln == pytest.approx(np.std([0.4, 0.5, 1.2, 0.2], ddof=1), rel=0.5)
    one_curve = fit_height_model(d, h)
    assert one_curve.departure("Dipterocarpus alatus") is None
    assert one_curve.tree_sd_ln > 1.2 * model.tree_sd_ln


def test_a_fit_on_alike_species_is_one_curve() -> None:
    rng = np.random.default_rng(3)
    d = rng.uniform(5, 50, 400)
    h = np.exp(0.8 + 0.6 * np.log(d) + rng.normal(0, 0.2, d.size))
    apart = fit_height_model(d, h, [f"Genus s{i % 4}" for i in range(400)])
    assert apart.coefficients == pytest.approx(fit_height_model(d, h).coefficients, abs=0.02)
    assert max(abs(kind.departure_ln) for kind in apart.species.values()) < 0.05


def test_root_shoot_ratios_are_checked_on_load() -> None:
    assert all(0.1 <= row.low_biomass <= 1.0 for row in ROOT_SHOOT.values())
    with pytest.raises(RuleMissing, match=r"2\.158"):
        _check(RootShoot("misprint", 2.158, 0.3))
    with pytest.raises(InputRejected, match=r"tropical_dry\.africa"):
        root_shoot_ratio("boreal")


def test_drawn_factors_have_their_mean_and_spread() -> None:
    fraction = draw_carbon_fraction(np.random.default_rng(1), 200_000, 0.47, 0.0206)
    assert fraction.mean() == pytest.approx(0.47, abs=2e-4)
    assert fraction.std() == pytest.approx(0.0206, rel=0.01)
    ratio = draw_root_shoot(np.random.default_rng(2), 200_000, 0.323, 0.30)
    assert ratio.mean() == pytest.approx(0.323, rel=3e-3)
    assert ratio.std() / ratio.mean() == pytest.approx(0.30, rel=0.02)
    assert ratio.min() > 0
    assert draw_root_shoot(np.random.default_rng(2), 3, 0.323, 0.0) == pytest.approx(0.323)
