"""Which equation, wood density and height each tree of an inventory gets, and its point biomass.

A tree keeps one equation and one source of heights over all its visits, so that a change between
two visits is a change of the tree and not of the method. Errors are drawn in
`tree_draws.py`.
"""

import math
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrv.biomass.allometry import BREAST_HEIGHT_M, EQUATIONS, Equation, Floats, ln_biomass
from mrv.biomass.context import BiomassContext
from mrv.biomass.heights import (
    PAIRS_MIN,
    HeightModel,
    find_height_model,
    fit_height_model,
    height_m,
)
from mrv.biomass.selection import (
    Choice,
    measured_by_height,
    not_credited,
    select_equation,
)
from mrv.biomass.wood_density import WoodDensity, find_wood_density, stand_mean
from mrv.errors import InputRejected
from mrv.field.fields import DOUBTFUL_SIZE

MEASURED = "measured"
TREE = ["plot_id", "tree_id"]
_METHOD = (
    "equation_id",
    "proxy",
    "reason",
    "density_taxon",
    "density_g_cm3",
    "density_sd_g_cm3",
    "height_source",
    "height_taxon",
    "method_flags",
)


# Stems taper: a tape that moved would be growth, or the lack of it.
_MOVED = Choice(
    None,
    "not_credited",
    proxy=False,
    flags=(),
    reason="its diameter was taken at different heights, so that no change can be told",
)


@dataclass(frozen=True, slots=True)
class Assignment:
    """What every living stem of an inventory is computed with.

    Attributes:
        stems: The living rows of the inventory with the columns equation_id (empty where not
            credited), proxy, reason, density_taxon, density_g_cm3, density_sd_g_cm3,
            height_source (measured, the model's id, or empty where the equation takes none),
            height_taxon (species whose modelled height it gets; empty where the model tells none
            apart) and method_flags (";"-joined).
        height_model: Model behind modelled heights; None where there is none.
    """

    stems: pd.DataFrame
    height_model: HeightModel | None


def assign_methods(trees: pd.DataFrame, context: BiomassContext) -> Assignment:
    """Give every living stem its equation, wood density and source of height.

    Args:
        trees: Rows of `read_inventory(...).trees`, all visits of the inventory.
        context: Region, models and densities.

    Returns:
        One row per living stem and visit, in the order given.

    Raises:
        InputRejected: If region or height model is not known, or a tree has neither height nor
            model nor E.
    """
    alive = trees[trees["status"] == "alive"]
    # Palms are measured by their height, everything else by a diameter.
    by_height = alive["species"].fillna("").map(measured_by_height).astype(bool)
    alive = alive[alive["dbh_cm"].notna() | (by_height & alive["height_m"].notna())].copy()
    if "measured_at_m" not in alive:
        alive["measured_at_m"] = BREAST_HEIGHT_M
    model = _height_model(alive, context)
    if alive.empty:
        return Assignment(alive.reindex(columns=[*alive, *_METHOD]), model)
    per_tree = (
        alive.assign(height_known=alive["height_m"].notna())
        .groupby(TREE, sort=False)
        .agg(
            species=("species", "first"),
            low_cm=("dbh_cm", "min"),
            high_cm=("dbh_cm", "max"),
            measured=("height_known", "all"),
            at_m=("measured_at_m", "min"),
            highest_m=("measured_at_m", "max"),
        )
    )
    height_known = per_tree["measured"] | (model is not None)
    choices = [
        select_equation(
            species,
            context.allometry_region,
            low,
            high,
            height=known,
            measured_at_m=at_m,
            extrapolation_factor=context.allometry.extrapolation_factor,
        )
        for species, low, high, known, at_m in zip(
            per_tree["species"].fillna(""),
            per_tree["low_cm"],
            per_tree["high_cm"],
            height_known,
            per_tree["at_m"],
            strict=True,
        )
    ]
    moved = per_tree["highest_m"] > per_tree["at_m"]
    choices = [
        _MOVED if elsewhere and choice.equation else choice
        for choice, elsewhere in zip(choices, moved, strict=True)
    ]
    stand = stand_mean(per_tree["species"].fillna(""), context.wood_densities)
    names = pd.unique(per_tree["species"].fillna(""))
    density = {name: find_wood_density(name, context.wood_densities, stand) for name in names}
    methods = pd.DataFrame(
        [
            _method(choice, species, density[species], measured=measured, model=model)
            for choice, species, measured in zip(
                choices, per_tree["species"].fillna(""), per_tree["measured"], strict=True
            )
        ],
        index=per_tree.index,
    )
    _check_bioclim(methods, context)
    return Assignment(alive.join(methods, on=TREE), model)


def ln_agb_kg(  # what a stem brings, on logarithms
    equation: Equation,
    ln_d: Floats,
    ln_h: Floats | float,
    ln_wd: Floats | float,
    context: BiomassContext,
) -> tuple[Floats, Floats | float]:
    """Evaluate an equation inside its range only.

    Args:
        equation: One whose output is above-ground dry matter.
        ln_d: Logarithm of the diameter [ln cm].
        ln_h: Logarithm of the height [ln m].
        ln_wd: Logarithm of the wood density [ln g cm-3].
        context: Limits of the equations, and E.

    Returns:
        Logarithm of the biomass [ln kg] with the diameter held to the equation's range, and what
        a diameter below the range takes off it (zero or less), so that biomass tapers to nothing
        with the diameter. Above 1.2 times the range a tree counts as one at that limit.
    """
    if equation.dbh_cm is None:
        raise InputRejected(f"Equation {equation.id} has no range and cannot be used for stock.")
    low = math.log(equation.dbh_cm[0])
    high = math.log(equation.dbh_cm[1] * context.allometry.extrapolation_factor)
    held = cast("Floats", np.clip(ln_d, low, high, dtype=ln_d.dtype))
    taper: Floats | float = 0.0
    if ln_d.size and ln_d.min() < low:
        below = np.minimum(ln_d - held, 0, dtype=ln_d.dtype)
        taper = cast("Floats", below * below.dtype.type(context.allometry.sapling_exponent))
    e = 0.0 if context.bioclim_e is None else context.bioclim_e
    return ln_biomass(equation, held, ln_h=ln_h, ln_wd=ln_wd, bioclim_e=e), taper


def tree_biomass(trees: pd.DataFrame, context: BiomassContext) -> pd.DataFrame:
    """Compute the point biomass of every living stem, without errors.

    Args:
        trees: Rows of `read_inventory(...).trees`.
        context: Region, models and densities.

    Returns:
        The stems of `assign_methods` with agb_kg [kg dry matter]; NaN where not credited.
    """
    assignment = assign_methods(trees, context)
    stems = assignment.stems
    agb = pd.Series(np.nan, index=stems.index)
    for equation_id, rows in stems.groupby("equation_id", sort=False):
        if not equation_id:
            continue
        equation = EQUATIONS[str(equation_id)]
        d = rows["dbh_cm"].to_numpy(float)
        heights = np.log(_point_heights(rows, equation, assignment.height_model))
        ln, taper = ln_agb_kg(
            equation, np.log(d), heights, np.log(rows["density_g_cm3"].to_numpy(float)), context
        )
        agb[rows.index] = np.exp(ln + taper)
    return stems.assign(agb_kg=agb)


def _method(
    choice: Choice,
    species: str,
    density: WoodDensity,
    *,
    measured: bool,
    model: HeightModel | None,
) -> dict[str, object]:
    equation = choice.equation
    flags = list(choice.flags)
    source = taxon = ""
    if equation is not None and equation.takes_height:
        source = MEASURED if measured or model is None else model.id
        if model is not None and source != MEASURED:
            flags.append("modelled_height")
            taxon = species if model.departure(species) else ""
    if equation is not None and equation.takes_density and density.level in {"stand", "dataset"}:
        flags.append("density_unknown")
    return {
        "equation_id": equation.id if equation else "",
        "proxy": choice.proxy,
        "reason": choice.reason,
        "density_taxon": density.taxon,
        "density_g_cm3": density.mean_g_cm3,
        "density_sd_g_cm3": density.sd_g_cm3,
        "height_source": source,
        "height_taxon": taxon,
        "method_flags": ";".join(flags),
    }


def _height_model(alive: pd.DataFrame, context: BiomassContext) -> HeightModel | None:
    # A model fitted here beats any regional one; suspect rows are left out, and palms and their
    # like, which do not grow as trees do. A stem counts once, at its latest visit: drawing the
    # curve on beyond the sizes measured would invent growth.
    regional = find_height_model(context.height_model, context.bioclim_e)
    doubtful = alive["flags"].str.contains("|".join(DOUBTFUL_SIZE))
    usual = alive["dbh_cm"].notna() & (alive["measured_at_m"] >= BREAST_HEIGHT_M)
    names = alive["species"].fillna("")
    woody = ~names.isin([name for name in names.unique() if not_credited(name)])
    pairs = alive[alive["height_m"].notna() & usual & woody & ~doubtful]
    pairs = pairs.sort_values([*TREE, "stem", "measured_on"]).drop_duplicates(
        [*TREE, "stem"], keep="last"
    )
    if len(pairs) < PAIRS_MIN or alive["height_m"].notna().all():
        return regional
    species = pairs["species"].fillna("").tolist()
    return fit_height_model(pairs["dbh_cm"], pairs["height_m"], species)


def _check_bioclim(methods: pd.DataFrame, context: BiomassContext) -> None:
    used = [EQUATIONS[i] for i in methods["equation_id"].unique() if i]
    if context.bioclim_e is None and any("bioclim_e" in e.inputs for e in used):
        raise InputRejected(
            "Some trees have no height, and there is neither a height model nor E to do without; "
            "set ecology.height_model or ecology.bioclim_e, or measure the heights."
        )


def _point_heights(
    rows: pd.DataFrame, equation: Equation, model: HeightModel | None
) -> NDArray[np.float64]:
    measured = (rows["height_source"] == MEASURED).to_numpy()
    heights = np.ones(len(rows))
    heights[measured] = rows["height_m"].to_numpy(float)[measured]
    if equation.takes_height and not measured.all():
        low = cast("tuple[float, float]", equation.dbh_cm)[0]
        d = np.maximum(rows["dbh_cm"].to_numpy(float)[~measured], low)
        model = cast("HeightModel", model)
        departing = [model.departure(species) for species in rows["height_taxon"][~measured]]
        heights[~measured] = height_m(model, d, [s.departure_ln if s else 0.0 for s in departing])
    return heights
