"""Plot biomass draws on a shelf: arrays without pickles, names and dates beside them."""

from dataclasses import fields
from datetime import date

import numpy as np

from mrv.estimation.monte_carlo import BiomassDraws
from pipelines.shelf import Note, Shelf

_TABLES = {"equations": "equations", "excluded": "excluded_trees"}


def keep_draws(shelf: Shelf, biomass: BiomassDraws) -> Note:
    """Leave plot biomass draws on a shelf; the two tables in it are kept beside."""
    arrays = {
        field.name: _array(getattr(biomass, field.name))
        for field in fields(biomass)
        if field.name not in _TABLES
    }
    return shelf.put_arrays("biomass_draws", **arrays)


def take_draws(shelf: Shelf) -> BiomassDraws:
    """Take plot biomass draws off a shelf, as they were."""
    arrays = shelf.arrays("biomass_draws")
    return BiomassDraws(
        plot_ids=tuple(map(str, arrays["plot_ids"])),
        epochs=tuple(date.fromisoformat(str(day)) for day in arrays["epochs"]),
        agb_t_ha=arrays["agb_t_ha"],
        pre_existing_agb_t_ha=arrays["pre_existing_agb_t_ha"],
        n_trees=arrays["n_trees"],
        inclusion_probability=arrays["inclusion_probability"],
        plot_flags=tuple(map(str, arrays["plot_flags"])),
        equations=shelf.table("equations"),
        excluded=shelf.table("excluded_trees"),
        unpaired=tuple(map(str, arrays["unpaired"])),
        height_model=str(arrays["height_model"]),
        within_plot=arrays["within_plot"],
    )


def _array(value: object) -> np.ndarray:
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, tuple):
        return np.array([str(part) for part in value], dtype=np.str_)
    return np.array(str(value))
