"""The 4,004 felled and weighed trees of Chave et al. 2014, as several tests need them."""

from pathlib import Path

import pandas as pd

FILE = "tree_inventories/biomass_nouragues/Allometry-database-2012m_data.csv"
_COLUMNS = {
    "Locality": "site",
    "Trunk.diameter..cm.": "dbh_cm",
    "Total.height..m.": "height_m",
    "Dry.total.AGB..kg.": "agb_kg",
    "Wood.specific.gravity": "density",
    "Latin_Binomial": "species",
}
_SIZES = ["dbh_cm", "height_m", "agb_kg", "density"]


def read_felled_trees(path: Path) -> pd.DataFrame:
    """Read the trees of 5 cm and more whose sizes, density and weight are all known."""
    trees = pd.read_csv(path).rename(columns=_COLUMNS)
    trees[_SIZES] = trees[_SIZES].apply(pd.to_numeric, errors="coerce")
    return trees[trees["dbh_cm"] >= 5].dropna(subset=_SIZES).reset_index(drop=True)
