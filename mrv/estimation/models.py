"""Names of `mrv.estimation.maps` from before it was a package; gone with their last caller."""

from mrv.estimation.greg import Floats, Ints
from mrv.estimation.maps.choice import choose_map, village_folds
from mrv.estimation.maps.features import change_features
from mrv.estimation.maps.report import MapReport, judge_map, no_map
from mrv.estimation.maps.ridge import Ridge

__all__ = ["MapReport", "change_features", "cross_fit", "judge_map", "no_map", "village_folds"]


def cross_fit(values: Floats, sampled: Ints, folds: Ints, observed: Floats) -> Floats:
    """Cross-fit a ridge."""
    return choose_map(values, sampled, folds, observed, (Ridge(),)).prediction
