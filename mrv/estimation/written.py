"""A stock change estimate as JSON, arrays and a table, and back: how it is kept between steps."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from math import inf, isfinite
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrv.estimation.estimate import (
    BenchmarkResult,
    CensusResult,
    ChangeEstimate,
    CrossCheck,
    StratumChange,
)
from mrv.estimation.maps.report import MapReport
from mrv.estimation.monte_carlo import BiomassDraws
from mrv.quality import Verdict

DRAWS: Final = ("gross_tco2e", "baseline_tco2e", "net_tco2e")
"""Names of the arrays [draw], t CO2e."""


def estimate_json(estimate: ChangeEstimate) -> dict[str, Any]:
    """Write down everything but the draws and the plots."""
    return {
        "start": estimate.start,
        "end": estimate.end,
        "estimator": estimate.estimator,
        "map": asdict(estimate.map),
        "strata": [asdict(stratum) for stratum in estimate.strata],
        "pre_existing_tco2e": estimate.pre_existing_tco2e,
        "control_tco2e": estimate.control_tco2e,
        "clusters": estimate.clusters,
        "controls": estimate.controls,
        "without_probability": estimate.without_probability,
        "check": asdict(estimate.check) if estimate.check else None,
        "joined_later": estimate.joined_later,
        "left_early": estimate.left_early,
        "baseline_floor_tco2e": estimate.baseline_floor_tco2e,
        "census": _census(estimate.census),
        "benchmark": _benchmark(estimate.benchmark),
    }


def estimate_of(
    document: Mapping[str, Any], draws: Mapping[str, NDArray[Any]], plots: pd.DataFrame
) -> ChangeEstimate:
    """Put an estimate together again, as it was.

    Args:
        document: Of `estimate_json`, dates as texts.
        draws: The arrays that `DRAWS` names.
        plots: Signed values of every enrolled plot.
    """
    report = document["map"] | {"features": tuple(document["map"]["features"])}
    return ChangeEstimate(
        **dict(document)
        | {
            "start": date.fromisoformat(document["start"]),
            "end": date.fromisoformat(document["end"]),
            "map": MapReport(**report),
            "strata": tuple(StratumChange(**stratum) for stratum in document["strata"]),
            "check": CrossCheck(**document["check"]) if document["check"] else None,
            "census": _as_census(document.get("census")),
            "benchmark": _as_benchmark(document.get("benchmark")),
            "plots": plots,
            **{name: draws[name] for name in DRAWS},
        }
    )


def biomass_summary(biomass: BiomassDraws) -> pd.DataFrame:
    """Say what the draws of plot biomass come to, without the draws.

    Returns:
        One row per measured plot and epoch: plot_id, epoch (text), n_trees, agb_t_ha, sd_t_ha,
        q05_t_ha, q95_t_ha and pre_existing_t_ha (means over the draws) [t d.m./ha].
    """
    agb = biomass.agb_t_ha.astype(np.float64)
    low, high = np.quantile(agb, [0.05, 0.95], axis=0)
    before = biomass.pre_existing_agb_t_ha.mean(axis=0, dtype=np.float64)
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "plot_id": biomass.plot_ids,
                    "epoch": str(epoch),
                    "n_trees": biomass.n_trees[:, i],
                    "agb_t_ha": agb[:, :, i].mean(axis=0),
                    "sd_t_ha": agb[:, :, i].std(axis=0),
                    "q05_t_ha": low[:, i],
                    "q95_t_ha": high[:, i],
                    "pre_existing_t_ha": before[:, i],
                }
            )
            for i, epoch in enumerate(biomass.epochs)
        ],
        ignore_index=True,
    )


def _census(census: CensusResult | None) -> dict[str, object] | None:
    """JSON knows no infinity: a width that nothing could be said of is null there."""
    if census is None:
        return None
    facts = asdict(census)
    return {k: None if isinstance(v, float) and not isfinite(v) else v for k, v in facts.items()}


def _as_census(facts: Mapping[str, Any] | None) -> CensusResult | None:
    if facts is None:
        return None
    widths = {
        name: inf if facts[name] is None else facts[name]
        for name in ("half_width", "half_width_as_printed")
    }
    return CensusResult(**dict(facts) | widths | {"unmet": tuple(facts["unmet"])})


def _benchmark(benchmark: BenchmarkResult | None) -> dict[str, object] | None:
    if benchmark is None:
        return None
    verdicts = [
        asdict(verdict)
        | {
            "measured": _finite(verdict.measured),
            "limit": _finite(verdict.limit),
            "facts": {k: v for k, v in verdict.facts.items() if _finite(v) is not None},
        }
        for verdict in benchmark.verdicts
    ]
    return asdict(benchmark) | {"verdicts": verdicts}


def _as_benchmark(facts: Mapping[str, Any] | None) -> BenchmarkResult | None:
    if facts is None:
        return None
    verdicts = tuple(Verdict(**verdict) for verdict in facts["verdicts"])
    return BenchmarkResult(**dict(facts) | {"verdicts": verdicts})


def _finite(value: float | str | None) -> float | str | None:
    return None if isinstance(value, float) and not isfinite(value) else value
