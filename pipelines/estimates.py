"""A stock change estimate on a shelf: numbers as JSON, draws as arrays, plots as a table."""

from dataclasses import asdict
from datetime import date
from math import inf, isfinite
from typing import Any

from mrv.estimation.estimate import CensusResult, ChangeEstimate, CrossCheck, StratumChange
from mrv.estimation.maps.report import MapReport
from pipelines.shelf import Note, Shelf

_DRAWS = ("gross_tco2e", "baseline_tco2e", "net_tco2e")


def keep_estimate(shelf: Shelf, estimate: ChangeEstimate) -> Note:
    """Leave an estimate on a shelf."""
    draws = {name: getattr(estimate, name) for name in _DRAWS}
    shelf.put_arrays("draws", **draws)
    shelf.put_table("plot_changes", estimate.plots)
    document = {
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
    }
    return shelf.put_json("estimate", document)


def take_estimate(shelf: Shelf) -> ChangeEstimate:
    """Take an estimate off a shelf, as it was."""
    document = shelf.json("estimate")
    report = document["map"] | {"features": tuple(document["map"]["features"])}
    return ChangeEstimate(
        **document
        | {
            "start": date.fromisoformat(document["start"]),
            "end": date.fromisoformat(document["end"]),
            "map": MapReport(**report),
            "strata": tuple(StratumChange(**stratum) for stratum in document["strata"]),
            "check": CrossCheck(**document["check"]) if document["check"] else None,
            "census": _as_census(document.get("census")),
            "plots": shelf.table("plot_changes"),
            **shelf.arrays("draws"),
        }
    )


def _census(census: CensusResult | None) -> dict[str, object] | None:
    """JSON knows no infinity: a width that nothing could be said of is null there."""
    if census is None:
        return None
    facts = asdict(census)
    return {k: None if isinstance(v, float) and not isfinite(v) else v for k, v in facts.items()}


def _as_census(facts: dict[str, Any] | None) -> CensusResult | None:
    if facts is None:
        return None
    widths = {
        name: inf if facts[name] is None else facts[name]
        for name in ("half_width", "half_width_as_printed")
    }
    return CensusResult(**facts | widths | {"unmet": tuple(facts["unmet"])})
