"""What stands on plots and is never credited: palms, bananas, coffee, shrubs.

It is weighed as far as an equation is known, so that a reader sees what was left out; no number
from here may enter a stock that is credited.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrv.biomass.allometry import BREAST_HEIGHT_M, Equation, biomass_kg
from mrv.biomass.selection import not_credited, reported_equation
from mrv.biomass.shrubs import shrub_agb_t_ha
from mrv.field.visits import number_visits
from mrv.methodologies import Methodology

_KG_PER_T = 1000.0
_SHRUBS = "shrubs"


def uncredited_stock(
    trees: pd.DataFrame,
    plot_area_ha: Mapping[str, float],
    methodology: Methodology,
    forest_agb_t_ha: float | None = None,
) -> pd.DataFrame:
    """Weigh what is never credited, at the last visit to each plot.

    Args:
        trees: Rows of `read_inventory(...).trees`.
        plot_area_ha: Area of each plot [ha]; other plots are left out.
        methodology: Tells how shrubs are weighed.
        forest_agb_t_ha: What forest of the region holds [t d.m./ha]; None leaves shrubs unweighed.

    Returns:
        Rows with plot_id, species ("shrubs" for them), n_plants, agb_t_ha (NaN where no equation
        tells it, or where a plant lacks the size that one takes) and reason.
    """
    rows = trees[_at_last_visit(trees) & trees["plot_id"].isin(plot_area_ha)]
    plants = rows[rows["status"] == "alive"].copy()
    plants["species"] = plants["species"].fillna("")
    plants["reason"] = [not_credited(species) for species in plants["species"]]
    plants = plants[plants["reason"] != ""]
    area_ha = plants["plot_id"].map(plot_area_ha).to_numpy(float)
    share = plants["tree_fraction"].to_numpy(float) * area_ha
    circle = plants.get("subplot_ha", pd.Series(np.nan, index=plants.index)).to_numpy(float)
    plants["agb_t_ha"] = _agb_kg(plants) / _KG_PER_T / np.fmin(circle, share)
    counted = plants.groupby(["plot_id", "species", "reason"], as_index=False).agg(
        n_plants=("tree_id", "nunique"), agb_t_ha=("agb_t_ha", lambda t: t.sum(skipna=False))
    )
    columns = ["plot_id", "species", "n_plants", "agb_t_ha", "reason"]
    return pd.concat([counted[columns], _shrubs(rows, methodology, forest_agb_t_ha)[columns]])


def _agb_kg(plants: pd.DataFrame) -> NDArray[np.float64]:
    at_m = plants.get("measured_at_m", pd.Series(BREAST_HEIGHT_M, index=plants.index))
    sizes = zip(plants["species"], at_m, plants["dbh_cm"], plants["height_m"], strict=True)
    return np.array([_one_kg(reported_equation(s, m), d, h) for s, m, d, h in sizes], float)


def _one_kg(equation: Equation | None, dbh_cm: float, height_m: float) -> float:
    if equation is None:
        return np.nan
    if equation.takes_diameter:
        return float(biomass_kg(equation, dbh_cm, height_m=height_m))
    return float(biomass_kg(equation, height_m=height_m))


def _at_last_visit(trees: pd.DataFrame) -> pd.Series:
    visit = number_visits(trees)
    last: pd.Series = visit == visit.groupby(trees["plot_id"]).transform("max")
    return last


def _shrubs(
    rows: pd.DataFrame, methodology: Methodology, forest_agb_t_ha: float | None
) -> pd.DataFrame:
    cover = rows.get("shrub_cover", pd.Series(np.nan, index=rows.index))
    by_plot = cover.groupby(rows["plot_id"]).first().dropna()
    agb = np.full(len(by_plot), np.nan)
    if forest_agb_t_ha is not None:
        agb = shrub_agb_t_ha(by_plot.to_numpy(float), forest_agb_t_ha, methodology)
    return pd.DataFrame(
        {
            "plot_id": by_plot.index,
            "species": _SHRUBS,
            "n_plants": 0,
            "agb_t_ha": agb,
            "reason": "shrubs are weighed by crown cover and left out of what is credited",
        }
    )
