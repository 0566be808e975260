"""Real inventories through the field reader to plot biomass with intervals."""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mrv.biomass.context import AllometryErrors, BiomassContext, MeasurementErrors
from mrv.biomass.selection import not_credited
from mrv.biomass.wood_density import WoodDensity
from mrv.estimation.monte_carlo import draw_plot_biomass, plot_biomass
from mrv.field.csv_text import parse_csv
from mrv.field.inventory import Inventory, read_inventory
from mrv.field.species import tidy_species
from tests.golden.felled_trees import FILE, read_felled_trees

_TODAY = date(2026, 1, 1)
_DAY = {"measured_on": "2010-06-01"}
_ALLOMETRY = AllometryErrors(site_sd_ln=0.1865, within_site_sd_ln=0.307, proxy_sd_ln=0.3)
_TAPE = MeasurementErrors(0.0062, 0.0904, 0.05, 4.64)


@pytest.fixture(scope="module")
def karnataka(real_data: Callable[[str], Path]) -> Inventory:
    """65,889 trees in 96 plots of 1 ha, Western Ghats: diameters only."""
    path = real_data("tree_inventories/biomass_karnataka/KarnatakaForest.csv.gz")
    theirs = {
        "plot_id": "plotId",
        "tree_id": "treeId",
        "species": "genus+species",
        "dbh_cm": "D",
        "lon": "long",
        "lat": "lat",
    }
    raw = parse_csv(gzip.decompress(path.read_bytes()))
    return read_inventory(raw, plot_ids=None, today=_TODAY, columns=theirs, constants=_DAY)


def test_karnataka_keeps_and_flags_the_giant(karnataka: Inventory) -> None:
    """Every row is usable; the tree of 333.6 cm stays, flagged, with a sentence."""
    assert len(karnataka.trees) == 65_889
    assert not (karnataka.findings["severity"] == "error").any()
    giant = karnataka.trees[karnataka.trees["dbh_cm"] > 300]
    assert giant["dbh_cm"].round(1).tolist() == [333.6]
    assert {"diameter_large", "suspect"} <= set(giant["flags"].iloc[0].split(";"))
    told = karnataka.findings.set_index("code").loc["diameter_large"]
    assert told["row"] == giant["row"].iloc[0] == 18_736
    assert "333.589 cm" in told["message"]


def test_karnataka_does_not_look_copied(karnataka: Inventory) -> None:
    """Rows sorted by species and size are alike between plots without being copies."""
    assert "copied_rows" not in set(karnataka.findings["code"])


def test_karnataka_plots_have_intervals(karnataka: Inventory) -> None:
    """The plot of the giant and nine others: a forest's biomass, honestly uncertain."""
    plots = ["BSP36", *(f"BSP{i}" for i in range(1, 10))]
    trees = karnataka.trees[karnataka.trees["plot_id"].isin(plots)]
    context = BiomassContext("pantropical", "ghats", "feldpausch_pantropical", _ALLOMETRY, _TAPE)
    table = plot_biomass(trees, dict.fromkeys(plots, 1.0), context, draws=400, seed=1)
    assert sorted(table["plot_id"]) == sorted(plots)
    credited = trees[[not not_credited(species) for species in trees["species"]]]
    assert table["n_trees"].sum() == credited.groupby("plot_id")["tree_id"].nunique().sum()
    assert table["agb_t_ha"].between(10, 1500).all()
    half_width = (table["q95_t_ha"] - table["q05_t_ha"]) / 2 / table["agb_t_ha"]
    assert half_width.between(0.45, 0.80).all()  # site effect and a height model from elsewhere
    of_giant = table.set_index("plot_id").loc["BSP36", "flags"].split(";")
    assert {"suspect", "above_range", "modelled_height"} <= set(of_giant)


def _wood_densities(path: Path) -> Mapping[str, WoodDensity]:
    table = pd.read_csv(path).query("level_tax in ['species', 'genus']")
    names = table["genus"].where(
        table["level_tax"] == "genus", table["genus"] + " " + table["species"].fillna("")
    )
    return {
        name: WoodDensity(name, level, mean, sd)
        for name, level, mean, sd in zip(
            names, table["level_tax"], table["wsg"], table["sd"], strict=True
        )
    }


def test_nouragues_plots(real_data: Callable[[str], Path]) -> None:
    """Four plots of old forest in French Guiana, with the densities of its species."""
    folder = real_data("tree_inventories/biomass_nouragues")
    inventory = read_inventory(
        parse_csv((folder / "NouraguesTrees.csv").read_bytes()),
        plot_ids=["201", "204", "213", "223"],
        today=_TODAY,
        columns={"plot_id": "Plot", "species": "Genus+Species", "dbh_cm": "D"},
        constants=_DAY,
    )
    assert len(inventory.trees) == 2050
    context = BiomassContext(
        "pantropical",
        "nouragues",
        "feldpausch_guiana_shield",
        _ALLOMETRY,
        _TAPE,
        wood_densities=_wood_densities(folder / "wsg_estimates.csv"),
    )
    areas = dict.fromkeys(["201", "204", "213", "223"], 1.0)
    table = plot_biomass(inventory.trees, areas, context, draws=500, seed=1)
    assert len(table) == 4
    assert table["agb_t_ha"].between(250, 650).all()
    assert ((table["q05_t_ha"] < table["agb_t_ha"]) & (table["agb_t_ha"] < table["q95_t_ha"])).all()


def test_chave_2014_residuals(real_data: Callable[[str], Path]) -> None:
    """4,004 weighed trees: residual SD 0.3575, mean -0.065, which is -sigma^2/2."""
    trees = read_felled_trees(real_data(FILE))
    size = trees["density"] * trees["dbh_cm"] ** 2 * trees["height_m"]
    residual = np.log(trees["agb_kg"] / (0.0673 * size**0.976))
    assert len(trees) == 4004
    assert residual.std() == pytest.approx(0.3575, abs=5e-5)
    assert residual.mean() == pytest.approx(-0.065, abs=5e-4)
    assert residual.mean() == pytest.approx(-(residual.std() ** 2) / 2, abs=2e-3)


def test_intervals_hold_what_the_scales_said(real_data: Callable[[str], Path]) -> None:
    """Weighed biomass of 58 sites against the 90 % intervals, with and without a site effect."""
    path = real_data(FILE)
    weighed = read_felled_trees(path)
    weighed["species"] = weighed["species"].fillna("").map(tidy_species)
    known = set(weighed["number"].astype(str))
    raw = parse_csv(path.read_bytes())
    inventory = read_inventory(
        raw[raw["number"].isin(known)],
        plot_ids=None,
        today=_TODAY,
        columns={
            "plot_id": "Locality",
            "tree_id": "number",
            "species": "Latin_Binomial",
            "dbh_cm": "Trunk.diameter..cm.",
            "height_m": "Total.height..m.",
        },
        constants=_DAY,
    )
    assert len(inventory.trees) == 4004
    means = weighed.groupby("species")["density"].mean()
    woods = {name: WoodDensity(name, "species", mean, 0.05) for name, mean in means.items()}
    credited = weighed[[not not_credited(s) for s in weighed["species"]]]
    truth_t = credited.groupby("site")["agb_kg"].sum() / 1000
    areas = dict.fromkeys(truth_t.index, 1.0)
    sites = {site: site for site in truth_t.index}
    covered = {}
    for site_sd in (0.1865, 0.0):
        context = BiomassContext(
            "pantropical",
            "world",
            "none",
            replace(_ALLOMETRY, site_sd_ln=site_sd),
            replace(_TAPE, height_proportional=0.0),
            wood_densities=woods,
            plot_ecoregions=sites,
        )
        day = date.fromisoformat(_DAY["measured_on"])
        drawn = draw_plot_biomass(inventory.trees, areas, [day], context, 600, seed=7)
        low, high = np.quantile(drawn.agb_t_ha[:, :, 0], [0.05, 0.95], axis=0)
        truth = truth_t[list(drawn.plot_ids)]
        covered[site_sd] = float(((truth >= low) & (truth <= high)).mean())
    assert len(truth_t) == 58
    assert 0.80 <= covered[0.1865] <= 0.98
    assert covered[0.0] < 0.75
