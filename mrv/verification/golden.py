"""Golden cases of a methodology: given numbers, and what its rules make of them to the kilogram.

They are part of a release (`mrv.methodologies.releases`): whatever code performs the rules has to
come to these answers.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from mrv.biomass.assignment import tree_biomass
from mrv.biomass.context import BiomassContext
from mrv.crediting.deduction import deduction_in_force
from mrv.crediting.issuance import issue
from mrv.crediting.waterfall import waterfall
from mrv.estimation.skewness import lean, standing_skewness
from mrv.field.inventory import read_inventory
from mrv.methodologies import Methodology
from mrv.project import Ecology

_DECIMALS = 9  # of shares and kilograms of wood; what computers differ by lies far below
_MEASURED_ON = date(2024, 1, 15)


def golden_answer(case: Mapping[str, Any], rules: Methodology) -> Any:  # noqa: ANN401 - any JSON
    """Perform one case.

    Args:
        case: Its `kind` (withheld, waterfall, trees or sampling_errors) and what is `given`.
        rules: Under which.

    Returns:
        What it comes to, as it would stand in JSON: the share withheld [1]; each line of the
        waterfall [kg CO2e] and whole credits [t CO2e]; equation and point biomass of each stem
        [kg dry matter]; errors of a total in its own unit.

    Raises:
        ValueError: If its kind is unknown.
    """
    given = case["given"]
    match case["kind"]:
        case "withheld":
            return round(deduction_in_force(given["u90"], rules), _DECIMALS)
        case "waterfall":
            steps = waterfall(**given, methodology=rules)
            issued = issue(steps.issuable_kg, cumulative_buffer_kg=steps.buffer_kg)
            return {line.key: line.quantity_kg for line in steps.lines} | {
                "credits_t": issued.credits_t
            }
        case "trees":
            return _stems(given, rules)
        case "sampling_errors":
            return _sampling_errors(given, rules)
        case kind:
            raise ValueError(f"a golden case of kind {kind}")


def faults(cases: list[dict[str, Any]], rules: Methodology) -> tuple[str, ...]:
    """Say which cases come to something else than they should; nothing where all is well."""
    return tuple(
        f"Golden case {case['name']!r} of {rules.id} version {rules.version} came to {answer} "
        f"instead of {case['expected']}."
        for case in cases
        for answer in [golden_answer(case, rules)]
        if answer != case["expected"]
    )


def _stems(given: Mapping[str, Any], rules: Methodology) -> list[list[Any]]:
    ecology = Ecology(
        ecoregion="golden",
        allometry_region=given["allometry_region"],
        height_model=given["height_model"],
        root_shoot_zone="",
        growth_cap="",
    )
    rows = [
        {
            "plot_id": "P",
            "tree_id": f"t{number}",
            "species": species,
            "dbh_cm": str(dbh_cm),
            "height_m": str(height_m),
            "measured_on": str(_MEASURED_ON),
            "status": "alive",
            "origin": "planted",
        }
        for number, (species, dbh_cm, height_m) in enumerate(given["stems"], start=1)
    ]
    trees = read_inventory(pd.DataFrame(rows), plot_ids=None, today=_MEASURED_ON).trees
    weighed = tree_biomass(trees, BiomassContext.of(ecology, rules))
    return [
        [str(equation), round(float(agb_kg), _DECIMALS)]
        for equation, agb_kg in zip(weighed["equation_id"], weighed["agb_kg"], strict=True)
    ]


def _sampling_errors(given: Mapping[str, Any], rules: Methodology) -> list[float]:
    units = np.array(given["units"], np.float64)
    errors = np.array(given["errors"], np.float64)
    if rules.flag("uncertainty.village_skewness"):
        errors = lean(errors, float(np.sqrt((units**2).sum())), standing_skewness(units))
    return [round(float(error), _DECIMALS) for error in errors]
