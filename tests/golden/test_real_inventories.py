"""Real inventories against what others published of them: BIOMASS and forestmangr.

BIOMASS prints plots of Nouragues in the example of `summaryByPlot` (version 2.2, wood densities of
its `wdData`). For Karnataka it shows figures and no numbers. The Brazilian plots are worked in the
README and the help of forestmangr 0.9.2, after Soares, Paula Neto & Souza 2012, Dendrometria e
Inventário Florestal.
"""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from mrv.biomass.context import AllometryErrors, BiomassContext, MeasurementErrors
from mrv.biomass.heights import fit_height_model
from mrv.biomass.wood_density import WoodDensity
from mrv.estimation.estimators import programme_total
from mrv.estimation.greg import Population, expansion_estimator
from mrv.estimation.monte_carlo import draw_plot_biomass
from mrv.field.csv_text import parse_csv
from mrv.field.inventory import read_inventory
from mrv.sampling.sizes import allocate, sample_size

_TODAY = date(2026, 1, 1)
_DAY = date(2010, 6, 1)
_NOURAGUES = {"201": 456.9527, "204": 511.7294, "213": 372.5745, "223": 291.6578}
_NOURAGUES_95 = {
    "201": (414.5240, 510.7609),
    "204": (464.0859, 563.9798),
    "213": (334.5266, 417.6881),
    "223": (265.0000, 323.9551),
}
_BRAZIL = "tree_inventories/forestmangr_brazil"


def _nouragues(
    folder: Path, monkeypatch: pytest.MonkeyPatch, allometry: AllometryErrors
) -> NDArray[np.float32]:
    """Draw the four plots [draw, plot] with BIOMASS's own height fit and wood densities."""
    heights = pd.read_csv(folder / "NouraguesHD.csv").dropna(subset=["H"])
    model = fit_height_model(heights["D"], heights["H"], degree=2)
    monkeypatch.setattr("mrv.biomass.assignment.find_height_model", lambda *_: model)
    inventory = read_inventory(
        parse_csv((folder / "NouraguesTrees.csv").read_bytes()),
        plot_ids=list(_NOURAGUES),
        today=_TODAY,
        columns={"plot_id": "Plot", "species": "Genus+Species", "dbh_cm": "D"},
        constants={"measured_on": _DAY.isoformat()},
    )
    context = BiomassContext(
        "pantropical",
        "nouragues",
        "none",
        allometry,
        MeasurementErrors(height_proportional=0.0),
        wood_densities=_wood_data(folder / "wdData.csv"),
    )
    areas = dict.fromkeys(_NOURAGUES, 1.0)
    drawn = draw_plot_biomass(inventory.trees, areas, [_DAY], context, 1_500, seed=1)
    assert drawn.plot_ids == tuple(_NOURAGUES)
    return drawn.agb_t_ha[:, :, 0]


def _wood_data(path: Path) -> Mapping[str, WoodDensity]:
    """Average 16,467 measured densities by species, and species by genus; SDs as they spread."""
    table = pd.read_csv(path)
    assert len(table) == 16_467
    table["name"] = table["genus"] + " " + table["species"]
    species = table.groupby("name").agg(
        genus=("genus", "first"), mean=("wd", "mean"), sd=("wd", "std")
    )
    genera = species.groupby("genus")["mean"].agg(["mean", "std"])
    of_species, of_genus = float(species["sd"].mean()), float(genera["std"].mean())
    return {
        str(name): WoodDensity(str(name), "species", mean, of_species)
        for name, mean in species["mean"].items()
    } | {
        str(name): WoodDensity(str(name), "genus", mean, of_genus)
        for name, mean in genera["mean"].items()
    }


def test_nouragues_as_biomass_prints_it(
    real_data: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four plots of 1 ha: 456.95, 511.73, 372.57 and 291.66 t/ha, 95 % intervals of +-10 %."""
    folder = real_data("tree_inventories/biomass_nouragues")
    without_site = AllometryErrors(0.0, 0.35743895, 0.3)
    drawn = _nouragues(folder, monkeypatch, without_site)
    assert drawn.mean(axis=0) == pytest.approx(list(_NOURAGUES.values()), rel=0.015)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    published_low, published_high = np.array(list(_NOURAGUES_95.values())).T
    # A taxon's wood is drawn once for all its trees, so that our interval is the wider one.
    wider = (high - low) / (published_high - published_low)
    assert (wider > 0.95).all()
    assert (wider < 1.25).all()
    assert np.stack([low, high]) == pytest.approx(
        np.stack([published_low, published_high]), rel=0.035
    )


def test_nouragues_with_the_site_that_biomass_leaves_out(
    real_data: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The published numbers lie well inside an interval that is three times as wide."""
    folder = real_data("tree_inventories/biomass_nouragues")
    drawn = _nouragues(folder, monkeypatch, AllometryErrors(0.1865, 0.307, 0.3))
    assert drawn.mean(axis=0) == pytest.approx(list(_NOURAGUES.values()), rel=0.02)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    published_low, published_high = np.array(list(_NOURAGUES_95.values())).T
    assert (low < published_low).all()
    assert (published_high < high).all()
    assert ((high - low) > 2.7 * (published_high - published_low)).all()


def _plots(measured: pd.DataFrame, stratum_ha: str, plot_ha: float) -> Population:
    """Lay out all the plots that an area holds, the measured ones first in their stratum."""
    strata = measured["stratum"].unique()
    area_ha, stratum, sampled, probability = [], [], [], []
    for number, name in enumerate(strata):
        rows = measured[measured["stratum"] == name]
        plots = round(float(rows[stratum_ha].iloc[0]) / plot_ha)
        sampled += range(len(area_ha), len(area_ha) + len(rows))
        area_ha += [plot_ha] * plots
        stratum += [number] * plots
        probability += [len(rows) / plots] * len(rows)
    return Population(
        area_ha=np.array(area_ha),
        stratum=np.array(stratum),
        sampled=np.array(sampled),
        inclusion_probability=np.array(probability),
    )


def _mean_and_se(measured: pd.DataFrame, area: str, plot_ha: float) -> tuple[float, float]:
    """Estimate the mean volume of a plot [m3] and its standard error by expansion."""
    population = _plots(measured, area, plot_ha)
    per_ha = measured["VWB"].to_numpy(float)[None, :] / plot_ha
    total, se = programme_total(expansion_estimator(population), per_ha)
    return total / len(population.area_ha), se / len(population.area_ha)


def _read(folder: Path, name: str, stratum: str = "") -> pd.DataFrame:
    table = pd.read_csv(folder / name)
    return table.assign(stratum=table[stratum] if stratum else 0)


@pytest.mark.parametrize(
    ("file", "mean_m3", "se_m3", "error_percent", "needed", "t_again"),
    [
        ("exfm3.csv", 34.0, 5.5405, 36.8634, 25, 2.0452),
        ("exfm4.csv", 33.12, 2.7595, 17.1957, 20, 2.0930),
    ],
)
def test_forestmangr_simple_random_sampling(
    real_data: Callable[[str], Path],
    file: str,
    mean_m3: float,
    se_m3: float,
    error_percent: float,
    needed: int,
    t_again: float,
) -> None:
    """Pilot and definite inventory of 46.8 ha, and the plots that an error of 20 % takes."""
    plots = _read(real_data(_BRAZIL), file)
    mean, se = _mean_and_se(plots, "TOTAL_AREA", 0.3)
    assert (mean, se) == pytest.approx((mean_m3, se_m3), abs=5e-5)
    t = stats.t.ppf(0.975, len(plots) - 1)
    assert 100 * t * se / mean == pytest.approx(error_percent, abs=5e-5)
    size = sample_size([156], [float(plots["VWB"].std())], 0.20 * mean, t_again)
    assert np.ceil(size) == needed


@pytest.mark.parametrize(
    ("stratum", "mean_m3", "se_m3"),
    [(1, 6.0357, 0.3752), (2, 12.0150, 0.3984), (3, 13.7435, 0.4402)],
)
def test_forestmangr_each_stratum(
    real_data: Callable[[str], Path], stratum: int, mean_m3: float, se_m3: float
) -> None:
    """The three strata of exfm2, each as a simple random sample."""
    plots = _read(real_data(_BRAZIL), "exfm2.csv")
    mean, se = _mean_and_se(plots[plots["STRATA"] == stratum], "STRATA_AREA", 0.1)
    assert (mean, se) == pytest.approx((mean_m3, se_m3), abs=6e-5)


def test_forestmangr_stratified_sampling(real_data: Callable[[str], Path]) -> None:
    """57 plots in three strata of 45 ha: 10.6471 m3 a plot, 4,791.18 m3 in all.

    forestmangr takes one finite-population share for all strata, we take each stratum's own; its
    standard error of 0.2339 is so reproduced to 1 %.
    """
    plots = _read(real_data(_BRAZIL), "exfm2.csv", "STRATA")
    mean, se = _mean_and_se(plots, "STRATA_AREA", 0.1)
    assert mean == pytest.approx(10.6471, abs=5e-5)
    assert mean * 450 == pytest.approx(4791.1768, abs=5e-4)
    assert se == pytest.approx(0.2339, rel=0.01)
    sd = plots.groupby("STRATA")["VWB"].std().to_numpy(float)
    counts = np.array([144.0, 164.0, 142.0])
    size = np.ceil(sample_size(counts.tolist(), sd.tolist(), 0.20 * mean, 3.1824))
    assert size == 8
    least, most = np.zeros(3, np.int64), counts.astype(np.int64)
    assert allocate(size, counts * sd, least, most).tolist() == [2, 3, 4]


def test_forestmangr_systematic_sampling(real_data: Callable[[str], Path]) -> None:
    """18 plots on a line: 22 % error as a random sample, far less by successive differences.

    No formula knows the variance of a systematic sample; ours is the random sample's, which a
    trend across the line makes too wide and never too narrow.
    """
    plots = _read(real_data(_BRAZIL), "exfm5.csv")
    mean, se = _mean_and_se(plots, "TOTAL_AREA", 0.02)
    volume = plots["VWB"].to_numpy(float)
    n, t = len(volume), stats.t.ppf(0.975, len(volume) - 1)
    assert round(100 * t * se / mean) == 22
    successive = (np.diff(volume) ** 2).sum() / (2 * n * (n - 1)) * (1 - n / 500)
    assert se > 3 * np.sqrt(successive)


def test_forestmangr_girths_of_many_stems(real_data: Callable[[str], Path]) -> None:
    """877 stems by girth, up to many on one tree: diameters as forestmangr has them."""
    path = real_data(_BRAZIL) / "exfm18.csv"
    inventory = read_inventory(
        parse_csv(path.read_bytes()),
        plot_ids=None,
        today=_TODAY,
        columns={
            "plot_id": "Plot",
            "tree_id": "Tree",
            "stem": "Trunk",
            "species": "Species",
            "girth_cm": "CBH",
        },
        constants={"measured_on": _DAY.isoformat()},
    )
    theirs = pd.read_csv(path)
    kept = theirs.iloc[inventory.trees["row"].to_numpy() - 2]
    assert inventory.trees["dbh_cm"].to_numpy() == pytest.approx(kept["DBH"].to_numpy(), rel=1e-9)
    assert len(kept) > 0.9 * len(theirs)
    assert inventory.trees.groupby(["plot_id", "tree_id"])["stem"].nunique().max() > 2
