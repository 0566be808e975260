"""The errors that all trees share have the sizes that their sources state."""

from dataclasses import replace

import numpy as np
import pytest

from mrv.biomass.allometry import EQUATIONS
from mrv.biomass.context import AllometryErrors, BiomassContext, MeasurementErrors
from mrv.biomass.heights import chave_6a
from mrv.biomass.shared_errors import Draws, SharedErrors

_DRAWS = 400_000


def _line(equation: str, proxy: str = "", site: float = 0.0) -> tuple[Draws, Draws]:
    errors = AllometryErrors(site_sd_ln=site, within_site_sd_ln=0.307, proxy_sd_ln=0.3)
    context = BiomassContext("pantropical", "golden", "none", errors, MeasurementErrors())
    return SharedErrors(context, None, _DRAWS, seed=5).line(EQUATIONS[equation], "golden", proxy)


def test_posterior_of_chave_2014_eq4() -> None:
    """BIOMASS: intercept SD 0.021475, slope SD 0.002747, correlation -0.96455."""
    slope, offset = _line("chave2014_eq4")
    tilt = (slope.astype(float) - 1) * 0.976
    intercept = offset + (slope.astype(float) - 1) * np.log(0.0673)
    assert tilt.std() == pytest.approx(0.002747, rel=0.01)
    assert intercept.std() == pytest.approx(0.021475, rel=0.01)
    assert np.corrcoef(intercept, tilt)[0, 1] == pytest.approx(-0.96455, abs=1e-3)


@pytest.mark.parametrize(("equation", "n_trees"), [("kuyah2012_agb", 72), ("teak", 20)])
def test_an_equation_is_as_sure_as_its_trees_are_many(equation: str, n_trees: int) -> None:
    """SD of the mean of n residuals; twenty trees where nobody says how many."""
    slope, offset = _line(equation)
    assert (slope == 1).all()
    assert offset.std() == pytest.approx(0.307 / np.sqrt(n_trees), rel=0.01)
    assert np.exp(offset.astype(float)).mean() == pytest.approx(1, abs=1e-3)


def test_a_stand_in_and_a_site_add_their_errors() -> None:
    """Site 0.1865 and stand-in 0.30, independent, each of mean one."""
    _, offset = _line("teak", "Malus domestica", 0.1865)
    expected = np.sqrt(0.1865**2 + 0.30**2 + 0.307**2 / 20)
    assert offset.std() == pytest.approx(expected, rel=0.01)
    assert np.exp(offset.astype(float)).mean() == pytest.approx(1, abs=3e-3)


def test_modelled_heights_have_the_mean_of_a_lognormal() -> None:
    """Chave et al. 2014 eq. 6a times exp(0.243^2 / 2), where no site error hides it."""
    model = replace(chave_6a(0.3), site_sd_ln=0.0)
    errors = AllometryErrors(site_sd_ln=0.0, within_site_sd_ln=0.307, proxy_sd_ln=0.3)
    context = BiomassContext("pantropical", "golden", "none", errors, MeasurementErrors())
    ln_d = np.log(np.array([[10.0], [30.0]], np.float32))
    ln_h = SharedErrors(context, model, 3, seed=5).ln_height(ln_d, "golden", "")
    assert np.exp(ln_h[:, 0]) == pytest.approx([8.955, 16.678], rel=1e-4)


def test_a_site_errs_about_the_modelled_mean_height() -> None:
    """The same mean, whatever a new site may depart from the curve."""
    model = replace(chave_6a(0.3), site_sd_ln=0.2)
    errors = AllometryErrors(site_sd_ln=0.0, within_site_sd_ln=0.307, proxy_sd_ln=0.3)
    context = BiomassContext("pantropical", "golden", "none", errors, MeasurementErrors())
    ln_d = np.log(np.array([[10.0], [30.0]], np.float32))
    ln_h = SharedErrors(context, model, _DRAWS, seed=5).ln_height(ln_d, "golden", "")
    assert np.exp(ln_h.astype(float)).mean(axis=1) == pytest.approx([8.955, 16.678], rel=2e-3)
    assert ln_h.std(axis=1) == pytest.approx([0.2, 0.2], rel=0.01)
    assert np.corrcoef(ln_h)[0, 1] == pytest.approx(1.0)


def test_all_stems_of_a_taxon_share_its_wood() -> None:
    """Mean and SD of a density, cut off at 0.08 and 1.39 g/cm3."""
    errors = AllometryErrors(site_sd_ln=0.0, within_site_sd_ln=0.307, proxy_sd_ln=0.3)
    context = BiomassContext("pantropical", "golden", "none", errors, MeasurementErrors())
    shared = SharedErrors(context, None, _DRAWS, seed=5)
    density = np.exp(shared.ln_density("Vitellaria paradoxa", 0.772, 0.068).astype(float))
    assert (density.mean(), density.std()) == pytest.approx((0.772, 0.068), rel=5e-3)
    wild = np.exp(shared.ln_density("Inventa arbor", 0.6, 3.0).astype(float))
    assert (wild.min(), wild.max()) == pytest.approx((0.08, 1.39), rel=1e-5)
    again = np.exp(shared.ln_density("Vitellaria paradoxa", 0.772, 0.068).astype(float))
    assert (again == density).all()
