"""Attacks on what the satellite is said to have seen, each with the test that answers it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

from mrv.errors import InputRejected, OffsetsMixed
from mrv.estimation.greg import Population, expansion_estimator, greg_estimator
from mrv.estimation.maps.features import FEATURES, Feature, Features, change_features
from mrv.estimation.maps.fit import fit_map
from mrv.imagery.composites import season_features
from mrv.imagery.coverage import cover
from mrv.imagery.grids import Grid
from mrv.imagery.indices import INDICES
from mrv.imagery.offsets import check_stack, offsets_sane, resolve_offset
from mrv.imagery.rules import ImageryRules
from mrv.imagery.scenes import Scene
from mrv.methodologies import load_methodology
from mrv.project import Season

RULES = load_methodology("agroforestry_removals", 1)
IMAGERY = ImageryRules.of(RULES)
START, END = date(2021, 2, 1), date(2024, 2, 1)
DRY, WET = Season(first="01-01", last="02-28"), Season(first="06-01", last="09-30")


# -- 5: a wrong Sentinel-2 offset, or a mixed stack ----------------------------------------------

TRUE = {"red": 0.072, "nir": 0.234}


def item(when: date, baseline: str, **properties: object) -> dict[str, Any]:
    """An item as Planetary Computer states it: raw numbers and a baseline."""
    return {
        "properties": {"datetime": f"{when}T08:00:00Z", "s2:processing_baseline": baseline}
        | properties,
        "assets": {band: {"href": f"https://example.org/{when}/{band}"} for band in TRUE},
    }


def stored(band: str, baseline: str) -> float:
    """Digital number that an archive holds for an unchanged surface."""
    return TRUE[band] * 1e4 + (1000 if float(baseline) >= 4 else 0)


def scene_of(name: str, entry: dict[str, Any]) -> Scene:
    return Scene(
        id=name, collection="sentinel-2-l2a", acquired_at=datetime(2022, 1, 1, tzinfo=UTC),
        mgrs_tile="37MBS", pass_key="", epsg=32737, bbox=(0.0, 0.0, 1.0, 1.0), cloud_percent=None,
        assets={"red": "red", "nir": "nir"}, item_sha256=name, offset=resolve_offset(entry, TRUE),
    )  # fmt: skip


def test_attack_05_an_unchanged_field_shows_no_step_at_the_offset() -> None:
    """The offset of January 2022 read as greening or loss."""
    looks = [
        (date(2021, 7, 1), "02.14"),
        (date(2021, 11, 1), "05.00"),  # taken before, processed again after
        (date(2022, 1, 20), "03.01"),
        (date(2022, 1, 30), "04.00"),
        (date(2023, 7, 1), "05.09"),
    ]
    ndvi, by_date = [], []
    for when, baseline in looks:
        rule = resolve_offset(item(when, baseline), TRUE)
        numbers = {band: np.array([stored(band, baseline)]) for band in TRUE}
        bands = {band: dn * rule.scale + rule.offset for band, dn in numbers.items()}
        ndvi.append(float(INDICES["ndvi"].of(bands)[0]))
        late = -0.1 if when >= date(2022, 1, 25) else 0.0
        dated = {band: dn * 1e-4 + late for band, dn in numbers.items()}
        by_date.append(float(INDICES["ndvi"].of(dated)[0]))
    assert ndvi == pytest.approx([0.529412] * 5, abs=1e-6)
    assert min(by_date) == pytest.approx(0.320158, abs=1e-6)  # what trusting the date would do


def test_attack_05_a_mixed_stack_is_refused_by_name_and_by_pixels() -> None:
    """Scenes corrected twice, or not at all, among others."""
    good = [scene_of(f"s{n}", item(date(2022, 3, n), "04.00")) for n in range(1, 5)]
    twice = scene_of(
        "twice",
        item(date(2022, 3, 9), "04.00", **{"earthsearch:boa_offset_applied": True}),
    )
    with pytest.raises(OffsetsMixed, match="twice"):
        check_stack([*good, twice])
    levels = pd.DataFrame(
        {
            "scene_id": [s.id for s in good],
            "offset": [-0.1] * 4,
            "blue_p01": [0.02, 0.02, 0.12, 0.02],
            "red_p01": [0.03, 0.03, 0.13, 0.03],
        }
    )
    verdict = offsets_sane(levels, IMAGERY.offset_sanity_low, IMAGERY.offset_sanity_high)
    assert not verdict.passed
    assert "s3" in verdict.sentence


# -- a project in numbers ------------------------------------------------------------------------

PLOTS = 150
IDS = [f"P{i:03d}" for i in range(PLOTS)]
VILLAGES = [f"V{i % 15:02d}" for i in range(PLOTS)]
STRATUM = np.zeros(PLOTS, np.int64)


def sampled_plots(seed: int, size: int = 60) -> np.ndarray:
    return np.sort(np.random.default_rng(seed).choice(PLOTS, size, replace=False))


def table_of(**columns: tuple[np.ndarray, np.ndarray]) -> pd.DataFrame:
    """Features at both epochs, plots in rows."""
    index = pd.MultiIndex.from_product([IDS, [START, END]], names=["plot_id", "epoch"])
    return pd.DataFrame({n: np.column_stack(pair).ravel() for n, pair in columns.items()}, index)


# -- 6: canopy height maps of no date ------------------------------------------------------------


def test_attack_06_a_change_of_canopy_height_is_refused_in_a_sentence() -> None:
    """The difference of two undated canopy height maps taken for growth."""
    with pytest.raises(InputRejected, match="its change is no growth; let it enter as a level"):
        Feature("canopy_height_m", change=True, static=True)
    assert [f.column for f in FEATURES if "height" in f.column and not f.static] == []


def test_attack_06_a_newer_canopy_height_map_moves_nothing() -> None:
    """A second canopy height map slipped in at the end of the period."""
    rng = np.random.default_rng(6)
    growth = 8 + 3 * rng.normal(size=PLOTS)
    green = rng.normal(0.2, 0.02, PLOTS)
    seen = green, green + 0.01 * growth + 0.01 * rng.normal(size=PLOTS)
    height = rng.gamma(2, 2, PLOTS)
    maps = {
        name: change_features(
            table_of(nirv_dry=seen, canopy_height_m=(height, newer)), IDS, START, END
        )
        for name, newer in (("same", height), ("grown", height + growth), ("gone", height * np.nan))
    }
    assert maps["same"].names == (
        "nirv_dry_change",
        "nirv_dry_start",
        "canopy_height_m_start",
    )
    for other in ("grown", "gone"):
        assert (maps[other].values == maps["same"].values).all()  # noqa: PD011  not a table
        assert maps[other].seen.all()


# -- 7: cross-validation on random plots ---------------------------------------------------------


def test_attack_07_a_map_that_knows_villages_by_sight_is_refused() -> None:
    """Neighbours in both halves of a random split make a useless map look good."""
    rng = np.random.default_rng(7)
    village = np.arange(PLOTS) % 15
    # Soil and haze differ by village and so does growth, but the one says nothing of the other.
    signature = rng.normal(size=(15, 3))[village] + 0.05 * rng.normal(size=(PLOTS, 3))
    growth = 8 + 4 * rng.normal(size=15)[village] + rng.normal(size=PLOTS)
    features = Features(("a", "b", "c"), signature, np.ones(PLOTS, np.bool_))
    sampled = sampled_plots(7)
    honest = fit_map(features, VILLAGES, STRATUM, sampled, growth[sampled], RULES).report
    random = fit_map(features, IDS, STRATUM, sampled, growth[sampled], RULES).report
    assert random.r2 is not None
    assert honest.r2 is not None
    assert random.accepted
    assert random.r2 > 0.6
    assert honest.r2 < 0.1
    assert not honest.accepted


# -- 8: crops and understorey that green ---------------------------------------------------------


def observed_greenness(tree: np.ndarray, crop: np.ndarray) -> pd.DataFrame:
    """Look at every plot twelve times a year; crops are green in the wet months only.

    Args:
        tree: Greenness of trees at both epochs [plot, epoch].
        crop: Of crops at both epochs [plot, epoch].
    """
    rng = np.random.default_rng(80)
    rows = []
    for epoch, middle in enumerate((START, END)):
        for month in range(12):
            when = middle - timedelta(days=10) + timedelta(days=30 * month)
            wet = WET.first <= f"{when:%m-%d}" <= WET.last
            green = tree[:, epoch] + (crop[:, epoch] if wet else 0.0)
            rows.append(
                pd.DataFrame(
                    {
                        "plot_id": IDS,
                        "acquired_at": pd.Timestamp(when, tz="UTC"),
                        "clear_fraction": 1.0,
                        "nirv": green + 0.003 * rng.normal(size=PLOTS),
                    }
                )
            )
    return pd.concat(rows, ignore_index=True)


def test_attack_08_crops_that_green_are_no_trees_that_grow() -> None:
    """Fertiliser between the dates: fields are greener, fallow test plots hold no new tree."""
    rng = np.random.default_rng(8)
    growth = np.maximum(0, 8 + 4 * rng.normal(size=PLOTS))
    fertilised = np.arange(PLOTS) % 2 == 1
    fallow = np.arange(PLOTS) % 10 < 2  # no tree grows there, on every second crops do
    growth[fallow] = 0.0
    tree = np.column_stack([np.full(PLOTS, 0.10), 0.10 + 0.01 * growth])
    crop = np.column_stack([np.full(PLOTS, 0.10), np.where(fertilised, 0.25, 0.10)])
    looks = observed_greenness(tree, crop)
    # Measured plots are not fertilised, as if the project had chosen them so: the worst case.
    sampled = np.flatnonzero(~fertilised)[:60]

    def greener_by(dry: Season, wet: Season | None) -> float:
        table = season_features(looks, (START, END), dry, wet, ["nirv"], rules=IMAGERY)
        features = change_features(table, IDS, START, END)
        fit = fit_map(features, VILLAGES_OF_ALL, STRATUM, sampled, growth[sampled], RULES)
        assert fit.prediction is not None
        predicted = fit.prediction @ growth[sampled]
        return float(predicted[fallow & fertilised].mean() - predicted[fallow & ~fertilised].mean())

    assert abs(greener_by(DRY, None)) < 0.5  # t d.m./ha
    assert abs(greener_by(DRY, WET)) < 0.5
    assert greener_by(Season(first="06-01", last="09-30"), None) > 4  # what wet looks would say


VILLAGES_OF_ALL = [f"V{i // 10:02d}" for i in range(PLOTS)]


# -- 25: plots a few metres off ------------------------------------------------------------------


def plot_means(raster: np.ndarray, corner_m: np.ndarray, side_m: float) -> np.ndarray:
    """Average a raster over square plots by the exact share of each pixel."""
    grid = Grid(32736, 0.0, 10.0 * len(raster), 10.0, len(raster), len(raster))
    shapes = shapely.box(*corner_m.T, *(corner_m + side_m).T)
    part = cover(np.asarray(shapes, np.object_), grid)
    value = part.shares * raster[part.rows, part.cols]
    return np.bincount(part.plots, value) / np.bincount(part.plots, part.shares)


def test_attack_25_boundaries_some_metres_off_do_not_move_the_total() -> None:
    """Boundaries walked with a phone lie beside the trees that were measured."""
    rng = np.random.default_rng(25)
    side, size = 50.0, 400  # plots of a quarter of a hectare, the least that maps are made for
    trees = rng.gamma(0.6, 14, (size, size))  # growth of single pixels [t/ha]: scattered trees
    patches = np.kron(rng.gamma(2, 0.5, (size // 8, size // 8)), np.ones((8, 8)))
    raster = trees * patches
    corner = rng.uniform(100, 10 * size - 200, (PLOTS, 2))
    growth = plot_means(raster, corner, side)
    seen = raster + 4 * rng.normal(size=raster.shape)
    sampled = sampled_plots(25)
    population = Population(
        np.full(PLOTS, 0.25), STRATUM, sampled, np.full(len(sampled), len(sampled) / PLOTS)
    )
    by_area = expansion_estimator(population)

    def estimate(shift_m: float, side_m: float) -> tuple[float, float, float]:
        """Total, its standard error, and R2, with every boundary off in a direction of its own."""
        angle = np.random.default_rng(1).uniform(0, 2 * np.pi, PLOTS)
        away = shift_m * np.column_stack([np.cos(angle), np.sin(angle)])
        observed = plot_means(raster, corner, side_m)[sampled]
        change = plot_means(seen, corner + away, side_m)
        table = table_of(nirv_dry=(np.zeros(PLOTS), change))
        fit = fit_map(
            change_features(table, IDS, START, END), VILLAGES, STRATUM, sampled, observed, RULES
        )
        assert fit.prediction is not None
        greg = greg_estimator(population, fit.prediction)
        assert fit.report.r2 is not None
        values = observed[None]
        return (
            float(greg.totals(values).sum()),
            float(np.sqrt(greg.covariance(values).sum())),
            fit.report.r2,
        )

    (still, error, r2), (shifted, wider, r2_shifted) = (estimate(m, side) for m in (0.0, 5.0))
    truth = float(growth.sum() * 0.25)
    assert abs(shifted - still) < error
    assert abs(shifted - truth) < 2 * wider
    assert r2 > r2_shifted > 0.4  # a map still, and said to be worse
    assert wider > error
    assert wider < np.sqrt(by_area.covariance(growth[sampled][None]).sum())
    # On plots of three ares the same shift takes most of the map away: why they are kept larger.
    tiny = [estimate(m, 17.0)[2] for m in (0.0, 5.0)]
    assert tiny[0] - tiny[1] > 1.5 * (r2 - r2_shifted)
