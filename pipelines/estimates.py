"""A stock change estimate on a shelf: numbers as JSON, draws as arrays, plots as a table."""

from mrv.estimation.estimate import ChangeEstimate
from mrv.estimation.written import DRAWS, estimate_json, estimate_of
from pipelines.shelf import Note, Shelf


def keep_estimate(shelf: Shelf, estimate: ChangeEstimate) -> Note:
    """Leave an estimate on a shelf."""
    shelf.put_arrays("draws", **{name: getattr(estimate, name) for name in DRAWS})
    shelf.put_table("plot_changes", estimate.plots)
    return shelf.put_json("estimate", estimate_json(estimate))


def take_estimate(shelf: Shelf) -> ChangeEstimate:
    """Take an estimate off a shelf, as it was."""
    return estimate_of(shelf.json("estimate"), shelf.arrays("draws"), shelf.table("plot_changes"))
