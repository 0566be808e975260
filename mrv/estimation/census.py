"""The stock of planted units that were counted one by one, from a sample of them, draw by draw.

What is left of the usual estimate is its ratio: a total is stock per unit times units, where it is
stock per hectare times hectares elsewhere. So units not found are dead, and the sampling errors
are those of the plots that were drawn. The standard's own half-width, of units drawn one by one, is
the least that the interval may have. Its conditions and its closed form are `mrv.change.census`.

Source: VM0047 v1.1, census-based approach.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
from scipy.spatial import KDTree
from shapely import points

from mrv.change.census import CensusCount, CensusLand, census_stock
from mrv.estimation.cross_check import places_m
from mrv.estimation.enrolment import joined_later, left_before
from mrv.estimation.estimate import CensusResult, ChangeEstimate, StratumChange
from mrv.estimation.greg import Floats
from mrv.estimation.maps.report import no_map
from mrv.estimation.monte_carlo import BiomassDraws
from mrv.estimation.pathway import estimate_change
from mrv.field.visits import match_visits
from mrv.methodologies import Methodology

_UNIT: Final = ["plot_id", "tree_id"]
_KG_PER_T: Final = 1000.0
_MIN_FOR_SPREAD: Final = 2


@dataclass(frozen=True, slots=True)
class Planting:
    """What a project states of the way its units were planted; as in `CensusLand`."""

    direct_planting: bool
    cover_before: float
    cropping_years_before: float
    spacing_m: float
    gps_accuracy_m: float


def counted_trees(trees: pd.DataFrame, start: date, methodology: Methodology) -> pd.DataFrame:
    """Keep the planted units that were registered at the first epoch, and pre-existing trees.

    What was planted or came up later was not among the units when the sample was drawn: on plots
    that are visited again it would be found, on the others nobody would count it.

    Args:
        trees: Rows of `read_inventory(...).trees`.
        start: The project's first epoch.
        methodology: The rules; how far a visit may lie from an epoch.
    """
    first = match_visits(trees, [start], _tolerance(methodology)) == 0
    at_start = pd.MultiIndex.from_frame(trees.loc[first, _UNIT])
    known = pd.MultiIndex.from_frame(trees[_UNIT]).isin(at_start)
    planted = (trees["origin"] == "planted").to_numpy()
    others = (trees["origin"] == "pre_existing") | (trees["status"] == "no_trees")
    return trees[(planted & known) | others.to_numpy()]


def planting_units(
    trees: pd.DataFrame, plots: pd.DataFrame, end: date, methodology: Methodology
) -> pd.DataFrame:
    """List the units of the enrolled plots and what became of those that were looked for.

    Args:
        trees: Of `counted_trees`, with agb_kg of every stem where it was weighed.
        plots: plot_id and role.
        end: End of the monitoring period.
        methodology: The rules.

    Returns:
        One row per unit: plot_id, tree_id, lon, lat, looked_for (its plot was visited at the end),
        found (alive then), agb_t (above ground; zero unless found), in_part (looked for on a part
        of its plot only).
    """
    enrolled = set(plots.loc[plots["role"] == "enrolled", "plot_id"])
    visit = match_visits(trees, [end], _tolerance(methodology)) == 0
    visited = set(trees.loc[visit, "plot_id"])
    ours = (trees["origin"] == "planted") & trees["plot_id"].isin(enrolled)
    units = (
        trees[ours & (trees["tree_id"] != "")]
        .groupby(_UNIT, as_index=False)
        .agg(lon=("lon", "first"), lat=("lat", "first"))
    )
    last = trees[ours & visit & (trees["status"] == "alive")]
    found = last.groupby(_UNIT, as_index=False).agg(
        agb_kg=("agb_kg", "sum"),
        share=("tree_fraction", "min"),
        circle=("subplot_ha", "min"),
    )
    units = units.merge(found, on=_UNIT, how="left")
    units["looked_for"] = units["plot_id"].isin(visited)
    units["found"] = units["agb_kg"].notna()
    units["agb_t"] = units["agb_kg"].fillna(0.0) / _KG_PER_T
    units["in_part"] = (units["share"] < 1.0) | units["circle"].notna()
    return units.drop(columns=["agb_kg", "share", "circle"])


def census_land(units: pd.DataFrame, plots: pd.DataFrame, stated: Planting) -> CensusLand:
    """Hold what a project states against its units and plots.

    Args:
        units: Of `planting_units`.
        plots: plot_id, role and area_ha.
        stated: Of project.toml.
    """
    placed = units.dropna(subset=["lon", "lat"])
    return CensusLand(
        units=len(units),
        area_ha=float(plots.loc[plots["role"] == "enrolled", "area_ha"].sum()),
        direct_planting=stated.direct_planting,
        cover_before=stated.cover_before,
        cropping_years_before=stated.cropping_years_before,
        spacing_m=stated.spacing_m,
        gps_accuracy_m=stated.gps_accuracy_m,
        nearest_m=_nearest_m(placed),
        unplaced=len(units) - len(placed),
        in_part=int(units.loc[units["in_part"], "plot_id"].nunique()),
    )


def estimate_census(  # noqa: PLR0913  what was counted and drawn, where, when, by which rules
    biomass: BiomassDraws | None,
    plots: pd.DataFrame,
    units: pd.DataFrame,
    unmet: tuple[str, ...],
    methodology: Methodology,
    *,
    start: date,
    end: date,
    root_shoot: float,
    seed: int,
) -> ChangeEstimate:
    """Estimate removals from a census; never refuses, the gates of `mrv.crediting` do.

    Growth of pre-existing trees on visited plots stays baseline, as everywhere; of anything else
    the baseline is zero. Units on plots that joined after the first epoch or left before the end
    are not counted.

    Args:
        biomass: Draws of the trees of `counted_trees`; None where nothing was measured.
        plots: As of `estimate_change`.
        units: Of `planting_units`.
        unmet: Of `mrv.change.census.unmet_conditions`.
        methodology: The rules.
        start: The project's first epoch.
        end: End of the monitoring period.
        root_shoot: Mean root:shoot ratio of the project's zone [1].
        seed: Of sampling, carbon and root:shoot draws.
    """
    # Controls say nothing here, and a plot without units is no part of the population.
    per_plot = units.groupby("plot_id").size()
    counted = plots["plot_id"].isin(per_plot.index) & (plots["role"] == "enrolled")
    by_unit = plots[counted].assign(area_ha=plots["plot_id"].map(per_plot).astype(float))
    per_unit = None if biomass is None else _per_unit(biomass, plots, per_plot)
    estimate = estimate_change(
        per_unit, by_unit, None, methodology,
        start=start, end=end, root_shoot=root_shoot, seed=seed, map_alone=False,
    )  # fmt: skip
    staying = plots[~joined_later(plots, start, methodology) & ~left_before(plots, end)]
    units = units[units["plot_id"].isin(staying["plot_id"])]
    result = _result(units, unmet, root_shoot, methodology)
    if estimate.estimator == "none":
        return replace(estimate, census=result)
    area = staying[staying["role"] == "enrolled"].set_index("plot_id")["area_ha"]
    stratum_ha = area.groupby(staying.set_index("plot_id")["stratum"].astype(str)).sum()
    return _no_narrower(
        replace(
            estimate,
            map=no_map(estimate.sampled, "planting units were counted one by one"),
            strata=tuple(_by_area(s, float(stratum_ha[s.stratum])) for s in estimate.strata),
            plots=_plot_table(estimate.plots, staying, area),
            census=result,
        )
    )


def _per_unit(
    biomass: BiomassDraws, plots: pd.DataFrame, per_plot: "pd.Series[int]"
) -> BiomassDraws:
    """Turn tonnes per hectare into tonnes per unit."""
    ha = plots.set_index("plot_id")["area_ha"].reindex(biomass.plot_ids).fillna(0.0)
    count = per_plot.reindex(biomass.plot_ids).fillna(np.inf)
    ratio = (ha / count).to_numpy(np.float64)
    scaled = ratio.astype(np.float32)[None, :, None]
    return replace(
        biomass,
        agb_t_ha=biomass.agb_t_ha * scaled,
        pre_existing_agb_t_ha=biomass.pre_existing_agb_t_ha * scaled,
        within_plot=biomass.within_plot * (ratio**2)[None, :, None, None]
        if biomass.within_plot.size
        else biomass.within_plot,
    )


def _result(
    units: pd.DataFrame, unmet: tuple[str, ...], root_shoot: float, methodology: Methodology
) -> CensusResult:
    looked, found = units[units["looked_for"]], units[units["found"]]
    width = printed = float("inf")
    if len(looked) >= _MIN_FOR_SPREAD and len(found):
        carbon = found["agb_t"] * (1 + root_shoot) * methodology.number("carbon.fraction_mean")
        stock = census_stock(
            CensusCount(
                units=len(units),
                sample=len(looked),
                missing_share=1.0 - len(found) / len(looked),
                unit_mean_tc=float(carbon.mean()),
                unit_sd_tc=float(carbon.std(ddof=1)) if len(found) > 1 else float(carbon.mean()),
            )
        )
        width, printed = stock.half_width, stock.half_width_as_printed
    return CensusResult(
        units=len(units),
        looked_for=len(looked),
        found=len(found),
        half_width=width,
        half_width_as_printed=printed,
        unmet=unmet,
    )


def _no_narrower(estimate: ChangeEstimate) -> ChangeEstimate:
    """Widen the draws about their mean until the interval is the standard's at least."""
    census = estimate.census
    if census is None or not 0 < estimate.u90 < census.half_width < np.inf:
        return estimate
    wider = census.half_width / estimate.u90
    return replace(
        estimate,
        gross_tco2e=_spread(estimate.gross_tco2e, wider),
        net_tco2e=_spread(estimate.net_tco2e, wider),
        baseline_tco2e=_spread(estimate.baseline_tco2e, wider),
    )


def _spread(draws: Floats, wider: float) -> Floats:
    mean = draws.mean()
    spread: Floats = mean + wider * (draws - mean)
    return spread


def _by_area(stratum: StratumChange, area_ha: float) -> StratumChange:
    """Tell per hectare what was estimated per unit."""
    per_ha = stratum.area_ha / area_ha
    return replace(
        stratum,
        area_ha=area_ha,
        agb_change_t_ha=stratum.agb_change_t_ha * per_ha,
        agb_change_se_t_ha=stratum.agb_change_se_t_ha * per_ha,
        growth_t_ha_year=stratum.growth_t_ha_year * per_ha,
    )


def _plot_table(
    by_unit: pd.DataFrame, plots: pd.DataFrame, area_ha: "pd.Series[float]"
) -> pd.DataFrame:
    """Give every enrolled plot its row, with its hectares; one without units earned nothing."""
    table = by_unit.set_index("plot_id")
    per_ha = table["area_ha"] / area_ha.reindex(table.index)
    table = table.assign(agb_change_t_ha=table["agb_change_t_ha"] * per_ha)
    enrolled = plots[plots["role"] == "enrolled"].sort_values("plot_id")
    whole = table.reindex(enrolled["plot_id"])
    whole["stratum"] = enrolled["stratum"].astype(str).to_numpy()
    whole["area_ha"] = enrolled["area_ha"].to_numpy(np.float64)
    whole["sampled"] = whole["sampled"].eq(True)  # noqa: FBT003  # absent is not sampled
    numbers = ["agb_change_t_ha", "gross_tco2e", "net_tco2e"]
    whole[numbers] = whole[numbers].fillna(0.0)
    return whole.reset_index()


def _nearest_m(placed: pd.DataFrame) -> float:
    if len(placed) < _MIN_FOR_SPREAD:
        return float("inf")
    places = places_m(pd.DataFrame({"geometry": points(placed["lon"], placed["lat"])}))
    apart = np.asarray(KDTree(places).query(places, k=2)[0])
    return float(apart[:, 1].min())


def _tolerance(methodology: Methodology) -> int:
    return int(methodology.number("field_sample.epoch_tolerance_days"))
