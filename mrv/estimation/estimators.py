"""What every estimator of stratum totals can do; there are six, here by name.

A hostile reader may ask for any of them on the same data. The credited total is the expansion
estimator's, or the GREG's where the map is accepted (`pathway.py`); the others are there to check.

| name | is | rests on |
|---|---|---|
| expansion, simple or stratified | `greg.expansion_estimator` | the draw of the plots |
| GREG, cross-fitted | `greg.greg_estimator` | the same; the map only sharpens |
| double sampling (AR-TOOL14) | `double_sampling.double_sampling_estimator` | both samples' draw |
| model-based | `map_totals.ModelBased` | the map |
| hybrid | `map_totals.Hybrid` | the map, and the draw of the plots it was read on |
| hierarchical model-based | `map_totals.ModelBased.hierarchical` | trees, map and neighbours |
"""

from typing import Protocol

from mrv.estimation.greg import Floats


class Estimator(Protocol):
    """Turns per-hectare values of measured plots into stratum totals."""

    def totals(self, values: Floats) -> Floats:
        """Estimate stratum totals [draw, sample] -> [draw, stratum]."""
        ...

    def covariance(self, values: Floats) -> Floats:
        """Give the covariance of the totals beyond tree errors [stratum, stratum]."""
        ...


def programme_total(estimator: Estimator, values: Floats) -> tuple[float, float]:
    """Give the total over all strata and its standard error beyond tree errors.

    Args:
        estimator: Any of them.
        values: Per-hectare values of the measured plots [draw, sample].
    """
    total = float(estimator.totals(values).sum(axis=1).mean())
    return total, float(estimator.covariance(values).sum()) ** 0.5
