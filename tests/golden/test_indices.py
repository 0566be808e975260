"""Spectral indices against the hand-worked numbers of methodology reference 5.1."""

import numpy as np
import pytest

from mrv.imagery.indices import INDICES, missing_bands

REFLECTANCE = {"blue": 0.043, "red": 0.072, "nir": 0.234, "swir16": 0.211}
WITH_OFFSET_LEFT_IN = {band: value + 0.1 for band, value in REFLECTANCE.items()}


def one(name: str, bands: dict[str, float]) -> float:
    return float(INDICES[name].of({band: np.array([value]) for band, value in bands.items()})[0])


@pytest.mark.parametrize(
    ("name", "right", "with_offset_left_in"),
    [
        ("ndvi", 0.529412, 0.320158),
        ("ndmi", 0.051685, 0.035659),
        ("evi", 0.301451, 0.313104),
        ("kndvi", 0.273161, None),
    ],
)
def test_methodology_5_1(name: str, right: float, with_offset_left_in: float | None) -> None:
    assert one(name, REFLECTANCE) == pytest.approx(right, abs=5e-7)
    if with_offset_left_in is not None:
        assert one(name, WITH_OFFSET_LEFT_IN) == pytest.approx(with_offset_left_in, abs=5e-7)


@pytest.mark.parametrize(
    ("name", "bands", "by_hand"),
    [
        ("ndrei", {"nir": 0.3, "rededge1": 0.1}, 0.5),
        ("ndrei_8a", {"nir08": 0.3, "rededge1": 0.1}, 0.5),
        ("rendvi", {"rededge2": 0.3, "rededge1": 0.1}, 0.5),
        ("ndmi_8a", {"nir08": 0.3, "swir16": 0.2}, 0.2),
        ("nbr", {"nir": 0.4, "swir22": 0.1}, 0.6),
        ("nbr_8a", {"nir08": 0.4, "swir22": 0.1}, 0.6),
        ("nirv", {"nir": 0.3, "red": 0.1}, 0.15),
        ("ireci", {"rededge3": 0.4, "red": 0.1, "rededge1": 0.1, "rededge2": 0.2}, 0.6),
        ("cire", {"nir": 0.3, "rededge1": 0.1}, 2.0),
        ("cire_8a", {"nir08": 0.3, "rededge1": 0.1}, 2.0),
    ],
)
def test_formulas_of_5_2(name: str, bands: dict[str, float], by_hand: float) -> None:
    assert one(name, bands) == pytest.approx(by_hand)


@pytest.mark.parametrize("name", INDICES)
def test_a_black_pixel_has_no_index(name: str) -> None:
    """0/0 is no value: not zero, not infinity, no warning."""
    value = one(name, dict.fromkeys(INDICES[name].bands, 0.0))
    assert np.isnan(value) or (name == "evi" and value == 0.0)  # EVI's denominator holds a 1


def test_a_pixel_near_the_pole_of_evi_is_an_artefact() -> None:
    """N + 6R - 7.5B + 1 crosses zero over blue roofs."""
    assert np.isnan(one("evi", {"nir": 0.3, "red": 0.1, "blue": 0.2533}))


def test_missing_bands_are_named_per_index() -> None:
    without_visible = {"rededge1", "rededge2", "rededge3", "nir08", "swir16", "swir22"}
    missing = missing_bands(INDICES, without_visible)
    assert missing["ndvi"] == ("nir", "red")
    assert missing["evi"] == ("nir", "red", "blue")
    assert not {"rendvi", "ndmi_8a", "nbr_8a", "ndrei_8a", "cire_8a"} & missing.keys()
